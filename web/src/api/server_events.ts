/** An event as the platform sends it: its number, where it has one, and its data. */
export interface ServerEvent {
  id: number | undefined;
  data: string;
}

/** A single event may be so long, in UTF-16 units; one that is longer ends the reading. */
export const eventMax = 32 * 1024 * 1024;

/** Reads server-sent events as they come. Comments, and what a connection broke off in the middle of, are no events. */
export async function* serverEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerEvent, void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let id: number | undefined;
  let data: string[] = [];
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      // Looked for only in what is new: an event may come in many parts.
      let from = Math.max(0, rest.length - value.length - 1);
      let begin = 0;
      for (let end = lineEnd(rest, from); end >= 0; end = lineEnd(rest, from)) {
        const line = rest.slice(begin, end);
        begin = from = end + (rest.startsWith("\r\n", end) ? 2 : 1);
        if (line === "") {
          if (data.length > 0) yield { id, data: data.join("\n") };
          id = undefined;
          data = [];
          continue;
        }
        const [, field = "", words = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
        if (field === "data") data.push(words);
        else if (field === "id" && /^\d+$/.test(words)) id = Number(words);
      }
      rest = rest.slice(begin);
      if (rest.length > eventMax) throw new Error("an event of the platform is longer than this page reads");
    }
  } finally {
    // Whoever stops reading leaves; the platform goes on without them.
    await reader.cancel().catch(() => undefined);
  }
}

/** Where the next line ends; a CR that stands last may be half of a line end. */
function lineEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\n") return at;
    if (text[at] === "\r" && at + 1 < text.length) return at;
  }
  return -1;
}
