"""Platforms of another version, and what is none: verbs show what they know, and say what they do not."""

from __future__ import annotations

from typing import Any

from agents import InItsPlace
from terminal import DONE, FAILED, NOT_REACHABLE, Machine

ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_an_older_platform_tells_less(elsewhere: Machine) -> None:
    with InItsPlace({"/workspaces": (200, [{"id": ID, "name": "old", "status": "online"}]),
                     f"/workspaces/{ID}": (200, {"id": ID, "name": "old"}),
                     "/health": (200, {"status": "ok", "version": "0.1.0"}), "/auth/me": (200, {"role": "admin"})}) as older:
        table = elsewhere.must("ws", "list", "--url", older.url)
        assert table.splitlines()[1].split() == [ID, "old", "online", "0", "0"] or "old" in table.splitlines()[1]
        assert elsewhere.must("ws", "get", "old", "--url", older.url).startswith("name")
        assert "old" in elsewhere.must("ws", "tree", "--url", older.url)
        gone = elsewhere.run("secret", "list", ID, "--url", older.url)
        assert (gone.returncode, gone.stdout) == (FAILED, "")
        assert "no such route" in gone.stderr and "older" in gone.stderr
        doctor = elsewhere.run("doctor", "--url", older.url)
        assert "WARN  version" in doctor.stdout and "0.1.0" in doctor.stdout
        assert "no WebSocket comes through" in doctor.stdout


def test_a_newer_platform_tells_more(elsewhere: Machine) -> None:
    new: dict[str, Any] = {"id": ID, "name": "new", "status": "levitating", "tier": "golden", "runtime": {"kind": "x"},
                           "last_error_rate": "none", "agent_card": [1], "unheard_of": {"deep": [1, 2]}, "uptime_seconds": 10**30}
    with InItsPlace({"/workspaces": (200, [new, "not even a workspace", None]), f"/workspaces/{ID}": (200, new)}) as newer:
        table = elsewhere.must("ws", "list", "--url", newer.url)
        assert "levitating" in table and "golden" in table
        assert "levitating" in elsewhere.must("ws", "get", "new", "--url", newer.url)
        assert elsewhere.json("ws", "get", ID, "--url", newer.url) == new, "as data everything passes"
        assert "unheard_of" in elsewhere.must("ws", "get", ID, "--url", newer.url, "-o", "yaml")


def test_what_is_no_platform_is_told_so(elsewhere: Machine) -> None:
    page = b"<html>Please sign in to the guest network</html>"
    for code in (200, 404, 511):
        with InItsPlace({path: (code, page) for path in ("/workspaces", "/health")}) as login:
            ran = elsewhere.run("ws", "list", "--url", login.url)
            assert ran.returncode in (FAILED, NOT_REACHABLE) and ran.stdout == "", (code, ran)
            if code == 200:
                raw = elsewhere.run("api", "GET", "/health", "--url", login.url)
                assert (raw.returncode, raw.stdout) == (NOT_REACHABLE, page.decode()), "it is shown, and is no success"
            doctor = elsewhere.run("doctor", "--url", login.url)
            assert doctor.returncode == FAILED and "is no Molecule platform" in doctor.stdout


def test_refusals_are_exit_statuses(elsewhere: Machine) -> None:
    for code, status in ((400, 2), (401, 4), (403, 4), (404, 1), (409, 4), (410, 4), (422, 1), (500, 1), (503, 3)):
        body = {"error": f"because of \x1b[2J {code}", "code": "some_code"}
        with InItsPlace({"/workspaces": (code, body)}) as refusing:
            ran = elsewhere.run("ws", "list", "--url", refusing.url)
            assert (ran.returncode, ran.stdout) == (status, ""), (code, ran)
            assert f"because of ␛[2J {code}" in ran.stderr or "because of" in ran.stderr and "\x1b" not in ran.stderr
            raw = elsewhere.run("api", "GET", "/workspaces", "--url", refusing.url)
            assert raw.returncode == status and '"some_code"' in raw.stdout and f"status {code}" in raw.stderr


def test_hostile_names_of_a_platform_command_no_terminal(elsewhere: Machine) -> None:
    rows = [{"id": ID, "name": "\x1b[31m\x9bred\nline two\u202e", "status": "\x07", "role": "a" * 100_000},
            {"id": "\x1b]0;x\x07", "name": None, "parent_id": ID}, {"id": ID, "name": "loop", "parent_id": ID}]
    with InItsPlace({"/workspaces": (200, rows)}) as hostile:
        for words in (["ws", "list"], ["ws", "tree"], ["ws", "list", "-o", "json"], ["ws", "list", "-o", "yaml"], ["ws", "audit"]):
            with elsewhere.terminal(*words, "--url", hostile.url, columns=40, NO_COLOR="1") as terminal:
                assert terminal.ended() == DONE
                assert not set(terminal.seen) & set("\x1b\x07\x9b\u202e"), (words, terminal.seen[:400])
                if words[1] == "list" and len(words) == 2:
                    assert len(terminal.seen.splitlines()) == 4


def test_a_message_to_what_is_no_platform_is_not_sent_again(elsewhere: Machine) -> None:
    page = b"<html>Please sign in to the guest network</html>"
    with InItsPlace({f"/workspaces/{ID}/a2a": (200, page)}) as login:
        for words in (["send", ID, "hello"], ["send", ID, "hello", "--no-wait"], ["chat", ID, "-m", "hello"]):
            ran = elsewhere.run(*words, "--url", login.url)
            assert (ran.returncode, ran.stdout) == (NOT_REACHABLE, "") and "is no Molecule platform" in ran.stderr, ran
        assert len([path for _, path, _ in login.asked if path.endswith("/a2a")]) == 3
