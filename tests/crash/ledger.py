"""What the senders were promised, and the comparison with what the platform holds."""

import threading
from collections import Counter
from dataclasses import dataclass, field


def is_receipt(answer: tuple[int, dict]) -> bool:
    return answer[0] == 202 or answer[1].get("status") == "queued"


def said(result: object) -> str:
    """The text of an answer: the message's, in the form of 0.3."""
    parts = result.get("parts", []) if isinstance(result, dict) else []
    return "".join(part.get("text", "") for part in parts)


@dataclass
class Ledger:
    """Promises by message id. A message without a promise may exist or not, but not twice."""

    poll: str = ""  # The workspace whose agent polls.
    answers: dict[str, tuple[int, dict]] = field(default_factory=dict)
    streamed: set[str] = field(default_factory=set)  # Acknowledged by the first event of a stream.
    target: dict[str, str] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    rows: dict[str, str] = field(default_factory=dict)  # message id -> activity id
    results: Counter[str] = field(default_factory=Counter)  # A2A_RESPONSE by message id
    replies: Counter[str] = field(default_factory=Counter)  # AGENT_MESSAGE by activity id
    guard: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, message: str, workspace: str, text: str) -> None:
        with self.guard:
            self.target[message] = workspace
            self.text[message] = text
            if message not in self.answers and message not in self.streamed:
                self.unanswered.add(message)

    def promised(self, message: str, status: int, body: dict) -> str:
        """Takes an answer; returns what is wrong with it beside the earlier one, or nothing.

        A receipt may become a result, once. A result stays what it is.
        """
        answer = (status, body)
        with self.guard:
            before = self.answers.get(message)
            self.answers[message] = answer
            self.unanswered.discard(message)
        if before is None or before == answer:
            return ""
        if is_receipt(before) and is_receipt(answer):
            same = all(before[1][key] == body[key] for key in ("activity_id", "queue_id") if key in before[1] and key in body)
            return "" if same else f"{message}: two receipts, {before} and {answer}"
        if is_receipt(before) and not is_receipt(answer):
            activity = before[1].get("activity_id", "")
            if self.target[message] == self.poll and said(body.get("result")) != f"answer to {activity}":
                return f"{message}: the result of another message, {answer} after {before}"
            return ""
        return f"{message}: first {before}, then {answer}"

    def began(self, message: str) -> None:
        with self.guard:
            self.streamed.add(message)
            self.unanswered.discard(message)

    def acknowledged(self) -> set[str]:
        with self.guard:
            return self.answers.keys() | self.streamed

    def saw_row(self, row: dict) -> None:
        if row.get("method") == "notify":
            return
        message = row["request_body"]["params"]["message"]["messageId"]
        assert message in self.target, f"a message nobody sent: {message}"
        assert message not in self.rows, f"{message} is there twice: {self.rows[message]} and {row['id']}"
        assert row["workspace_id"] == self.target[message], f"{message} is in the wrong mailbox"
        self.rows[message] = row["id"]

    def saw_event(self, event: dict) -> None:
        payload = event.get("payload") or {}
        # What comes of an agent's message is told as the change of its row.
        of_agent = event["event"] == "ACTIVITY_LOGGED" and payload.get("activity_type") == "a2a_receive" and \
            payload.get("source_id") and ("response_body" in payload or payload.get("status") == "error")
        if (event["event"] == "A2A_RESPONSE" or of_agent) and payload.get("message_id"):
            self.results[payload["message_id"]] += 1
            assert self.results[payload["message_id"]] == 1, f"two results for {payload['message_id']}"
        if event["event"] == "AGENT_MESSAGE" and payload.get("reply_to"):
            self.replies[payload["reply_to"]] += 1
            assert self.replies[payload["reply_to"]] == 1, f"two answers to {payload['reply_to']}"

    def missing(self) -> list[str]:
        """Promised messages the platform does not hold."""
        return sorted(self.answers.keys() - self.rows.keys())
