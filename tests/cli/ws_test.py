"""`molecule ws`: what it prints, where, in which width, and how it exits."""

from __future__ import annotations

import json
import re

import pytest
from stage import Stage, wait_for
from terminal import DONE, FAILED, NOT_REACHABLE, REFUSED, WRONG_USAGE, Machine


def test_a_workspace_from_beginning_to_end(machine: Machine, stage: Stage) -> None:
    made = machine.json("ws", "create", "--name", "life", "--runtime", "external", "--role", "Reads", "--tier", "2")
    assert made["name"] == "life" and made["connection"]["auth_token"].startswith("mol_")
    below = machine.json("ws", "create", "-n", "below life", "--runtime", "external", "--parent", "life")
    assert stage.workspace(below["id"])["parent_id"] == made["id"], "a parent may be named by its name"
    assert machine.json("ws", "get", "life")["id"] == made["id"]
    assert machine.json("workspace", "inspect", made["id"][-12:])["id"] == made["id"], "or by an end of its id"
    assert machine.must("ws", "update", "life", "--name", "longer life", "--role", "Writes") == "Updated.\n"
    assert stage.workspace(made["id"])["role"] == "Writes"
    assert machine.must("ws", "pause", "longer life") == "Paused: 2 workspaces.\n"
    assert stage.workspace(below["id"])["status"] == "paused"
    assert machine.must("ws", "resume", "longer life") == "Resumed: 2 workspaces.\n"
    assert "owner" in machine.must("ws", "restart", "longer life") or stage.workspace(made["id"])["status"] != "failed"
    tree = machine.must("ws", "tree")
    assert tree[tree.index("longer life"):].splitlines()[1].startswith("└─ below life"), tree
    refused = machine.run("ws", "delete", "longer life")
    assert (refused.returncode, refused.stdout) == (WRONG_USAGE, "") and "-y" in refused.stderr
    assert "the 1 below it" in refused.stderr and stage.workspace(made["id"])["name"] == "longer life"
    assert machine.must("ws", "rm", "longer life", "-f") == f"Deleted longer life ({made['id']}) and 1 below it.\n"
    assert stage.ask("GET", f"/workspaces/{made['id']}").status_code == 410
    gone = machine.run("ws", "get", made["id"])
    assert gone.returncode == REFUSED and "next: `molecule ws list`" in gone.stderr


def test_what_goes_with_another_is_deleted_as_well(machine: Machine, stage: Stage) -> None:
    made = [stage.external("above")["id"]]
    made.append(stage.external("between", made[0])["id"])
    made.append(stage.external("beneath", made[1])["id"])
    ran = machine.run("ws", "delete", "above", "beneath", "between", "-y")
    assert ran.returncode == DONE and ran.stdout.startswith(f"Deleted above ({made[0]}) and 2 below it."), ran
    assert ran.stderr.count("went with") == 2
    assert all(stage.ask("GET", f"/workspaces/{each}").status_code == 410 for each in made)


def test_deleting_asks_at_a_terminal(machine: Machine, stage: Stage) -> None:
    made = stage.external("asked about")
    with machine.terminal("ws", "delete", "asked about") as terminal:
        terminal.wait_for(f"Delete asked about ({made['id']})? [y/N]")
        terminal.type("\n")
        assert terminal.ended() == FAILED and "nothing was done" in terminal.seen
    assert stage.workspace(made["id"])["name"] == "asked about"
    with machine.terminal("ws", "delete", "asked about") as terminal:
        terminal.wait_for("[y/N]")
        terminal.type("y\n")
        assert terminal.ended() == DONE and f"Deleted asked about ({made['id']})." in terminal.seen
    assert stage.ask("GET", f"/workspaces/{made['id']}").status_code == 410


def test_the_formats_say_the_same(machine: Machine, stage: Stage) -> None:
    made = stage.external("yes")  # A word that YAML would take for another thing.
    as_json = {each["id"]: each for each in machine.json("ws", "list")}
    assert as_json[made["id"]]["name"] == "yes"
    assert as_json == {each["id"]: each for each in stage.must("GET", "/workspaces")}, "as the platform tells it"
    assert json.loads(machine.must("ws", "list", "--json")) == json.loads(machine.must("ws", "list", "-o", "json"))
    as_yaml = machine.must("ws", "get", "yes", "-o", "yaml")
    assert 'name: "yes"\n' in as_yaml and f"id: \"{made['id']}\"\n" in as_yaml or f"id: {made['id']}\n" in as_yaml
    assert "late: false\n" in as_yaml and "parent_id: null\n" in as_yaml
    table = machine.must("ws", "list")
    assert table.splitlines()[0].split() == ["ID", "NAME", "STATUS", "RUNTIME", "TIER", "TASKS", "ERR%", "UPTIME", "ROLE"]
    [row] = [line for line in table.splitlines() if made["id"] in line]
    assert row.split()[:5] == [made["id"], "yes", "awaiting_agent", "external*", "2"]
    assert "\x1b" not in table, "no colours in a pipe"


