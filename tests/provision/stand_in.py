"""A platform that starts agents, with a small program in the place of the runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dialling import said
from stage import BINARY, Stage, wait_for

PROGRAM = f"""#!/bin/sh
# Is what the configuration names a command: a word that says how to behave, or a command that answers.
directory=$2
command=$(sed -n 's/^  command: "\\(.*\\)"$/\\1/p' "$directory/config.yaml")
echo "begins with $command" >&2
case $command in
  "exit "*) echo "the last line before the end" >&2; exec sh -c "$command" ;;
  "hang") trap '' TERM; echo "hangs" >&2; while true; do sleep 1; done ;;
  "fill") for i in 1 2 3 4 5; do head -c 200000000 /dev/zero > junk$i; done; exec sleep 100000 ;;
esac
exec {BINARY} join "$PLATFORM_URL" --workspace "$WORKSPACE_ID" --command "$command" --token-stdin --state "$HOME" \\
  < "$directory/.auth_token"
"""


def with_agents(folder: Path, *options: str, database_url: str = "", **environment: str) -> Stage:
    """A platform, not started yet, whose agents are the program above."""
    place = folder / "program"
    place.mkdir()
    program = place / "stand-in"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    # Agents are another user's where the tests are root's.
    place.chmod(0o755)
    return Stage(folder, "--agents-program", str(program), "--agents-read", str(BINARY.parent), *options,
                 database_url=database_url, environment=environment)


def make(stage: Stage, name: str, command: str = "cat", **more: Any) -> str:
    made = stage.must("POST", "/workspaces", {"name": name, "runtime": "command", "tier": 2, "command": command, **more})
    assert made["status"] == "provisioning", made
    return str(made["id"])


def process(stage: Stage, workspace: str) -> dict[str, Any]:
    return dict(stage.must("GET", f"/workspaces/{workspace}/process"))


def log(stage: Stage, workspace: str, **query: Any) -> str:
    return "\n".join(stage.must("GET", f"/workspaces/{workspace}/logs", params=query)["lines"])


def online(stage: Stage, workspace: str, status: str = "online", seconds: float = 30) -> None:
    def look() -> bool:
        now = stage.workspace(workspace)
        return bool(now["status"] == status)
    try:
        wait_for(f"{workspace} to be {status}", look, seconds)
    except AssertionError as problem:
        raise AssertionError(f"{problem}: {stage.workspace(workspace)['last_sample_error']} {stage.ask('GET', f'/workspaces/{workspace}/process').text} "
                             f"{stage.ask('GET', f'/workspaces/{workspace}/logs').text}") from None


def answer(stage: Stage, workspace: str, text: str) -> str:
    """What it answers; asked again while it is on its way back to the platform."""
    message = os.urandom(8).hex()

    def asked() -> str | None:
        got = stage.say(workspace, text, message)
        return said(got.json()).strip() if got.status_code == 200 else None
    return str(wait_for(f"{workspace} to answer", asked, 40))


def processes_of(workspace: str) -> list[int]:
    """Of this machine, all that name the workspace in their arguments or their environment."""
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit() or int(each.name) == os.getpid():
            continue
        try:
            text = (each / "cmdline").read_bytes() + (each / "environ").read_bytes()
        except OSError:
            continue
        if workspace.encode() in text:
            found.append(int(each.name))
    return found


def keepers(stage: Stage) -> list[int]:
    """Keepers of this platform's agents, by the directories that they hold locked."""
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit():
            continue
        try:
            if b"keep-confined" not in (each / "cmdline").read_bytes():
                continue
            opened = [os.readlink(entry) for entry in (each / "fd").iterdir()]
        except OSError:
            continue
        if any(path.startswith(str(stage.data)) for path in opened):
            found.append(int(each.name))
    return found


def nothing_left(stage: Stage, workspace: str) -> bool:
    return not processes_of(workspace) and not (stage.data / "agents" / workspace).exists()


def end(made: Stage) -> None:
    """Remove all that it has, and stop it."""
    if made.pid is None:
        made.start()
    for each in made.must("GET", "/workspaces"):
        made.ask("DELETE", f"/workspaces/{each['id']}", params={"confirm": "true"})
    wait_for("all agents to be gone", lambda: not keepers(made), 40)
    made.close()
