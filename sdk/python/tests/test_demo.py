"""The demo agents: what becomes a sentence, which sentences are chosen, what may be read, and who is asked."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pm
import prose
import pytest
import researcher
from molecule_agent import A2AServer, InboundMessage, PeerInfo, PollDelivery, PushDelivery, RemoteAgentClient
from scripted_platform import Reply, ScriptedPlatform
from sources import Refused, Sources, allowed
from summarise import stem, summarise, tidy, words

ROOT = Path(__file__).resolve().parent.parent
TIDES = """# Tides

![badge](https://ci.example/badge.svg)

Tides are the rise and fall of sea levels caused by the gravity of the Moon and the Sun. Most coasts see two high tides
and two low tides every lunar day. This is why they matter to sailors.

```sh
make tides && run tides --gravity moon
```

| Port | Range |
|------|-------|
| Dover | 6 m |

## Range

The tidal range is the difference in height between high tide and low tide. Spring tides have the largest range, because
the Moon and the Sun pull in line, e.g. at full Moon. Neap tides have the smallest range.

- See [the almanac](https://almanac.example/tides) for more.
- The shape of a bay can raise the tidal range to sixteen metres, as in the Bay of Fundy.

## License

Copyright by the harbour office, all rights of the harbour reserved.
"""


# --- sentences ---


@pytest.mark.parametrize(("text", "expected"), [
    ("One is here. Two is there! Is three? Yes.", ["One is here.", "Two is there!", "Is three?", "Yes."]),
    ("Use e.g. Python 3.11. It is fast.", ["Use e.g. Python 3.11.", "It is fast."]),
    ("Read README.md now. Dr. Smith wrote it. J. Doe did not.",
     ["Read README.md now.", "Dr. Smith wrote it.", "J. Doe did not."]),
    ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
    ("No end", ["No end"]), ("", [])])
def test_sentence_boundaries(text: str, expected: list[str]) -> None:
    assert prose.split(text) == expected


def test_markdown_is_stripped_to_what_can_be_quoted() -> None:
    found = [s.text for s in prose.sentences(TIDES)]
    joined = " ".join(found)
    for gone in ("badge", "make tides", "Dover", "almanac.example", "[", "#", "|"):
        assert gone not in joined
    assert found[0].startswith("Tides are the rise and fall") and found[0].endswith("the Sun.")
    assert "See the almanac for more." in found
    assert prose.title(TIDES) == "Tides"
    assert {s.heading for s in prose.sentences(TIDES)} == {"Tides", "Range", "License"}


@pytest.mark.parametrize(("marked", "plain"), [
    ("**bold** and *thin* and `code<x>`", "bold and thin and code<x>"), ("[a](b(c)) ![i](j)", "a"),
    ("snake_case_name stays, 2 * 3 * 4 too", "snake_case_name stays, 2 * 3 * 4 too"), ("a &amp; b", "a & b"),
    ("[ref][1] and <https://x.example>", "ref and https://x.example"), (r"\*not\* bold", "*not* bold")])
def test_inline_marks(marked: str, plain: str) -> None:
    assert prose.inline(marked) == plain


def test_html_is_read_without_its_frame() -> None:
    page = ("<!doctype html><html><head><title>t</title><style>p{}</style></head><body><nav>Home. About us here.</nav>"
            "<article><h1>Bees</h1><p>Bees visit flowers &amp; make honey from the nectar they find there in summer."
            "</p><script>var x = 1;</script><ul><li>A hive holds one queen and many thousands of workers.</li></ul>"
            "<pre>code here</pre><p>Without bees a third of the food that people eat every day would be missing.</p>"
            "</article><footer>Copyright someone.</footer></body></html>")
    assert [(s.text, s.heading, s.item) for s in prose.sentences(page, ".html")] == [
        ("Bees visit flowers & make honey from the nectar they find there in summer.", "Bees", False),
        ("A hive holds one queen and many thousands of workers.", "Bees", True),
        ("Without bees a third of the food that people eat every day would be missing.", "Bees", False)]


def test_comments_of_source_code() -> None:
    python = ('"""Keeps the bees."""\n# SPDX-License-Identifier: X\nimport bees\n\n'
              "# A hive is counted once\n# a day.\nx = 1\n")
    assert [s.text for s in prose.sentences(python, ".py")] == ["Keeps the bees.", "A hive is counted once a day."]
    cpp = "// Carries one message to its target.\nint f() { return 1; }\n/* Never waits for longer than a minute. */\n"
    assert [s.text for s in prose.sentences(cpp, ".cc")] == [
        "Carries one message to its target.", "Never waits for longer than a minute."]


def test_hostile_text_is_read_in_bounded_time() -> None:
    started = time.monotonic()
    for text in ("*" * 200_000, "[" * 50_000, "a. " * 100_000, "<a " * 50_000, "`" * 100_000, "![](" * 20_000,
                 "_a " * 50_000, "x" * 1_000_000, "<!--" * 50_000):
        for suffix in (".md", ".html", ".py", ".cc"):
            summarise(prose.sentences(text, suffix), 3)
    assert time.monotonic() - started < 20


# --- summaries ---


def test_a_summary_takes_the_documents_own_words_in_order() -> None:
    found = prose.sentences(TIDES)
    points = summarise(found, 3, "Tides").points
    own = [tidy(s.text) for s in found]
    assert len(points) == 3
    assert [own.index(point) for point in points] == sorted(own.index(point) for point in points)
    assert points[0].startswith("Tides are the rise and fall")
    assert not any("Copyright" in point or "almanac" in point or point.startswith("This is") for point in points)


def test_a_summary_does_not_say_the_same_twice() -> None:
    text = "The harbour closes at noon on Sundays for cleaning.\n\n" * 5 + \
        "Ships that arrive later wait outside the harbour until Monday morning.\n\nThe pilot boat leaves every hour."
    assert len(set(summarise(prose.sentences(text), 3).points)) == 3


def test_every_readme_of_this_folder_reads_well() -> None:
    """Real texts: each point is a whole sentence of the text, and none is a fragment, code or a table row."""
    for path in ROOT.rglob("README.md"):
        text = path.read_text()
        points = summarise(prose.sentences(text), 3, prose.title(text)).points
        assert len(points) == 3, path
        for point in points:
            assert 4 <= len(point.split()) <= 70 and point[0].isupper() or point[0].isdigit() or "`" not in point
            assert point.rstrip("\"')”").endswith((".", "!", "?", "…")) and "|" not in point and "```" not in point


def test_word_forms_meet() -> None:
    assert stem("summarise") == stem("summarize") == stem("summarising") == stem("summary") == stem("summaries")
    assert words("The files and a file") == [stem("files")] * 2
    assert tidy("- fast, small and quiet:") == "Fast, small and quiet."
    assert len(tidy("word " * 200)) < 330


# --- understanding a request ---


@pytest.mark.parametrize(("text", "sources", "count", "bullets"), [
    ("Summarise README.md in 3 bullet points", ["README.md"], 3, True),
    ("please summarize docs/guide.txt in five sentences.", ["docs/guide.txt"], 5, False),
    ("Summarise the README", ["README"], 3, True),
    ("Give me the top 7 key points of `my notes.txt`", ["my notes.txt"], 7, True),
    ("Summarise http://127.0.0.1:80/a.html, as a paragraph", ["http://127.0.0.1:80/a.html"], 4, False),
    ("Summarise a.md and b.md, one point each", ["a.md", "b.md"], 1, True),
    ("Summarise x.md in 4000 bullets", ["x.md"], 15, True), ("tl;dr of x.md", ["x.md"], 2, True),
    ("Summarise x.md in 0 bullets", ["x.md"], 1, True), ("and/or e.g. this", [], 3, True), ("hello", [], 3, True)])
def test_requests_are_understood(text: str, sources: list[str], count: int, bullets: bool) -> None:
    wish = researcher.understand(text)
    assert (wish.sources, wish.count, wish.bullets) == (sources, count, bullets)


@pytest.fixture
def library(tmp_path: Path) -> Sources:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "README.md").write_text(TIDES)
    (root / "sub" / "note.txt").write_text("Only one short sentence stands here.")
    (root / "empty.txt").write_text("")
    (root / "data.csv").write_text("1,2\n3,4\n")
    (root / "picture.png").write_bytes(b"\x89PNG\0\0")
    (root / "latin.txt").write_bytes("Die Brücke über den Fluß wurde im letzten Jahr gebaut.".encode("latin-1"))
    (root / "big.txt").write_bytes(b"a" * (4 * 1024 * 1024 + 1))
    (root / ".env").write_text("KEY=1")
    (root / "admin_token").write_text("x")
    (root / "demo.json").write_text("{}")
    (root / "out.txt").write_text("Here is the link that only one person may open.")
    (root / "out.txt").chmod(0o600)
    root.chmod(0o755)
    (tmp_path / "outside.txt").write_text("secret outside text")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "inside.txt").symlink_to(root / "sub" / "note.txt")
    os.mkfifo(root / "pipe")
    return Sources([root], [])


def test_a_file_is_summarised(library: Sources) -> None:
    answer = researcher.answer("Summarise README.md in 3 bullet points", library)
    lines = answer.split("\n")
    assert lines[0] == "README.md in 3 points:" and len(lines) == 4 and all(x.startswith("- ") for x in lines[1:])
    assert "Tides are the rise and fall" in lines[1]
    assert researcher.answer("summarise readme in one sentence", library).startswith("README.md: Tides are")
    assert "Only one short sentence" in researcher.answer("summarise inside.txt", library)
    assert "no more than 1" in researcher.answer("summarise sub/note.txt", library)
    assert "Brücke" in researcher.answer("summarise latin.txt", library)
    assert researcher.answer("Read sub/note.txt", library) == "sub/note.txt:\n\nOnly one short sentence stands here."


@pytest.mark.parametrize(("name", "words_of_reason"), [
    ("REDAME.md", "Did you mean README.md"), ("../outside.txt", "outside the folders"),
    ("/etc/passwd", "outside the folders"), ("link.txt", "outside the folders"),
    ("sub/../../outside.txt", "outside the folders"), ("sub/nope.md", "could not find"),
    ("picture.png", "not a text file"), ("big.txt", "4,194,304"), (".env", "looks private"),
    ("demo.json", "looks private"), ("`admin_token.md`", "could not find"), ("`sub/`", "is a folder"),
    ("empty.txt", "is empty"), ("data.csv", "no sentences"), ("`./pipe`", "not an ordinary file"),
    ("out.txt", "owner alone"),
    ("http://127.0.0.1:1/x", "allow-list")])
def test_what_cannot_be_read_is_said_clearly(library: Sources, name: str, words_of_reason: str) -> None:
    answer = researcher.answer(f"Summarise {name}", library)
    assert words_of_reason in answer and "secret outside" not in answer and "Traceback" not in answer


def test_private_files_are_refused(library: Sources) -> None:
    with pytest.raises(Refused, match="looks private"):
        library.read("admin_token")


def test_pasted_text_and_no_source(library: Sources) -> None:
    body = TIDES.split("## Range")[0].split("|")[0] + " ".join(TIDES.split("## Range")[1].split("\n")[1:4])
    answer = researcher.answer("Summarise this in 2 points:\n" + body, library)
    assert answer.startswith("Your text in 2 points:")
    assert "Name a text file" in researcher.answer("hello", library)


# --- addresses ---


@pytest.mark.parametrize(("url", "fine"), [
    ("http://127.0.0.1:8000/docs/a.html", True), ("http://127.0.0.1:8000/docs", True),
    ("http://127.0.0.1:8000/docsx", False), ("http://127.0.0.1:80001/docs/", False),
    ("http://127.0.0.1:8000/docs/../admin", False), ("http://127.0.0.1:8000/docs/%2e%2e/admin", False),
    ("http://127.0.0.1:8000/docs/%252e%252e/admin", False), ("http://127.0.0.1:8000@evil/docs/", False),
    ("https://127.0.0.1:8000/docs/", False), ("http://127.0.0.1/docs/", False), ("file:///docs/", False),
    ("http://site.example/any", True), ("http://site.example:80/any", True), ("http://site.example.evil/any", False),
    ("http://site.example\\@evil/", False), ("http://[::1", False)])
def test_the_allow_list(url: str, fine: bool) -> None:
    assert allowed(url, ["http://127.0.0.1:8000/docs", "http://site.example/"]) is fine


def test_pages_are_fetched_and_redirects_checked_again(platform: ScriptedPlatform) -> None:
    sources = Sources([], [platform.url + "/ok"])
    html = {"Content-Type": "text/html; charset=utf-8"}
    platform.on("GET", "/ok/page", Reply(200, b"<p>Whales sing songs that travel across whole oceans.</p>", html))
    platform.on("GET", "/ok/moved", Reply(302, None, {"Location": "/ok/page"}))
    platform.on("GET", "/ok/out", Reply(302, None, {"Location": "/secret"}))
    platform.on("GET", "/ok/loop", Reply(302, None, {"Location": "/ok/loop"}))
    platform.on("GET", "/ok/zip", Reply(200, b"x", {"Content-Type": "application/zip"}))
    platform.on("GET", "/ok/long", Reply(200, b"a" * (4 * 1024 * 1024 + 1), {"Content-Type": "text/plain"}))

    def ask(path: str) -> str:
        return researcher.answer(f"Summarise {platform.url}{path}", sources)

    assert "Whales sing songs" in ask("/ok/page") and "Whales sing songs" in ask("/ok/moved")
    assert "allow-list" in ask("/ok/out") and platform.asked("GET", "/secret") == []
    assert "redirects more than" in ask("/ok/loop")
    assert "application/zip" in ask("/ok/zip")
    assert "longer than" in ask("/ok/long")
    assert "answered 404" in ask("/ok/none")
    assert not any("Authorization" in request.headers for request in platform.requests)


# --- pm ---


def peer(name: str, skills: list[Any], status: str = "online", role: str = "") -> PeerInfo:
    return PeerInfo(f"id-{name}", name, role=role, status=status, agent_card={"name": name, "skills": skills})


RESEARCHER = peer("researcher", list(researcher.CARD["skills"]))
CODER = peer("coder", [{"id": "write-code", "name": "Write code", "tags": ["python", "programming", "refactor"]}])


@pytest.mark.parametrize("request_text", [
    "Summarise README.md in 3 bullet points", "What does docs/a.txt say? Read the file.", "fetch http://127.0.0.1/x",
    "summary of CHANGELOG please"])
def test_the_fitting_peer_is_chosen(request_text: str) -> None:
    chosen, _ = pm.choose(request_text, [CODER, RESEARCHER])
    assert chosen is not None and chosen.peer.name == "researcher"


def test_a_peer_with_plain_string_skills_is_understood() -> None:
    chosen, _ = pm.choose("please refactor my python code", [RESEARCHER, peer("dev", ["python", "refactoring"])])
    assert chosen is not None and chosen.peer.name == "dev"


def test_why_nobody_is_chosen() -> None:
    assert "no peers yet" in pm.choose("anything", [])[1]
    nobody = pm.choose("Sing me a lullaby", [CODER, peer("mute", [])])[1]
    assert "None of my peers" in nobody and "Write code" in nobody and "mute (no skills stated)" in nobody
    away = peer("researcher", list(researcher.CARD["skills"]), status="awaiting_agent")
    assert "is awaiting agent right now" in pm.choose("Summarise a.md", [CODER, away])[1]


SELF = "/workspaces/11111111-2222-4333-8444-555555555555"


def message(text: str = "Summarise README.md", source: str = "canvas_user") -> InboundMessage:
    return InboundMessage("m1", source, "", text)


def scripted_for_pm(platform: ScriptedPlatform, peers: Any, *results: Any) -> None:
    platform.on("POST", "/registry/heartbeat", {"status": "ok"})
    platform.on("GET", "/registry/11111111-2222-4333-8444-555555555555/peers", peers)
    platform.on("POST", SELF + "/delegate", Reply(202, {"delegation_id": "d1", "status": "delegated"}))
    platform.on("GET", SELF + "/delegations/d1", *results)


ROW = {"id": "r1", "name": "researcher", "status": "online", "agent_card": {"skills": researcher.CARD["skills"]}}


def test_pm_delegates_and_answers_with_the_result(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    scripted_for_pm(platform, [ROW], {"status": "dispatched"}, {"status": "completed", "result": "- a\n- b"})
    assert pm.coordinate(message(), client) == "- a\n- b"
    sent = platform.asked("POST", SELF + "/delegate")[0].json()
    assert sent == {"target_id": "r1", "task": "Summarise README.md", "idempotency_key": "m1:r1"}
    tasks = [r.json()["current_task"] for r in platform.asked("POST", "/registry/heartbeat")]
    assert tasks[1] == "Waiting for researcher: Summarise README.md" and tasks[-1] == ""


def test_pm_says_what_went_wrong(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    scripted_for_pm(platform, [ROW], {"status": "failed", "error": "target is gone"})
    assert pm.coordinate(message(), client) == "researcher could not do it: target is gone."
    platform.on("POST", SELF + "/delegate", Reply(403, {"error": "access denied"}))
    assert "access denied" in str(pm.coordinate(message(), client))
    platform.on("GET", "/registry/11111111-2222-4333-8444-555555555555/peers", Reply(hangup=True))
    assert "did not answer" in str(pm.coordinate(message(), client))
    assert "Write what you need" in str(pm.coordinate(message(" "), client))
    assert pm.coordinate(message(source="unknown"), client) is None
    answer = InboundMessage("m2", "peer_agent", "r1", "x", raw={"params": {"message": {"role": "agent"}}})
    assert pm.coordinate(answer, client) is None


def test_pm_does_not_hand_a_task_back_to_who_sent_it(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    scripted_for_pm(platform, [ROW], {"status": "completed", "result": "x"})
    from_peer = InboundMessage("m1", "peer_agent", "r1", "Summarise README.md")
    assert "no peers yet" in str(pm.coordinate(from_peer, client))


def test_pm_polls_where_its_address_is_refused(platform: ScriptedPlatform, client: RemoteAgentClient,
                                               caplog: pytest.LogCaptureFixture) -> None:
    platform.on("POST", "/registry/register", Reply(400, {"error": "blocked address"}), {"status": "registered"})
    delivery = pm.join_pushed(client, A2AServer("pm", host="127.0.0.1"))
    assert isinstance(delivery, PollDelivery) and "blocked address" in caplog.text
    assert [r.json()["delivery_mode"] for r in platform.requests] == ["push", "poll"]
    platform.on("POST", "/registry/register", {"status": "registered"})
    pushed = pm.join_pushed(client, A2AServer("pm", host="127.0.0.1"))
    assert isinstance(pushed, PushDelivery)
    pushed.stop()
