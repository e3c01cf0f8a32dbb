import { useEffect, useId, useRef, useState, useSyncExternalStore } from "react";
import type { Workspace } from "@/api/workspace";
import { joinsByItself, standingWord } from "@/model/selectors";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Facts, PanelBody, Section } from "@/ui/section";
import { useTheme } from "@/ui/theme";
import { terminalOf } from "./held_terminal";
import type { LinkState } from "./terminal_link";
import styles from "./terminal.module.css";

const standWords: Record<LinkState["kind"], string> = {
  connecting: "Connecting…",
  active: "Shell active",
  ended: "The shell ended",
  refused: "Closed",
  lost: "Disconnected",
};

/** Keys that a phone's keyboard lacks. */
const phoneKeys = [
  ["Esc", "\u001b"],
  ["Tab", "\t"],
  ["Ctrl C", "\u0003"],
  ["Ctrl D", "\u0004"],
  ["↑", "\u001b[A"],
  ["↓", "\u001b[B"],
] as const;

/** A shell beside the agent, where the platform runs it. */
export function TerminalPanel({ workspace }: { workspace: Workspace }) {
  return joinsByItself(workspace) ? <Elsewhere workspace={workspace} /> : <Shell key={workspace.id} workspace={workspace} />;
}

function Elsewhere({ workspace }: { workspace: Workspace }) {
  return (
    <PanelBody>
      <Notice tone="info">
        This agent joined by itself: it runs on a machine that is not the platform’s, so a terminal is to be had there, not
        here. Agents whose runtime the platform starts have one.
      </Notice>
      <Section title="Its connection">
        <Facts
          facts={[
            ["Status", standingWord(workspace)],
            ["Last heard", workspace.last_heartbeat_at ? <Age at={Date.parse(workspace.last_heartbeat_at)} /> : "never"],
            ["Reached by", workspace.delivery_mode],
            ["Address", workspace.url],
            ["Last error", workspace.last_sample_error],
          ]}
        />
      </Section>
    </PanelBody>
  );
}

function Shell({ workspace }: { workspace: Workspace }) {
  const terminal = terminalOf(workspace.id);
  const state = useSyncExternalStore(terminal.subscribe, terminal.current);
  const [reads, setReads] = useState(terminal.readsAloud);
  const box = useRef<HTMLDivElement>(null);
  const hint = useId();
  const theme = useTheme();

  useEffect(() => (box.current ? terminal.show(box.current) : undefined), [terminal]);
  useEffect(() => {
    terminal.paint();
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const paint = () => terminal.paint();
    dark.addEventListener("change", paint);
    return () => dark.removeEventListener("change", paint);
  }, [terminal, theme]);
  useEffect(() => {
    if (state.kind === "active") terminal.focus();
  }, [terminal, state.kind]);

  const over = state.kind === "ended" || state.kind === "refused" || state.kind === "lost";
  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        <span className={styles.stand} role="status">
          {standWords[state.kind]}
          {state.kind === "ended" && ` with status ${state.status}`}
        </span>
        <label className={styles.reads}>
          <input
            type="checkbox"
            checked={reads}
            onChange={({ target }) => {
              terminal.readAloud(target.checked);
              setReads(target.checked);
            }}
          />
          Screen reader
        </label>
        {state.kind === "active" && <Button onClick={() => terminal.close()}>Close</Button>}
        {over && (
          <Button tone="primary" onClick={() => terminal.connect()}>
            {state.kind === "lost" ? "Reconnect" : "New shell"}
          </Button>
        )}
      </div>
      {state.kind === "refused" && <Notice tone="warn" role="alert">{state.reason}</Notice>}
      {state.kind === "lost" && <Notice tone="bad">The connection was lost, and with it the shell and all that ran in it.</Notice>}
      {workspace.status === "paused" && <Notice tone="info">The agent is paused. A shell sees its files all the same.</Notice>}
      {/* Every key is the shell's, the page's own among them; F6 goes on to the page. */}
      <div
        ref={box}
        className={styles.box}
        role="group"
        aria-label={`Terminal of ${workspace.name}`}
        aria-describedby={hint}
        onKeyDown={(event) => {
          if (event.key !== "F6" && !event.metaKey) event.stopPropagation();
        }}
      />
      <div className={styles.keys} aria-label="Keys" role="group">
        {phoneKeys.map(([label, keys]) => (
          <Button key={label} disabled={state.kind !== "active"} onClick={() => terminal.press(keys)}>
            {label}
          </Button>
        ))}
      </div>
      <p id={hint} className={styles.hint}>
        F6 leaves the terminal. Copy with Ctrl Shift C, paste with Ctrl Shift V. What runs here ends with it.
      </p>
    </div>
  );
}
