"""Files of an agent that the platform runs, as people work with them: read, written, and never left by any path."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import stat
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp_client import McpClient
from stage import BINARY, Stage, wait_for
from stand_in import answer, make, online

MIB = 1 << 20


class Agent:
    """A running one, and its directories as the machine has them."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage, self.id = stage, make(stage, name, "cat")
        online(stage, self.id)
        self.home = stage.data / "agents" / self.id

    def raw(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None,
            token: str | None = None) -> tuple[int, bytes, dict[str, str]]:
        """As it stands: no client makes another path of it."""
        connection = http.client.HTTPConnection(self.stage.url.removeprefix("http://"), timeout=30)
        try:
            bearer = token or (self.stage.data / "admin_token").read_text().strip()
            connection.request(method, f"/workspaces/{self.id}/{path}", body=body,
                               headers={"Authorization": f"Bearer {bearer}", **(headers or {})})
            got = connection.getresponse()
            return got.status, got.read(), {name.lower(): value for name, value in got.getheaders()}
        finally:
            connection.close()

    def code(self, method: str, path: str, **options: Any) -> str:
        got = self.stage.ask(method, f"/workspaces/{self.id}/{path}", **options)
        return "" if got.ok else str(got.json()["code"])

    def must(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        return self.stage.must(method, f"/workspaces/{self.id}/{path}", body, **options)

    def write(self, path: str, text: str, **options: Any) -> dict[str, Any]:
        return dict(self.must("PUT", f"files/{path}", {"content": text}, **options))

    def everything(self) -> dict[str, bytes]:
        """All that lies there, but for what programs write of their own."""
        found = {}
        for each in ("config", "workspace"):
            for at in sorted((self.home / each).rglob("*")):
                found[str(at.relative_to(self.home))] = b"" if at.is_dir() or not at.is_file() else at.read_bytes()
        return found


@pytest.fixture(scope="module")
def agent(stage: Stage) -> Iterator[Agent]:
    made = Agent(stage, "keeper of files")
    yield made
    stage.must("DELETE", f"/workspaces/{made.id}")


def test_a_text_is_written_listed_read_and_removed(agent: Agent) -> None:
    written = agent.write("skills/notes/SKILL.md", "---\nname: notes\n---\n  blanks stay \n")
    assert written["status"] == "saved" and written["created"] and written["path"] == "skills/notes/SKILL.md"
    listed = agent.must("GET", "files", params={"depth": 3, "path": "skills"})
    assert [(each["path"], each["dir"]) for each in listed] == [("notes", True), ("notes/SKILL.md", False)]
    read = agent.must("GET", "files/skills/notes/SKILL.md")
    assert read["content"] == "---\nname: notes\n---\n  blanks stay \n" and read["version"] == written["version"]
    on_disk = agent.home / "config/skills/notes/SKILL.md"
    assert on_disk.read_text() == read["content"] and stat.S_IMODE(on_disk.stat().st_mode) == 0o600
    # The agent's own, whoever the platform is.
    assert on_disk.stat().st_uid == (agent.home / "config").stat().st_uid == on_disk.parent.stat().st_uid
    assert agent.code("DELETE", "files/skills") == "directory_not_empty"
    assert agent.must("DELETE", "files/skills", params={"recursive": "true"}) == {"status": "deleted", "path": "skills"}
    assert agent.code("GET", "files/skills/notes/SKILL.md") == "file_not_found"
    assert agent.code("DELETE", "files/skills") == "file_not_found"
    assert not list((agent.home / "incoming").iterdir())


def test_several_are_written_or_none(agent: Agent) -> None:
    got = agent.must("PUT", "files", {"files": {"many/a.md": "a", "many/b.md": "b"}}, params={"root": "/workspace"})
    assert got == {"status": "replaced", "workspace": agent.id, "files": 2, "source": "process"}
    before = agent.everything()
    for files, code in (({"many/c.md": "c", "../d": "d"}, "invalid_path"), ({"many/c.md": "c", "many": "d"}, "not_a_file"),
                        ({f"f{i}": "" for i in range(201)}, "too_many_files")):
        assert agent.code("PUT", "files", body={"files": files}, params={"root": "/workspace"}) == code
    assert agent.code("PUT", "files", body={"files": {"x.md": "x", ".auth_token": "mine"}}) == "file_private"
    assert agent.everything() == before


@pytest.mark.parametrize("path", [
    "..", "../config.yaml", "a/../../run/config.yaml", "%2e%2e/run/config.yaml", "..%2frun%2fconfig.yaml", "%2Fetc%2Fpasswd", "/etc/passwd",
    "a//b", "./a", "a/.", "a/", "a/..", "%2e", "n" * 256, "d/" * 70 + "x"])
def test_no_path_leaves_the_directory(agent: Agent, path: str) -> None:
    before = agent.everything()
    for method, body in (("GET", None), ("PUT", b'{"content":"x"}'), ("DELETE", None)):
        for kind in ("files", "file-bytes"):
            if (method, kind) == ("DELETE", "file-bytes"):
                continue
            status, text, _ = agent.raw(method, f"{kind}/{path}?root=/workspace", body, {"Content-Type": "application/json"})
            # Some are no path of HTTP at all.
            assert status == 400 and (b'"code":"invalid_path"' in text or b"a segment that is not allowed" in text), (method, kind, status, text)
    assert agent.everything() == before


def test_a_path_with_a_nul_or_a_root_of_somebody_else_is_none(agent: Agent) -> None:
    assert agent.raw("GET", "files/a%00b")[0] == 400
    for root in ("/etc", "/run", "/log", "configs", "/configs/..", "/tmp"):
        assert agent.code("GET", "files", params={"root": root}) == "invalid_path"
    assert agent.code("GET", "files", params={"path": "../run"}) == "invalid_path"
    for query, value in (("depth", "6"), ("depth", "0"), ("limit", "5001"), ("limit", "x"), ("cursor", "!")):
        assert agent.code("GET", "files", params={query: value}) == "bad_query"


def test_links_and_devices_are_shown_and_never_followed(agent: Agent) -> None:
    work = agent.home / "workspace"
    (agent.stage.data / "outside").write_text("not to be seen")
    (work / "to-file").symlink_to(agent.stage.data / "outside")
    (work / "to-folder").symlink_to(agent.stage.data)
    (work / "to-token").symlink_to("../config/.auth_token")
    os.mkfifo(work / "pipe")
    kinds = {each["path"]: each["kind"] for each in agent.must("GET", "files", params={"root": "/workspace", "depth": 5})}
    assert {name: kinds[name] for name in ("to-file", "to-folder", "to-token", "pipe")} == {
        "to-file": "link", "to-folder": "link", "to-token": "link", "pipe": "other"}
    assert not [name for name in kinds if name.startswith("to-folder/")]
    query = {"root": "/workspace"}
    for kind in ("files", "file-bytes"):
        for name in ("to-file", "to-token", "pipe"):
            assert agent.code("GET", f"{kind}/{name}", params=query) == "not_a_file"
        assert agent.code("GET", f"{kind}/to-folder/admin_token", params=query) == "not_a_directory"
    for name, code in (("to-file", "not_a_file"), ("pipe", "not_a_file"), ("to-folder/new", "not_a_directory"), ("many-not-there/../x", "")):
        if code:
            assert agent.code("PUT", f"files/{name}", body={"content": "x"}, params=query) == code
            assert agent.code("PUT", f"file-bytes/{name}", data=b"x", params=query) == code
    assert agent.code("GET", "files", params={"root": "/workspace", "path": "to-folder"}) == "not_a_directory"
    for name in ("to-file", "to-folder", "to-token", "pipe"):
        agent.must("DELETE", f"files/{name}", params={"root": "/workspace", "recursive": "true"})
        assert not os.path.lexists(work / name)
    assert (agent.stage.data / "outside").read_text() == "not to be seen" and (agent.stage.data / "admin_token").exists()
    assert not (agent.stage.data / "new").exists()


def test_a_directory_that_becomes_a_link_meanwhile_leads_nowhere(agent: Agent) -> None:
    work = agent.home / "workspace"
    secret = agent.stage.data / "swapped"
    secret.mkdir()
    (secret / "file").write_text("not to be seen")
    (work / "real").mkdir()
    (work / "real/file").write_text("its own")
    (work / "link").symlink_to(secret)
    libc, exchange, here = ctypes.CDLL(None), 2, -100
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            libc.renameat2(here, str(work / "real").encode(), here, str(work / "link").encode(), exchange)
    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        seen = set()
        for _ in range(150):
            got = agent.stage.ask("GET", f"/workspaces/{agent.id}/files/real/file", params={"root": "/workspace"})
            seen.add(got.json().get("content", got.json().get("code")))
            agent.stage.ask("PUT", f"/workspaces/{agent.id}/files/real/new", {"content": "x"}, params={"root": "/workspace"})
            agent.stage.ask("DELETE", f"/workspaces/{agent.id}/files/real/new", params={"root": "/workspace"})
    finally:
        over.set()
        swapper.join()
    assert seen <= {"its own", "not_a_directory", "file_not_found", "not_a_file"} and "its own" in seen, seen
    assert sorted(os.listdir(secret)) == ["file"]


def test_what_is_secret_is_not_shown(agent: Agent) -> None:
    config, home = agent.home / "config", agent.home / "home"
    token = (config / ".auth_token").read_text()
    (config / ".state").mkdir(exist_ok=True)
    (config / ".state/key").write_text("a key")
    (home / ".netrc").write_text("a login")
    (home / "notes").write_text("plain")
    shown = [each["path"] for each in agent.must("GET", "files", params={"depth": 5})]
    assert "config.yaml" in shown and not [path for path in shown if path.startswith(".")]
    assert "notes" in [each["path"] for each in agent.must("GET", "files", params={"root": "/home", "depth": 5})]
    for root, path in (("/configs", ".auth_token"), ("/configs", ".state/key"), ("/home", ".netrc")):
        for kind in ("files", "file-bytes"):
            assert agent.code("GET", f"{kind}/{path}", params={"root": root}) == "file_private"
        refused = {"file_private", "root_read_only"}
        assert agent.code("PUT", f"files/{path}", body={"content": "x"}, params={"root": root}) in refused
        assert agent.code("PUT", f"file-bytes/{path}", data=b"x", params={"root": root}) in refused
        assert agent.code("DELETE", f"files/{path}", params={"root": root}) in refused
    assert agent.code("GET", "files", params={"path": ".state"}) == "file_private"
    assert agent.code("PUT", "files/notes", body={"content": "x"}, params={"root": "/home"}) == "root_read_only"
    assert (config / ".auth_token").read_text() == token and (home / "notes").read_text() == "plain"


def test_who_may(agent: Agent) -> None:
    stage = agent.stage

    def key(scope: str) -> dict[str, str]:
        made = stage.must("POST", "/org/tokens", {"name": f"a key to {scope}", "scope": scope})
        return {"Authorization": f"Bearer {made['auth_token']}"}
    agent.write("seen.md", "text")
    reader, operator = key("read"), key("operate")
    other = stage.external("somebody else")["id"]
    stranger = {"Authorization": "Bearer " + stage.must("POST", f"/workspaces/{other}/tokens", {})["auth_token"]}
    own = {"Authorization": f"Bearer {(agent.home / 'config/.auth_token').read_text().strip()}"}
    assert agent.code("GET", "files", headers=reader) == "", "names tell little"
    for kind in ("files", "file-bytes"):
        assert agent.code("GET", f"{kind}/seen.md", headers=reader) == "insufficient_scope"
        assert agent.code("GET", f"{kind}/seen.md", headers=operator) == ""
        assert agent.code("GET", f"{kind}/seen.md", headers=own) == ""
        assert agent.code("GET", f"{kind}/seen.md", headers=stranger) == "token_workspace_mismatch"
        assert agent.code("GET", f"{kind}/seen.md", headers={"Authorization": ""}) == "missing_token"
    for headers, code in ((reader, "insufficient_scope"), (stranger, "token_workspace_mismatch")):
        assert agent.code("PUT", "files/seen.md", body={"content": "x"}, headers=headers) == code
        assert agent.code("PUT", "file-bytes/seen.md", data=b"x", headers=headers) == code
        assert agent.code("DELETE", "files/seen.md", headers=headers) == code
    assert agent.must("GET", "files/seen.md")["content"] == "text"


def test_two_people_do_not_overwrite_each_other(agent: Agent) -> None:
    first = agent.write("shared.md", "first")["version"]
    second = agent.write("shared.md", "second", headers={"If-Match": f'"{first}"'})["version"]
    late = agent.stage.ask("PUT", f"/workspaces/{agent.id}/files/shared.md", {"content": "late"}, headers={"If-Match": f'"{first}"'})
    assert late.status_code == 409 and late.json()["code"] == "file_changed" and late.json()["version"] == second
    assert agent.code("PUT", "files/shared.md", body={"content": "new"}, headers={"If-None-Match": "*"}) == "file_exists"
    assert agent.code("PUT", "file-bytes/shared.md", data=b"late", headers={"If-Match": f'"{first}"'}) == "file_changed"
    assert agent.code("DELETE", "files/shared.md", headers={"If-Match": f'"{first}"'}) == "file_changed"
    assert agent.code("PUT", "files/shared.md", body={"content": "x"}, headers={"If-Match": "anything"}) == "bad_request"
    # What the agent itself writes counts, too.
    (agent.home / "config/shared.md").write_text("by it")
    assert agent.code("PUT", "files/shared.md", body={"content": "x"}, headers={"If-Match": f'"{second}"'}) == "file_changed"
    read = agent.stage.ask("GET", f"/workspaces/{agent.id}/files/shared.md")
    assert read.json()["content"] == "by it" and read.headers["ETag"] == f'"{read.json()["version"]}"'


def test_bytes_of_any_kind_and_size_go_up_and_down(agent: Agent) -> None:
    content = os.urandom(MIB) * 24 + b"\0\xff"
    path = "file-bytes/data/big.bin?root=/workspace"
    status, text, _ = agent.raw("PUT", path, content)
    assert status == 200, text
    status, got, headers = agent.raw("GET", path)
    assert status == 200 and got == content and headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment") and "sandbox" in headers["content-security-policy"]
    assert agent.code("GET", "files/data/big.bin", params={"root": "/workspace"}) == "file_too_large"
    status, _, _ = agent.raw("PUT", "file-bytes/small.bin?root=/workspace", b"\xff\xfe\x00")
    assert status == 200 and agent.code("GET", "files/small.bin", params={"root": "/workspace"}) == "file_not_text"
    status, _, _ = agent.raw("PUT", "file-bytes/empty?root=/workspace", b"")
    assert status == 200 and agent.must("GET", "files/empty", params={"root": "/workspace"})["content"] == ""


def test_more_than_may_be_is_refused_and_leaves_nothing(agent: Agent) -> None:
    before = agent.everything()
    connection = http.client.HTTPConnection(agent.stage.url.removeprefix("http://"), timeout=30)
    bearer = (agent.stage.data / "admin_token").read_text().strip()
    connection.putrequest("PUT", f"/workspaces/{agent.id}/file-bytes/huge.bin")
    connection.putheader("Authorization", f"Bearer {bearer}")
    connection.putheader("Content-Length", str(1 << 30))
    connection.endheaders()
    got = connection.getresponse()
    assert got.status == 413 and b"body_too_large" in got.read(), "told before a byte of it was sent"
    connection.close()
    assert agent.code("PUT", "files/long.md", body={"content": "x" * (4 * MIB + 1)}) == "file_too_large"
    # A client that says nothing of the size and goes away in the middle.
    connection = http.client.HTTPConnection(agent.stage.url.removeprefix("http://"), timeout=30)
    connection.putrequest("PUT", f"/workspaces/{agent.id}/file-bytes/half.bin")
    connection.putheader("Authorization", f"Bearer {bearer}")
    connection.putheader("Content-Length", str(8 * MIB))
    connection.endheaders()
    connection.send(b"x" * MIB)
    wait_for("it to be on its way", lambda: list((agent.home / "incoming").iterdir()))
    connection.close()
    wait_for("what came of it to be gone", lambda: not list((agent.home / "incoming").iterdir()))
    assert agent.everything() == before


def test_an_agent_gets_no_more_than_its_disk(agent: Agent) -> None:
    # 2 GiB in tier 2; a file with a hole takes no room, so one is filled.
    ballast = agent.home / "workspace/ballast"
    with ballast.open("wb") as out:
        os.posix_fallocate(out.fileno(), 0, 2047 * MIB)
    try:
        status, text, _ = agent.raw("PUT", "file-bytes/too-much?root=/workspace", b"x" * 2 * MIB)
        assert status == 413 and b"agent_disk_full" in text
        assert not (agent.home / "workspace/too-much").exists()
    finally:
        ballast.unlink()


@pytest.mark.parametrize("name", [
    "a b", "-rf", "quo\"te'", "per%cent", "que?ry#hash", "new\nline", "tab\tbell\a", "ümläut 漢字", "trailing.", "trailing ", "semi;colon|pipe$HOME`x`",
    "<img src=x>", "n" * 255, "back\\slash", "*", "~"])
def test_hard_names_are_names(agent: Agent, name: str) -> None:
    address = urllib.parse.quote(f"hard/{name}", safe="/")
    status, text, _ = agent.raw("PUT", f"files/{address}?root=/workspace", '{"content":"here"}', {"Content-Type": "application/json"})
    assert status == 200, text
    assert (agent.home / "workspace/hard" / name).read_text() == "here"
    assert name in [each["path"] for each in agent.must("GET", "files", params={"root": "/workspace", "path": "hard"})]
    assert b"here" == agent.raw("GET", f"file-bytes/{address}?root=/workspace")[1]
    assert agent.raw("DELETE", f"files/{address}?root=/workspace")[0] == 200
    assert not (agent.home / "workspace/hard" / name).exists()


def test_a_name_that_is_no_utf8_has_an_address(agent: Agent) -> None:
    folder = os.fsencode(agent.home / "workspace/odd")
    os.mkdir(folder)
    with open(folder + b"/caf\xe9", "wb") as out:
        out.write(b"coffee")
    shown = agent.must("GET", "files", params={"root": "/workspace", "path": "odd"})[0]
    assert shown["address"] == "caf%E9" and shown["path"].startswith("caf")
    assert agent.raw("GET", f"file-bytes/odd/{shown['address']}?root=/workspace")[1] == b"coffee"
    assert agent.raw("DELETE", f"files/odd/{shown['address']}?root=/workspace")[0] == 200
    assert os.listdir(folder) == []


def test_ten_thousand_files_are_listed_in_pages(agent: Agent) -> None:
    folder = agent.home / "workspace/crowd"
    folder.mkdir()
    for i in range(10_000):
        (folder / f"{i:05}").touch()
    for each in ("node_modules", ".git", "__pycache__"):
        (folder / each).mkdir()
    paths: list[str] = []
    query = {"root": "/workspace", "path": "crowd"}
    pages = 0
    while True:
        begun = time.monotonic()
        got = agent.stage.ask("GET", f"/workspaces/{agent.id}/files", params=query)
        assert time.monotonic() - begun < 5
        page = [each["path"] for each in got.json()]
        assert len(page) <= 1000
        paths += page
        pages += 1
        if "X-Next-Cursor" not in got.headers:
            break
        query["cursor"] = got.headers["X-Next-Cursor"]
    assert pages == 10 and paths == [f"{i:05}" for i in range(10_000)]
    agent.must("DELETE", "files/crowd", params={"root": "/workspace", "recursive": "true"})
    assert not folder.exists()


def test_it_works_while_the_agent_is_paused_and_after(agent: Agent) -> None:
    agent.stage.must("POST", f"/workspaces/{agent.id}/pause")
    agent.write("while-paused.md", "written in its sleep")
    assert agent.must("GET", "files/while-paused.md")["content"] == "written in its sleep"
    agent.stage.must("POST", f"/workspaces/{agent.id}/resume")
    online(agent.stage, agent.id)
    assert answer(agent.stage, agent.id, "hello") == "hello"
    assert agent.must("GET", "files/while-paused.md")["content"] == "written in its sleep"


def test_who_has_no_files_here_is_told_so(stage: Stage) -> None:
    external = stage.external("from elsewhere")
    for method, path, body in (("GET", "files", None), ("GET", "files/config.yaml", None), ("PUT", "files/x", {"content": ""}),
                               ("DELETE", "files/x", None), ("PUT", "files", {"files": {}}), ("GET", "file-bytes/x", None)):
        got = stage.ask(method, f"/workspaces/{external['id']}/{path}", body)
        assert got.status_code == 404 and got.json()["code"] == "agent_not_here", got.text
        got = stage.ask(method, f"/workspaces/{'0' * 8}-0000-4000-8000-{'0' * 12}/{path}", body)
        assert got.status_code == 404 and got.json()["code"] == "workspace_not_found"
    gone = make(stage, "soon gone", "cat")
    stage.must("DELETE", f"/workspaces/{gone}")
    assert stage.ask("GET", f"/workspaces/{gone}/files").status_code == 410


def test_an_assistant_works_with_them_by_tools(agent: Agent, tmp_path: Path) -> None:
    client = McpClient(tmp_path, program=[str(BINARY), "mcp", "--manage"], MOLECULE_API_URL=agent.stage.url,
                       MOLECULE_API_KEY=(agent.stage.data / "admin_token").read_text().strip())
    try:
        client.hello()
        at = {"workspace_id": agent.id, "root": "/workspace"}
        assert json.loads(client.says("write_file", path="by tool/ä?.md", content="of a tool", **at))["status"] == "saved"
        assert json.loads(client.says("read_file", path="by tool/ä?.md", **at))["content"] == "of a tool"
        client.says("replace_all_files", files={"by tool/b.md": "b"}, **at)
        assert [each["path"] for each in json.loads(client.says("list_files", path="by tool", **at))] == ["b.md", "ä?.md"]
        text, failed = client.call("delete_file", path="by tool", **at)
        assert failed and "directory_not_empty" in text
        client.says("delete_file", path="by tool", recursive=True, **at)
        assert not (agent.home / "workspace/by tool").exists()
    finally:
        client.close()


def test_a_platform_that_is_killed_leaves_no_half_file(own_stage: Stage) -> None:
    agent = Agent(own_stage, "interrupted")
    agent.write("kept.md", "kept")
    connection = http.client.HTTPConnection(own_stage.url.removeprefix("http://"), timeout=30)
    connection.putrequest("PUT", f"/workspaces/{agent.id}/file-bytes/kept.md")
    connection.putheader("Authorization", f"Bearer {(own_stage.data / 'admin_token').read_text().strip()}")
    connection.putheader("Content-Length", str(8 * MIB))
    connection.endheaders()
    connection.send(b"x" * MIB)
    wait_for("it to be on its way", lambda: list((agent.home / "incoming").iterdir()))
    own_stage.kill()
    connection.close()
    own_stage.start()
    wait_for("what was left to be gone", lambda: not (agent.home / "incoming").exists())
    online(own_stage, agent.id)
    assert agent.must("GET", "files/kept.md")["content"] == "kept"
