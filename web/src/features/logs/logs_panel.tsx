import { useCallback, useEffect, useRef, useState } from "react";
import { messageOf } from "@/api/api_error";
import { followLog, readLog, readProcess } from "@/api/agents_api";
import type { Workspace } from "@/api/workspace";
import type { AgentProcess } from "@/api/wire";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { Failure, Loading, Notice } from "@/ui/notice";
import { Facts, PanelBody, Section } from "@/ui/section";
import { useLoaded } from "@/ui/use_loaded";
import styles from "./logs.module.css";

const tail = 300;
const linesMax = 2000;
const waitSeconds = 25;
const againMs = 3000;

const stateWords: Record<AgentProcess["state"], string> = {
  starting: "Starting",
  running: "Running",
  waiting: "Waiting to be started again",
  stopping: "Stopping",
  stopped: "Stopped",
  ended: "Ended; restart starts it again",
  elsewhere: "On another machine",
};

/** How the agent stands that the platform started, and what it says. */
export function LogsPanel({ workspace }: { workspace: Workspace }) {
  const { id, status } = workspace;
  // A change of status says that something happened to the process.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const load = useCallback(() => readProcess(id), [id, status]);
  const { value, error, loading, reload } = useLoaded(load);
  if (error !== undefined && value === undefined) return <Failure text={messageOf(error)} onRetry={() => void reload()} />;
  return (
    <PanelBody>
      <Section title="Process">{value ? <ProcessFacts process={value} /> : loading && <Loading text="Looking at the process…" />}</Section>
      {value?.state !== "elsewhere" && <Log key={id} id={id} />}
    </PanelBody>
  );
}

function ProcessFacts({ process }: { process: AgentProcess }) {
  const { isolation } = process;
  return (
    <>
      {process.reason !== undefined && <Notice tone="bad">{process.reason}</Notice>}
      <Facts
        facts={[
          ["State", stateWords[process.state]],
          ["Crashes in a row", process.crashes > 0 ? String(process.crashes) : undefined],
          ["Next start", process.next_start_seconds === undefined ? undefined : `in ${process.next_start_seconds} s`],
          ["Machine", process.machine],
          ["Since", process.started_at === undefined ? undefined : <Age at={Date.parse(process.started_at)} />],
          ["Process", process.pid === undefined ? undefined : String(process.pid)],
          ["Directory", process.directory],
          ["Held in by", isolation.applied.join(" · ")],
          ["Not to be had here", isolation.missing.join(" · ")],
        ]}
      />
    </>
  );
}

function Log({ id }: { id: string }) {
  const [lines, setLines] = useState<readonly string[]>([]);
  const [failure, setFailure] = useState<string | undefined>();
  const [follows, setFollows] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);

  useEffect(() => {
    if (!follows) return;
    const stop = new AbortController();
    const follow = async () => {
      let next: number | undefined;
      while (!stop.signal.aborted) {
        try {
          const got = next === undefined ? await readLog(id, tail) : await followLog(id, next, waitSeconds, stop.signal);
          if (stop.signal.aborted) return;
          const first = next === undefined;
          next = got.next;
          setFailure(undefined);
          if (first || got.lines.length > 0) setLines((known) => (first ? got.lines : [...known, ...got.lines].slice(-linesMax)));
        } catch (error) {
          if (stop.signal.aborted) return;
          setFailure(messageOf(error));
          await new Promise((resolve) => setTimeout(resolve, againMs));
        }
      }
    };
    void follow();
    return () => stop.abort();
  }, [id, follows]);

  useEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);

  return (
    <Section title="Log" action={<Button onClick={() => setFollows(!follows)}>{follows ? "Stop following" : "Follow"}</Button>}>
      {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
      <pre
        ref={box}
        className={styles.lines}
        tabIndex={0}
        aria-label="Log lines"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {lines.length === 0 ? "It has said nothing yet." : lines.join("\n")}
      </pre>
    </Section>
  );
}
