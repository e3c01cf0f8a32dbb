"""The demo's researcher: reads a file or a page and says in a few sentences what it says.

It needs one outbound connection and no open port: it registers in poll mode, fetches messages and answers them.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from dataclasses import dataclass

import joining
import prose
import requests
from molecule_agent import (CredentialRejectedError, InboundMessage, InboundSource, PlatformError, PollDelivery,
                            RemoteAgentClient)
from sources import Document, Refused, Sources
from summarise import summarise

log = logging.getLogger("demo")

CARD = {
    "name": "researcher",
    "description": "Reads text files and web pages and summarises them in their own words.",
    "version": "1.0.0",
    "skills": [
        {"id": "summarise", "name": "Summarise a text",
         "description": "Picks the sentences that say most, as bullet points or as a paragraph.",
         "tags": ["summary", "summarize", "bullets", "points", "overview", "gist", "key points", "tl;dr"],
         "examples": ["Summarise README.md in 3 bullet points"]},
        {"id": "read-files", "name": "Read files",
         "description": "Reads any text file below the folders it was given.",
         "tags": ["read", "file", "document", "text", "show"], "examples": ["Read CHANGELOG.md"]},
        {"id": "fetch-urls", "name": "Fetch URLs",
         "description": "Fetches web pages whose address is on its allow-list.",
         "tags": ["fetch", "url", "http", "https", "web", "page", "website", "link"],
         "examples": ["Summarise http://127.0.0.1:8000/index.html in five sentences"]},
    ],
}

DEFAULT_COUNT, MAX_COUNT = 3, 15
MAX_SOURCES = 3
MAX_READ_CHARS = 6000
MIN_PASTED_WORDS = 60
NUMBERS = {"a": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
           "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20}
BARE_NAMES = re.compile(r"^(?:readme|license|licence|changelog|changes|notice|makefile|dockerfile|contributing|authors|"
                        r"copying|security|news|todo|install)$", re.IGNORECASE)
SHOWING = re.compile(r"\b(?:read|show|print|open|cat|fetch|display)\b", re.IGNORECASE)
SHORTENING = re.compile(r"\b(?:summ|gist|overview|bullet|points?|sentences?|tl;?dr|shorten|about)", re.IGNORECASE)
PATH_LIKE = re.compile(r"[\w~.@+-]*(?:/[\w.@+-]+)+/?|[\w@+-][\w.@+-]*\.[A-Za-z][A-Za-z0-9]{0,9}|\.\.?[\w./-]+")
NOT_A_PATH = re.compile(r"(?:e\.g|i\.e|and/or|he/she|km/h|w/o|\d+/\d+)", re.IGNORECASE)
HELP = ("Name a text file or an address and I summarise it, for example: Summarise README.md in 3 bullet points. "
        "\"Read\" in place of \"summarise\" shows the text itself.")


@dataclass(frozen=True)
class Wish:
    """What a message asks for. `pasted` is text that came with the message itself."""

    sources: list[str]
    count: int
    bullets: bool
    verbatim: bool
    pasted: str


def understand(text: str) -> Wish:
    count, bullets = wanted_shape(text)
    pasted = ""
    head, colon, body = text.partition("\n" if "\n" in text.strip() else ":")
    if colon and len(body.split()) >= MIN_PASTED_WORDS:
        text, pasted = head, body
    verbatim = bool(SHOWING.search(text)) and not SHORTENING.search(text)
    return Wish([] if pasted else named_sources(text), count, bullets, verbatim, pasted.strip())


def wanted_shape(text: str) -> tuple[int, bool]:
    """How many points, and whether as a list. Three bullets when nothing is said."""
    match = re.search(r"\b(\d{1,4}|" + "|".join(NUMBERS) + r")\s+(?:\w+\s+){0,2}?"
                      r"(bullets?|bullet[- ]points?|points?|sentences?|items?|lines?|takeaways?|facts?|highlights?)\b",
                      text, re.IGNORECASE)
    if match:
        said = match[1].lower()
        count = int(said) if said.isdigit() else NUMBERS[said]
        return max(1, min(MAX_COUNT, count)), not match[2].lower().startswith(("sentence", "line"))
    if re.search(r"\bparagraph\b|\bprose\b", text, re.IGNORECASE):
        return 4, False
    if re.search(r"\b(?:briefly|in short|one[- ]liner|tl;?dr)\b", text, re.IGNORECASE):
        return 2, True
    return DEFAULT_COUNT, True


def named_sources(text: str) -> list[str]:
    """Files and addresses a message names, in order, at most MAX_SOURCES of them."""
    found: list[str] = []

    def add(name: str) -> None:
        name = name.strip()
        if name and name not in found:
            found.append(name)

    rest = text
    for pattern in (r"[`\"“'‘]([^`\"”'’\n]{1,400}?)[`\"”'’](?=[\s.,;:!?)]|$)", r"(https?://[^\s<>\"'`]+)"):
        for match in re.finditer(pattern, rest):
            name = match[1].rstrip(".,;:!?)") if match[1].startswith("http") else match[1]
            if name.startswith("http") or re.search(r"[./\\]", name) or BARE_NAMES.match(name):
                add(name)
        rest = re.sub(pattern, " ", rest)
    for token in rest.split():
        token = token.strip("()[]{}<>,;:!?\"'`*").rstrip(".")
        if PATH_LIKE.fullmatch(token) and not NOT_A_PATH.fullmatch(token):
            add(token)
        elif BARE_NAMES.match(token) and (token != token.lower() or token in ("readme", "changelog", "license")):
            add(token)
    return found[:MAX_SOURCES]


def answer(text: str, sources: Sources) -> str:
    """The answer to one message; refusals and trouble are part of it."""
    wish = understand(text)
    if wish.pasted:
        return digest(Document("Your text", wish.pasted, ".md"), wish)
    if not wish.sources:
        return "I did not find a file name or an address in that. " + HELP
    parts = []
    for name in wish.sources:
        try:
            document = sources.read(name)
            parts.append(verbatim(document) if wish.verbatim else digest(document, wish))
        except Refused as refusal:
            parts.append(str(refusal))
    return "\n\n".join(parts)


def verbatim(document: Document) -> str:
    if not document.text.strip():
        return f"{document.name} is empty."
    if len(document.text) <= MAX_READ_CHARS:
        return f"{document.name}:\n\n{document.text.strip()}"
    return (f"{document.name}, the first {MAX_READ_CHARS:,} of {len(document.text):,} characters:\n\n"
            f"{document.text[:MAX_READ_CHARS].rstrip()} …")


def digest(document: Document, wish: Wish) -> str:
    if not document.text.strip():
        return f"{document.name} is empty."
    found = prose.sentences(document.text, document.suffix)
    if not found:
        lines = document.text.count("\n") + 1
        return f"{document.name} has {lines} lines but no sentences I could pick from; ask me to read it instead."
    summary = summarise(found, wish.count, prose.title(document.text, document.suffix))
    few = "" if len(summary.points) == wish.count else f" (it has no more than {len(summary.points)})"
    if not wish.bullets:
        return f"{document.name}{few}: {' '.join(summary.points)}"
    noun = "point" if len(summary.points) == 1 else "points"
    listed = "\n".join(f"- {point}" for point in summary.points)
    return f"{document.name} in {len(summary.points)} {noun}{few}:\n{listed}"


def task_line(text: str) -> str:
    """What the canvas shows while the message is worked on."""
    wish = understand(text)
    what = ", ".join(wish.sources) or ("a pasted text" if wish.pasted else "a message")
    return f"{'Reading' if wish.verbatim else 'Summarising'} {what}"


def main() -> int:
    joining.start_logging("researcher")
    sources = Sources.from_environment()
    with joining.join("researcher", CARD) as client:
        try:
            joining.register(client)
        except (PlatformError, requests.RequestException) as error:
            log.error("cannot register: %s", error)
            return 1

        def handle(message: InboundMessage, agent: RemoteAgentClient) -> str | None:
            if message.source == InboundSource.unknown or message.is_answer or not message.text.strip():
                return None
            log.info("message %s from %s", message.activity_id, message.peer_name or message.source)
            with agent.working(task_line(message.text)):
                return answer(message.text, sources)

        delivery = PollDelivery(client, cursor_file=client.token_dir / "inbox_cursor")
        print(f"researcher ready as {client.workspace_id}, reading below "
              f"{os.pathsep.join(str(root) for root in sources.roots)}", flush=True)
        try:
            client.run_agent_loop(handle, delivery)
        except CredentialRejectedError:
            return 1  # the loop's last line says why
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
