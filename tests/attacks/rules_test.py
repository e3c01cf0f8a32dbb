"""What one rule refuses, tried through another door: a sibling's socket, a proxy's back, a name that looks like another."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from attackers import Org, message, refused
from held import Held
from stage import BINARY, Stage, wait_for


def listen(org: Org, token: str) -> Held:
    follower = Held(org.stage.url)
    follower.socket(f"Authorization: Bearer {token}")
    return follower


def heard(follower: Held, until: str) -> list[dict[str, Any]]:
    """Everything a follower is told, up to the event of that type."""
    told: list[dict[str, Any]] = []
    while True:
        opcode, payload = follower.frame()
        assert opcode == 1, (opcode, payload)
        event = json.loads(payload)
        told.append(event)
        if event["event"] == until:
            return told


def test_a_siblings_socket_tells_nothing_that_its_routes_refuse(org: Org) -> None:
    parent = org.resident("parent")
    victim, sibling = org.resident("victim", parent.id), org.resident("sibling", parent.id)
    for each in (victim, sibling):
        assert each.register().status_code == 200
    secrets = {"word": uuid.uuid4().hex, "answer": uuid.uuid4().hex, "note": uuid.uuid4().hex,
               "key": f"KEY_{uuid.uuid4().hex}", "task": uuid.uuid4().hex, "folder": f"/srv/{uuid.uuid4().hex}"}
    with listen(org, sibling.token) as peer, listen(org, victim.token) as own:
        assert org.ask("POST", f"/workspaces/{victim.id}/a2a", message(secrets["word"])).status_code < 300
        inbox = victim.ask("GET", "/workspaces/SELF/activity?type=a2a_receive").json()
        assert victim.ask("POST", "/workspaces/SELF/notify", {"message": secrets["answer"], "reply_to": inbox[0]["id"]}).ok
        assert victim.ask("POST", "/workspaces/SELF/notify", {"message": secrets["note"]}).ok
        assert victim.ask("POST", "/workspaces/SELF/secrets", {"key": secrets["key"], "value": "v"}).ok
        assert victim.beat(current_task=secrets["task"], active_tasks=1).ok
        to_peer, to_itself = heard(peer, "TASK_UPDATED"), heard(own, "TASK_UPDATED")
        assert org.ask("PATCH", f"/workspaces/{victim.id}", {"workspace_dir": secrets["folder"]}).ok
        assert org.ask("PATCH", f"/workspaces/{victim.id}", {"name": f"renamed {uuid.uuid4().hex[:8]}"}).ok
        assert victim.ask("POST", "/registry/update-card", {"workspace_id": victim.id, "agent_card": {"name": "last"}}).ok
        to_peer += heard(peer, "AGENT_CARD_UPDATED")
        to_itself += heard(own, "AGENT_CARD_UPDATED")
    for what, text in secrets.items():
        assert text in json.dumps(to_itself), what
        assert text not in json.dumps(to_peer), what
    assert {"TASK_UPDATED", "WORKSPACE_UPDATED", "AGENT_CARD_UPDATED"} <= {event["event"] for event in to_peer}
    assert all(event["workspace_id"] == victim.id for event in to_peer)


def test_what_two_say_to_each_other_both_follow_and_a_third_does_not(org: Org) -> None:
    parent = org.resident("parent")
    asker, asked, third = (org.resident(name, parent.id) for name in ("asker", "asked", "third"))
    for each in (asker, asked, third):
        assert each.register().status_code == 200
    word = uuid.uuid4().hex
    with listen(org, asker.token) as one, listen(org, third.token) as other:
        assert asker.ask("POST", f"/workspaces/{asked.id}/a2a", message(word)).status_code < 300
        assert asked.ask("POST", "/registry/update-card", {"workspace_id": asked.id, "agent_card": {"name": "last"}}).ok
        assert any(word in json.dumps(event) and event["workspace_id"] == asked.id
                   for event in heard(one, "AGENT_CARD_UPDATED"))
        assert word not in json.dumps(heard(other, "AGENT_CARD_UPDATED"))


def test_a_good_token_without_the_right_is_told_so_and_kept(org: Org) -> None:
    one, other = org.resident("one"), org.resident("other")
    for method, path in (("GET", "/workspaces"), ("GET", "/events"), ("GET", "/admin/secrets"), ("GET", "/auth/me")):
        assert refused(one.ask(method, path), 403)["code"] == "admin_required", path
    for path in ("/activity", "/secrets", "/tokens", "/state"):
        answer = one.ask("GET", f"/workspaces/{other.id}{path}")
        assert refused(answer, 403)["code"] == "token_workspace_mismatch", path
        assert "WWW-Authenticate" not in answer.headers
    assert one.ask("GET", "/workspaces/SELF/state").ok
    assert refused(org.ask("GET", "/workspaces", token="mol_nonsense"), 401)["code"] == "invalid_admin_token"


@pytest.mark.parametrize("header", ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 proxy",
                                    "X-Real-IP: 127.0.0.1"])
def test_metrics_are_for_operators_wherever_they_ask_from(org: Org, header: str) -> None:
    name, value = header.split(": ")
    for headers in ({}, {name: value}):
        refused(org.ask("GET", "/metrics", token="", headers=headers), 401)
        refused(org.ask("GET", "/metrics", token=org.resident("curious").token, headers=headers), 403)
        assert org.ask("GET", "/metrics", headers=headers).ok
    wait_for("the log to name the setting", lambda: "MOLECULE_TRUSTED_PROXIES" in org.stage.log_text())


NAMES = {"a zero-width space": "p\u200bm", "a filler": "\u3164", "only spaces": "   ", "a space at the end": "pm ",
         "a space before": " pm", "two spaces": "p  m", "a soft hyphen": "p\u00adm", "a change of direction": "p\u202em",
         "a byte order mark": "p\ufeffm", "a blank of Braille": "\u2800", "a space that is none": "p\u00a0m",
         "a tag": "p\U000e0041m", "a mark alone": "\u0301", "a private character": "p\ue000m", "no character": "p\u0378m",
         "a line end": "p\u2028m", "a joiner": "p\u200dm"}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_that_deceives_is_refused_wherever_it_is_given(org: Org, kind: str) -> None:
    name, agent = NAMES[kind], org.resident("named")
    refused(org.ask("POST", "/workspaces", {"name": name, "runtime": "external"}), 400)
    refused(org.ask("PATCH", f"/workspaces/{agent.id}", {"name": name}), 400)
    refused(agent.register(agent_card={"name": name}), 400)
    assert agent.register(agent_card={"name": "plain"}).ok


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\u2066", "\u00ad", "\u0085", "\u2028", "\ue000", "\ufeff"])
def test_no_line_that_people_read_hides_anything(org: Org, hidden: str) -> None:
    agent, line = org.resident("lined"), f"reads{hidden}things"
    for body in ({"role": line}, {"runtime": line}):
        refused(org.ask("PATCH", f"/workspaces/{agent.id}", body), 400)
    refused(org.ask("POST", "/workspaces", {"name": "x", "runtime": "external", "model": line}), 400)
    refused(agent.register(agent_card={"name": "n", "skills": [{"id": "s", "name": line}]}), 400)
    refused(agent.ask("POST", "/workspaces/SELF/tokens", {"label": line}), 400)


def test_a_siblings_likeness_is_taken_by_every_door(org: Org) -> None:
    parent = org.resident("parent").id
    mark = uuid.uuid4().hex[:6]

    def made(name: str) -> dict[str, Any]:
        answer = org.ask("POST", "/workspaces", {"name": name, "runtime": "external", "parent_id": parent})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    assert made(f"paypal {mark}")["name"] == f"paypal {mark}"
    assert made(f"PAYPAL {mark}")["name"] == f"PAYPAL {mark} (2)"
    assert made(f"p\u0430ypal {mark}")["name"].endswith("(3)")
    assert made(f"Jos\u00e9 {mark}")["name"] == f"Jos\u00e9 {mark}"
    assert made(f"Jose\u0301 {mark}")["name"] == f"Jos\u00e9 {mark} (2)"
    other = made(f"other {mark}")["id"]
    for name in (f"p\u0430ypal {mark}", f"Paypal {mark}", f"JOS\u00c9 {mark}"):
        assert refused(org.ask("PATCH", f"/workspaces/{other}", {"name": name}), 409)["code"] == "workspace_name_conflict"
    for name in ("\U0001f680 team", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u65e5\u672c\u8a9e", "\U0001f469\u200d\U0001f4bb dev", "O'Brien (2)"):
        assert made(f"{name} {mark}")["name"] == f"{name} {mark}"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Any]:
    """Starts a platform of the test's own; ends it with the test."""
    started: list[Stage] = []

    def start(*options: str, folder: str = "one") -> Stage:
        made = Stage(tmp_path / folder, *options)
        (tmp_path / folder).mkdir()
        made.start()
        started.append(made)
        return made

    yield start
    for each in started:
        each.close()


