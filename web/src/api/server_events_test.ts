import { expect, it } from "vitest";
import { serverEvents, type ServerEvent } from "./server_events";

const bytes = new TextEncoder();
function coming(text: string, size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const all = bytes.encode(text);
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= all.length) return controller.close();
      controller.enqueue(all.slice(at, at + size));
      at += size;
    },
  });
}
async function read(text: string, size = 5): Promise<ServerEvent[]> {
  const events = [];
  for await (const event of serverEvents(coming(text, size))) events.push(event);
  return events;
}

it("reads events however they are cut, past comments", async () => {
  const text = ': connected\n\ndata: {"a":"ü🦊"}\n\n: still here\n\nid: 7\ndata: one\ndata: two\n\n';
  for (const size of [1, 2, 3, 10, 1000])
    expect(await read(text, size)).toEqual([
      { id: undefined, data: '{"a":"ü🦊"}' },
      { id: 7, data: "one\ntwo" },
    ]);
});

it("takes any line end", async () => {
  expect(await read("id: 1\r\ndata: a\r\n\r\nid: 2\ndata:b\n\n", 1)).toEqual([
    { id: 1, data: "a" },
    { id: 2, data: "b" },
  ]);
});

it("drops what broke off in the middle", async () => {
  expect(await read("id: 1\ndata: a\n\nid: 2\ndata: b")).toEqual([{ id: 1, data: "a" }]);
});

it("tells the platform when nobody reads on", async () => {
  let left = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(bytes.encode("data: x\n\n")),
    cancel: () => {
      left = true;
    },
  });
  for await (const event of serverEvents(endless)) {
    expect(event.data).toBe("x");
    break;
  }
  expect(left).toBe(true);
});
