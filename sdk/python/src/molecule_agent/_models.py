"""The values that programs receive: a workspace's state, a peer, an inbound message."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from . import _wire


@dataclass
class WorkspaceState:
    """What the platform says about the workspace right now; `status` is "removed" once it was deleted."""

    workspace_id: str
    status: str
    paused: bool = False
    deleted: bool = False

    @property
    def should_stop(self) -> bool:
        """True when the agent has to leave its loop: a person paused or removed the workspace."""
        return self.paused or self.deleted


@dataclass
class PeerInfo:
    """A workspace this one may talk to. `url` is "" when only the platform can reach it."""

    id: str
    name: str
    url: str = ""
    role: str = ""
    tier: int = 2
    status: str = "unknown"
    agent_card: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> PeerInfo | None:
        """Read one element of the peer list; None when it carries no id and can therefore not be addressed."""
        peer_id = row.get("id")
        if not isinstance(peer_id, str) or not peer_id:
            return None
        tier, card = row.get("tier"), row.get("agent_card")
        return cls(
            id=peer_id,
            name=_wire.text_or(row.get("name")),
            url=_wire.text_or(row.get("url")),
            role=_wire.text_or(row.get("role")),
            tier=tier if isinstance(tier, int) and not isinstance(tier, bool) else 2,
            status=_wire.text_or(row.get("status")) or "unknown",
            agent_card=card if isinstance(card, dict) else {},
        )


@dataclass
class SharedFile:
    """A file that a message names. `uri` says where it is, `inline` holds it (base64) when the message does itself;
    `mime_type` and `size` are "" and 0 when nobody said."""

    uri: str
    name: str
    mime_type: str = ""
    size: int = 0
    inline: str = ""

    @classmethod
    def from_upload(cls, file: Any) -> SharedFile:
        """Read what the platform says of a file that it took."""
        told = file if isinstance(file, dict) else {}
        size = told.get("size")
        return cls(_wire.text_or(told.get("uri")), _wire.text_or(told.get("name")), _wire.text_or(told.get("mimeType")),
                   size if isinstance(size, int) else 0)

    @classmethod
    def from_part(cls, part: Any) -> SharedFile | None:
        """Read a part of a message, in the form of either generation of A2A; None when it is no file."""
        if not isinstance(part, dict):
            return None
        nested = part.get("file")
        told = nested if isinstance(nested, dict) else part
        uri = _wire.text_or(told.get("uri")) or _wire.text_or(told.get("url"))
        inline = _wire.text_or(told.get("bytes")) or _wire.text_or(told.get("raw"))
        if not uri and not inline:
            return None
        size = told.get("size")
        return cls(uri, _wire.text_or(told.get("name")) or _wire.text_or(told.get("filename")) or "file",
                   _wire.text_or(told.get("mimeType")) or _wire.text_or(told.get("mediaType")),
                   size if isinstance(size, int) and not isinstance(size, bool) else 0, inline)

    def part(self, *, flat: bool = False) -> dict[str, Any]:
        """As a part of a message: in the form of A2A 0.3, or of 1.0."""
        if not flat:
            return {"kind": "file", "file": self.told()}
        named: dict[str, Any] = {"url": self.uri, "filename": self.name}
        if self.mime_type:
            named["mediaType"] = self.mime_type
        return named

    def told(self) -> dict[str, Any]:
        """As the platform and A2A 0.3 name it."""
        found: dict[str, Any] = {"uri": self.uri, "name": self.name}
        if self.mime_type:
            found["mimeType"] = self.mime_type
        if self.size:
            found["size"] = self.size
        return found


class InboundSource(enum.StrEnum):
    """Who sent a message. Members equal their plain text, so `message.source == "canvas_user"` is fine too."""

    canvas_user = "canvas_user"
    peer_agent = "peer_agent"
    unknown = "unknown"


@dataclass
class InboundMessage:
    """One message for this agent.

    `activity_id` names it towards the platform (an answer refers to it), `source_id` is the sending workspace or ""
    for a person, `raw` the row or envelope it was read from.
    """

    activity_id: str
    source: InboundSource | str
    source_id: str
    text: str
    raw: dict[str, Any] = field(default_factory=dict)
    peer_name: str = ""
    peer_role: str = ""
    agent_card_url: str = ""

    @property
    def task_id(self) -> str:
        """The task that the message goes on with, as its sender names it: by the `activity_id` of the message that began
        it, unless an answer gave it a name of its own. "" when it begins something."""
        return _wire.text_or(self._message.get("taskId"))

    @property
    def context_id(self) -> str:
        """The conversation that the message belongs to. One that names none begins one, and its sender knows that by the
        name of the message."""
        named = _wire.text_or(self._message.get("contextId"))
        return named or _wire.text_or(self.raw.get("activity_id")) or self.activity_id

    @property
    def _message(self) -> dict[str, Any]:
        body = self.raw.get("request_body")
        return _wire.request_message(body if isinstance(body, dict) else self.raw)

    @property
    def files(self) -> list[SharedFile]:
        """The files that the message names; `client.download(file, folder)` fetches one."""
        parts = self._message.get("parts")
        if self.raw.get("method") == "delegate_result":
            said = self.raw.get("response_body")
            parts = said.get("parts") if isinstance(said, dict) else None
        found = [SharedFile.from_part(part) for part in parts] if isinstance(parts, list) else []
        return [file for file in found if file is not None]

    @property
    def is_answer(self) -> bool:
        """True when this is a peer's answer to a message of ours. Answering an answer would never end."""
        message = self._message
        metadata = message.get("metadata")
        return message.get("role") in ("agent", "ROLE_AGENT") or (isinstance(metadata, dict) and "reply_to" in metadata)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> InboundMessage | None:
        """Read an activity row; None when it has no id.

        The sender is taken from `data.source`, then `source`, then `source_id` (no sender is a person on the canvas).
        The text is taken from `data`, then from the A2A request, then from the row's summary.
        """
        row_id = row.get("id")
        if not isinstance(row_id, str) or not row_id:
            return None
        data = row.get("data")
        data = data if isinstance(data, dict) else {}
        source_id = _wire.text_or(data.get("source_id")) or _wire.text_or(row.get("source_id"))
        return cls(
            activity_id=row_id,
            source=_source(data.get("source") or row.get("source"), source_id),
            source_id="" if source_id == "user" else source_id,
            text=_wire.row_text(row, data),
            raw=row,
            peer_name=_wire.text_or(data.get("peer_name") or row.get("peer_name")),
            peer_role=_wire.text_or(data.get("peer_role") or row.get("peer_role")),
            agent_card_url=_wire.text_or(data.get("agent_card_url") or row.get("agent_card_url")),
        )

    @classmethod
    def from_request(cls, envelope: dict[str, Any], caller_id: str) -> InboundMessage:
        """Read an A2A request that was pushed to this agent; `caller_id` is "" for a person on the canvas."""
        message = _wire.request_message(envelope)
        names = (envelope.get("activity_id"), message.get("messageId"), envelope.get("idempotency_key"),
                 envelope.get("id"))
        return cls(
            activity_id=next((name for name in names if isinstance(name, str) and name), "") or _wire.fresh_id(),
            source=InboundSource.peer_agent if caller_id else InboundSource.canvas_user,
            source_id=caller_id,
            text=_wire.request_text(envelope),
            raw=envelope,
        )


class FetchedMessage(dict[str, Any], InboundMessage):
    """A message that was fetched: an `InboundMessage` that is the row it was read from as well. Two of them are equal
    when their rows are."""

    @classmethod
    def of(cls, row: dict[str, Any]) -> FetchedMessage | None:
        """None when the row has no id, and can therefore be neither answered nor passed."""
        read = InboundMessage.from_row(row)
        if read is None:
            return None
        made = cls(row)
        vars(made).update(vars(read))
        return made

    def __repr__(self) -> str:
        return InboundMessage.__repr__(self)


def _source(stated: Any, source_id: str) -> InboundSource:
    if stated in ("canvas_user", "user"):
        return InboundSource.canvas_user
    if stated == "peer_agent":
        return InboundSource.peer_agent
    if stated:  # "self", "system" and whatever may come: not somebody who can be answered
        return InboundSource.unknown
    if not source_id or source_id == "user":
        return InboundSource.canvas_user
    return InboundSource.peer_agent
