"""The demo's pm: a coordinator that does no work itself. It finds the peer whose skills fit, hands the task over
through the platform, waits for the result and answers with it.

It listens on a loopback port of its own and registers that address, so messages are pushed to it and answered in the
same exchange. A platform that refuses the address gets an agent that polls instead.
"""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import dataclass

import joining
import requests
from molecule_agent import (A2AServer, CredentialRejectedError, InboundDelivery, InboundMessage, InboundSource,
                            PeerInfo, PlatformError, PollDelivery, PushDelivery, RemoteAgentClient)
from summarise import words

log = logging.getLogger("demo")

CARD = {
    "name": "pm",
    "description": "Coordinates: picks the peer whose skills fit a task, delegates it and reports the result.",
    "version": "1.0.0",
    "skills": [{"id": "coordinate", "name": "Coordinate", "description": "Finds who can do a task and hands it over.",
                "tags": ["coordinator", "delegation", "planning"]}],
}

RESULT_TIMEOUT = 300.0
LEAST_FIT = 2.0
"""Below this, what a request and a card have in common is chance."""
REACHABLE = ("online", "degraded")
MAX_TASK_PREVIEW = 60


@dataclass(frozen=True)
class Fit:
    peer: PeerInfo
    score: float
    skill: str


def fit(request: str, peer: PeerInfo) -> Fit:
    """How well a peer's card answers a request: words in common, those of a skill's name and tags counting most."""
    asked = set(words(request))
    if re.search(r"https?://", request):
        asked |= set(words("fetch url web page"))
    if re.search(r"\b[\w-]+\.[a-z]{1,5}\b|/", request, re.IGNORECASE):
        asked |= set(words("file document"))
    best, name, total = 0.0, "", 0.0
    skills = peer.agent_card.get("skills")
    for skill in skills if isinstance(skills, list) else []:
        if isinstance(skill, str):
            skill = {"id": skill, "name": skill}
        if not isinstance(skill, dict):
            continue
        tags = skill.get("tags")
        score = 3.0 * _common(asked, f"{skill.get('id', '')} {skill.get('name', '')}".replace("-", " "))
        score += 2.0 * _common(asked, " ".join(str(tag) for tag in tags) if isinstance(tags, list) else "")
        score += 1.0 * _common(asked, str(skill.get("description", "")))
        total += score
        if score > best:
            best, name = score, str(skill.get("name") or skill.get("id"))
    about = f"{peer.name} {peer.role} {peer.agent_card.get('description', '')}"
    # The best skill decides; others and the description only break ties.
    return Fit(peer, best + 0.1 * total + 0.5 * _common(asked, about), name)


def _common(asked: set[str], said: str) -> int:
    return len(asked & set(words(said)))


def choose(request: str, peers: list[PeerInfo]) -> tuple[Fit | None, str]:
    """The peer to ask, or None and the reason in words."""
    if not peers:
        return None, "I have no peers yet. Add an agent next to me or below me on the canvas, then ask again."
    ranked = sorted((fit(request, peer) for peer in peers), key=lambda f: f.score, reverse=True)
    fitting = [f for f in ranked if f.score >= LEAST_FIT]
    if not fitting:
        known = "; ".join(f"{p.name} ({', '.join(skill_names(p)) or 'no skills stated'})" for p in peers)
        return None, f"None of my peers has a skill that fits this. I know {known}."
    reachable = [f for f in fitting if f.peer.status in REACHABLE]
    if not reachable:
        first = fitting[0]
        return None, (f"{first.peer.name} could do this ({first.skill}), but is {first.peer.status.replace('_', ' ')} "
                      "right now. Start that agent and ask again.")
    return reachable[0], ""


def skill_names(peer: PeerInfo) -> list[str]:
    skills = peer.agent_card.get("skills")
    return [str(skill.get("name") or skill.get("id")) if isinstance(skill, dict) else str(skill)
            for skill in (skills if isinstance(skills, list) else [])]


def coordinate(message: InboundMessage, client: RemoteAgentClient) -> str | None:
    """Handle one message: the answer of the peer it was given to, or why there is none."""
    request = message.text.strip()
    if message.source == InboundSource.unknown or message.is_answer:
        return None
    if not request:
        return "Write what you need, and I find who can do it."
    log.info("message %s: %d characters", message.activity_id, len(request))
    preview = request if len(request) <= MAX_TASK_PREVIEW else request[:MAX_TASK_PREVIEW - 1] + "…"
    with client.working(f"Finding a peer for: {preview}") as work:
        try:
            # Whoever asked does not get the task back.
            peers = [peer for peer in client.get_peers() if peer.id not in (message.source_id, client.workspace_id)]
            chosen, reason = choose(request, peers)
            if chosen is None:
                return reason
            log.info("delegating to %s for %r (score %.1f)", chosen.peer.name, chosen.skill, chosen.score)
            work.update(f"Waiting for {chosen.peer.name}: {preview}")
            return hand_over(request, chosen, client, message.activity_id)
        except PlatformError as error:
            log.warning("cannot coordinate: %s", error)
            return f"I could not hand this over: {error.message}."
        except requests.RequestException as error:
            log.warning("cannot coordinate: %s", error)
            return "I could not hand this over: the platform did not answer. Try again in a moment."


def hand_over(request: str, chosen: Fit, client: RemoteAgentClient, message_id: str) -> str:
    # The same message, brought again after a crash, stays one delegation.
    delegation_id = str(client.delegate(request, chosen.peer.id,
                                        idempotency_key=f"{message_id}:{chosen.peer.id}")["delegation_id"])
    try:
        row = client.wait_for_delegation(delegation_id, timeout=RESULT_TIMEOUT)
    except TimeoutError:
        return (f"{chosen.peer.name} is still working on it after {RESULT_TIMEOUT:.0f} seconds; the activity feed "
                f"shows the result of delegation {delegation_id} when it comes.")
    if row.get("status") != "completed":
        return f"{chosen.peer.name} could not do it: {row.get('error') or 'no reason given'}."
    result = row.get("result")
    text = result if isinstance(result, str) else ""
    return text or str(row.get("response_preview") or "") or f"{chosen.peer.name} finished without words."


def join_pushed(client: RemoteAgentClient, server: A2AServer) -> InboundDelivery:
    """Register with the server's address; where that is refused, register as an agent that polls."""
    pushed = PushDelivery(client, server, coordinate)
    client.reported_url = server.inbound_url
    try:
        joining.register(client)
        return pushed
    except PlatformError as error:
        if error.status not in (400, 403, 422):
            raise
        log.warning("the platform does not push to %s (%s); polling instead", server.inbound_url, error.message)
    pushed.stop()
    client.reported_url = ""
    joining.register(client)
    return PollDelivery(client, cursor_file=client.token_dir / "inbox_cursor")


def main() -> int:
    joining.start_logging("pm")
    with joining.join("pm", CARD) as client:
        server = A2AServer(client.workspace_id, host="127.0.0.1", port=0, agent_card=CARD,
                           secret=lambda: client.inbound_secret)
        try:
            delivery = join_pushed(client, server)
        except (PlatformError, requests.RequestException) as error:
            log.error("cannot register: %s", error)
            server.stop()
            return 1
        how = f"at {server.inbound_url}" if isinstance(delivery, PushDelivery) else "by polling"
        print(f"pm ready as {client.workspace_id}, reached {how}", flush=True)
        try:
            client.run_agent_loop(coordinate, delivery)
        except CredentialRejectedError:
            return 1  # the loop's last line says why
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
