import { request } from "./request";
import type { QuestionPage } from "./wire";

/** Tasks of people whose agents wait for an answer, newest message first. */
export const listQuestions = (limit: number, before?: number): Promise<QuestionPage> =>
  request<QuestionPage>("GET", `/questions?limit=${limit}${before === undefined ? "" : `&before_seq=${before}`}`);
