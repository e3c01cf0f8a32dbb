"""An agent's life in a container: made, answered from, held in, and removed with all that was its."""

from __future__ import annotations

import os
import time

from containers import remove
from engine import Engine
from stage import Stage
from stand_in import answer, make, online, process


def test_it_answers_from_a_container_and_leaves_nothing(stage: Stage, engine: Engine) -> None:
    began = time.monotonic()
    workspace = make(stage, "counter", "wc -w")
    online(stage, workspace)
    print(f"{engine.kind}: created to online in {time.monotonic() - began:.2f} s")
    assert answer(stage, workspace, "three short words") == "3"
    shown = process(stage, workspace)
    assert shown["driver"] == "container"
    assert engine.kind in shown["isolation"]["applied"][0]
    assert len(engine.labelled(f"molecule.workspace={workspace}")["containers"]) == 1
    remove(stage, engine, workspace)


def test_it_has_no_privileges_and_its_limits(stage: Stage, engine: Engine) -> None:
    secret = "of-the-workspace-" + os.urandom(6).hex()
    command = ("id -u; grep -c . /proc/1/status; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; touch /etc/x 2>&1; "
               "touch /tmp/y && echo temporary; touch $HOME/z && echo home; ls /run /run/molecule; echo \"$SOME_SECRET\"")
    workspace = make(stage, "held", command, secrets={"SOME_SECRET": secret})
    online(stage, workspace)
    said = answer(stage, workspace, "how are you held?")
    assert said.splitlines()[0] != "0"
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "temporary", "home", "platform.sock", secret):
        assert line in said, said
    assert "Read-only file system" in said and "docker.sock" not in said
    seen = engine.container(workspace)
    host = seen["HostConfig"]
    assert host["Memory"] == 2048 << 20 and host["PidsLimit"] == 256
    assert not host["Privileged"] and host["ReadonlyRootfs"]
    token = (stage.data / "agents" / workspace / "config/.auth_token").read_text().strip()
    for hidden in (secret, token):
        assert hidden not in str(seen)
    assert all(engine.socket not in str(mount) for mount in seen["Mounts"])
    remove(stage, engine, workspace)
