"""Which platform is asked, and with which token: profiles, environment, the machine's own platform."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from agents import InItsPlace
from stage import BINARY, Stage, wait_for
from terminal import DONE, FAILED, NOT_REACHABLE, REFUSED, WRONG_USAGE, Machine, Terminal


def admin_token(stage: Stage) -> str:
    return (stage.data / "admin_token").read_text().strip()


def test_a_profile_from_beginning_to_end(elsewhere: Machine, stage: Stage) -> None:
    added = elsewhere.run("config", "add", "work", "--url", stage.url + "/", stdin=admin_token(stage) + "\n")
    assert added.returncode == DONE, added.stderr
    assert "in use" in added.stderr and admin_token(stage) not in added.stdout + added.stderr
    assert elsewhere.profiles.stat().st_mode & 0o777 == 0o600
    assert elsewhere.profiles.parent.stat().st_mode & 0o777 == 0o700
    assert isinstance(elsewhere.json("ws", "list"), list)
    elsewhere.must("config", "add", "away", "--url", "http://127.0.0.1:9", stdin="other-token")
    assert [(each["name"], each["current"], each["token"]) for each in elsewhere.json("config", "list")] == [
        ("work", True, True), ("away", False, True)]
    assert "profile work" in elsewhere.must("config", "view") and admin_token(stage) not in elsewhere.must("config", "view")
    elsewhere.must("config", "set", "output", "json")
    assert elsewhere.must("ws", "list").startswith("[") and elsewhere.must("config", "get", "output") == "json\n"
    assert elsewhere.must("config", "get", "token") == "(set)\n"
    elsewhere.must("config", "use", "away")
    assert "127.0.0.1:9" in elsewhere.run("ws", "list").stderr
    assert elsewhere.must("ws", "list", "--profile", "work").startswith("[")
    assert elsewhere.must("ws", "list", MOLECULE_PROFILE="work").startswith("[")
    assert elsewhere.run("config", "remove", "away").returncode == WRONG_USAGE, "nobody to ask"
    elsewhere.must("config", "remove", "away", "-y")
    assert elsewhere.run("ws", "list", "--profile", "away").returncode == WRONG_USAGE
    again = elsewhere.run("config", "add", "work", "--url", stage.url, stdin="x")
    assert again.returncode == REFUSED and "already" in again.stderr


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o660])
def test_a_file_that_others_can_read_is_refused(elsewhere: Machine, stage: Stage, mode: int) -> None:
    elsewhere.must("config", "add", "work", "--url", stage.url, stdin="a-token-of-mine")
    elsewhere.profiles.chmod(mode)
    for words in (["ws", "list"], ["config", "list"], ["config", "use", "work"], ["ws", "list", "--url", stage.url]):
        ran = elsewhere.run(*words)
        assert (ran.returncode, ran.stdout) == (REFUSED, ""), words
        assert str(elsewhere.profiles) in ran.stderr and "0600" in ran.stderr and "a-token-of-mine" not in ran.stderr
    ran = elsewhere.run("doctor")
    assert ran.returncode == FAILED and "FAIL  profiles" in ran.stdout and "chmod 600" in ran.stdout


def test_what_is_wrong_in_the_file_is_named_by_its_line(elsewhere: Machine) -> None:
    elsewhere.profiles.parent.mkdir(parents=True, mode=0o700)
    for text, line in (("current = a\n\nurl = x\n", 3), ("[a]\nsecret-text-without-equals\n", 2), ("[a]\n[a]\n", 2),
                       ("[no name!]\n", 1), ("[a\n", 1)):
        elsewhere.profiles.write_text(text)
        elsewhere.profiles.chmod(0o600)
        ran = elsewhere.run("ws", "list")
        assert ran.returncode == WRONG_USAGE and f"line {line}:" in ran.stderr, (text, ran.stderr)
        assert "secret-text" not in ran.stderr, "a line may hold a token"
    elsewhere.profiles.write_text("current = a\n[a]\nurl = http://127.0.0.1:9\nof-a-later-version = 1\n")
    elsewhere.must("config", "set", "output", "yaml")
    assert "of-a-later-version = 1" in elsewhere.profiles.read_text()
    elsewhere.profiles.unlink()
    elsewhere.profiles.symlink_to(elsewhere.home / "elsewhere")
    assert elsewhere.run("ws", "list").returncode == REFUSED, "a link may lead anywhere"


def test_a_token_goes_to_the_platform_that_it_is_for(elsewhere: Machine, stage: Stage) -> None:
    elsewhere.must("config", "add", "work", "--url", stage.url, stdin=admin_token(stage))
    with InItsPlace({"/workspaces": (200, [])}) as other:
        elsewhere.must("ws", "list", "--url", other.url)
        elsewhere.must("ws", "list", MOLECULE_API_URL=other.url)
        assert [bearer for _, _, bearer in other.asked] == [None, None], "the profile's token is not shown to another"
        elsewhere.must("ws", "list", "--url", other.url, MOLECULE_API_KEY="meant-for-it")
        assert other.asked[-1][2] == "Bearer meant-for-it"
        elsewhere.must("ws", "list", ADMIN_TOKEN="of-another-place")
        assert elsewhere.json("ws", "list", "--url", stage.url) == stage.must("GET", "/workspaces"), "named by its address, it is known"
        changed = elsewhere.run("config", "set", "url", other.url)
        assert changed.returncode == DONE and "gone" in changed.stderr
        elsewhere.must("ws", "list")
        assert other.asked[-1][2] is None
        here = Machine(elsewhere.home, MOLECULE_DATA_DIR=str(stage.data))
        here.profiles.unlink()
        here.must("ws", "list", "--url", other.url)
        assert other.asked[-1][2] is None, "nor is the admin token of this machine's platform"


@pytest.mark.parametrize("switched", [True, False])
def test_the_dashboard_takes_a_newer_token_of_its_platform_only(elsewhere: Machine, switched: bool) -> None:
    class Refusals(dict[str, tuple[int, Any]]):
        """Refuses everybody; by the time that the first hears of it, the profiles have changed."""

        def get(self, *_: Any) -> Any:
            if not other.asked[1:]:
                elsewhere.must(*changed, stdin="a-newer-token")
            return 401, {"error": "invalid admin auth token", "code": "invalid_admin_token"}

    changed = ["config", "use", "another"] if switched else ["config", "set", "token"]
    with InItsPlace(Refusals()) as other:
        elsewhere.must("config", "add", "work", "--url", other.url, stdin="an-older-token")
        elsewhere.must("config", "add", "another", "--url", "http://127.0.0.1:9", stdin="the-token-of-another")
        with elsewhere.terminal("top") as terminal:
            terminal.wait_for("refused")
        bearers = {bearer for _, _, bearer in other.asked}
    assert bearers == {"Bearer an-older-token"} | (set() if switched else {"Bearer a-newer-token"})


def test_tokens_are_no_arguments(elsewhere: Machine, stage: Stage, machine: Machine) -> None:
    elsewhere.must("config", "add", "work", "--url", stage.url, "--no-token")
    ran = elsewhere.run("config", "set", "token", "in-the-open")
    assert ran.returncode == WRONG_USAGE and "in-the-open" not in ran.stderr
    for bad in ("two words", "", "\n", "ünicode"):
        assert elsewhere.run("config", "set", "token", stdin=bad).returncode == WRONG_USAGE
    with elsewhere.terminal("config", "set", "token") as terminal:
        terminal.wait_for("not shown")
        terminal.type(admin_token(stage) + "\n")
        assert terminal.ended() == DONE and admin_token(stage) not in terminal.seen
    assert isinstance(elsewhere.json("ws", "list"), list)
    with elsewhere.terminal("config", "set", "token") as terminal:
        terminal.wait_for("not shown")
        terminal.type("half a tok\x03")
        assert terminal.ended() == WRONG_USAGE and "half" not in terminal.seen
    made = stage.external("secretive")
    with machine.terminal("secret", "set", "secretive", "KEY") as terminal:
        terminal.wait_for("not shown")
        terminal.type("hidden value\n")
        assert terminal.ended() == DONE and "hidden" not in terminal.seen and f"Saved KEY of secretive ({made['id']})." in terminal.seen


def test_the_platform_of_this_machine_is_found(machine: Machine, elsewhere: Machine, stage: Stage, tmp_path: Path) -> None:
    assert str(stage.data) in machine.must("config", "view")
    assert elsewhere.json("ws", "list", "--data", stage.data) == stage.must("GET", "/workspaces")
    assert elsewhere.json("ws", "list", MOLECLI_URL=stage.url, ADMIN_TOKEN=admin_token(stage)) == stage.must("GET", "/workspaces")
    missing = elsewhere.run("ws", "list", "--config", tmp_path / "nowhere.conf")
    assert missing.returncode == WRONG_USAGE and "does not exist" in missing.stderr


def test_no_change_of_the_file_is_lost(elsewhere: Machine) -> None:
    def begun(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen([str(BINARY), "config", *words], env=elsewhere.environment, cwd=elsewhere.home, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def names() -> list[str]:
        return [each["name"] for each in elsewhere.json("config", "list")]

    many = [begun("add", f"p{number}", "--url", "http://127.0.0.1:9", "--no-token") for number in range(12)]
    assert [each.communicate(timeout=60)[1] for each in many if each.wait(60) != DONE] == []
    assert sorted(names()) == sorted(f"p{number}" for number in range(12))

    slow = begun("add", "typed", "--url", "http://127.0.0.1:9")  # Waits for its token.
    elsewhere.must("config", "add", "meanwhile", "--url", "http://127.0.0.1:9", stdin="its-token")
    assert slow.communicate("a-token", timeout=60) and slow.returncode == DONE
    assert {"typed", "meanwhile"} <= set(names())

    lock = elsewhere.profiles.with_name("profiles.conf.lock")
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waits = begun("set", "output", "json", "--profile", "p1")
        opened = Path(f"/proc/{waits.pid}/fd")
        wait_for("it to stand at the lock", lambda: any(os.path.realpath(each) == str(lock) for each in opened.iterdir()))
        elsewhere.profiles.write_text(elsewhere.profiles.read_text() + "\n[by-hand]\nurl = http://127.0.0.1:9\n")
    assert waits.wait(60) == DONE
    assert "by-hand" in names() and elsewhere.must("config", "get", "output", "--profile", "p1") == "json\n"
    assert elsewhere.profiles.stat().st_mode & 0o777 == lock.stat().st_mode & 0o777 == 0o600

    given = begun("set", "token", "--profile", "p2")
    elsewhere.must("config", "set", "url", "http://127.0.0.1:10", "--profile", "p2")
    told = given.communicate("for-the-other-address", timeout=60)[1]
    assert given.returncode in (DONE, REFUSED), told
    kept = elsewhere.must("config", "get", "token", "--profile", "p2")
    assert kept == ("(set)\n" if given.returncode == DONE else "\n"), "where it came too late it is not kept"


@pytest.mark.parametrize(("url", "warned"), [
    ("http://molecule.example", True), ("http://192.0.2.1:8080", True), ("http://localhost.example", True), ("http://127.0.0.1:9", False),
    ("http://[::1]:9", False), ("http://localhost:9", False), ("https://molecule.example", False)])
def test_a_token_that_would_travel_in_the_clear_is_warned_about(elsewhere: Machine, url: str, warned: bool) -> None:
    added = elsewhere.run("config", "add", "work", "--url", url, stdin="a-token")
    assert added.returncode == DONE and ("in the clear" in added.stderr) == warned, added.stderr
    again = elsewhere.run("config", "set", "token", stdin="another")
    assert again.returncode == DONE and ("in the clear" in again.stderr) == warned, again.stderr
    without = elsewhere.run("config", "add", "none", "--url", url, "--no-token")
    assert without.returncode == DONE and "in the clear" not in without.stderr


def test_the_token_of_a_platform_that_does_not_run_stays_at_home(elsewhere: Machine, stage: Stage) -> None:
    data = elsewhere.home / "stopped"
    data.mkdir(mode=0o700)
    (data / "admin_token").write_text("its-token-of-32-characters-or-so")
    (data / "admin_token").chmod(0o600)
    with InItsPlace({"/workspaces": (200, []), "/health": (200, {"version": "1"})}) as other:
        (data / "lock").write_text(f"1\n{other.url}\n")
        for words in (["ws", "list"], ["top"], ["config", "view"]):
            ran = elsewhere.run(*words, "--data", data, MOLECULE_API_KEY="of-another-place")
            assert (ran.returncode, ran.stdout) == (NOT_REACHABLE, ""), words
            assert f"no platform runs on {data}" in ran.stderr and "molecule serve" in ran.stderr
        with (data / "lock").open("r+") as lock:
            lock.truncate()
            fcntl.flock(lock, fcntl.LOCK_EX)
            ran = elsewhere.run("ws", "list", "--data", data)
            assert ran.returncode == NOT_REACHABLE and "does not say where it answers" in ran.stderr
        usual = elsewhere.json("config", "view", MOLECULE_DATA_DIR=str(data))
        assert (usual["url"], usual["token_from"]) == ("http://127.0.0.1:8080", ""), "whoever answers there is not known"
        elsewhere.must("ws", "list", "--url", other.url, MOLECULE_DATA_DIR=str(data))
        assert [bearer for _, _, bearer in other.asked] == [None]
    ran = elsewhere.run("doctor", "--data", data)
    assert ran.returncode == FAILED and "FAIL  platform" in ran.stdout and "molecule serve" in ran.stdout
    assert elsewhere.json("config", "view", MOLECULE_API_KEY="x")["token_from"] == "MOLECULE_API_KEY"


def test_init_explains_and_overwrites_nothing(elsewhere: Machine) -> None:
    assert elsewhere.must("config", "init").strip() == str(elsewhere.profiles)
    assert "# url = " in elsewhere.profiles.read_text() and elsewhere.profiles.stat().st_mode & 0o777 == 0o600
    assert elsewhere.run("config", "init").returncode == REFUSED
    elsewhere.must("config", "init", "--force")
    assert elsewhere.json("config", "list") == []


def test_the_other_name_has_the_same_verbs(elsewhere: Machine, stage: Stage) -> None:
    link = elsewhere.home / "molecli"
    link.symlink_to(BINARY)
    ran = elsewhere.run("ws", "list", "--json", program=link, MOLECLI_URL=stage.url, ADMIN_TOKEN=admin_token(stage))
    assert ran.returncode == DONE and ran.stdout.startswith("["), ran.stderr
    with Terminal([str(link)], {**elsewhere.environment, "MOLECLI_URL": stage.url, "ADMIN_TOKEN": admin_token(stage)}, 100, 30,
                  elsewhere.home) as dashboard:
        dashboard.wait_for("Agents")
        dashboard.type("q")
        assert dashboard.ended() == DONE, "without a verb it is the dashboard"


def test_a_key_that_is_passed_over_is_named(elsewhere: Machine, stage: Stage) -> None:
    elsewhere.must("config", "add", "work", "--url", stage.url, stdin=admin_token(stage))
    ran = elsewhere.run("ws", "list", "-o", "json", MOLECULE_API_KEY="meant-to-narrow-it")
    assert ran.returncode == DONE and "MOLECULE_API_KEY is not used" in ran.stderr and "narrow" not in ran.stderr
    for quiet in ({}, {"MOLECULE_API_KEY": admin_token(stage)}):
        assert elsewhere.run("ws", "list", **quiet).stderr in ("", elsewhere.run("ws", "list").stderr)
    assert "not used" not in elsewhere.run("ws", "list", "--profile", "work", MOLECULE_API_KEY="x").stderr, "that was said on purpose"


def test_tickets_are_made_where_everything_else_is_asked(elsewhere: Machine, machine: Machine, stage: Stage) -> None:
    elsewhere.must("config", "add", "work", "--url", stage.url, stdin=admin_token(stage))
    made = elsewhere.json("ticket", "create", "--name", "by profile")
    assert made["ticket"].startswith("mjt_")
    key = stage.must("POST", "/org/tokens", {"name": "tickets", "scope": "operate"})["auth_token"]
    other = Machine(elsewhere.home / "other", MOLECULE_API_URL=stage.url, MOLECULE_API_KEY=key, MOLECULE_DATA_DIR=str(elsewhere.home))
    listed = {each["id"]: each["name"] for each in other.json("ticket", "list")["tickets"]}
    assert listed[made["id"]] == "by profile"
    assert f"- id: \"{made['id']}\"\n" in other.must("ticket", "ls", "-o", "yaml") and made["id"][-12:] in elsewhere.must("ticket", "list", "--profile", "work")
    parent = stage.external("ticket parent")
    below = machine.json("ticket", "create", "--role", "Reads", "--parent", "ticket parent")
    [row] = [each for each in machine.json("ticket", "list")["tickets"] if each["id"] == below["id"]]
    assert row["parent_id"] == parent["id"], "a parent may be named by its name"
    assert "Revoked" in other.must("ticket", "revoke", made["id"])
    assert other.run("ticket", "revoke", "no id").returncode == WRONG_USAGE
