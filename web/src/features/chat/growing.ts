import type { Growing, StreamedAnswer } from "@/model/streamed_answer";
import { Store } from "@/ui/store";

/** Answers that are coming, by the person's message they answer. Apart from the conversations, which a piece does not change. */
export const growingStore = new Store<ReadonlyMap<string, Growing>>(new Map());

/** Pieces are drawn at most so often; more often nobody sees. */
const drawMs = 60;

/** Shows one answer as it grows. */
export class Shown {
  readonly #id: string;
  readonly #answer: StreamedAnswer;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawn = Number.NEGATIVE_INFINITY;

  constructor(id: string, answer: StreamedAnswer) {
    this.#id = id;
    this.#answer = answer;
  }

  /** Something came: it is drawn at once, or with what comes in the next moment. */
  renew(): void {
    this.#timer ??= setTimeout(() => this.#draw(), Math.max(0, this.#drawn + drawMs - performance.now()));
  }

  end(): void {
    clearTimeout(this.#timer);
    const before = growingStore.get();
    if (!before.has(this.#id)) return;
    const after = new Map(before);
    after.delete(this.#id);
    growingStore.set(after);
  }

  #draw(): void {
    this.#timer = undefined;
    this.#drawn = performance.now();
    growingStore.set(new Map(growingStore.get()).set(this.#id, this.#answer.growing));
  }
}
