/** A part of a text that will not change any more. */
export interface Block {
  text: string;
  /** Whether it stands on its own and may be formatted; a piece of a long program listing is shown as it is. */
  formats: boolean;
}

/** What is still open is cut off as it is when it grows beyond this many UTF-16 units, at the end of a line if there is one. */
export const openMax = 8 * 1024;

const fenceOf = (line: string): string | undefined => /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
const closes = (line: string, fence: string): boolean => {
  const found = fenceOf(line);
  return found !== undefined && found.startsWith(fence) && line.trim() === found;
};

/**
 * A text that comes in pieces, divided where a paragraph or a listing has ended: what is before is formatted once and
 * never again, so that a piece costs what it is long, whatever came before it.
 */
export class GrowingText {
  #blocks: Block[] = [];
  #open = "";
  /** How far the open part was looked through: the beginning of its last line. */
  #seen = 0;
  /** The mark of the listing that the open part is in. */
  #fence: string | undefined;
  /** The open part began inside a listing that was cut. */
  #inside = false;

  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  /** The end, which may still change. */
  get open(): string {
    return this.#open;
  }

  append(piece: string): void {
    this.#open += piece;
    for (let end = this.#open.indexOf("\n", this.#seen); end >= 0; end = this.#open.indexOf("\n", this.#seen)) {
      const line = this.#open.slice(this.#seen, end);
      this.#seen = end + 1;
      if (this.#fence !== undefined) {
        if (!closes(line, this.#fence)) continue;
        this.#fence = undefined;
        this.#cut(this.#seen);
      } else if (line.trim() === "") this.#cut(this.#seen);
      else this.#fence = fenceOf(line);
    }
    while (this.#open.length > openMax) {
      const line = this.#open.lastIndexOf("\n", openMax);
      const at = line > 0 ? line + 1 : openMax;
      this.#put(this.#open.slice(0, at), false);
      this.#open = this.#open.slice(at);
      this.#seen = Math.max(0, this.#seen - at);
      this.#inside = this.#fence !== undefined;
    }
  }

  #cut(at: number): void {
    const text = this.#open.slice(0, at);
    if (text.trim() !== "") this.#put(text, !this.#inside);
    this.#open = this.#open.slice(at);
    this.#seen = 0;
    this.#inside = false;
  }

  #put(text: string, formats: boolean): void {
    // Another list, so that whoever draws sees that there is more.
    this.#blocks = [...this.#blocks, { text, formats }];
  }
}
