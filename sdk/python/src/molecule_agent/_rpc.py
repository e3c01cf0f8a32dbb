"""What an `A2AServer` says: reads a request body, runs the agent, and builds the answer in the form that was asked in.

Two dialects of JSON-RPC are spoken: `message/send` (A2A 0.3) and `SendMessage` (A2A 1.0). Errors are JSON-RPC errors
with HTTP 200; what an agent raised stays in its log and is named to the caller by a reference only.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Callable
from typing import Any

from . import _wire
from ._asked import Call, Said, waits
from ._chain import part_of
from ._version import __version__

log = logging.getLogger("molecule_agent")

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603
MAX_NAME = 128

Runner = Callable[[dict[str, Any], str, Callable[[Said], None]], Any]
"""Called with the payload, the key of the message, and where an answer goes that is said before the handler has ended."""


class NotReady(Exception):
    """The agent has no handler yet."""


class AtWork(Exception):
    """The message has come again, and its run goes on."""


AT_WORK = {"X-Molecule-At-Work": "true"}
"""What tells the platform that this message is worked on: it comes again, and that counts as no attempt at it."""
SHORTLY = {"Retry-After": "5"}

Reply = tuple[int, dict[str, Any], dict[str, str]]
Give = Callable[[Reply], None]


class Refusal(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def call(handler: Callable[[dict[str, Any]], Any], payload: dict[str, Any], waiting: Call) -> Any:
    """Run a handler for a call that waits; an async one gets an event loop of its own."""
    named = payload.get("activity_id")
    with waits(waiting), part_of(named if isinstance(named, str) else ""):
        outcome = handler(payload)
        if not inspect.isawaitable(outcome):
            return outcome

        async def settle() -> Any:
            return await outcome

        return asyncio.run(settle())


def answer(run: Runner, body: bytes, sender: str, activity_id: str, give: Give) -> Reply:
    """HTTP status, JSON-RPC reply to `body` and headers of its own. `give` gets what is said before the handler has ended:
    then that is the answer, and what is returned nobody's."""
    request_id: Any = None
    try:
        envelope = _object(body)
        request_id = envelope.get("id")
        if isinstance(request_id, (dict, list, bool)):
            request_id = None
            raise Refusal(INVALID_REQUEST, "id must be a string or a number")
        if envelope.get("jsonrpc") != "2.0" or not isinstance(envelope.get("method"), str):
            raise Refusal(INVALID_REQUEST, 'expected a JSON-RPC 2.0 request: {"jsonrpc":"2.0","id":…,"method":…}')
        method = envelope["method"]
        if method not in ("message/send", "SendMessage"):
            raise Refusal(METHOD_NOT_FOUND, f"method {method[:MAX_NAME]!r} is not supported; "
                                            "use message/send or SendMessage")
        message = _message(envelope)
        payload = {
            **envelope,
            "task_id": _wire.text_or(message.get("taskId")) or message["messageId"],
            "sender": sender,
            "message": _wire.parts_text(message["parts"]),
            "idempotency_key": message["messageId"],
            "activity_id": activity_id,
        }

        def reply(outcome: Any) -> Reply:
            if isinstance(outcome, Said) and outcome.failed and not outcome.files:
                return 200, _error(request_id, INTERNAL, outcome.text), {}
            result = _result(outcome, message, flat=method == "SendMessage")
            return 200, {"jsonrpc": "2.0", "id": request_id, "result": result}, {}

        return reply(run(payload, _key("rpc", sender, message["messageId"]), lambda said: give(reply(said))))
    except Refusal as refusal:
        return 200, _error(request_id, refusal.code, refusal.message), {}
    except NotReady:
        return 503, _error(request_id, INTERNAL, "the agent is starting; try again shortly"), SHORTLY
    except AtWork:
        return 503, _error(request_id, INTERNAL, "the agent is at work on this message"), AT_WORK
    except Exception:
        return 200, _error(request_id, INTERNAL, _reference()), {}


def answer_flat(run: Runner, body: bytes, caller: str | None, give: Give) -> Reply:
    """The same of the flat endpoint. Who calls directly is `caller`, and no part of a message that the platform carried;
    otherwise the body says both."""
    try:
        payload = _object(body)
        if not payload:
            return 400, {"error": "the body is empty"}, {}
        if caller is not None:
            payload |= {"sender": caller, "activity_id": ""}
        key = payload.get("idempotency_key")
        return _flat(run(payload, _key("flat", payload.get("sender"), key) if isinstance(key, str) and key else "",
                         lambda said: give(_flat(said))))
    except Refusal as refusal:
        return 400, {"error": refusal.message}, {}
    except NotReady:
        return 503, {"error": "the agent is starting; try again shortly"}, SHORTLY
    except AtWork:
        return 503, {"error": "the agent is at work on this message"}, AT_WORK
    except Exception:
        return 500, {"error": _reference()}, {}


