"""`molecule top` in a terminal: what a person sees, what keys do, and how the terminal is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attackers import Org, Resident
from stage import BINARY, Stage
from terminals import Terminal

Terminals = Callable[..., Terminal]


def named(org: Org, name: str, parent: str | None = None, **fields: object) -> Resident:
    body = {"name": name, "runtime": "external", "tier": 2, **fields}
    if parent is not None:
        body["parent_id"] = parent
    made = org.stage.must("POST", "/workspaces", body)
    return Resident(org, made["id"], made["connection"]["auth_token"])


def online(org: Org, name: str, parent: str | None = None, **fields: object) -> Resident:
    made = named(org, name, parent, **fields)
    assert made.register().status_code == 200
    return made


def row_of(screen: str, name: str) -> str:
    """The row of the list in which it stands; rows of the detail begin otherwise."""
    return next(line for line in screen.split("\n")[3:] if re.match(rf"^ [ ├└│]*{re.escape(name)}\b", line))


def cells(line: str) -> list[str]:
    """A line by its columns: a wide character is followed by nothing."""
    out: list[str] = []
    for character in line:
        wide = ord(character) >= 0x1100 and (character >= "\u2e80" and character < "\ua4d0" or "\uac00" <= character < "\ud7a4"
                                             or ord(character) >= 0x1F300)
        out += [character, ""] if wide else [character]
    return out


# --- what is seen ---


def test_a_small_organisation_at_80_by_24(org: Org, terminal: Terminals) -> None:
    pm = online(org, "pm", role="Coordinator: finds the right peer")
    online(org, "researcher", pm.id, role="Reads files").beat(current_task="Reading README.md", active_tasks=1)
    named(org, "writer", pm.id)
    screen = terminal()
    screen.top(org.stage.data)
    text = screen.see("● live", "Reading README.md")
    lines = text.split("\n")
    assert lines[0].startswith(" molecule   1 Agents  2 Events  3 Delegations  4 Health")
    assert lines[0].rstrip().endswith("● 2  ◌ 1   ● live")
    assert lines[1] == "─" * 80
    assert lines[2].split() == ["NAME", "STATUS", "TASKS", "ERR", "UPTIME", "DOING"]
    assert re.match(r"^ pm +● online +· +· +· +Coordinator: finds the ri…$", lines[3]), lines[3]
    assert re.match(r"^ ├ researcher +● online +1/1 +· +· +Reading README.md$", lines[4]), lines[4]
    assert re.match(r"^ └ writer +◌ awaiting +· +· +·$", lines[5].rstrip()), lines[5]
    assert any(line.startswith("─ pm ──") for line in lines)
    assert lines[23].startswith(" Enter chat  ? help  q quit  / filter  n new  e edit  p pause  d delete")


def test_a_wide_screen_has_the_detail_beside_the_list(org: Org, terminal: Terminals) -> None:
    pm = online(org, "pm", role="Coordinator")
    pm.ask("POST", "/registry/update-card", {"workspace_id": pm.id, "agent_card": {
        "name": "pm", "description": "Finds peers", "skills": [{"id": "plan", "name": "Plan", "description": "x", "tags": []}]}})
    screen = terminal(120, 40)
    screen.top(org.stage.data)
    text = screen.see("● live", "Plan", "Finds peers")
    lines = text.split("\n")
    bar = {line.index("│") for line in lines[2:38] if "│" in line}
    assert bar == {72}
    assert "─ pm ─" in lines[2] and lines[3].startswith(" pm ")
    assert any("skills" in line and "Plan" in line for line in lines)
    # Everything that fits is below; the last line is the hints.
    assert "i detail" in lines[39]


def test_a_wide_screen_also_has_what_happens(org: Org, terminal: Terminals) -> None:
    pm = online(org, "pm")
    screen = terminal(120, 40)
    screen.top(org.stage.data)
    screen.see("● live", "─ lately ─")
    pm.beat(current_task="Counting the words", active_tasks=1)
    text = screen.see("TASK_UPDATED Counting the words")
    assert sum("─ lately ─" in line for line in text.split("\n")) == 2  # Of all, and of the one that is selected.


def test_the_figures_of_every_state_fit_at_80_columns(org: Org, terminal: Terminals) -> None:
    online(org, "one")
    online(org, "two").beat(error_rate=0.9, sample_error="x")
    named(org, "three")
    org.stage.must("POST", f"/workspaces/{online(org, 'four').id}/pause", {})
    screen = terminal()
    screen.top(org.stage.data)
    text = screen.see("● live", "◐ degraded")
    assert re.search(r"4 Health +● 1  ◐ 1  ◌ 1  ■ 1 +● live$", text.split("\n")[0].rstrip())


def test_events_delegations_and_health(org: Org, terminal: Terminals) -> None:
    pm, peer = online(org, "pm"), None
    peer = online(org, "peer", pm.id)
    pm.ask("POST", f"/workspaces/{pm.id}/delegate", {"target_id": peer.id, "task": "Read all of it"})
    peer.beat(error_rate=0.75, sample_error="disk full")
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "◐ degraded")
    screen.keys("2")
    text = screen.see("WHAT", "DELEGATION_SENT", "to peer: Read all of it")
    assert re.match(r"^ \d\d:\d\d:\d\d WORKSPACE_DEGRADED +peer +disk full$", text.split("\n")[3])
    screen.keys("3")
    text = screen.see("Read all of it", "TOOK")
    assert re.search(r"pm +peer +\d+s +Read all of it", text)
    screen.keys("4")
    text = screen.see("1 want attention", "disk full")
    assert "● 1 online" in text and "◐ 1 degraded" in text and org.stage.url in text
    # From what is of concern to whom it concerns.
    screen.keys("Enter")
    screen.see("NAME", "─ peer ─")


def test_what_happens_is_seen_at_once(org: Org, terminal: Terminals) -> None:
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("no workspaces yet", "n makes the first one")
    made = named(org, "late-comer")
    screen.see("◌ awaiting")
    began = time.monotonic()
    made.register()
    screen.wait("it to be online", lambda text: "● online" in row_of(text, "late-comer"))
    assert time.monotonic() - began < 2
    made.beat(current_task="Counting", active_tasks=1)
    screen.see("Counting")
    org.stage.must("PATCH", f"/workspaces/{made.id}", {"name": "renamed"})
    screen.see("renamed")
    org.stage.must("DELETE", f"/workspaces/{made.id}?confirm=true")
    screen.see("no workspaces yet")


# --- names ---


def test_wide_and_combining_characters_keep_the_columns(org: Org, terminal: Terminals) -> None:
    for name in ("plain", "研究員", "e\u0301tude", "한국어 조", "Ünïcödé", "рыба"):
        online(org, name, role="same")
    screen = terminal()
    screen.top(org.stage.data)
    lines = screen.see("● live", "研究員", "plain", "same").split("\n")[3:9]
    signs = {cells(line.replace("\u0301", "")).index("●") for line in lines}
    roles = {"".join(cells(line.replace("\u0301", ""))[45:]).find("same") for line in lines}
    assert len(signs) == 1 and len(roles) == 1, lines
    assert any("e\u0301tude" in line or "étude" in line for line in lines)


HOSTILE = ["\x1b[2J\x1b[1;1Hgone", "\x1b]0;title\x07", "\x1b]52;c;AAAA\x07", "\x9b31m", "\u202eesrever", "a\nb\tc\rd",
           "Z" + "\u0334" * 300, "👩\u200d💻🏽 ok", "\x1b[?1049l\x1bc"]


def test_escapes_in_what_agents_say_do_nothing(org: Org, terminal: Terminals) -> None:
    """Names are checked by the platform; what an agent says of itself and of its work is its own."""
    agents = [online(org, f"agent-{number}") for number in range(len(HOSTILE))]
    screen = terminal(100, 40)
    screen.top(org.stage.data)
    screen.see("● live", "agent-8")
    before = screen.state()
    for agent, text in zip(agents, HOSTILE, strict=True):
        # What the platform takes of it at all.
        agent.beat(current_task=text, active_tasks=1, error_rate=0.9, sample_error=text)
        agent.register(agent_card={"name": "x", "description": text, "skills": [
            {"id": text[:20], "name": text, "description": text, "tags": []}]})
        agent.ask("POST", f"/workspaces/{agent.id}/notify", {"message": text})
    screen.see("esrever", "␛[2J", "◐ degraded")
    for _ in agents:
        screen.keys("Down")
        lines = screen.lines()
        assert lines[0].startswith(" molecule   1 Agents")
        assert {line.index("│") for line in lines[2:] if "│" in line} <= set()
        rows = [line for line in lines if re.match(r"^ agent-\d ", line)]
        assert len(rows) == len(HOSTILE), "\n".join(lines)
        assert len({re.search(r"[●◐]", row).start() for row in rows}) == 1  # type: ignore[union-attr]
        assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", "".join(lines)) is None
    screen.keys("2")
    text = screen.see("WHAT", "␛[?1049l␛c")
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffd]", text.replace("\ufffd31m", "")) is None
    screen.keys("q")
    screen.see("ended with 0")
    assert before["alternate_on"] == "1"


# --- sizes ---


def test_every_size_is_drawn_whole(org: Org, terminal: Terminals) -> None:
    pm = online(org, "pm")
    for number in range(30):
        online(org, f"agent-{number:02}", pm.id)
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "of 31")
    for columns, rows in ((120, 40), (40, 12), (30, 8), (10, 3), (200, 60), (80, 24)):
        screen.resize(columns, rows)
        if rows < 6:
            screen.see("too small")
            continue
        screen.wait(f"{columns} by {rows}", lambda text, columns=columns: text.split("\n")[1] == "─" * columns)
        text = screen.see("live", "pm", "agent-00")
        assert max(len(line) for line in text.split("\n")) <= columns


def test_a_long_list_scrolls(org: Org, terminal: Terminals) -> None:
    for number in range(40):
        named(org, f"agent-{number:02}")
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "agent-00", "of 40")
    screen.keys("G")
    screen.see("agent-39", "of 40")
    screen.keys("g")
    screen.see("agent-00")
    screen.keys("NPage", "NPage")
    screen.see_no("agent-00")
    # Nobody has to look for the one that was chosen while others come and go.
    screen.keys("/")
    screen.type("agent-17")
    screen.keys("Enter")
    text = screen.see("─ agent-17 ")
    assert "agent-18" not in text and "/agent-17" in text.split("\n")[23]
    screen.keys("Escape")
    screen.see("─ agent-17 ", "agent-16")


# --- changing things ---


def test_a_new_workspace_says_how_its_agent_joins(org: Org, terminal: Terminals) -> None:
    named(org, "pm")
    screen = terminal(100, 30)
    screen.top(org.stage.data)
    screen.see("● live", "pm")
    screen.keys("n")
    screen.see("new workspace", "what others call it")
    screen.type("critic")
    screen.keys("Enter")
    screen.type("Reads it again")
    screen.keys("Enter", "Enter")
    screen.type("pm")
    screen.see("Enter does it")
    screen.keys("Enter")
    text = screen.see("critic waits for its agent", "told this once")
    [token] = re.findall(r"token +(mol_[\w-]+)", text)
    [made] = [each for each in org.stage.must("GET", "/workspaces") if each["name"] == "critic"]
    assert made["role"] == "Reads it again" and made["tier"] == 2 and made["parent_id"]
    assert Resident(org, made["id"], token).register().status_code == 200
    # Whole, outside of the frame.
    screen.keys("p")
    text = screen.see("Enter comes back.")
    shown = text.replace("\n", "")
    assert f"echo {token} | molecule join {org.stage.url} --workspace {made['id']} --token-stdin" in shown
    screen.keys("Enter")
    screen.see("critic waits for its agent")
    screen.keys("Escape")
    text = screen.see_no("waits for its agent")
    assert token not in text and "└ critic" in text and "● online" in text
    screen.keys("c")
    screen.see("critic waits for its agent", token)


def test_a_token_does_not_take_the_keyboard(org: Org, terminal: Terminals) -> None:
    named(org, "pm")
    screen = terminal(100, 30)
    screen.top(org.stage.data)
    screen.see("● live", "pm")
    screen.keys("n")
    screen.type("critic")
    screen.keys("Enter", "Enter", "Enter")
    screen.see("Enter does it")
    platform = org.stage.pid
    assert platform is not None
    os.kill(platform, signal.SIGSTOP)
    try:
        screen.keys("Enter")
        screen.see("asking the platform")
        screen.keys("Escape")
        screen.see("it was sent already")
        screen.keys("/")
        screen.type("pm")
    finally:
        os.kill(platform, signal.SIGCONT)
    screen.wait("the sign", lambda text: "token of critic waits: c" in text and "/pm" in text, seconds=25)
    screen.keys("Enter", "c")
    text = screen.see("critic waits for its agent")
    assert re.search(r"token +mol_[\w-]+", text)


def test_how_an_agent_joins_that_was_made_elsewhere(org: Org, terminal: Terminals) -> None:
    made = named(org, "pm")
    screen = terminal(100, 30)
    screen.top(org.stage.data)
    screen.see("● live", "pm")
    screen.keys("c")
    text = screen.see("pm: how its agent joins", "molecule join", made.id)
    assert made.token not in text
    screen.keys("Escape")
    screen.see_no("how its agent joins")


def test_a_refused_form_says_why_and_stays(org: Org, terminal: Terminals) -> None:
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("no workspaces yet")
    screen.keys("n")
    screen.type("x" * 300)
    screen.keys("Enter", "Enter", "Enter", "Enter")
    screen.see("new workspace", "255")
    screen.keys("Escape")
    screen.see("no workspaces yet")


def test_editing_sends_what_was_changed(org: Org, terminal: Terminals) -> None:
    made = named(org, "pm", role="Old role")
    named(org, "boss")
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "pm")
    screen.keys("Down", "e")
    screen.see("edit pm", "Old role")
    screen.keys("Enter", "C-u")
    screen.type("New role")
    screen.keys("Enter", "Enter")
    screen.type("boss")
    screen.keys("Enter")
    screen.see("pm was changed", "└ pm", "New role")
    row = org.stage.workspace(made.id)
    assert row["name"] == "pm" and row["role"] == "New role" and row["parent_id"]


def test_pause_and_resume(org: Org, terminal: Terminals) -> None:
    made = online(org, "pm")
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "● online", "p pause")
    screen.keys("p")
    screen.see("■ paused", "p resume")
    assert org.stage.workspace(made.id)["status"] == "paused"
    screen.keys("p")
    screen.see_no("■ paused")
    assert org.stage.workspace(made.id)["status"] != "paused"


def test_deleting_asks_first(org: Org, terminal: Terminals) -> None:
    pm = named(org, "pm")
    named(org, "child", pm.id)
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "└ child")
    screen.keys("d")
    screen.see("Delete pm?", "1 workspace below it goes with it.", "y deletes it")
    screen.keys("Enter")
    screen.see("nothing was deleted")
    assert len(org.stage.must("GET", "/workspaces")) == 2
    screen.keys("d")
    screen.see("Delete pm?")
    screen.keys("y")
    screen.see("no workspaces yet", "pm was deleted")
    assert org.stage.must("GET", "/workspaces") == []


def test_keys_before_a_question_is_seen_are_no_answer(org: Org, terminal: Terminals) -> None:
    named(org, "pm")
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "pm")
    screen.type("dy")
    screen.see("Delete pm?")
    screen.keys("x")
    screen.see("nothing was deleted")
    assert len(org.stage.must("GET", "/workspaces")) == 1


def test_pausing_a_branch_says_how_many_and_asks(org: Org, terminal: Terminals) -> None:
    pm = online(org, "pm")
    child = online(org, "child", pm.id)
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "└ child")
    screen.keys("p")
    screen.see("Pause pm?", "1 workspace below it goes", "y pauses all")
    screen.keys("y")
    screen.wait("both to rest", lambda text: text.count("■ paused") >= 2)
    assert org.stage.workspace(child.id)["status"] == "paused"


def test_help_is_one_key_away(org: Org, terminal: Terminals) -> None:
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live")
    screen.keys("?")
    screen.see("─ help: any key closes it ─", "how its agent joins", "Ctrl-L redraws", "silent for 90 s", "wait no longer")
    screen.keys("x")
    screen.see_no("─ help")


def test_a_mouse_is_taken_when_asked_for(org: Org, terminal: Terminals) -> None:
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live")
    assert screen.state()["mouse_any_flag"] == "0"
    other = terminal()
    other.top(org.stage.data, "--mouse")
    other.see("● live")
    assert other.state()["mouse_any_flag"] == "1"


# --- a platform that goes and comes ---


def test_a_restart_shows_the_age_and_then_goes_on(org: Org, terminal: Terminals) -> None:
    made = online(org, "pm")
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "● online")
    org.stage.kill()
    screen.see("○ stale", "pm", "● online")
    screen.wait("its age", lambda text: re.search(r"stale [2-9]s", text) is not None)
    screen.see("connect")  # Why.
    org.stage.start()
    screen.see("● live")
    made.beat(current_task="Back again", active_tasks=1)
    text = screen.see("Back again")
    assert "stale" not in text


def test_what_happened_in_between_is_not_missed(org: Org, terminal: Terminals) -> None:
    named(org, "pm")
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "pm")
    # Its process sleeps while things happen.
    pid = screen.pid()
    os.kill(pid, signal.SIGSTOP)
    made = named(org, "while-it-slept")
    org.stage.stop()
    org.stage.start()
    org.stage.must("PATCH", f"/workspaces/{made.id}", {"role": "Came in between"})
    os.kill(pid, signal.SIGCONT)
    screen.see("while-it-slept", "Came in between", "● live")


def test_it_waits_for_a_platform_that_is_not_there_yet(stage: Stage, org: Org, terminal: Terminals) -> None:
    named(org, "pm")
    url = stage.url
    stage.stop()
    screen = terminal()
    screen.top(stage.data, "--url", url)
    screen.see("○ connecting", "waiting for the platform")
    stage.start()
    screen.see("● live", "pm")


def test_a_refused_token_is_said(org: Org, terminal: Terminals) -> None:
    screen = terminal()
    screen.top(org.stage.data, ADMIN_TOKEN="wrong")
    screen.see("✗ refused")
    screen.keys("q")
    screen.see("ended with 0")


# --- how the terminal is left ---


def left_well(screen: Terminal) -> None:
    assert screen.state() == {"alternate_on": "0", "cursor_flag": "1", "mouse_any_flag": "0"}
    assert "molecule   1 Agents" not in screen.screen()


@pytest.mark.parametrize("keys", [["q"], ["C-c"], ["n", "C-c"], ["Enter", "C-c"]])
def test_keys_that_quit(org: Org, terminal: Terminals, keys: list[str]) -> None:
    named(org, "pm")
    screen = terminal()
    screen.top(org.stage.data, "--mouse")
    screen.see("● live", "pm")
    screen.keys(*keys)
    screen.see("ended with 0")
    left_well(screen)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_that_quit(org: Org, terminal: Terminals, how: signal.Signals) -> None:
    screen = terminal()
    screen.top(org.stage.data, "--mouse")
    screen.see("● live")
    if how == signal.SIGHUP:  # Its terminal is there, so this asks for nothing.
        os.kill(screen.pid(), how)
        how = signal.SIGTERM
    os.kill(screen.pid(), how)
    screen.see("ended with 0")
    left_well(screen)


def test_a_second_signal_at_once_leaves_the_terminal_well(org: Org, terminal: Terminals) -> None:
    for _ in range(5):
        screen = terminal()
        screen.top(org.stage.data, "--mouse")
        screen.see("● live")
        pid = screen.pid()
        os.kill(pid, signal.SIGSTOP)  # So that both are there before it does anything.
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGCONT)
        screen.see("ended with")
        left_well(screen)


def test_a_crash_of_its_own_leaves_the_terminal_well(org: Org, terminal: Terminals) -> None:
    screen = terminal()
    screen.top(org.stage.data, "--mouse")
    screen.see("● live")
    os.kill(screen.pid(), signal.SIGSEGV)
    screen.see("ended with 139")
    left_well(screen)


def test_it_is_suspended_and_goes_on(org: Org, terminal: Terminals) -> None:
    named(org, "pm")
    screen = terminal()
    screen.shell()
    screen.see("at the shell $")
    screen.type(f"{BINARY} top --data {org.stage.data}")
    screen.keys("Enter")
    screen.see("● live", "pm")
    screen.keys("C-z")
    screen.see("Stopped", "at the shell $")
    assert screen.state()["alternate_on"] == "0"
    screen.type("echo typed $((40 + 2))")
    screen.keys("Enter")
    screen.see("typed 42")
    made = named(org, "came-meanwhile")
    screen.type("fg")
    screen.keys("Enter")
    text = screen.see("● live", "came-meanwhile", "Enter chat")
    assert "typed 42" not in text
    screen.keys("/")
    screen.type("meanwhile")
    screen.keys("Enter")
    screen.see("─ came-meanwhile ─", made.id)
    screen.keys("q")
    screen.see("at the shell $", "typed 42")
    screen.type("stty -a | tr ' ' '\\n' | grep -c '^-echo;*$'")
    screen.keys("Enter")
    screen.wait("an echoing terminal", lambda text: "\n0\n" in text)


def test_it_ends_with_its_terminal(org: Org, terminal: Terminals) -> None:
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live")
    pid = screen.pid()
    screen.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "it is still there"
        time.sleep(0.05)


def test_without_colours_nothing_is_coloured(org: Org, terminal: Terminals) -> None:
    online(org, "pm")
    plain, coloured = terminal(), terminal()
    plain.top(org.stage.data, NO_COLOR="1")
    coloured.top(org.stage.data)
    plain.see("● live", "● online")
    coloured.see("● live", "● online")
    assert re.search(r"\x1b\[[\d;]*3[0-8]", coloured.coloured())
    assert re.search(r"\x1b\[[\d;]*(3[0-8]|4[0-8]|9\d)m", plain.coloured()) is None
    assert plain.screen() == coloured.screen()


def test_a_terminal_without_utf8_gets_ascii(org: Org, terminal: Terminals) -> None:
    online(org, "pm", role="研究")
    screen = terminal()
    screen.top(org.stage.data, LC_ALL="C")
    text = screen.see("* live", "pm", "* online", "????")
    assert text.isascii()


def test_without_a_terminal_it_says_so(stage: Stage) -> None:
    ran = subprocess.run([str(BINARY), "top", "--data", str(stage.data)], capture_output=True, text=True, timeout=20,
                         stdin=subprocess.DEVNULL)
    assert ran.returncode == 2 and "have to be a terminal" in ran.stderr and ran.stdout == ""


@pytest.mark.parametrize("kind", ["dumb", "no-such-terminal"])
def test_a_terminal_that_can_do_nothing_is_said(org: Org, terminal: Terminals, kind: str) -> None:
    screen = terminal()
    screen.top(org.stage.data, TERM=kind)
    screen.see("TERM names its kind", "ended with 2")


def test_a_thousand_workspaces(org: Org, terminal: Terminals) -> None:
    for number in range(1000):
        org.stage.must("POST", "/workspaces", {"name": f"agent-{number:04}", "runtime": "external"})
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", "of 1000")
    screen.keys("G")
    began = time.monotonic()
    screen.see("agent-0999")
    assert time.monotonic() - began < 2
    assert json.loads(json.dumps(screen.state()))["alternate_on"] == "1"
