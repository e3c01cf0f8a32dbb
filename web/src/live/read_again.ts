/** An event told too little, or came for something unknown: it is read again a moment later, so that a burst costs one reading. */
const gatherMs = 50;

/**
 * Reads things again, one by one. What was read is taken only if no event about the same thing came meanwhile: an answer may
 * be older than that event, and would set back what it told. Then it is read once more.
 */
export class ReadAgain<T> {
  readonly #read: (id: string) => Promise<T>;
  readonly #take: (id: string, value: T) => void;
  readonly #fail: (id: string, error: unknown) => void;
  /** Events since the reading under way began, by what it reads. */
  readonly #since = new Map<string, number>();
  readonly #waiting = new Set<string>();

  constructor(read: (id: string) => Promise<T>, take: (id: string, value: T) => void, fail: (id: string, error: unknown) => void) {
    this.#read = read;
    this.#take = take;
    this.#fail = fail;
  }

  want(id: string): void {
    if (this.#waiting.has(id)) return;
    this.#waiting.add(id);
    setTimeout(() => void this.#start(id), gatherMs);
  }

  /** An event about it was taken in. */
  noticed(id: string): void {
    const count = this.#since.get(id);
    if (count !== undefined) this.#since.set(id, count + 1);
  }

  async #start(id: string): Promise<void> {
    this.#waiting.delete(id);
    // The reading under way may have begun too early for what it was wanted for again.
    if (this.#since.has(id)) return this.noticed(id);
    this.#since.set(id, 0);
    try {
      const value = await this.#read(id);
      if (this.#since.get(id) === 0) this.#take(id, value);
      else this.want(id);
    } catch (error) {
      this.#fail(id, error);
      if (this.#since.get(id) !== 0) this.want(id);
    }
    this.#since.delete(id);
  }
}