def claim_code(stage: Stage) -> str:
    link = subprocess.run([str(BINARY), "admin", "claim", "--data", str(stage.data)], capture_output=True, text=True,
                          timeout=30, check=True).stdout.strip()
    return link.rsplit("/", 1)[1]


def test_a_strangers_burst_keeps_neither_probes_nor_the_right_code_out(alone: Any) -> None:
    stage = alone("--rate-limit", "40")
    for _ in range(12):
        assert requests.post(f"{stage.url}/auth/claim", json={"code": "wrong"}, timeout=10).status_code in (410, 429)
    assert requests.post(f"{stage.url}/auth/claim", json={"code": claim_code(stage)}, timeout=10).status_code == 200
    while requests.get(f"{stage.url}/openapi.json", timeout=10).status_code != 429:
        pass
    for path in ("/healthz", "/readyz", "/health"):
        assert requests.get(stage.url + path, timeout=10).status_code == 200, path
    behind = requests.get(f"{stage.url}/openapi.json", headers={"X-Forwarded-For": "192.0.2.1"}, timeout=10)
    assert "trusted-proxies" in refused(behind, 429)["hint"]


def test_two_platforms_of_one_host_keep_their_sign_ins_apart(alone: Any) -> None:
    one, two = alone(folder="one"), alone(folder="two")
    browser = requests.Session()
    browser.trust_env = False
    for stage in (one, two):
        assert browser.post(f"{stage.url}/auth/claim", json={"code": claim_code(stage)}, timeout=10).ok
    for stage in (one, two):
        assert browser.get(f"{stage.url}/auth/me", timeout=10).json()["signed_in"] is True
    assert len({cookie.name for cookie in browser.cookies}) == 2
    assert all(re.fullmatch(r"molecule_session_[0-9a-f]{8}", cookie.name) for cookie in browser.cookies)