def test_a_name_that_is_a_part_of_another_id_takes_nothing_away(machine: Machine, stage: Stage) -> None:
    meant = stage.external("meant")["id"]
    for part in (meant[:8], meant[-12:]):
        assert machine.json("ws", "get", part)["id"] == meant
        other = stage.external(part)["id"]
        for words in (["secret", "set", part, "KEY"], ["ws", "delete", part, "-y"], ["send", part, "to whom?"],
                      ["agent", "model", "set", part, "m"], ["token", "create", part]):
            ran = machine.run(*words, stdin="the value")
            assert (ran.returncode, ran.stdout) == (WRONG_USAGE, ""), words
            assert meant in ran.stderr and other in ran.stderr, words
        assert machine.must("secret", "set", meant, "KEY", stdin="the value") == f"Saved KEY of {meant}.\n"
        assert machine.json("secret", "list", other) == []
        assert machine.must("secret", "set", other, "KEY", stdin="x") == f"Saved KEY of {other}.\n", "by its whole id"
        machine.must("ws", "delete", other, "-y")
    with machine.terminal("secret", "set", meant[:8], "ASKED", columns=200) as terminal:
        terminal.wait_for(f"The value of ASKED of meant ({meant}) (not shown)")
        terminal.type("typed\n")
        assert terminal.ended() == DONE and f"Saved ASKED of meant ({meant})." in terminal.seen
    assert f"Delete the secret KEY of meant ({meant})?" in machine.run("secret", "delete", meant[:8], "KEY").stderr
    assert f"End every token of meant ({meant})?" in machine.run("token", "revoke", "meant", "--all").stderr
    assert f"Delete meant ({meant})?" in machine.run("ws", "delete", meant).stderr, "it is named by both where both are known"
    assert machine.must("agent", "model", "set", "meant", "m") == f"Saved the model of meant ({meant}).\n"
    assert f"meant ({meant})" in machine.run("token", "create", meant[:8]).stderr


def test_names_that_several_have_are_asked_about(machine: Machine, stage: Stage) -> None:
    parent = stage.external("twins")
    made = [stage.external("twin", parent["id"])["id"], stage.external("twin")["id"]]
    ran = machine.run("ws", "get", "twin")
    assert ran.returncode == WRONG_USAGE
    assert all(each in ran.stderr for each in made), ran.stderr
    none = machine.run("ws", "get", "nobody at all")
    assert (none.returncode, none.stdout) == (FAILED, "")
    assert "there is no workspace nobody at all" in none.stderr and "next: `molecule ws list`" in none.stderr


def test_watching_shows_what_changes(machine: Machine, stage: Stage) -> None:
    with machine.terminal("ws", "list", "--watch", columns=120) as terminal:
        terminal.wait_for("STATUS")
        stage.external("seen as it came")
        terminal.wait_for("seen as it came")
        assert "\x1b[H" in terminal.seen, "the screen is drawn over"
        terminal.resize(30, 24)
        stage.external("seen after it shrank")
        terminal.wait_for("seen after")
        last = terminal.seen.rsplit("\x1b[H", 1)[1]
        assert all(width(re.sub("\x1b[^a-zA-Z]*[a-zA-Z]", "", line)) <= 30 for line in last.splitlines()), last
        terminal.interrupt()
        terminal.ended()


def test_a_platform_that_is_away(elsewhere: Machine) -> None:
    ran = elsewhere.run("ws", "list", "--url", "http://127.0.0.1:9")
    assert (ran.returncode, ran.stdout) == (NOT_REACHABLE, "")
    assert "the platform at http://127.0.0.1:9 cannot be reached" in ran.stderr and "next: " in ran.stderr
    for wrong in ("not a url", "ftp://127.0.0.1", "http://user:pass@127.0.0.1"):
        assert elsewhere.run("ws", "list", "--url", wrong).returncode == WRONG_USAGE


