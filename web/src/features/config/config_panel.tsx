import { useCallback, useEffect, useRef, useState, type KeyboardEvent } from "react";
import { changeConfig, configProblems, readConfig, saveConfig } from "@/api/agent_files_api";
import { ApiError, messageOf } from "@/api/api_error";
import type { Workspace } from "@/api/workspace";
import type { AgentConfig, AgentConfigProblem } from "@/api/wire";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { Button } from "@/ui/button";
import { AreaField, TextField } from "@/ui/field";
import { Empty, Failure, Loading, Notice } from "@/ui/notice";
import { PanelBody, Section } from "@/ui/section";
import { TabList } from "@/ui/tab_list";
import { changesOf, fits, settings, shownIn } from "./config_form";
import styles from "./config.module.css";

const lookAgainMs = 500;
const looks = 20;

/** What was typed and not saved outlives the panel. */
const drafts = new Map<string, { text?: string; typed?: ReadonlyMap<string, string>; version: string | undefined }>();

type Way = "form" | "text";

const ways = [
  { id: "form", label: "Form" },
  { id: "text", label: "Raw YAML" },
];

/** The configuration of an agent that the platform runs: a form for what is common, the text for all, and what became of it. */
export function ConfigPanel({ workspace }: { workspace: Workspace }) {
  const { id } = workspace;
  const load = useCallback(() => readConfig(id), [id]);
  const { value, error, reload } = useLiveLoaded(load);
  const [chosen, setChosen] = useState<Way | undefined>();
  if (error instanceof ApiError && (error.code === "agent_not_here" || error.code === "agent_elsewhere"))
    return <Empty title="Its configuration is not here">{messageOf(error)}. It lies where its agent runs.</Empty>;
  if (error !== undefined && value === undefined) return <Failure text={messageOf(error)} onRetry={() => void reload()} />;
  if (!value) return <Loading text="Reading its configuration…" />;
  return <Config key={value.version ?? ""} id={id} first={value} chosen={chosen} onChoose={setChosen} onReload={() => void reload()} />;
}

interface ConfigProps {
  id: string;
  first: AgentConfig;
  /** How a person has chosen to see it; else by what there is to see. */
  chosen: Way | undefined;
  onChoose: (way: Way) => void;
  onReload: () => void;
}

function Config({ id, first, chosen, onChoose, onReload }: ConfigProps) {
  const [config, setConfig] = useState(first);
  const draft = drafts.get(id);
  const [fitting] = useState<Way>(draft?.text === undefined && first.problems.length === 0 ? "form" : "text");
  const way = draft?.text !== undefined ? "text" : (chosen ?? fitting);
  const [text, setText] = useState(draft?.text ?? first.text);
  const [typed, setTyped] = useState<ReadonlyMap<string, string>>(draft?.typed ?? new Map());
  const [base, setBase] = useState(draft ? draft.version : first.version);
  const [trouble, setTrouble] = useState<unknown>();
  const [saving, setSaving] = useState(false);
  const here = useRef(true);
  const data = config.data as Record<string, unknown>;
  const changes = changesOf(data, typed);
  const modified = way === "text" ? text !== config.text : Object.keys(changes).length > 0;
  const conflict = (trouble instanceof ApiError && trouble.code === "file_changed") || (modified && base !== config.version);

  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  useEffect(() => {
    if (modified) drafts.set(id, way === "text" ? { text, version: base } : { typed, version: base });
    else drafts.delete(id);
  }, [modified, way, text, typed, base, id]);

  // A running agent says within a second or two whether it goes by what lies there.
  const { state } = config;
  useEffect(() => {
    if (state !== "pending") return;
    let left = looks;
    const timer = setInterval(() => {
      left -= 1;
      if (left === 0) clearInterval(timer);
      readConfig(id).then(
        (now) => here.current && setConfig((was) => (was.version === now.version ? now : was)),
        () => undefined,
      );
    }, lookAgainMs);
    return () => clearInterval(timer);
  }, [id, state, config.version]);

  async function save(over: boolean) {
    if (saving) return;
    setSaving(true);
    try {
      const guard = over ? undefined : base;
      await (way === "text" ? saveConfig(id, text, guard) : changeConfig(id, changes, guard));
      const now = await readConfig(id);
      drafts.delete(id);
      setConfig(now);
      setText(now.text);
      setTyped(new Map());
      setBase(now.version);
      setTrouble(undefined);
    } catch (error) {
      setTrouble(error);
    } finally {
      setSaving(false);
    }
  }
  function undo() {
    setText(config.text);
    setTyped(new Map());
    setBase(config.version);
    setTrouble(undefined);
  }
  function onKey(event: KeyboardEvent) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    if (modified) void save(false);
  }

  const refused = configProblems(trouble);
  const problems = refused ?? (modified ? [] : config.problems);
  return (
    <PanelBody>
      <State config={config} />
      <div className={styles.bar}>
        <TabList
          label="How it is shown"
          prefix="config-"
          tabs={ways}
          active={way}
          onChange={(to) => {
            // What one of them has not saved is not lost in the other.
            if (!modified) onChoose(to === "text" ? "text" : "form");
          }}
        />
        <div className={styles.tools}>
          {modified && <span className={styles.mark}>modified</span>}
          {modified && <Button onClick={undo}>Undo all</Button>}
          <Button tone="primary" disabled={!modified || saving} onClick={() => void save(false)}>
            {saving ? "Saving…" : "Save"}
          </Button>
        </div>
      </div>
      {modified && <p className={styles.hint}>{way === "text" ? "The form comes back" : "The text comes back"} once this is saved or undone.</p>}
      {conflict && (
        <Notice
          tone="warn"
          role="alert"
          action={
            <>
              <Button
                onClick={() => {
                  drafts.delete(id);
                  onReload();
                }}
              >
                Take theirs
              </Button>
              <Button onClick={() => void save(true)}>Overwrite</Button>
            </>
          }
        >
          Somebody else has changed the configuration since you opened it. What you typed is still here.
        </Notice>
      )}
      {trouble !== undefined && !conflict && !refused && <Notice tone="bad">{messageOf(trouble)}</Notice>}
      {refused && <Notice tone="bad">Nothing was saved: no agent could go by it.</Notice>}
      <div role="tabpanel" id={`config-panel-${way}`} aria-labelledby={`config-tab-${way}`} onKeyDown={onKey}>
        {way === "text" ? (
          <Text text={text} problems={problems} remarks={modified ? [] : config.remarks} onChange={setText} />
        ) : (
          <div className={styles.form}>
            <ProblemList problems={problems} />
            {settings.map((setting) => {
              const { key, label, hint, form } = setting;
              if (!fits(setting, data)) return null;
              const value = typed.get(key) ?? shownIn(setting, data);
              const change = (next: string) => setTyped((was) => new Map(was).set(key, next));
              const props = { label, value, ...(hint === undefined ? {} : { hint }) };
              return form === "line" || form === "number" ? (
                <TextField key={key} {...props} mono={key.includes("command")} inputMode={form === "number" ? "numeric" : "text"} onChange={({ currentTarget }) => change(currentTarget.value)} />
              ) : (
                <AreaField key={key} {...props} mono={form === "list"} onChange={({ currentTarget }) => change(currentTarget.value)} />
              );
            })}
          </div>
        )}
      </div>
    </PanelBody>
  );
}

