"""What the senders were promised, and the comparison with what the platform holds."""

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Promises by message id. A message without a promise may exist or not, but not twice."""

    answers: dict[str, tuple[int, object]] = field(default_factory=dict)
    target: dict[str, str] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    rows: dict[str, str] = field(default_factory=dict)  # message id -> activity id
    results: Counter[str] = field(default_factory=Counter)  # A2A_RESPONSE by message id
    replies: Counter[str] = field(default_factory=Counter)  # AGENT_MESSAGE by activity id
    guard: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, message: str, workspace: str) -> None:
        with self.guard:
            self.target[message] = workspace
            if message not in self.answers:
                self.unanswered.add(message)

    def promised(self, message: str, status: int, body: object) -> None:
        with self.guard:
            self.answers.setdefault(message, (status, body))
            self.unanswered.discard(message)

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
        if event["event"] == "A2A_RESPONSE" and payload.get("message_id"):
            self.results[payload["message_id"]] += 1
            assert self.results[payload["message_id"]] == 1, f"two results for {payload['message_id']}"
        if event["event"] == "AGENT_MESSAGE" and payload.get("reply_to"):
            self.replies[payload["reply_to"]] += 1
            assert self.replies[payload["reply_to"]] == 1, f"two answers to {payload['reply_to']}"

    def missing(self) -> list[str]:
        """Promised messages the platform does not hold."""
        return sorted(self.answers.keys() - self.rows.keys())