def test_a_token_that_is_not_taken_is_not_repeated(elsewhere: Machine, stage: Stage) -> None:
    ran = elsewhere.run("ws", "list", "--url", stage.url, MOLECULE_API_KEY="somebody's own token")
    assert (ran.returncode, ran.stdout) == (REFUSED, "")
    assert "MOLECULE_API_KEY" in ran.stderr and "somebody" not in ran.stderr
    none = elsewhere.run("ws", "list", "--url", stage.url)
    assert none.returncode == REFUSED and "a token is needed" in none.stderr


@pytest.mark.parametrize("words", [["ws"], ["ws", "lst"], ["ws", "create"], ["ws", "get"], ["ws", "list", "-o", "xml"],
                                   ["ws", "create", "-n", "x", "--tier", "7"], ["ws", "update", "x", "--no-such"],
                                   ["ws", "list", "--url", "http://a", "--profile", "b"]])
def test_wrong_usage_is_explained(elsewhere: Machine, words: list[str]) -> None:
    ran = elsewhere.run(*words)
    assert (ran.returncode, ran.stdout) == (WRONG_USAGE, ""), ran.stderr
    assert "molecule" in ran.stderr


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 132])
def test_tables_fit_whatever_agents_call_themselves(machine: Machine, stage: Stage, columns: int) -> None:
    if not any(each["name"] == "长城长城长城" for each in stage.must("GET", "/workspaces")):
        stage.external("长城长城长城")
        stage.external("Zoë the very, very long-winded reader of everything that was ever written down")
        stage.external("👩‍💻 coder")
    with machine.terminal("ws", "list", columns=columns, NO_COLOR="1") as terminal:
        assert terminal.ended() == DONE
        lines = terminal.seen.splitlines()
    assert all(width(line) <= columns for line in lines), [(width(line), line) for line in lines]
    assert any("长城" in line for line in lines) and "\x1b" not in terminal.seen
    assert len(lines) == len(stage.must("GET", "/workspaces")) + 1, "one line each"


def width(line: str) -> int:
    """Columns, as terminals count them."""
    import unicodedata
    total, joined = 0, False
    for each in line:
        if each == "\u200d":
            joined = True
            continue
        if joined or unicodedata.combining(each) or each == "\ufe0f":
            joined = False
            continue
        total += 2 if unicodedata.east_asian_width(each) in "WF" else 1
    return total


def test_without_utf8_nothing_else_is_sent(machine: Machine, stage: Stage) -> None:
    stage.external("Zoë ascii")
    with machine.terminal("ws", "tree", LANG="C", NO_COLOR="1") as terminal:
        assert terminal.ended() == DONE
        assert terminal.seen.isascii() and "Zo? ascii" in terminal.seen
    assert "Zoë ascii" in machine.must("ws", "list", LANG="C"), "a pipe gets what is there"


def test_colours_only_where_they_are_wanted(machine: Machine, stage: Stage) -> None:
    stage.external("in colour")
    with machine.terminal("ws", "list") as terminal:
        assert terminal.ended() == DONE and "\x1b[33mawaiting_agent\x1b[0m" in terminal.seen
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with machine.terminal("ws", "list", **environment) as terminal:
            assert terminal.ended() == DONE and "\x1b" not in terminal.seen


def test_what_an_agent_says_of_itself_commands_no_terminal(machine: Machine, stage: Stage) -> None:
    made = stage.external("hostile")
    card = {"name": "hostile", "description": "\x1b[2J\x1b]0;owned\x07 and \u202eelbisiver\u009b31m", "version": "1", "skills": []}
    stage.must("POST", "/registry/register", {"id": made["id"], "agent_card": card, "delivery_mode": "poll"})
    stage.must("POST", "/registry/heartbeat", {"workspace_id": made["id"], "current_task": "\x1b[8mhidden\x07"})
    wait_for("the task", lambda: stage.workspace(made["id"]).get("current_task"))
    for words in (["ws", "get", "hostile"], ["ws", "tree"], ["ws", "list"], ["ws", "get", "hostile", "-o", "json"],
                  ["ws", "get", "hostile", "-o", "yaml"]):
        with machine.terminal(*words, NO_COLOR="1", columns=200) as terminal:
            assert terminal.ended() == DONE
            for forbidden in ("\x1b", "\x07", "\u009b", "\u202e"):
                assert forbidden not in terminal.seen, (words, terminal.seen)
        assert "\x1b" not in machine.must(*words), "and nobody knows where a pipe leads"
    assert machine.json("ws", "get", "hostile")["agent_card"]["description"] == card["description"], "data stays whole"