def _flat(outcome: Any) -> Reply:
    if isinstance(outcome, Said):
        if outcome.failed:
            return 500, {"error": outcome.text}, {}
        # This form has no place for files, and whoever reads it reads messages too.
        outcome = _result(outcome, {}, flat=False) if outcome.files else outcome.text
    json.dumps(outcome)
    return 200, {"status": "ok", "result": outcome}, {}


def _key(form: str, sender: Any, name: str) -> str:
    """What a message is known by when it comes again: nobody gets the answer to another's, whatever they call theirs."""
    return json.dumps([form, sender, name])


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(PARSE_ERROR, "the body is not JSON") from None
    if not isinstance(value, dict):
        raise Refusal(INVALID_REQUEST, "expected one JSON object")
    return value


def _message(envelope: dict[str, Any]) -> dict[str, Any]:
    params = envelope.get("params")
    message = params.get("message") if isinstance(params, dict) else None
    if not isinstance(message, dict):
        raise Refusal(INVALID_PARAMS, "params.message must be an object")
    parts = message.get("parts")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise Refusal(INVALID_PARAMS, "params.message.parts must be a list of at least one part")
    message_id = message.get("messageId")
    if not isinstance(message_id, str) or not message_id:
        raise Refusal(INVALID_PARAMS, "params.message.messageId must be a string")
    return message


def _result(outcome: Any, message: dict[str, Any], *, flat: bool) -> dict[str, Any]:
    """The handler's answer as a message; a dictionary that already is a message or a task passes as it is."""
    if isinstance(outcome, dict):
        json.dumps(outcome)
        if not flat and outcome.get("kind") in ("message", "task"):
            return outcome
        if flat and any(isinstance(outcome.get(name), dict) for name in ("message", "task")):
            return outcome
        text = _wire.extract_text(outcome) or json.dumps(outcome, ensure_ascii=False)
    elif isinstance(outcome, Said):
        text = outcome.text
    else:
        text = "" if outcome is None else str(outcome)
    said = outcome if isinstance(outcome, Said) else Said(text)
    reply: dict[str, Any] = {"messageId": _wire.fresh_id()}
    if isinstance(message.get("contextId"), str):
        reply["contextId"] = message["contextId"]
    if flat:
        reply |= {"role": "ROLE_AGENT", "parts": [{"text": text}, *(file.part(flat=True) for file in said.files)]}
        return {"task": _failed_task(reply, "TASK_STATE_FAILED")} if said.failed else {"message": reply}
    reply |= {"kind": "message", "role": "agent",
              "parts": [{"kind": "text", "text": text}, *(file.part() for file in said.files)]}
    return {"kind": "task", **_failed_task(reply, "failed")} if said.failed else reply


def _failed_task(reply: dict[str, Any], state: str) -> dict[str, Any]:
    """An error has no place for files; the task of one that failed has."""
    return {"id": _wire.fresh_id(), "contextId": reply.get("contextId") or _wire.fresh_id(),
            "status": {"state": state, "message": reply}}


def _error(request_id: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def _reference() -> str:
    reference = _wire.fresh_id()[:8]
    log.exception("a message failed; reference %s", reference)
    return f"the agent failed while working on this message; its log has the reason under {reference}"


def hybrid_card(card: dict[str, Any], url: str, agent_id: str) -> dict[str, Any]:
    """The agent's card completed so that A2A 1.0 and 0.3 clients both find what they need; stated members stay."""
    skills = []
    for skill in card.get("skills") if isinstance(card.get("skills"), list) else []:  # type: ignore[union-attr]
        if isinstance(skill, str):
            skill = {"id": skill, "name": skill}
        if isinstance(skill, dict):
            name = _wire.text_or(skill.get("name")) or _wire.text_or(skill.get("id"))
            skills.append({"id": name, "name": name, "description": name, "tags": [], **skill})
    name = _wire.text_or(card.get("name")) or agent_id
    return {
        "description": name,
        "version": __version__,
        "capabilities": {"streaming": False, "pushNotifications": False},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "supportedInterfaces": [
            {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
        ],
        "protocolVersion": "0.3.0",
        "url": url,
        "preferredTransport": "JSONRPC",
        **card,
        "name": name,
        "skills": skills,
    }