def test_the_second_tab_of_one_browser_is_signed_in(alone: Any) -> None:
    stage = alone()
    browser, code = requests.Session(), claim_code(stage)
    browser.trust_env = False
    for _ in range(2):
        answer = browser.post(f"{stage.url}/auth/claim", json={"code": code}, headers={"Origin": stage.url}, timeout=10)
        assert answer.status_code == 200, answer.text
    assert requests.post(f"{stage.url}/auth/claim", json={"code": code}, timeout=10).status_code == 410


def test_a_page_loads_although_the_proxy_changed_the_host(alone: Any) -> None:
    stage = alone("--platform-url", "https://mol.test")
    page = requests.get(stage.url + "/", headers={"Accept": "text/html"}, timeout=10).text
    parts = re.findall(r'crossorigin (?:src|href)="([^"]*)"', page)
    for origin in ("https://mol.test", "https://other.test"):
        for part in parts:
            # The page names its parts relatively.
            answer = requests.get(urljoin(f"{stage.url}/", part), headers={"Origin": origin}, timeout=10)
            assert answer.status_code == 200, (part, answer.text[:200])
    code = {"code": claim_code(stage)}
    stranger = requests.post(f"{stage.url}/auth/claim", json=code, headers={"Origin": "https://other.test"}, timeout=10)
    assert "PLATFORM_URL" in refused(stranger, 403)["error"]
    assert requests.post(f"{stage.url}/auth/claim", json=code, headers={"Origin": "https://mol.test"}, timeout=10).ok


