"""Completion in real shells: what a Tab would offer."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from stage import BINARY, Stage
from terminal import DONE, WRONG_USAGE, Machine, Terminal

NAME = "Zoë the 2nd"


@pytest.fixture
def shells(machine: Machine, stage: Stage) -> Machine:
    """A machine with `molecule` in PATH and a workspace whose name has blanks."""
    if NAME not in [each["name"] for each in stage.must("GET", "/workspaces")]:
        stage.external(NAME)
        stage.external("pm")
    programs = machine.home / "bin"
    programs.mkdir()
    (programs / "molecule").symlink_to(BINARY)
    machine.environment["PATH"] = f"{programs}:{machine.environment['PATH']}"
    return machine


def ran(machine: Machine, *command: str) -> list[str]:
    done = subprocess.run(command, env=machine.environment, cwd=machine.home, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == "", done.stderr
    return done.stdout.splitlines()


def in_bash(machine: Machine, *words: str) -> list[str]:
    script = machine.home / "completion.bash"
    script.write_text(machine.must("completion", "bash"))
    typed = " ".join(f"'{word}'" for word in words)
    return ran(machine, shutil.which("bash") or "bash", "--norc", "-c",
               f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; "
               "_molecule; printf '%s\\n' \"${COMPREPLY[@]}\"")


def in_fish(machine: Machine, *words: str) -> list[str]:
    script = machine.home / "completion.fish"
    script.write_text(machine.must("completion", "fish"))
    line = " ".join(words)
    return [each.split("\t")[0] for each in
            ran(machine, shutil.which("fish") or "fish", "--no-config", "-c", f"source {script}; complete -C '{line}'")]


def in_zsh(machine: Machine, *words: str) -> list[str]:
    """zsh completes at a prompt only; what the function would offer is caught on its way."""
    script = machine.home / "completion.zsh"
    script.write_text(machine.must("completion", "zsh"))
    typed = " ".join(f"'{word}'" for word in words)
    catch = ("compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -rl -- \"$@\" }; "
             "_describe() { print -rl -- ${(P)4%%:*} }; _files() { print -r -- FILES }; ")
    return ran(machine, shutil.which("zsh") or "zsh", "-f", "-c",
               f"source {script}; {catch} words=({typed}); CURRENT={len(words)}; _molecule")


SHELLS = {"bash": in_bash, "zsh": in_zsh, "fish": in_fish}


@pytest.mark.parametrize("shell", SHELLS)
def test_verbs_options_words_and_names(shells: Machine, shell: str) -> None:
    offered = SHELLS[shell]
    assert {"serve", "ws", "agent", "chat", "doctor", "completion"} <= set(offered(shells, "molecule", ""))
    assert {"list", "tree", "create", "delete"} <= set(offered(shells, "molecule", "ws", ""))
    assert {"list", "tree"} <= set(offered(shells, "molecule", "workspaces", "")), "by another name, too"
    assert {"get", "set"} == set(offered(shells, "molecule", "agent", "card", ""))
    assert {"--watch", "--output", "--status"} <= set(offered(shells, "molecule", "ws", "list", "--"))
    assert set(offered(shells, "molecule", "ws", "list", "-o", "")) == {"table", "json", "yaml"}
    assert {"online", "paused"} <= set(offered(shells, "molecule", "ws", "list", "--status", ""))
    assert "list" not in offered(shells, "molecule", "ws", "create", "--name", "list", "")
    names = offered(shells, "molecule", "ws", "get", "")
    assert "pm" in names and len(names) == 2, names
    assert "pm" in offered(shells, "molecule", "ws", "create", "--parent", "")
    assert "pm" in offered(shells, "molecule", "registry", "check-access", "--caller", "pm", "--target", "")


def test_names_with_blanks_are_one_word(shells: Machine) -> None:
    assert shells.must("completion", "--names", "workspaces").splitlines() == ["pm", NAME] or NAME in shells.must(
        "completion", "--names", "workspaces").splitlines()
    [offered] = in_bash(shells, "molecule", "ws", "get", "Zo")
    back = ran(shells, "bash", "--norc", "-c", f"printf '%s\\n' {offered}")
    assert back == [NAME], "as bash reads it again"
    assert NAME in in_zsh(shells, "molecule", "ws", "get", "")
    assert any(each.replace("\\", "") == NAME for each in in_fish(shells, "molecule", "ws", "get", ""))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("typed", ["$(touch ran)", "`touch ran`", "x;touch ran", "x&&touch ran", "\"$(touch ran)", "${x:=$(touch ran)}",
                                   "$(touch ran)/", "~$(touch ran)/"])
def test_what_is_typed_is_not_run(shells: Machine, shell: str, typed: str) -> None:
    for words in (["ws", "get"], ["ws", "create", "--parent"], ["ws", "list", "--profile"], ["ws", "list", "--ca"]):
        SHELLS[shell](shells, "molecule", *words, typed)
        SHELLS[shell](shells, "molecule", *words, typed, "")
    assert not list(shells.home.rglob("ran"))


def test_names_go_on_in_the_quotes_that_are_open(shells: Machine, stage: Stage) -> None:
    odd = "Q \"$(touch ran)\" `touch ran` 'x' \\ y"
    if odd not in [each["name"] for each in stage.must("GET", "/workspaces")]:
        stage.external(odd)
    shown = shells.home / "bin/show"
    shown.write_text("#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n")
    shown.chmod(0o755)
    script = shells.home / "completion.bash"
    script.write_text(shells.must("completion", "bash"))
    with Terminal([shutil.which("bash") or "bash", "--norc", "--noprofile", "-i"],
                  {**shells.environment, "INPUTRC": "/dev/null"}, 200, 24, shells.home) as terminal:
        terminal.type(f"source {script}; echo rea''dy\n")
        terminal.wait_for("ready")
        for count, (typed, name) in enumerate([("Zo", NAME), ("'Zo", NAME), ('"Zo', NAME), ("Zoë\\ t", NAME), ("Q", odd), ("'Q", odd),
                                               ('"Q', odd), ('"Q \\"\\$(', odd)]):
            terminal.type(f"molecule ws get {typed}\t\x01show {count} \n")
            terminal.wait_for(f"<{count}>\n<molecule>\n<ws>\n<get>\n<{name}>\n")
    assert not list(shells.home.rglob("ran"))


def test_profiles_are_completed(shells: Machine) -> None:
    shells.must("config", "add", "work", "--url", "http://127.0.0.1:9", "--no-token")
    for offered in SHELLS.values():
        assert offered(shells, "molecule", "ws", "list", "--profile", "") == ["work"]


def test_a_platform_that_is_away_only_offers_nothing(elsewhere: Machine) -> None:
    ran = elsewhere.run("completion", "--names", "workspaces", MOLECULE_API_URL="http://127.0.0.1:9")
    assert (ran.returncode, ran.stdout, ran.stderr) == (DONE, "", "")


def test_a_platform_that_says_nothing_is_not_waited_for(elsewhere: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        ran = elsewhere.run("completion", "--names", "workspaces", MOLECULE_API_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert (ran.returncode, ran.stdout, ran.stderr) == (DONE, "", "") and time.monotonic() - began < 15


def test_the_script_for_powershell_has_every_verb(elsewhere: Machine) -> None:
    script = elsewhere.must("completion", "powershell")
    assert "'/ws' = @{ Verbs = @('list', 'tree'" in script and "Register-ArgumentCompleter -Native" in script
    assert elsewhere.run("completion", "tcsh").returncode == WRONG_USAGE
    assert elsewhere.run("completion").returncode == WRONG_USAGE


def test_it_is_read_again_without_harm(shells: Machine, tmp_path: Path) -> None:
    for shell in SHELLS:
        file = tmp_path / shell
        file.write_text(shells.must("completion", shell))
        flag = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}[shell]
        assert ran(shells, shell, flag, "-c", f"source {file}; source {file}; echo fine") == ["fine"]
