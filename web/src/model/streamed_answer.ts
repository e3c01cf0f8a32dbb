import { readAnswer, type TaskState } from "@/api/a2a_answer";
import { answerText, appendedMark, errorText, fields, type Fields } from "@/api/a2a_text";
import { GrowingText, type Block } from "@/ui/growing_text";

/** An answer while it comes, as it is drawn. */
export interface Growing {
  blocks: readonly Block[];
  /** The end, which may still change. */
  open: string;
  /** What the agent says about its work, beside the answer. */
  says: string;
  state: TaskState | undefined;
  /** More came than is held here; all of it is in the activity once the answer is whole. */
  cut: boolean;
}

export type Progress = "goes on" | "over";

/** So much of an answer is held while it comes, in UTF-16 units of its JSON. */
export const heldMax = 2 * 1024 * 1024;

const halts = new Set<TaskState>(["completed", "failed", "rejected", "canceled", "input-required", "auth-required"]);

interface Artifact {
  members: Fields;
  parts: unknown[];
  appended: boolean;
}

/** An answer that comes in pieces, put together as the platform does it: an artifact's appended texts are one text. */
export class StreamedAnswer {
  readonly #artifacts = new Map<string, Artifact>();
  #text = new GrowingText();
  #task: Fields = {};
  #status: unknown;
  /** A message or an error, which is an answer by itself. */
  #whole: unknown;
  #held = 0;
  #cut = false;
  #says = "";

  /** Whether something of the agent was read. */
  get begun(): boolean {
    return this.#status !== undefined || this.#artifacts.size > 0 || this.#whole !== undefined;
  }

  /** More came than was held. */
  get cut(): boolean {
    return this.#cut;
  }

  get growing(): Growing {
    const state = readAnswer({ status: this.#status }, "nothing").state;
    return { blocks: this.#text.blocks, open: this.#text.open, says: this.#says, state, cut: this.#cut };
  }

  /** The answer as one request would have brought it. */
  get body(): unknown {
    if (this.#whole !== undefined) return this.#whole;
    const artifacts = [...this.#artifacts.values()].map(({ members, parts, appended }) => ({
      ...members,
      parts,
      ...(appended ? { metadata: { ...fields(members.metadata), [appendedMark]: true } } : {}),
    }));
    return { jsonrpc: "2.0", result: { kind: "task", ...this.#task, status: this.#status, artifacts } };
  }

  /** Takes the next event, which is JSON-RPC. */
  take(event: unknown): Progress {
    const result = fields(fields(event)?.result);
    if (errorText(event) !== undefined || fields(event)?.error !== undefined || !result) return this.#answered(event);
    switch (result.kind) {
      case "artifact-update":
        this.#nameTask(result);
        this.#takeArtifact(fields(result.artifact) ?? {}, result.append === true);
        return "goes on";
      case "status-update": {
        this.#nameTask(result);
        const halted = this.#takeStatus(result.status);
        return result.final === true ? "over" : halted;
      }
      case "task":
        return this.#takeTask(result);
      default:
        return fields(result.status) ? this.#takeTask(result) : this.#answered(event);
    }
  }

  #answered(event: unknown): Progress {
    this.#whole = event;
    return "over";
  }

  #nameTask({ taskId, contextId }: Fields): void {
    if (typeof taskId === "string") this.#task = { id: taskId, contextId, ...this.#task };
  }

  #takeTask({ status, artifacts, id, contextId }: Fields): Progress {
    this.#task = { id, contextId };
    this.#artifacts.clear();
    this.#held = 0;
    this.#text = new GrowingText();
    for (const artifact of Array.isArray(artifacts) ? artifacts : []) this.#takeArtifact(fields(artifact) ?? {}, false);
    return this.#takeStatus(status);
  }

  #takeStatus(status: unknown): Progress {
    if (status !== undefined) this.#status = status;
    const { state } = readAnswer({ status }, "nothing");
    const words = answerText(fields(status)?.message);
    if (words !== "") this.#says = words;
    return state !== undefined && halts.has(state) ? "over" : "goes on";
  }

  #takeArtifact({ parts, ...members }: Fields, append: boolean): void {
    const added = Array.isArray(parts) ? (parts as unknown[]) : [];
    this.#held += JSON.stringify(added).length;
    if (this.#held > heldMax) {
      this.#cut = true;
      return;
    }
    const id = typeof members.artifactId === "string" ? members.artifactId : "";
    const known = this.#artifacts.get(id);
    const isLast = known !== undefined && [...this.#artifacts.keys()].at(-1) === id;
    if (known && append) {
      known.parts.push(...added);
      known.appended = true;
      if (isLast) return this.#text.append(textOf(added, true));
    } else {
      this.#artifacts.set(id, { members, parts: [...added], appended: fields(members.metadata)?.[appendedMark] === true });
      if (!known) return this.#begin(id);
    }
    // Something before the end changed: what is drawn begins anew.
    this.#text = new GrowingText();
    for (const each of this.#artifacts.keys()) this.#begin(each);
  }

  /** Adds an artifact behind those that stand there. */
  #begin(id: string): void {
    const artifact = this.#artifacts.get(id);
    if (!artifact) return;
    const text = textOf(artifact.parts, artifact.appended);
    const stands = this.#text.blocks.length > 0 || this.#text.open !== "";
    if (text !== "") this.#text.append(stands ? `\n\n${text}` : text);
  }
}

const textOf = (parts: readonly unknown[], appended: boolean): string =>
  answerText({ artifacts: [{ parts, metadata: { [appendedMark]: appended } }] });
