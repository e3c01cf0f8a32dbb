"""Plugins: the content hash, the careful reader of its line, and installations that change nothing when they fail."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import tarfile
from pathlib import Path

import pytest
from conftest import WORKSPACE
from molecule_agent import PlatformError, RemoteAgentClient, _manifest, _plugins, compute_plugin_sha256, \
    verify_plugin_sha256
from scripted_platform import Reply, ScriptedPlatform

DOWNLOAD = f"/workspaces/{WORKSPACE}/plugins/demo/download"
REPORT = f"/workspaces/{WORKSPACE}/plugins"
HASH = "ab" * 32


def content_hash(files: dict[str, bytes]) -> str:
    listed = sorted([path, hashlib.sha256(body).hexdigest()] for path, body in files.items() if path != "plugin.yaml")
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def packed(files: dict[str, bytes], extra: list[tarfile.TarInfo] | None = None, mode: int = 0o644) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(body), mode
            archive.addfile(member, io.BytesIO(body))
        for member in extra or []:
            archive.addfile(member)
    return out.getvalue()


def test_the_content_hash(tmp_path: Path) -> None:
    files = {"b/x.md": b"x", "a.txt": b"a", "sub/plugin.yaml": b"inner", "plugin.yaml": b"outer", "ü.txt": b"u"}
    for name, body in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(body)
    (tmp_path / "link").symlink_to("/etc/passwd")
    expected = content_hash(files)
    assert compute_plugin_sha256(tmp_path) == expected
    assert verify_plugin_sha256(tmp_path, expected) and verify_plugin_sha256(tmp_path, expected.upper())
    assert not verify_plugin_sha256(tmp_path, HASH)
    for bad in ("", "xyz", HASH + "0", None):
        with pytest.raises(ValueError):
            verify_plugin_sha256(tmp_path, bad)  # type: ignore[arg-type]
    with pytest.raises(NotADirectoryError):
        compute_plugin_sha256(tmp_path / "a.txt")


@pytest.mark.parametrize("text", [
    f"sha256: {HASH}\n", f"name: x\nsha256: \"{HASH}\"  # why\n", f"---\nsha256: '{HASH}'\r\nname: y\r\n",
    f"'sha256': {HASH.upper()}", f"\"sha256\": {HASH}", f"tags:\n- a\n- b: c\nsha256: {HASH}",
    f"description: |\n  sha256: {'0' * 64}\nsha256: {HASH}\n", f"tags: [a, \"b, [c\"]\nsha256: {HASH}\n",
    f"assets:\n  sha256: {'1' * 64}\nsha256: {HASH}\n"])
def test_a_stated_hash_is_found(text: str) -> None:
    assert _manifest.read(text) == HASH


@pytest.mark.parametrize("text", [
    "", "name: x\n", "# nothing\n", "assets:\n  sha256: abc\n", "# sha256: off\nname: x\n"])
def test_no_stated_hash(text: str) -> None:
    assert _manifest.read(text) is None


@pytest.mark.parametrize("text", [
    f" sha256: {HASH}\n name: x\n",              # the whole mapping is indented
    f"{{sha256: {HASH}}}\n",                      # flow mapping as the document
    f"? sha256\n: {HASH}\n",                      # complex key
    f"description: \"open\nsha256: {HASH}\n\"\n",  # inside a quoted text that goes on
    f"tags: [a,\nsha256: {HASH}]\n", f"<<: *base\nsha256: {HASH}\n", f"!!str sha256: {HASH}\n",
    f"sha256: {HASH}\nsha256: {HASH}\n", "sha256:\n", "sha256: tbd\n", "sha256: &a |\n  x\n", f"sha256: {HASH}0\n",
    f"name: x\n\"sh\\x61256\": {HASH}\n", f"name: x\n---\nsha256: {HASH}\n", f"\tsha256: {HASH}\n",
    f"name: x\u2028sha256: {HASH}\n", f"just words\nsha256: {HASH}\n"])
def test_what_cannot_be_read_for_certain_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        _manifest.read(text)


def test_install(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    files = {"skills/a/SKILL.md": b"# a", "bin/tool": b"#!/bin/sh\n"}
    files["plugin.yaml"] = f"name: demo\nsha256: {content_hash(files)}\n".encode()
    platform.on("GET", DOWNLOAD, Reply(200, packed(files, mode=0o4755)))
    platform.on("POST", REPORT, {"status": "recorded"})
    target = client.install_plugin("demo", source="github://o/r#v1")
    assert target == client.plugins_dir / "demo"
    assert (target / "skills/a/SKILL.md").read_bytes() == b"# a"
    assert stat.S_IMODE((target / "bin/tool").stat().st_mode) == 0o755
    assert platform.asked("GET", DOWNLOAD)[0].query == {"source": "github://o/r#v1"}
    assert platform.asked("POST", REPORT)[0].json() == {"source": "github://o/r#v1"}
    assert [p.name for p in client.plugins_dir.iterdir()] == ["demo"]


def install_old(client: RemoteAgentClient) -> Path:
    old = client.plugins_dir / "demo" / "old.txt"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    return old


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("archive", [
    packed({"plugin.yaml": f"sha256: {HASH}\n".encode(), "a": b"a"}),
    packed({"plugin.yaml": f"{{sha256: {HASH}}}\n".encode(), "a": b"a"}),
    packed({"a": b"a"}),
    packed({"plugin.yaml": b"name: \xff\n"}),
    packed({"plugin.yaml": b"name: x\n", "../../escape": b"x"}),
    packed({"plugin.yaml": b"name: x\n", "/abs": b"x"}),
    packed({"plugin.yaml": b"name: x\n", "a": b"a", "a/b": b"b"}),
    b"not an archive", packed({"plugin.yaml": b"x: 1\n"})[:-20]],
    ids=["another hash", "another hash in braces", "no manifest", "no text", "outside", "absolute", "file and folder", "no archive",
         "cut short"])
def test_a_failed_check_leaves_the_old_version(platform: ScriptedPlatform, client: RemoteAgentClient,
                                               archive: bytes, tmp_path: Path) -> None:
    old = install_old(client)
    platform.on("GET", DOWNLOAD, Reply(200, archive))
    with pytest.raises(ValueError):
        client.install_plugin("demo")
    assert old.read_text() == "old"
    assert [p.name for p in client.plugins_dir.iterdir()] == ["demo"]
    assert platform.asked("POST", REPORT) == [] and not (tmp_path / "escape").exists()


def test_links_and_devices_are_left_out(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", DOWNLOAD, Reply(200, packed(
        {"plugin.yaml": b"name: demo\n", "a": b"a"},
        [link("ln", "/etc/passwd", tarfile.SYMTYPE), link("hard", "a", tarfile.LNKTYPE),
         link("ff", "", tarfile.FIFOTYPE), link("dev", "", tarfile.CHRTYPE)])))
    target = client.install_plugin("demo", report_to_platform=False)
    assert sorted(p.name for p in target.iterdir()) == ["a", "plugin.yaml"]
    assert platform.asked("POST", REPORT) == []


def test_an_older_version_is_replaced_whole(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    old = install_old(client)
    platform.on("GET", DOWNLOAD, Reply(200, packed({"plugin.yaml": b"name: demo\n"})))
    client.install_plugin("demo", report_to_platform=False)
    assert not old.exists()


def test_too_much_content_is_refused(platform: ScriptedPlatform, client: RemoteAgentClient,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    platform.on("GET", DOWNLOAD, Reply(200, packed({"plugin.yaml": b"x: 1\n", "zeros": b"\0" * 200_000})))
    monkeypatch.setattr(_plugins, "MAX_UNPACKED_BYTES", 100_000)
    with pytest.raises(ValueError, match="more than"):
        client.install_plugin("demo")
    monkeypatch.setattr(_plugins, "MAX_ARCHIVE_BYTES", 10)
    with pytest.raises(ValueError, match="larger than"):
        client.install_plugin("demo")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "-x", "x" * 200, "a\0b"])
def test_names_that_are_no_plugin_names(platform: ScriptedPlatform, client: RemoteAgentClient, name: str) -> None:
    with pytest.raises(ValueError):
        client.install_plugin(name)
    assert platform.requests == []


def test_setup_runs_in_the_plugin_without_the_token(platform: ScriptedPlatform, client: RemoteAgentClient,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLECULE_WORKSPACE_TOKEN", "mol_secret")
    script = b'pwd > out; echo "[$MOLECULE_WORKSPACE_TOKEN]" >> out; exit 3\n'
    platform.on("GET", DOWNLOAD, Reply(200, packed({"plugin.yaml": b"name: demo\n", "setup.sh": script})))
    target = client.install_plugin("demo", report_to_platform=False)
    assert (target / "out").read_text() == f"{target}\n[]\n"
    target = client.install_plugin("demo", run_setup_sh=False, report_to_platform=False)
    assert not (target / "out").exists()


def test_a_refused_download_and_a_refused_report(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    platform.on("GET", DOWNLOAD, Reply(404, {"error": "plugin not found", "code": "plugin_not_found"}))
    with pytest.raises(PlatformError, match="plugin not found"):
        client.install_plugin("demo")
    platform.on("GET", DOWNLOAD, Reply(200, packed({"plugin.yaml": b"name: demo\n"})))
    platform.on("POST", REPORT, Reply(503, {"error": "no"}))
    assert client.install_plugin("demo").is_dir()