def test_the_dev_profile_gives_a_token_no_less_than_none(alone: Any) -> None:
    stage = alone("--dev")
    fresh = str(uuid.uuid4())
    made = requests.post(f"{stage.url}/registry/register", json={"id": fresh, "agent_card": {"name": "fresh"}}, timeout=10)
    assert made.status_code == 200, made.text
    mine = {"Authorization": f"Bearer {made.json()['auth_token']}"}
    for headers in ({}, mine):
        assert requests.get(f"{stage.url}/workspaces", headers=headers, timeout=10).status_code == 200
    assert requests.get(f"{stage.url}/workspaces", headers={"Authorization": "Bearer garbage"}, timeout=10).status_code == 401
    # It says who asks: what another workspace is made of is not this one's to say.
    body = {"id": str(uuid.uuid4()), "agent_card": {"name": "another"}}
    foreign = requests.post(f"{stage.url}/registry/register", json=body, headers=mine, timeout=10)
    said = refused(foreign, 403)
    assert said["code"] == "token_workspace_mismatch" and "no Authorization" in said["hint"]
    assert requests.post(f"{stage.url}/registry/register", json=body, timeout=10).ok


def test_a_heartbeat_is_answered_when_what_it_moved_can_be_read(org: Org) -> None:
    for rate, status in ((0.0, "online"), (0.9, "degraded"), (0.0, "online")) * 3:
        agent = org.resident("moved")
        for expected, error_rate in (("online", 0.0), (status, rate)):
            assert agent.beat(error_rate=error_rate).ok
            assert agent.ask("GET", "/workspaces/SELF/state").json()["status"] == expected


def test_a_platform_that_was_stopped_notices_it(alone: Any) -> None:
    """Whom it takes offline afterwards is the matter of presence_test.cc, on a clock that can be moved."""
    stage = alone("--offline-after", "60")
    org = Org(stage)
    try:
        agent = org.resident("patient")
        assert agent.register().ok and agent.beat().ok
        assert stage.pid is not None
        os.kill(stage.pid, signal.SIGSTOP)
        time.sleep(6)  # More than its sweep may be late.
        os.kill(stage.pid, signal.SIGCONT)
        wait_for("the platform to notice", lambda: "did not run for a while" in stage.log_text())
        assert agent.ask("GET", "/workspaces/SELF/state").json()["status"] == "online"
    finally:
        org.close()


@pytest.mark.parametrize(("flag", "value", "said"), [
    ("--log-retention-days", "999999999", "1 to 3650 days"), ("--activity-retention-days", "7d", "1 to 3650 days"),
    ("--offline-after", "0", "60 to 86400 seconds"), ("--offline-after", "29", "60 to 86400 seconds"), ("--platform-url", "javascript:alert(1)", "http"),
    ("--cors-origins", "*", "every page"), ("--hosts", "a/b", "host name"), ("--trusted-proxies", ",", "empty entry"),
    ("--trusted-proxies", "0.0.0.0/0", "your proxies alone"), ("--trusted-proxies", "::/0", "your proxies alone")])
def test_a_setting_without_sense_is_refused_before_anything_is_made(tmp_path: Path, flag: str, value: str, said: str) -> None:
    data = tmp_path / "data"
    done = subprocess.run([str(BINARY), "serve", "--listen", "127.0.0.1:0", "--data", str(data), flag, value],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done
    assert flag.removeprefix("--") in done.stderr and said in done.stderr
    assert not data.exists()
