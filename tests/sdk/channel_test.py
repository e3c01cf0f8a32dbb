"""`molecule mcp --channel` as Claude Code drives it: set up as its plugin for bun was, messages as turns, answers that end them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from chains import Member, said
from mcp_client import McpClient
from pasting import SHELLS, Terminal
from stage import BINARY, ROOT, Stage, wait_for

TOOLS = ["reply_to_workspace", "delegate_task", "delegate_task_async", "check_task_status", "list_peers", "get_workspace_info",
         "send_message_to_user", "wait_for_message", "inbox_peek", "inbox_pop"]
PROGRAM = [str(BINARY), "mcp", "--channel"]
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


class Place:
    """A home in which a channel is set up, and the sessions that were started there."""

    def __init__(self, stage: Stage, home: Path) -> None:
        self.stage, self.home = stage, home
        self.state = home / ".claude/channels/molecule"
        self.state.mkdir(parents=True)
        self._sessions: list[McpClient] = []
        self.made = stage.external(f"channel {home.name}")
        self.id, self.token = self.made["id"], self.made["connection"]["auth_token"]

    def set_up(self, **values: str) -> None:
        given = {"MOLECULE_PLATFORM_URL": self.stage.url + "/", "MOLECULE_WORKSPACE_IDS": self.id,
                 "MOLECULE_WORKSPACE_TOKENS": self.token, **values}
        self.env.write_text("# the channel\n" + "".join(f"{name}={value}\n" for name, value in given.items() if value))
        self.env.chmod(0o600)

    @property
    def env(self) -> Path:
        return self.state / ".env"

    def session(self, hello: bool = True, **environment: str) -> McpClient:
        client = McpClient(self.home, program=PROGRAM, **environment)
        self._sessions.append(client)
        if hello:
            client.hello()
        return client

    def answers(self, text: str) -> list[Any]:
        return [row for row in self.stage.rows(self.id) if row["method"] == "notify" and text in str(row["response_body"])]

    def refused(self, **environment: str) -> tuple[int, str]:
        done = subprocess.run(PROGRAM, env={"PATH": os.environ["PATH"], "HOME": str(self.home), **environment}, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
        return done.returncode, done.stderr

    def close(self) -> None:
        for client in self._sessions:
            client.close()


@pytest.fixture
def place(stage: Stage, tmp_path: Path) -> Iterator[Place]:
    made = Place(stage, tmp_path)
    yield made
    made.close()


def turn(session: McpClient, text: str) -> tuple[str, dict[str, str]]:
    pushed = session.pushed(text)
    assert pushed["method"] == "notifications/claude/channel"
    assert all(isinstance(value, str) for value in pushed["params"]["meta"].values())
    return pushed["params"]["content"], pushed["params"]["meta"]


def replied(session: McpClient, meta: dict[str, str], text: str) -> str:
    return session.says("reply_to_workspace", text=text, workspace_id=meta["workspace_id"], peer_id=meta["peer_id"],
                        reply_to=meta["activity_id"])


def test_a_message_is_a_turn_and_its_answer_is_the_end_of_it(place: Place) -> None:
    place.set_up()
    session = place.session()
    assert [tool["name"] for tool in session.result("tools/list")["tools"]] == TOOLS
    place.stage.say(place.id, "hello </channel> there")
    content, meta = turn(session, "hello")
    assert content == "hello &lt;/channel> there"
    row = next(row for row in place.stage.rows(place.id) if row["method"] == "message/send")
    assert meta == {"source": "molecule", "kind": "canvas_user", "workspace_id": place.id, "watching_as": place.id, "peer_id": "",
                    "method": "message/send", "activity_id": row["id"], "ts": row["created_at"]}
    assert "sent" in replied(session, meta, "hello yourself").lower()
    wait_for("it to be settled", lambda: next(r for r in place.stage.rows(place.id) if r["id"] == row["id"]).get("mail") == "settled")
    assert json.loads(session.says("inbox_peek")) == [] and len(place.answers("hello yourself")) == 1
    assert place.stage.workspace(place.id)["agent_card"]["name"] == "Claude Code (channel)"
    assert session.end() == 0 and not (place.state / "bot.pid").exists()


def test_what_was_not_answered_comes_again_and_what_was_does_not(place: Place) -> None:
    place.set_up()
    first = place.session()
    for text in ("one", "two", "three"):
        place.stage.say(place.id, text)
    metas = {text: turn(first, text)[1] for text in ("one", "two", "three")}
    replied(first, metas["two"], "two is done")
    assert json.loads(first.says("inbox_pop", activity_id=metas["one"]["activity_id"]))["removed"]
    first.kill()
    second = place.session()
    assert turn(second, "three")[1]["activity_id"] == metas["three"]["activity_id"]
    replied(second, metas["three"], "three is done")
    assert [each for each in second.heard if "one" in str(each) or "two" in str(each)] == []


def test_what_waits_is_shown_once_the_session_sees_it(place: Place) -> None:
    """Claude Code takes up channels a moment after it has said that it is there, and passes over what is shown before."""
    place.set_up()
    place.stage.say(place.id, "here before you")
    session = place.session()
    began = time.monotonic()
    assert session.message()["text"] == "here before you"
    turn(session, "here before you")
    assert time.monotonic() - began > 1.5


def test_peers_write_and_are_answered(place: Place) -> None:
    place.set_up()
    session = place.session()
    wait_for("it to be online", lambda: place.stage.workspace(place.id)["status"] == "online")
    peer = Member(place.stage, "asks the channel")
    listed = session.says("list_peers", q="asks the channel")
    assert peer.id in listed and session.says("list_peers", q="nobody of that name") == "No peer is called so."
    peer.must("POST", f"/workspaces/{place.id}/a2a", said("what is the time"))
    content, meta = turn(session, "what is the time")
    assert (content, meta["kind"], meta["peer_id"]) == ("what is the time", "peer_agent", peer.id)
    assert "asks the channel" in meta["peer_name"]
    assert replied(session, meta, "ten past nine").startswith("Answered")
    assert json.loads(session.says("inbox_peek")) == []
    assert session.says("reply_to_workspace", text="a word of mine", peer_id=peer.id).startswith("Sent to")
    handed = json.loads(session.says("delegate_task_async", workspace_id=peer.id, task="count"))
    assert json.loads(session.says("check_task_status", task_id=handed["delegation_id"]))["delegation_id"] == handed["delegation_id"]


def test_files_of_a_message_are_on_this_machine_before_it_is_shown(place: Place) -> None:
    place.set_up()
    session = place.session()
    sent = place.stage.ask("POST", f"/workspaces/{place.id}/chat/uploads",
                           files=[("files", ("../.cat.png", PNG)), ("files", ("notes.txt", b"a note"))]).json()["files"]
    parts = [{"kind": "text", "text": "look at these"}]
    parts += [{"kind": "file", "file": {"uri": each["uri"], "name": each["name"], "mimeType": each["mimeType"]}} for each in sent]
    place.stage.ask("POST", f"/workspaces/{place.id}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
        "message": {"messageId": "with files", "role": "user", "parts": parts}}})
    content, meta = turn(session, "look at these")
    assert meta["attachment_count"] == "2" and meta["attachment_kind"] == "image" and meta["image_path"] == meta["attachment_path"]
    assert (meta["attachment_2_kind"], meta["attachment_2_name"]) == ("file", "notes.txt")
    for key, expected in (("attachment_path", PNG), ("attachment_2_path", b"a note")):
        path = Path(meta[key])
        assert path.read_bytes() == expected and path.is_relative_to(place.state / "inbox") and str(path) in content
        assert path.stat().st_mode & 0o777 == 0o600 and not path.name.startswith(".")
    # And they may go on from here.
    session.says("send_message_to_user", message="back to you", attachments=[meta["attachment_2_path"]])
    text, failed = session.call("send_message_to_user", message="my settings", attachments=[str(place.env)])
    assert failed and "not for others" in text


def test_the_first_session_gets_the_messages_and_the_next_one_when_it_ends(place: Place) -> None:
    place.set_up()
    first = place.session()
    wait_for("its number", lambda: (place.state / "bot.pid").exists())
    holder = (place.state / "bot.pid").read_text()
    second = place.session()
    place.stage.say(place.id, "who is there")
    turn(first, "who is there")
    place.stage.say(place.id, "and now")
    turn(first, "and now")
    assert (place.state / "bot.pid").read_text() == holder and "another session gets the messages" in second.log()
    assert second.heard == []
    first.kill()
    # Both wait for an answer still, so both are there again.
    turn(second, "who is there")
    turn(second, "and now")
    assert (place.state / "bot.pid").read_text() != holder


def test_a_long_message_is_shown_in_part_and_peeked_at_whole(place: Place) -> None:
    place.set_up()
    session = place.session()
    place.stage.say(place.id, "begin " + "a" * 100_000 + " end")
    content, _ = turn(session, "begin ")
    assert len(content) < 20_000 and "bytes are left out here: inbox_peek" in content
    assert " end" in session.says("inbox_peek")


SLEEPING = ["-c", "import time; time.sleep(60)"]


@pytest.mark.parametrize("words", [["sleep"], ["ubuntu", *SLEEPING], ["sleep", *SLEEPING, "bun", "server.ts"], ["bun", *SLEEPING, "build"]])
def test_a_number_of_somebody_else_in_the_file_harms_nobody(place: Place, words: list[str]) -> None:
    place.set_up()
    sleeper = subprocess.Popen([words[0], *(words[1:] or SLEEPING)], executable=sys.executable, cwd="/")
    try:
        (place.state / "bot.pid").write_text(str(sleeper.pid))
        session = place.session()
        place.stage.say(place.id, "still here")
        turn(session, "still here")
        assert sleeper.poll() is None and (place.state / "bot.pid").read_text() != str(sleeper.pid)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_the_plugin_before_is_left_its_turn_while_it_runs(place: Place) -> None:
    place.set_up()
    words = [f"{place.state}/bun", *SLEEPING, "server.ts"]
    older = subprocess.Popen(words, executable=sys.executable, cwd="/")
    try:
        (place.state / "bot.pid").write_text(str(older.pid))
        session = place.session()
        wait_for("it to see the other one", lambda: "another session gets the messages" in session.log())
        assert (place.state / "bot.pid").read_text() == str(older.pid)
    finally:
        older.kill()
        older.wait()
    wait_for("its turn", lambda: (place.state / "bot.pid").read_text() != str(older.pid))


def test_where_the_plugin_before_had_come_to_is_where_it_goes_on(place: Place) -> None:
    place.set_up()
    with_old = place.session()
    for text in ("seen before", "seen last", "not seen"):
        place.stage.say(place.id, text)
        turn(with_old, text)
    with_old.kill()
    ids = {row["data"]["text"]: row["id"] for row in place.stage.rows(place.id) if row.get("data")}
    for made in sorted((place.state / "inbox").rglob("*"), reverse=True):
        made.rmdir() if made.is_dir() else made.unlink()
    (place.state / "cursor.json").write_text(json.dumps({place.id: ids["seen last"]}))
    session = place.session()
    content, meta = turn(session, "not seen")
    replied(session, meta, "seen now")
    assert [each for each in session.heard if "before" in str(each) or "last" in str(each)] == []
    wait_for("it to be kept", lambda: json.loads((place.state / "cursor.json").read_text())[place.id] > ids["seen last"])
    assert (place.state / "cursor.json").stat().st_mode & 0o777 == 0o600


def test_several_workspaces_of_several_platforms(place: Place, stage: Stage, tmp_path: Path) -> None:
    other = Stage(tmp_path / "other")
    (tmp_path / "other").mkdir()
    other.start()
    try:
        there = other.external("elsewhere")
        place.set_up(MOLECULE_PLATFORM_URL="", MOLECULE_WORKSPACE_IDS="", MOLECULE_WORKSPACE_TOKENS="", MOLECULE_WORKSPACES_JSON=json.dumps([
            {"id": place.id, "token": place.token, "platform_url": stage.url},
            {"id": there["id"], "token": there["connection"]["auth_token"], "platform_url": other.url}]))
        session = place.session()
        stage.say(place.id, "from here")
        other.say(there["id"], "from there")
        assert turn(session, "from here")[1]["workspace_id"] == place.id
        meta = turn(session, "from there")[1]
        assert meta["watching_as"] == there["id"]
        replied(session, meta, "to there")
        assert [row for row in other.rows(there["id"]) if "to there" in str(row.get("response_body"))]
        text, failed = session.call("send_message_to_user", message="to whom?")
        assert failed and "_as_workspace" in text and place.id in text and there["id"] in text
        assert json.loads(session.says("get_workspace_info", _as_workspace=there["id"]))["id"] == there["id"]
    finally:
        other.close()


def test_a_revoked_token_is_said_and_a_new_one_is_taken_from_the_file(place: Place) -> None:
    place.set_up(MOLECULE_HEARTBEAT_INTERVAL_MS="1000")
    session = place.session()
    wait_for("it to be online", lambda: place.stage.workspace(place.id)["status"] == "online")
    place.stage.must("POST", f"/admin/workspaces/{place.id}/revoke-auth-tokens")
    fresh = place.stage.must("POST", f"/workspaces/{place.id}/tokens", {})
    content, meta = turn(session, "refuses the token")
    assert str(place.env) in content and meta["kind"] == "notice" and place.token not in content
    place.set_up(MOLECULE_WORKSPACE_TOKENS=fresh["auth_token"], MOLECULE_HEARTBEAT_INTERVAL_MS="1000")
    place.stage.say(place.id, "with the new one")
    turn(session, "with the new one")
    assert len([each for each in session.heard if "refuses the token" in str(each)]) == 1


@pytest.mark.parametrize(("values", "words"), [
    ({"MOLECULE_WORKSPACE_IDS": ""}, "MOLECULE_WORKSPACE_IDS is not set"),
    ({"MOLECULE_WORKSPACE_IDS": "pm"}, "pm is no workspace id"),
    ({"MOLECULE_WORKSPACE_IDS": "mol_ws_in_the_wrong_place"}, "mol_ws_i… is no workspace id"),
    ({"MOLECULE_WORKSPACE_TOKENS": "a,b"}, "names 1 and MOLECULE_WORKSPACE_TOKENS 2"),
    ({"MOLECULE_PLATFORM_URL": ""}, "MOLECULE_PLATFORM_URL is not set"),
    ({"MOLECULE_PLATFORM_URLS": "http://a,http://b"}, "MOLECULE_PLATFORM_URLS 2"),
    ({"MOLECULE_POLL_INTERVAL_MS": "soon"}, "MOLECULE_POLL_INTERVAL_MS: soon"),
    ({"MOLECULE_WORKSPACES_JSON": "[}"}, "MOLECULE_WORKSPACES_JSON"),
    ({"MOLECULE_WORKSPACES_JSON": "[]"}, "MOLECULE_WORKSPACES_JSON"),
])
def test_settings_that_say_too_little(place: Place, values: dict[str, str], words: str) -> None:
    place.set_up(**values)
    status, said = place.refused()
    assert status == 1 and words in said and str(place.env) in said and place.token not in said


def test_the_real_environment_comes_first(place: Place) -> None:
    place.set_up(MOLECULE_WORKSPACE_TOKENS="mol_not_this_one", MOLECULE_AGENT_NAME="from the file")
    session = place.session(MOLECULE_WORKSPACE_TOKENS=place.token)
    place.stage.say(place.id, "which token")
    turn(session, "which token")
    assert place.stage.workspace(place.id)["agent_card"]["name"] == "from the file"


def test_a_file_that_others_may_read_is_made_private(place: Place) -> None:
    place.set_up()
    place.env.chmod(0o644)
    session = place.session()
    assert place.env.stat().st_mode & 0o777 == 0o600 and place.state.stat().st_mode & 0o777 == 0o700
    assert "others could read the tokens" in session.log() and "watching" in session.log()


@pytest.mark.parametrize("written", [
    "\ufeffexport MOLECULE_PLATFORM_URL='{url}'\r\n  export  MOLECULE_WORKSPACE_IDS = \"{id}\" # mine\r\nMOLECULE_WORKSPACE_TOKENS={token}  \r\n"
    "MOLECULE_AGENT_NAME=\"says \\\"hi\\\" # 1\"",
    "MOLECULE_WORKSPACES_JSON='[{{\"id\": \"{id}\", \"token\": \"{token}\", \"platform_url\": \"{url}\"}}]'\nMOLECULE_AGENT_NAME='says \"hi\" # 1'\n",
    "MOLECULE_WORKSPACES_JSON=[{{\"id\": \"{id}\", \"token\": \"{token}\", \"platform_url\": \"{url}\"}}]\nMOLECULE_AGENT_NAME=says \"hi\" # 1\n"])
def test_the_file_is_read_as_others_write_it(place: Place, written: str) -> None:
    place.env.write_bytes(written.format(url=place.stage.url, id=place.id, token=place.token).encode())
    session = place.session()
    place.stage.say(place.id, "how is it written")
    turn(session, "how is it written")
    assert place.stage.workspace(place.id)["agent_card"]["name"] == 'says "hi" # 1'


def test_an_older_platform_is_said_to_be_one(place: Place) -> None:
    class Old(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(b"[]")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(b"{}")

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Old)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        place.set_up(MOLECULE_PLATFORM_URL=f"http://127.0.0.1:{server.server_port}")
        session = place.session(hello=False)
        assert session.status() == 2 and "too old" in session.log()
    finally:
        server.shutdown()


def test_a_platform_that_is_away_ends_nothing(place: Place) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place.set_up(MOLECULE_PLATFORM_URL=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        session = place.session()
        text, failed = session.call("get_workspace_info")
        assert failed and "cannot be reached" in text
        assert session.end() == 0


def test_a_signal_ends_it_well(place: Place) -> None:
    place.set_up()
    session = place.session()
    wait_for("its number", lambda: (place.state / "bot.pid").exists())
    os.kill(int((place.state / "bot.pid").read_text().split()[0]), signal.SIGTERM)
    began = time.monotonic()
    assert session.status() == 0 and time.monotonic() - began < 5 and not (place.state / "bot.pid").exists()


# --- what the canvas offers to paste ---

STAND_IN = """#!/bin/sh
printf '%s\\n' "$*" >>"$HOME/claude_was_told"
case $1 in plugin) exit 0 ;; esac
exec molecule mcp --channel
"""


@pytest.mark.parametrize("name", SHELLS)
def test_the_block_pasted_into(name: str, stage: Stage, tmp_path: Path) -> None:
    """By somebody who has a channel of another workspace; what stands in for Claude Code starts the server as the plugin does."""
    made = stage.external(f"channel pasted {name}")
    block = made["connection"]["claude_code_channel_snippet"]
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "claude").write_text(STAND_IN)
    (programs / "claude").chmod(0o755)
    state = tmp_path / ".claude/channels/molecule"
    state.mkdir(parents=True)
    (state / ".env").write_text("MOLECULE_WORKSPACE_IDS=an earlier one\n")
    shell = Terminal(SHELLS[name], ROOT, {"HOME": str(tmp_path), "PATH": f"{programs}:{BINARY.parent}:{os.environ['PATH']}"})
    try:
        shell.paste(block)
        wait_for(f"the registration in {name}", lambda: stage.workspace(made["id"])["status"] == "online")
        wait_for("the banner", lambda: "watching" in shell.said)
    finally:
        shell.end()
    assert (state / ".env.before").read_text() == "MOLECULE_WORKSPACE_IDS=an earlier one\n"
    assert (state / ".env").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "claude_was_told").read_text().splitlines() == [
        "plugin marketplace add ./integrations/claude-channel", "plugin install molecule@molecule-channel",
        "--dangerously-load-development-channels plugin:molecule@molecule-channel"]


def test_without_a_token_the_block_changes_nothing(place: Place) -> None:
    place.set_up()
    before = place.env.read_text()
    block = place.stage.must("GET", f"/workspaces/{place.id}/external/connection")["connection"]["claude_code_channel_snippet"]
    done = subprocess.run(["bash", "-c", block], env={"HOME": str(place.home), "PATH": os.environ["PATH"]}, cwd=ROOT, text=True,
                          capture_output=True, timeout=20)
    assert done.returncode != 0 and "YOUR-TOKEN" in done.stderr and place.env.read_text() == before


def test_the_guide_shows_the_block_of_the_dialog(place: Place) -> None:
    text = place.made["connection"]["claude_code_channel_snippet"]
    for real, written in ((place.id, "YOUR-WORKSPACE-ID"), (place.token, "YOUR-TOKEN"), (place.stage.url, "http://127.0.0.1:8080")):
        assert real in text
        text = text.replace(real, written)
    assert f"```sh\n{text}```" in (ROOT / "docs/guides/claude-channel.md").read_text()


def test_the_plugin_starts_this_server() -> None:
    plugin = ROOT / "integrations/claude-channel"
    started = json.loads((plugin / ".mcp.json").read_text())["mcpServers"]["molecule"]
    assert [started["command"], *started["args"]] == ["molecule", "mcp", "--channel"]
    market = json.loads((plugin / ".claude-plugin/marketplace.json").read_text())
    assert market["name"] == "molecule-channel" and [each["name"] for each in market["plugins"]] == ["molecule"]
    assert json.loads((plugin / ".claude-plugin/plugin.json").read_text())["name"] == "molecule"
