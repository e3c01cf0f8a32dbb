import { readAnswer } from "@/api/a2a_answer";
import { errorText } from "@/api/a2a_text";
import { readActivityRows } from "@/api/activity_api";
import { sendMessage } from "@/api/messages_api";
import { cancelTask, getTask, readStanding } from "@/api/tasks_api";
import type { Question } from "@/api/wire";
import { openQuestions } from "@/live/questions";

/** How long the first word about an answer is waited for; the platform has it by then. */
const firstWordMs = 3000;

/** What an agent asks: the words of its answer, or else of its task. Empty: it only asks for something. */
export async function readQuestion({ workspace_id, seq, id }: Question): Promise<string> {
  const [row] = await readActivityRows(workspace_id, { before_seq: seq + 1, limit: 1 });
  const said = row?.id === id ? readAnswer(row.response_body, "nothing").text : "";
  if (said !== "") return said;
  return readStanding(await getTask(workspace_id, id))?.says ?? "";
}

async function firstOf(events: AsyncIterable<{ data: string }>): Promise<unknown> {
  for await (const { data } of events) return JSON.parse(data) as unknown;
  return undefined;
}

/** Goes on with the task that asks. The same `messageId` may be sent again: it is accepted once. Throws what was refused. */
export async function answerQuestion({ id, workspace_id, task_id, context_id }: Question, messageId: string, text: string): Promise<void> {
  const leave = new AbortController();
  try {
    const task = { id: task_id, ...(context_id === "" ? {} : { contextId: context_id }) };
    const streamed = await sendMessage(workspace_id, { id: messageId, text, history: [], task }, leave.signal);
    const waited = new Promise<undefined>((resolve) => setTimeout(resolve, firstWordMs));
    const said = "whole" in streamed ? streamed.whole : await Promise.race([firstOf(streamed.events), waited]);
    const refused = errorText(said);
    if (refused !== undefined) throw new Error(refused);
    openQuestions.settle(id);
  } finally {
    // The agent goes on; what it says is in the chat.
    leave.abort();
  }
}

/** Ends the task that asks. */
export async function callOff({ id, workspace_id }: Question): Promise<void> {
  await cancelTask(workspace_id, id);
  openQuestions.settle(id);
}