function State({ config: { state, reason, version, problems } }: { config: AgentConfig }) {
  if (version === undefined) return <Notice tone="info">There is no config.yaml yet; the platform writes it when it starts the agent.</Notice>;
  switch (state) {
    case "applied":
      return <Notice tone="info" role="status">The agent goes by this configuration.</Notice>;
    case "pending":
      return <Notice tone="info" role="status">Waiting for the agent to take it up…</Notice>;
    case "refused":
      return <Notice tone="bad">The agent refused it and stays with the earlier one: {reason}</Notice>;
    case "stopped":
      return problems.length > 0 || (reason ?? "") !== "" ? (
        <Notice tone="warn">The agent does not run{reason === undefined ? "" : `: ${reason}`}. It goes by this when it is started.</Notice>
      ) : (
        <Notice tone="info" role="status">The agent does not run; it goes by this when it is started.</Notice>
      );
    case "unknown":
      return <Notice tone="info">The agent’s program does not tell whether it goes by it. A restart makes sure.</Notice>;
  }
}

function ProblemList({ problems }: { problems: readonly AgentConfigProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <div role="alert">
      <ul className={styles.problems}>
        {problems.map((problem) => (
          <li key={`${problem.line ?? 0} ${problem.text}`}>{sentence(problem)}</li>
        ))}
      </ul>
    </div>
  );
}

function sentence({ line, column, key, text }: AgentConfigProblem): string {
  const where = line === undefined ? "" : `Line ${line}${column === undefined ? "" : `, column ${column}`}: `;
  return where + (key === undefined ? "" : `${key}: `) + text;
}

interface TextProps {
  text: string;
  problems: readonly AgentConfigProblem[];
  remarks: readonly AgentConfigProblem[];
  onChange: (text: string) => void;
}

/** The text with its lines numbered; what is wrong stands below, and leads to its line. */
function Text({ text, problems, remarks, onChange }: TextProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const numbers = useRef<HTMLDivElement>(null);
  const lines = text.split("\n").length;
  const bad = new Map(problems.map(({ line }) => [line, styles.bad_line]));
  const odd = new Map(remarks.map(({ line }) => [line, styles.odd_line]));

  function go({ line, column }: AgentConfigProblem) {
    const at = area.current;
    if (!at || line === undefined) return;
    const starts = text.split("\n").slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    const place = Math.min(starts + (column ?? 1) - 1, text.length);
    at.focus();
    at.setSelectionRange(place, place);
    at.scrollTop = Math.max(0, (line - 5) * (at.scrollHeight / Math.max(lines, 1)));
  }
  const list = (all: readonly AgentConfigProblem[], style: string | undefined) =>
    all.map((problem) => (
      <li key={`${problem.line ?? 0} ${problem.text}`} className={style}>
        {problem.line === undefined ? (
          sentence(problem)
        ) : (
          <button type="button" className={styles.to_line} onClick={() => go(problem)}>
            {sentence(problem)}
          </button>
        )}
      </li>
    ));

  return (
    <>
      <div className={styles.text_box}>
        <div ref={numbers} className={styles.numbers} aria-hidden>
          {Array.from({ length: lines }, (_, i) => (
            <div key={i} className={bad.get(i + 1) ?? odd.get(i + 1)}>
              {i + 1}
            </div>
          ))}
        </div>
        <textarea
          ref={area}
          className={styles.text}
          aria-label="config.yaml"
          aria-invalid={problems.length > 0}
          spellCheck={false}
          wrap="off"
          value={text}
          onChange={({ currentTarget: { value } }) => onChange(value)}
          onScroll={({ currentTarget: { scrollTop } }) => {
            if (numbers.current) numbers.current.scrollTop = scrollTop;
          }}
        />
      </div>
      {problems.length > 0 && (
        <div role="alert">
          <ul className={styles.problems}>{list(problems, undefined)}</ul>
        </div>
      )}
      {remarks.length > 0 && (
        <Section title="Remarks">
          <ul className={styles.problems}>{list(remarks, styles.remark)}</ul>
        </Section>
      )}
    </>
  );
}
