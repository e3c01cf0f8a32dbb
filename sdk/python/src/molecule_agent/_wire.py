"""Builds the bodies that are sent and reads the ones that come back. No sockets, no clock but `now` where stated.

Agents and platforms spell message parts in three ways: `{"kind": "text", "text": …}` (A2A 0.3), `{"type": "text",
"text": …}` (older clients) and the flat `{"text": …}` (A2A 1.0). Everything here reads all three.
"""

from __future__ import annotations

import datetime
import email.utils
import json
import math
import uuid
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 16
"""How many envelopes inside envelopes are followed when the text of an answer is looked for."""


def fresh_id() -> str:
    return str(uuid.uuid4())


def text_or(value: Any, default: str = "") -> str:
    """`value` when it is a string, else `default`: JSON null and surprises become an empty field, not a crash."""
    return value if isinstance(value, str) else default


# --- requests -----------------------------------------------------------------------------------------------------


def message_send(text: str, *, role: str, request_id: str = "", message_id: str = "",
                 metadata: dict[str, Any] | None = None, files: Iterable[Any] = ()) -> dict[str, Any]:
    """A JSON-RPC `message/send` with one text part and the files that it names, in the form every A2A 0.3 peer reads."""
    message: dict[str, Any] = {
        "kind": "message",
        "messageId": message_id or fresh_id(),
        "role": role,
        "parts": [{"kind": "text", "text": text}, *(file.part() for file in files)],
    }
    if metadata:
        message["metadata"] = metadata
    return {"jsonrpc": "2.0", "id": request_id or fresh_id(), "method": "message/send", "params": {"message": message}}


def request_message(envelope: dict[str, Any]) -> dict[str, Any]:
    """The message object of an A2A request in any accepted shape; {} when there is none."""
    params = envelope.get("params")
    if isinstance(params, dict):
        message = params.get("message")
        return message if isinstance(message, dict) else params
    message = envelope.get("message")
    if isinstance(message, dict):
        return message
    return envelope if isinstance(envelope.get("parts"), list) else {}


def request_text(envelope: Any) -> str:
    """The text of an A2A request; also of the flat form, whose `message` or `text` is the text itself."""
    if not isinstance(envelope, dict):
        return ""
    for flat in (envelope.get("message"), envelope.get("text")):
        if isinstance(flat, str) and flat:
            return flat
    return parts_text(request_message(envelope).get("parts"))


def row_text(row: dict[str, Any], data: dict[str, Any]) -> str:
    """The text of an activity row, by the first place that has one."""
    for candidate in (data.get("text"), data.get("message")):
        if isinstance(candidate, str) and candidate:
            return candidate
    return request_text(row.get("request_body")) or text_or(row.get("summary"))


# --- answers ------------------------------------------------------------------------------------------------------


def parts_text(parts: Any) -> str:
    """Text parts concatenated; when there is none, the data parts as compact JSON, one a line."""
    if not isinstance(parts, list):
        return ""
    texts, values = [], []
    for part in parts:
        if not isinstance(part, dict):
            continue
        kind = part.get("kind", part.get("type"))
        if kind in (None, "text") and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind in (None, "data") and "data" in part:
            values.append(json.dumps(part["data"], ensure_ascii=False, separators=(",", ":")))
    return "".join(texts) or "\n".join(values)


def extract_text(answer: Any, depth: int = 0) -> str:
    """The text of an answer: a JSON-RPC envelope, a message, a task (artifacts first, then its status message), the
    `{"status": "ok", "result": …}` of the flat endpoint, or plain text. "" when there is none."""
    if depth > MAX_DEPTH:
        return ""
    if isinstance(answer, str):
        return answer
    if not isinstance(answer, dict):
        return ""
    text = parts_text(answer.get("parts"))
    if text:
        return text
    artifacts = answer.get("artifacts")
    if isinstance(artifacts, list):
        found = [parts_text(a.get("parts")) for a in artifacts if isinstance(a, dict)]
        text = "\n".join(t for t in found if t)
        if text:
            return text
    for member in ("result", "message", "task", "status", "response_body"):
        inner = answer.get(member)
        # A bare string in `status` is a state ("completed"), not words for anybody.
        if inner is None or (member == "status" and not isinstance(inner, dict)):
            continue
        text = extract_text(inner, depth + 1)
        if text:
            return text
    return text_or(answer.get("text"))


# --- headers ------------------------------------------------------------------------------------------------------


def http_date(value: str | None) -> datetime.datetime | None:
    """The time a header names; None when it names none."""
    try:
        when = email.utils.parsedate_to_datetime(value or "")
    except (TypeError, ValueError):
        return None
    return when if when.tzinfo is not None else when.replace(tzinfo=datetime.timezone.utc)


def retry_after_seconds(value: str | None, now: datetime.datetime | None = None) -> float | None:
    """Seconds to wait by a Retry-After header, rounded up, in its number or date form; None when it says nothing
    usable. A date is compared with `now`, the answer's own Date, so that a wrong clock here does not matter."""
    if not value:
        return None
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        when = http_date(value)
        if when is None:
            return None
        seconds = (when - (now or datetime.datetime.now(datetime.timezone.utc))).total_seconds()
    if not math.isfinite(seconds):
        return None
    return float(max(0, math.ceil(seconds)))


def object_or_none(answer: Any) -> Any:
    """The answer where it is an object, as the platform's are; None for what something else may have said."""
    return answer if isinstance(answer, dict) else None
