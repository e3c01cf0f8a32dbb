"""What a person at a terminal is told, and what a program gets instead."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from stage import BINARY, ROOT

DONE, WRONG_USAGE, REFUSED = 0, 2, 4
CLAIM = re.compile(r"http://127\.0\.0\.1:\d+/claim/mol_[\w-]+")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, "TERM": "xterm-256color", **more}


def at_a_terminal(arguments: list[str], until: str, **more: str) -> str:
    """What the screen shows of `molecule serve …`; Ctrl-C is pressed once `until` is there."""
    master, slave = pty.openpty()
    process = subprocess.Popen([str(BINARY), *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment(**more),
                               start_new_session=True)
    os.close(slave)
    seen, deadline, pressed = "", time.monotonic() + 30, False
    try:
        while time.monotonic() < deadline:
            if not select.select([master], [], [], 0.2)[0]:
                continue
            try:
                chunk = os.read(master, 65536)
            except OSError:  # The last one has closed the terminal.
                break
            if not chunk:
                break
            seen += chunk.decode()
            if until in seen and not pressed:
                process.send_signal(signal.SIGINT)
                pressed = True
        assert process.wait(10) == DONE, seen
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert until in seen, seen
    return seen.replace("\r\n", "\n")


def piped(data: Path, *options: str) -> tuple[list[str], str]:
    """(lines of standard error, standard output) of a run into pipes that is ended once it is ready."""
    process = subprocess.Popen([str(BINARY), "serve", "--listen", "127.0.0.1:0", "--data", str(data), *options],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.terminate()
    out, err = process.communicate(timeout=30)
    return err.splitlines(), first + out


def serve(data: Path) -> list[str]:
    return ["serve", "--listen", "127.0.0.1:0", "--data", str(data)]


def test_a_person_sees_where_how_and_what_next(tmp_path: Path) -> None:
    screen = at_a_terminal(serve(tmp_path / "d"), "ready http", NO_COLOR="1")
    assert "\033" not in screen and '{"' not in screen
    assert len(CLAIM.findall(screen)) == 1
    for words in ("Molecule 0.", "canvas    http://127.0.0.1:", "sign in   http", f"data      {tmp_path}/d",
                  "Next: open the sign-in link", "Ctrl-C stops the platform.", "\nready http://127.0.0.1:", "info  stopping"):
        assert words in screen, words
    again = at_a_terminal(serve(tmp_path / "d"), "ready http", NO_COLOR="1")
    assert "schema migrated" not in again


def test_colours_only_where_they_are_welcome(tmp_path: Path) -> None:
    assert "\033[1m" in at_a_terminal(serve(tmp_path / "d"), "ready http")
    assert "\033" not in at_a_terminal(serve(tmp_path / "d"), "ready http", TERM="dumb")
    assert "\033" not in at_a_terminal(serve(tmp_path / "d"), "ready http", NO_COLOR="1")


@pytest.mark.parametrize("how", ["flag", "environment", "file"])
def test_a_terminal_can_have_json(tmp_path: Path, how: str) -> None:
    data, options, around = tmp_path / "d", [], {}
    if how == "flag":
        options = ["--log-format", "json"]
    elif how == "environment":
        around = {"MOLECULE_LOG_FORMAT": "json"}
    else:
        data.mkdir(mode=0o700)
        (data / "molecule.conf").write_text("log-format = json\n")
    screen = at_a_terminal([*serve(data), *options], "ready http", **around)
    lines = [line for line in screen.splitlines() if line and not line.startswith(("ready ", "^C"))]
    assert lines and all(json.loads(line)["level"] for line in lines)


def test_a_program_gets_lines_of_json_and_the_ready_line(tmp_path: Path) -> None:
    err, out = piped(tmp_path / "d")
    assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", out)
    read = [json.loads(line) for line in err]
    [ready] = [line for line in read if line["message"] == "ready"]
    assert CLAIM.fullmatch(ready["claim_url"]) and out == f"ready {ready['url']}\n"
    assert ready["data"] == str(tmp_path / "d") and ready["claim_expires_in_seconds"] == 1800


def test_a_new_schema_is_one_line(tmp_path: Path) -> None:
    read = [json.loads(line) for line in piped(tmp_path / "d")[0]]
    [line] = [line for line in read if line["message"] == "schema migrated"]
    assert line["from"] == 0 and line["to"] == len(list((ROOT / "migrations").glob("*.sql")))
    assert "schema migrated" not in "".join(piped(tmp_path / "d")[0])


def test_a_pipe_can_have_text(tmp_path: Path) -> None:
    err, _ = piped(tmp_path / "d", "--log-format", "text")
    assert "\033" not in "\n".join(err) and any(re.match(r"\d\d:\d\d:\d\d info  ", line) for line in err)
    assert any("canvas    http" in line for line in err)


# --- mistyped ---


def molecule(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BINARY), *arguments], env=environment(), capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)


def dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ROOT / "dev"), *arguments], env=environment(), capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


@pytest.mark.parametrize(("typed", "meant"), [
    (["sevre"], "molecule serve"), (["claim"], "molecule admin claim"), (["admin", "rotatekey"], "molecule admin rotate-key"),
    (["--vresion"], "--version"), (["serve", "--lisen", "127.0.0.1:0"], "--listen"), (["serve", "--data_dir=x"], "--data"),
    (["config", "shwo"], "molecule config show"), (["serve", "--log_level", "info"], "--log-level"),
    (["admin", "claim", "--ulr", "x"], "--url"), (["config", "show", "--rate-limits", "1"], "--rate-limit")])
def test_a_mistyped_word_is_understood(tmp_path: Path, typed: list[str], meant: str) -> None:
    ran = molecule(*typed)
    assert ran.returncode == WRONG_USAGE and ran.stdout == ""
    assert f"did you mean {meant}?" in ran.stderr


def test_a_mistyped_key_of_the_file_is_understood(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("lisen = 127.0.0.1:0\n")
    ran = molecule("serve", "--data", str(tmp_path / "d"), "--config", str(tmp_path / "c"))
    assert ran.returncode == WRONG_USAGE and "did you mean listen?" in ran.stderr
    assert not (tmp_path / "d").exists()


def test_nonsense_is_not_guessed_at() -> None:
    assert "did you mean" not in molecule("frobnicate").stderr
    assert "did you mean" not in dev("frobnicate").stderr


@pytest.mark.parametrize(("typed", "meant"), [
    (["tset"], "test"), (["biuld"], "build"), (["new_slice"], "new-slice"), (["run", "--prot", "1"], "--port"),
    (["run", "--frehs"], "--fresh"), (["test", "--olny", "unit"], "--only"), (["test", "--only", "unti"], "unit"),
    (["build", "--preset", "relase"], "release"), (["run", "--preset", "relase"], "release"), (["bench", "--onyl"], "--only")])
def test_the_developer_script_understands_too(typed: list[str], meant: str) -> None:
    ran = dev(*typed)
    assert ran.returncode == WRONG_USAGE, ran.stderr
    assert f"did you mean {meant}?" in ran.stderr


# --- nothing is left behind ---


def test_a_busy_port_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        busy = f"127.0.0.1:{other.getsockname()[1]}"
        ran = molecule("serve", "--listen", busy, "--data", str(tmp_path / "below" / "d"))
        assert ran.returncode == REFUSED and f"{busy} is in use by another process" in ran.stderr
        assert list(tmp_path.iterdir()) == []
        # A directory that was there stays as it was.
        (tmp_path / "d").mkdir(mode=0o700)
        assert molecule("serve", "--listen", busy, "--data", str(tmp_path / "d")).returncode == REFUSED
        assert list((tmp_path / "d").iterdir()) == []


def test_an_address_of_another_machine_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = molecule("serve", "--listen", "192.0.2.1:8080", "--data", str(tmp_path / "d"))
    assert ran.returncode == WRONG_USAGE and "cannot listen on 192.0.2.1:8080" in ran.stderr
    assert list(tmp_path.iterdir()) == []
