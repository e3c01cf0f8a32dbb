"""The admin verbs, as a person at a shell uses them: what they print, where, and how they exit."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from stage import BINARY, Stage

DONE, FAILED, WRONG_USAGE, NOT_REACHABLE, REFUSED = range(5)


def molecule(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return subprocess.run([str(BINARY), *map(str, arguments)], env={**kept, **environment}, capture_output=True, text=True,
                          timeout=30, check=False)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    made.start()
    yield made
    made.close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_claim_link_leads_to_the_platform_that_runs(own: Stage) -> None:
    ran = molecule("admin", "claim", "--data", own.data)
    assert ran.returncode == DONE, ran.stderr
    base, _, code = ran.stdout.strip().rpartition("/claim/")
    assert base == own.url, "the port it picked, not the one in the settings"
    assert "30 minutes" in ran.stderr and "No platform" not in ran.stderr
    assert requests.post(f"{base}/auth/claim", json={"code": code}, timeout=10).status_code == 200
    as_json = json.loads(molecule("admin", "claim", "--data", own.data, "-o", "json").stdout)
    assert as_json["url"].startswith(f"{own.url}/claim/") and as_json["running"] is True
    assert as_json["expires_in_seconds"] == 1800
    named = molecule("admin", "claim", "--data", own.data, "--url", "https://molecule.example/")
    assert named.stdout.startswith("https://molecule.example/claim/mol_")


@pytest.mark.parametrize("how", ["flag", "environment", "file"])
def test_a_claim_link_has_the_address_people_use(tmp_path: Path, how: str) -> None:
    public, options, around = "https://molecule.example/below", [], {}
    if how == "flag":
        options = ["--platform-url", public + "/"]
    elif how == "environment":
        around = {"PLATFORM_URL": public}
    else:
        (tmp_path / "data").mkdir(mode=0o700)
        (tmp_path / "data/molecule.conf").write_text(f"platform-url = {public}\n")
    stage = Stage(tmp_path, *options, environment=around)
    try:
        stage.start()
        [ready] = [json.loads(line) for line in stage.log_text().splitlines() if '"message":"ready"' in line]
        assert (ready["url"], ready["public_url"]) == (stage.url, public)
        assert ready["claim_url"].startswith(f"{public}/claim/mol_")
        for said in (molecule("admin", "claim", "--data", stage.data).stdout,
                     json.loads(molecule("admin", "claim", "--data", stage.data, "-o", "json").stdout)["url"]):
            assert said.startswith(f"{public}/claim/mol_")
        # Programs of this machine go straight to it, and a second platform says both.
        assert molecule("admin", "rotate-key", "--data", stage.data).returncode == DONE
        second = molecule("serve", "--data", stage.data, "--listen", "127.0.0.1:0")
        assert second.returncode == REFUSED and f"{stage.url} ({public})" in second.stderr
    finally:
        stage.close()


@pytest.mark.parametrize(("options", "base"), [
    (["--listen", "0.0.0.0:4321"], "http://127.0.0.1:4321"), (["--listen", "[::]:4321"], "http://[::1]:4321"),
    (["--platform-url", "https://molecule.example/"], "https://molecule.example")])
def test_a_claim_link_of_a_platform_that_does_not_run(own: Stage, options: list[str], base: str) -> None:
    assert own.stop() == 0
    assert molecule("admin", "claim", "--data", own.data, *options).stdout.startswith(f"{base}/claim/mol_")


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_what_a_platform_that_is_gone_said_is_not_believed(own: Stage, how: str) -> None:
    if how == "killed":
        own.kill()
    else:
        assert own.stop() == 0
    ran = molecule("admin", "claim", "--data", own.data, "--listen", "127.0.0.1:4321")
    assert ran.returncode == DONE, ran.stderr
    assert ran.stdout.startswith("http://127.0.0.1:4321/claim/")
    assert "No platform runs on this data directory" in ran.stderr
    rotated = molecule("admin", "rotate-key", "--data", own.data)
    assert (rotated.returncode, rotated.stdout) == (NOT_REACHABLE, "")
    assert "molecule serve --data" in rotated.stderr


def test_the_file_that_tells_is_for_its_owner_alone(own: Stage) -> None:
    told = own.data / "lock"
    assert own.url in told.read_text() and told.stat().st_mode & 0o777 == 0o600
    second = molecule("serve", "--data", own.data, "--listen", "127.0.0.1:0")
    assert second.returncode == REFUSED and own.url in second.stderr


def test_no_claim_link_without_a_platform(tmp_path: Path) -> None:
    ran = molecule("admin", "claim", "--data", tmp_path / "empty")
    assert (ran.returncode, ran.stdout) == (FAILED, "")
    assert "holds no platform" in ran.stderr


def test_rotating_the_key_seals_everything_again(own: Stage) -> None:
    made = own.external("keeper")
    for name in ("ONE", "TWO"):
        own.must("POST", f"/workspaces/{made['id']}/secrets", {"key": name, "value": f"value of {name}"})

    def sealed() -> set[bytes]:
        with closing(sqlite3.connect(f"file:{own.data / 'molecule.db'}?mode=ro", uri=True)) as store:
            return {row[0] for row in store.execute("SELECT sealed FROM workspace_secrets")}

    before = sealed()
    assert len(before) >= 2
    keys = (own.data / "sealing_key").read_bytes()
    ran = molecule("admin", "rotate-key", "--data", own.data)
    assert ran.returncode == DONE, ran.stderr
    count = re.fullmatch(r"A new sealing key is in use; (\d+) secrets were sealed again with it\.\n", ran.stdout)
    assert count and int(count[1]) >= 2 and ran.stderr == ""
    assert (own.data / "sealing_key").read_bytes() != keys
    assert not before & sealed()

    def values() -> dict[str, str]:
        answer = requests.get(f"{own.url}/workspaces/{made['id']}/secrets/values", timeout=10,
                              headers={"Authorization": f"Bearer {made['connection']['auth_token']}"})
        return dict(answer.json())

    expected = {"ONE": "value of ONE", "TWO": "value of TWO"}
    assert expected.items() <= values().items()
    assert own.stop() == 0
    own.start()
    assert expected.items() <= values().items(), "and after a restart"
    as_json = json.loads(molecule("admin", "rotate-key", "--data", own.data, "-o", "json").stdout)
    assert as_json["status"] == "rotated" and as_json["unreadable"] == 0 and as_json["resealed"] >= 2


def test_rotating_without_the_right_token_is_refused(own: Stage, tmp_path: Path) -> None:
    wrong = molecule("admin", "rotate-key", "--data", own.data, ADMIN_TOKEN="another operator's token")
    assert (wrong.returncode, wrong.stdout) == (REFUSED, "")
    assert "invalid" in wrong.stderr and "ADMIN_TOKEN" in wrong.stderr
    assert "another operator" not in wrong.stderr, "a token is not repeated"
    none = molecule("admin", "rotate-key", "--data", tmp_path / "elsewhere", "--url", own.url)
    assert none.returncode == REFUSED and "admin_token" in none.stderr


def test_nobody_there_is_its_own_exit_status(own: Stage) -> None:
    ran = molecule("admin", "rotate-key", "--data", own.data, "--url", f"http://127.0.0.1:{free_port()}")
    assert (ran.returncode, ran.stdout) == (NOT_REACHABLE, "")
    assert "no platform answers at" in ran.stderr


@pytest.mark.parametrize("arguments", [[], ["admin"], ["admin", "rotate"], ["admin", "claim", "-o", "yaml"],
                                       ["serve", "--listen", "nowhere"], ["serve", "--no-such-flag"],
                                       ["serve", "--dev", "--listen", "0.0.0.0:0"], ["serve", "--dial-allow", "999"],
                                       ["serve", "--trusted-proxies", "everybody"], ["serve", "--log-level", "loud"],
                                       ["serve", "--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"],
                                       ["serve", "--tls-cert", "/etc/hostname"], ["serve", "--loops", "many"],
                                       ["admin", "rotate-key", "--url", "not a url"]])
def test_wrong_usage_is_explained_and_leaves_nothing_behind(arguments: list[str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    ran = molecule(*arguments, MOLECULE_DATA_DIR=str(data), ADMIN_TOKEN="a token that is long enough")
    assert (ran.returncode, ran.stdout) == (WRONG_USAGE, ""), ran.stderr
    assert "molecule" in ran.stderr and "schema migrated" not in ran.stderr
    assert not data.exists()


def test_a_mistyped_verb_is_told_the_right_ones() -> None:
    assert "serv is not one of its verbs: serve, join, runtime, mcp, admin, top, config, reference, ws, agent" in molecule("serv").stderr
    assert "molecule admin: rotate is not one of its verbs: claim, rotate-key" in molecule("admin", "rotate").stderr
    assert molecule("admin").stderr.count("rotate-key") == 1
    assert "`molecule serve --help`" in molecule("serve", "--no-such-flag").stderr


@pytest.mark.parametrize("verb", [[], ["serve"], ["admin"], ["admin", "claim"], ["admin", "rotate-key"], ["config", "show"]])
def test_help_goes_to_standard_output(verb: list[str]) -> None:
    ran = molecule(*verb, "--help")
    assert (ran.returncode, ran.stderr) == (DONE, "")
    assert f"Usage: {' '.join(['molecule', *verb])} " in ran.stdout


def test_an_address_in_use_is_named(own: Stage, tmp_path: Path) -> None:
    taken = own.url.removeprefix("http://")
    ran = molecule("serve", "--listen", taken, "--data", tmp_path / "other")
    assert ran.returncode == REFUSED and f"{taken} is in use by another process" in ran.stderr
