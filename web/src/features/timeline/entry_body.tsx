import { ChevronRight, MessageSquare, Route } from "lucide-react";
import { useEffect, useState } from "react";
import { shell } from "@/actions/shell";
import { answerText, requestText } from "@/api/a2a_text";
import { readActivityRows, readMessageItem, type ActivityRow } from "@/api/activity_api";
import { messageOf } from "@/api/api_error";
import { named, type Entry, type NameOf } from "@/model/timeline";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { FoldedText } from "@/ui/folded_text";
import { PlainPieces } from "@/ui/plain_pieces";
import { fullTime } from "@/ui/time";
import styles from "./timeline.module.css";

/** The feed tells times to the millisecond. */
const marginMs = 2;
const rowsNear = 50;

interface Whole {
  row: ActivityRow | undefined;
  answer: unknown;
}

/** The message or report itself: events have only the beginning of what is long. */
async function readWhole({ activity, at, way }: Entry, signal: AbortSignal): Promise<Whole> {
  if (!activity) return { row: undefined, answer: undefined };
  const rows = await readActivityRows(activity.workspace, { before_ts: new Date(at + marginMs).toISOString(), limit: rowsNear }, signal);
  const row = rows.find(({ id }) => id === activity.id);
  if (row || way === undefined) return { row, answer: row?.response_body };
  return { row, answer: (await readMessageItem(activity.workspace, activity.id, signal)).response_body };
}

/** All that is known of an entry, to be read and copied. */
export function EntryBody({ entry, nameOf }: { entry: Entry; nameOf: NameOf }) {
  const [whole, setWhole] = useState<Whole | undefined>();
  const [trouble, setTrouble] = useState("");

  useEffect(() => {
    if (!entry.activity) return;
    const abort = new AbortController();
    readWhole(entry, abort.signal).then(setWhole, (error: unknown) => {
      if (!abort.signal.aborted) setTrouble(`Not all of it could be read: ${messageOf(error)}`);
    });
    return () => abort.abort();
  }, [entry]);

  const { payload } = entry.told;
  const asked = requestText(whole?.row?.request_body ?? payload.request_body);
  const answered = answerText(whole?.answer ?? payload.response_body);
  const plain = asked === "" && answered === "" ? named(entry.text, nameOf) : "";
  const raw = JSON.stringify(whole?.row ?? { event: entry.told.event, ...payload }, null, 2);
  const about = entry.who !== undefined && entry.who !== "person" ? entry.who.id : (entry.told.workspace ?? undefined);
  return (
    <div className={styles.body}>
      <div className={styles.tools}>
        {entry.way !== undefined && (
          <Button onClick={() => shell.current.showWay(entry.way ?? "")}>
            <Route size={14} aria-hidden /> Its whole way
          </Button>
        )}
        {about !== undefined && (
          <Button onClick={() => shell.current.open(about, entry.kind === "messages" ? "chat" : "details")}>
            <MessageSquare size={14} aria-hidden /> Open {nameOf(about)}
          </Button>
        )}
        <CopyButton labelled text={raw} what="the record" />
        <span className={styles.muted}>
          {fullTime(entry.at)} · {entry.told.event} · number {entry.seq}
        </span>
      </div>
      {trouble !== "" && <p className={styles.bad}>{trouble}</p>}
      <Text name="Asked" text={asked} />
      <Text name="Answered" text={answered} />
      <Text name="Words" text={plain} />
      <details>
        <summary className={styles.label}>
          <ChevronRight size={14} aria-hidden />
          <span>As it is recorded</span>
        </summary>
        <pre className={styles.raw} tabIndex={0}>
          <PlainPieces text={raw} />
        </pre>
      </details>
    </div>
  );
}

function Text({ name, text }: { name: string; text: string }) {
  if (text === "") return null;
  return (
    <div>
      <div className={styles.label}>
        <span>{name}</span>
        <CopyButton text={text} what={name.toLowerCase()} />
      </div>
      <div className={styles.raw}>
        <FoldedText text={text} />
      </div>
    </div>
  );
}
