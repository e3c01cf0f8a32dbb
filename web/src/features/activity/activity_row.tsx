import { ChevronRight, Route } from "lucide-react";
import { useState } from "react";
import { shell } from "@/actions/shell";
import { answerText, requestText } from "@/api/a2a_text";
import type { ActivityRow } from "@/api/activity_api";
import { orgStore } from "@/model/org";
import { wayOfRow } from "@/model/way_address";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { CopyButton } from "@/ui/copy_button";
import { cutText } from "@/ui/cut_text";
import { Facts } from "@/ui/section";
import { useSelected } from "@/ui/store";
import { PlainPieces } from "@/ui/plain_pieces";
import { fullTime, shortDuration } from "@/ui/time";
import styles from "./activity.module.css";

const tags: Record<string, { word: string; tone?: string | undefined }> = {
  a2a_receive: { word: "A2A IN", tone: styles.in },
  a2a_send: { word: "A2A OUT", tone: styles.out },
  delegation: { word: "DELEGATE", tone: styles.out },
  task_update: { word: "TASK", tone: styles.task },
  skill_promotion: { word: "SKILL" },
  memory_write: { word: "MEMORY" },
  agent_log: { word: "LOG" },
  error: { word: "ERROR", tone: styles.bad },
};

/** More words than a row has room for; the text itself is in what unfolds. */
const maxWords = 1000;

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export const isFailed = (row: ActivityRow): boolean =>
  row.status === "error" || row.status === "failed" || row.activity_type === "error";

function shownWords(row: ActivityRow, nameOf: (id: string) => string): string {
  const said = row.method === "notify" || row.method === "delegate_result" ? answerText(row.response_body) : requestText(row.request_body);
  const words = row.summary || said || row.method || row.activity_type;
  return words.replace(uuid, nameOf);
}

export function ActivityRowView({ row }: { row: ActivityRow }) {
  const [open, setOpen] = useState(false);
  const workspaces = useSelected(orgStore, (org) => org.workspaces);
  const nameOf = (id: string) => workspaces.get(id)?.name ?? id.slice(0, 8);
  const tag = tags[row.activity_type] ?? { word: row.activity_type.toUpperCase() };
  const at = Date.parse(row.created_at);
  const source = row.source_id ? nameOf(row.source_id) : row.activity_type === "a2a_receive" && row.method !== "notify" ? "You" : nameOf(row.workspace_id);
  const target = row.target_id ? nameOf(row.target_id) : row.method === "notify" ? "You" : undefined;
  return (
    <li className={styles.row} data-activity-type={row.activity_type}>
      <button type="button" className={styles.summary} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={classNames(styles.tag, isFailed(row) ? styles.bad : tag.tone)}>{tag.word}</span>
        <span className={styles.words}>{cutText(shownWords(row, nameOf), maxWords)}</span>
        <span className={styles.age}>
          <Age at={at} suffix="" />
        </span>
        <span className={styles.who}>
          {source}
          {target && target !== source && ` → ${target}`}
          {row.method && ` · ${row.method}`}
          {row.status !== "" && ` · ${row.status}`}
          {row.duration_ms !== null && row.duration_ms !== undefined && row.duration_ms > 0 && ` · ${shortDuration(row.duration_ms)}`}
        </span>
        {row.error_detail && <span className={styles.failed}>{row.error_detail}</span>}
      </button>
      {open && <Detail row={row} at={at} />}
    </li>
  );
}

function Detail({ row, at }: { row: ActivityRow; at: number }) {
  const way = wayOfRow(row);
  return (
    <div className={styles.detail}>
      {way !== undefined && (
        <div>
          <Button onClick={() => shell.current.showWay(way)}>
            <Route size={14} aria-hidden /> Its whole way
          </Button>
        </div>
      )}
      <Facts
        facts={[
          ["Row", row.id],
          ["Time", fullTime(at)],
          ["Source", row.source_id],
          ["Target", row.target_id],
        ]}
      />
      <Body name="Request" text={requestText(row.request_body)} body={row.request_body} />
      <Body name="Response" text={answerText(row.response_body)} body={row.response_body} />
      <Body name="Tools" text="" body={row.tool_trace} />
    </div>
  );
}

function Body({ name, text, body }: { name: string; text: string; body: unknown }) {
  if (body === undefined || body === null) return null;
  const raw = JSON.stringify(body, null, 2);
  return (
    <>
      {text !== "" && (
        <div>
          <div className={styles.label}>{name}</div>
          <div className={styles.raw}>
            <PlainPieces text={text} />
          </div>
        </div>
      )}
      <details>
        <summary className={styles.label}>
          <ChevronRight size={14} aria-hidden />
          <span>{name}, raw</span>
          <CopyButton text={raw} what={`raw ${name.toLowerCase()}`} />
        </summary>
        <pre className={styles.raw} tabIndex={0}>
          <PlainPieces text={raw} />
        </pre>
      </details>
    </>
  );
}
