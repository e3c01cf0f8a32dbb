// A server of the official A2A SDK, as an agent stands behind it.
import { ServerCallContext } from "@a2a-js/sdk/server";

export async function serve(handler, request, response) {
  let body = "";
  for await (const chunk of request) body += chunk;
  const answer = await handler.handle(JSON.parse(body), new ServerCallContext({ requestedVersion: request.headers["a2a-version"] }));
  if (!(Symbol.asyncIterator in answer)) {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(answer));
    return;
  }
  response.setHeader("Content-Type", "text/event-stream");
  for await (const event of answer) response.write(`data: ${JSON.stringify(event)}\n\n`);
  response.end();
}
