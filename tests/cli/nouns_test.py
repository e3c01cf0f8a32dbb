"""The nouns beside workspaces: agents, tokens, secrets, delegations, events, activity, the registry, any request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from agents import Polling, Streamer, piece, status
from stage import Stage, wait_for
from terminal import DONE, FAILED, NOT_REACHABLE, REFUSED, WRONG_USAGE, Machine


def test_agents_and_their_cards(machine: Machine, stage: Stage, tmp_path: Path) -> None:
    card = {"name": "carded", "description": "Reads", "version": "1", "skills": []}
    file = tmp_path / "card.json"
    file.write_text(json.dumps(card))
    made = machine.json("agent", "spawn", "-n", "carded", "--runtime", "external", "--card", file)
    assert stage.workspace(made["id"])["agent_card"]["description"] == "Reads"
    assert machine.json("agent", "card", "get", "carded")["description"] == "Reads"
    machine.must("agent", "card", "set", "carded", "--card-json", json.dumps({**card, "description": "Writes"}))
    machine.must("agent", "edit", "carded", "--role", "writer", "--card", "-", stdin=json.dumps({**card, "description": "Both"}))
    assert (stage.workspace(made["id"])["role"], machine.json("agent", "card", "get", "carded")["description"]) == ("writer", "Both")
    for wrong in (["--card-json", "[1]"], ["--card-json", "{half"], ["--card", tmp_path / "none"],
                  ["--card", file, "--card-json", "{}"], []):
        assert machine.run("agent", "card", "set", "carded", *wrong).returncode == WRONG_USAGE
    assert machine.must("agent", "model", "get", "carded") == "the agent's own default\n"
    machine.must("agent", "model", "set", "carded", "some:model")
    assert machine.must("agent", "model", "get", "carded") == "some:model\n"


def test_agents_are_listed_shown_and_handed_work(machine: Machine, stage: Stage) -> None:
    boss, worker = (stage.external(name)["id"] for name in ("listed boss", "listed worker"))
    stage.must("PATCH", f"/workspaces/{worker}", {"parent_id": boss})
    assert machine.json("agent", "list") == machine.json("ws", "list")
    assert machine.json("agent", "inspect", "listed boss")["id"] == boss
    assert [each["id"] for each in machine.json("agent", "peers", worker) if each["id"] == boss] == [boss]
    handed = machine.json("ws", "delegate", "listed boss", "listed worker", "count")
    assert stage.must("GET", f"/workspaces/{boss}/delegations/{handed['delegation_id']}")["target_id"] == worker


def test_the_platform_in_numbers(machine: Machine, elsewhere: Machine) -> None:
    assert machine.json("platform", "health")["database"] == "ok" and "database  ok" in machine.must("platform", "health")
    stage_has = machine.json("ws", "audit")
    told = machine.json("platform", "audit")
    assert told["workspaces"] == stage_has and set(told) == {"workspaces", "delegations"}
    assert elsewhere.run("platform", "health", "--url", "http://127.0.0.1:1").returncode == NOT_REACHABLE


def test_options_of_all_verbs_may_stand_before_them(machine: Machine, elsewhere: Machine, stage: Stage) -> None:
    rows = machine.json("ws", "list")
    for words in (["-o", "json", "ws", "list"], ["-ojson", "ws", "list"], ["--output=json", "ws", "ls"], ["ws", "--json", "list"]):
        assert json.loads(machine.must(*words)) == rows, words
    ran = machine.run("-v", "--url", stage.url, "ws", "list", "--json")
    assert ran.returncode == DONE and "> GET" in ran.stderr
    for words in (["--nonsense", "ws", "list"], ["-o", "xml", "ws", "list"], ["--json", "serve"], ["-o"], ["-o", "json"]):
        assert elsewhere.run(*words).returncode == WRONG_USAGE, words


def test_tokens_are_shown_once(machine: Machine, stage: Stage) -> None:
    made = stage.external("tokened")
    ran = machine.run("token", "create", "tokened", "--label", "laptop", "--expires-in", "3600")
    token = ran.stdout.strip()
    assert ran.returncode == DONE and token.startswith("mol_") and "this once" in ran.stderr
    own = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{stage.url}/workspaces/{made['id']}", headers=own, timeout=10).status_code == 200
    unseen = machine.unwritten("token", "create", "tokened", "--label", "unseen")
    assert unseen.returncode == FAILED and "nobody has seen it: `molecule token revoke" in unseen.stderr
    rows = machine.json("token", "list", "tokened")["tokens"]
    [row] = [each for each in rows if each.get("label") == "laptop"]
    assert row["expires_at"] and token not in machine.must("token", "list", "tokened")
    assert machine.run("token", "revoke", "tokened", token).returncode == WRONG_USAGE, "a token is no id"
    assert token not in machine.run("token", "revoke", "tokened", token).stderr
    assert machine.run("token", "revoke", "tokened", row["id"]).returncode == WRONG_USAGE, "it asks first"
    machine.must("token", "revoke", "tokened", row["id"], "-y")
    assert requests.get(f"{stage.url}/workspaces/{made['id']}", headers=own, timeout=10).status_code == 401
    assert machine.must("token", "revoke", "tokened", "--all", "-y") == "Revoked: 2.\n"
    assert machine.json("token", "list", "tokened")["tokens"] == []


def test_keys_open_what_they_are_for(machine: Machine, elsewhere: Machine, stage: Stage) -> None:
    ran = machine.run("key", "create", "--name", "ci", "--scope", "read", "--expires-in", "3600")
    key = ran.stdout.strip()
    assert ran.returncode == DONE and "read" in ran.stderr and "this once" in ran.stderr, ran
    assert elsewhere.json("ws", "list", "--url", stage.url, MOLECULE_API_KEY=key) == stage.must("GET", "/workspaces")
    refused = elsewhere.run("ws", "create", "-n", "not by a reader", "--url", stage.url, MOLECULE_API_KEY=key)
    assert (refused.returncode, refused.stdout) == (REFUSED, "") and "next: " in refused.stderr and key not in refused.stderr
    doctor = elsewhere.run("doctor", "--url", stage.url, MOLECULE_API_KEY=key)
    assert "PASS  token" in doctor.stdout, doctor.stdout
    [row] = [each for each in machine.json("key", "list")["tokens"] if each.get("name") == "ci"]
    assert row["scope"] == "read" and row["expires_at"] and key not in machine.must("key", "list")
    assert machine.run("key", "revoke", key).returncode == WRONG_USAGE and key not in machine.run("key", "revoke", key).stderr
    assert machine.run("key", "revoke", row["id"]).returncode == WRONG_USAGE, "it asks first"
    machine.must("key", "revoke", row["id"], "-y")
    assert elsewhere.run("ws", "list", "--url", stage.url, MOLECULE_API_KEY=key).returncode == REFUSED


def test_dead_letters_are_sent_again_or_dropped(machine: Machine, stage: Stage) -> None:
    made = stage.external("lost")
    stage.must("POST", "/registry/register", {"id": made["id"], "url": "http://127.0.0.1:9/", "agent_card": {"name": "lost"}, "delivery_mode": "push"})
    stage.must("POST", f"/workspaces/{made['id']}/pause")
    for text in ("first of all", "second of all"):
        stage.must("POST", f"/workspaces/{made['id']}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
            "expires_in_seconds": 1, "message": {"role": "user", "messageId": text, "parts": [{"kind": "text", "text": text}]}}})
    wait_for("both to end", lambda: len(machine.json("dead-letter", "list", "-w", "lost")["items"]) == 2)
    shown = machine.must("dead-letter", "list", "--limit", "1")
    assert "second of all" in shown and "a person" in shown and "lost" in shown and "first" not in shown
    [second, first] = machine.json("letters", "list")["items"]
    assert set(machine.must("completion", "--names", "dead-letters").split()) == {first["id"], second["id"]}
    assert machine.run("dead-letter", "drop", first["id"], "--reason", "late").returncode == WRONG_USAGE, "it asks first"
    assert machine.run("dead-letter", "drop", first["id"], "-y").returncode == WRONG_USAGE, "it wants a reason"
    assert machine.run("dead-letter", "drop", "nonsense", "--reason", "late", "-y").returncode == WRONG_USAGE
    assert machine.must("dead-letter", "drop", first["id"], "--reason", "late", "-y") == "Dropped.\n"
    stage.must("POST", f"/workspaces/{made['id']}/resume")
    assert machine.must("dead-letter", "resend", second["id"], "--reason", "back").startswith("Sent again, as ")
    assert machine.run("dead-letter", "resend", second["id"], "--reason", "back").returncode in (REFUSED, FAILED), "once"
    none = machine.run("dead-letter", "list")
    assert (none.stdout, none.stderr) == ("", "There is no dead letter.\n")
    decided = machine.must("dead-letter", "list", "--decided")
    assert "dropped: late" in decided and "resent: back" in decided


def test_questions_are_answered(machine: Machine, stage: Stage) -> None:
    def answer(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if message.get("taskId"):
            yield piece(f"painted {message['parts'][0]['text']} for {message['taskId']}", False)
            yield status("completed", final=True)
        else:
            yield status("input-required", "Which colour\x1b[2J?", final=True)

    with Streamer(answer) as agent:
        agent.joins(stage, "painter")
        asks = machine.run("send", "painter", "paint the shed")
        assert asks.returncode == DONE and "asks before it goes on" in asks.stderr
        [question] = machine.json("question", "list")["items"]
        shown = machine.must("questions", "ls")
        assert "painter" in shown and "an answer" in shown and "paint the shed" in shown
        assert machine.must("completion", "--names", "questions").split() == [question["id"]]
        assert machine.must("question", "show", question["id"]).startswith("Which colour") and machine.json("question", "show", question["id"]) == question
        assert machine.run("question", "answer", question["id"][:8], "blue").returncode == WRONG_USAGE
        assert machine.must("question", "answer", question["id"], "blue", "as", "the", "sky") == "painted blue as the sky for t-1\n"
        assert machine.json("question", "list")["items"] == []
        gone = machine.run("question", "answer", question["id"], "red")
        assert gone.returncode == FAILED and "no agent asks" in gone.stderr


def test_requests_and_answers_are_told_without_secrets(machine: Machine, stage: Stage) -> None:
    stage.external("traced")
    token = (stage.data / "admin_token").read_text().strip()
    ran = machine.run("secret", "set", "traced", "PASSWORD", "-v", stdin="of-nobody-else")
    assert ran.returncode == DONE and "of-nobody-else" not in ran.stderr and token not in ran.stderr
    lines = ran.stderr.splitlines()
    assert any(line.startswith(f"> GET {stage.url}/workspaces (0 bytes)") for line in lines)
    assert any(line.startswith("< PUT /workspaces/") and ": 200 " in line and line.endswith(" ms") for line in lines) or \
        any(line.startswith("< POST /workspaces/") and ": 20" in line and line.endswith(" ms") for line in lines), lines
    made = machine.run("token", "create", "traced", MOL_VERBOSE="1")
    assert made.stdout.strip() not in made.stderr and "tokens" in made.stderr
    refused = machine.run("api", "GET", "/nothing", "--verbose")
    assert "< GET /nothing: 404 route_not_found" in refused.stderr
    away = machine.run("ws", "list", "-v", "--url", "http://127.0.0.1:9")
    assert "< GET /workspaces: " in away.stderr and "refused" in away.stderr
    assert ">" not in machine.run("ws", "list").stderr


def test_secrets_come_by_standard_input(machine: Machine, stage: Stage) -> None:
    made = stage.external("keeper")
    value = "line one\nline two with spaces "
    machine.must("secret", "set", "keeper", "PEM", stdin=value + "\n")
    own = {"Authorization": f"Bearer {made['connection']['auth_token']}"}
    values = requests.get(f"{stage.url}/workspaces/{made['id']}/secrets/values", headers=own, timeout=10).json()
    assert values["PEM"] == value, "but for one line end, byte for byte"
    assert machine.run("secret", "set", "keeper", "PEM", "in-the-open").returncode == WRONG_USAGE
    assert machine.run("secret", "set", "keeper", "PEM", stdin="").returncode == WRONG_USAGE
    machine.must("secret", "set-global", "ALL", stdin="x")
    assert ("PEM", "workspace") in [(each["key"], each["scope"]) for each in machine.json("secret", "list", "keeper")]
    assert [each["key"] for each in machine.json("secret", "list-global")] == ["ALL"]
    assert machine.run("secret", "delete", "keeper", "PEM").returncode == WRONG_USAGE
    machine.must("secret", "delete", "keeper", "PEM", "-y")
    machine.must("secret", "delete-global", "ALL", "-y")
    assert machine.json("secret", "list-global") == []


def test_work_is_handed_over_and_waited_for(machine: Machine, stage: Stage) -> None:
    machine.must("ws", "create", "-n", "boss", "--runtime", "external")
    boss = machine.json("ws", "get", "boss")["id"]
    worker = Polling(stage, "worker")
    machine.must("ws", "update", "worker", "--parent", "boss")
    answering = threading.Thread(target=worker.answers, args=("all done",))
    answering.start()
    ran = machine.run("delegation", "create", "boss", "worker", "-", "--wait", "--key", "once", stdin="count")
    answering.join(20)
    assert ran.returncode == DONE and ran.stdout == "completed\nall done\n", ran
    [row] = machine.json("delegation", "list", boss)
    assert machine.json("delegation", "get", "boss", row["delegation_id"])["result"] == "all done"
    assert "worker" in machine.must("delegation", "list", "boss"), "names in place of ids"
    again = machine.json("delegation", "create", "boss", "worker", "count", "--key", "once")
    assert again["idempotent_hit"] is True
    open_one = machine.json("delegation", "create", "boss", "worker", "for ever")["delegation_id"]
    assert machine.run("delegation", "cancel", "boss", open_one).returncode == WRONG_USAGE
    machine.must("delegation", "cancel", "boss", open_one, "-y")
    assert machine.json("delegation", "get", "boss", open_one)["status"] == "canceled"
    assert machine.run("delegation", "get", "boss", "no-id").returncode == WRONG_USAGE


def test_who_reaches_whom(machine: Machine, stage: Stage) -> None:
    lead = stage.external("lead")
    member = stage.external("member", lead["id"])
    stage.external("stranger")
    assert machine.must("registry", "check-access", "--caller", "lead", "--target", "member") == "allowed\n"
    denied = machine.run("registry", "check-access", "--caller", "member", "--target", "stranger")
    assert denied.stdout in ("denied\n", "allowed\n") and denied.returncode == (FAILED if denied.stdout == "denied\n" else DONE)
    assert "member" in machine.must("reg", "peers", "lead")
    stage.must("POST", "/registry/register", {"id": lead["id"], "url": "http://127.0.0.1:9/a2a", "delivery_mode": "push",
                                              "agent_card": {"name": "lead", "description": "", "version": "1", "skills": []}})
    assert machine.must("registry", "discover", "lead").split() == [lead["id"], "lead", "http://127.0.0.1:9/a2a"]
    asked = machine.run("registry", "discover", lead["id"], "--caller", member["id"], "--url", stage.url, "-o", "json",
                        MOLECULE_API_KEY=member["connection"]["auth_token"])
    assert asked.returncode == DONE and json.loads(asked.stdout)["url"] == "http://127.0.0.1:9/a2a", asked.stderr


def test_events_in_pages_and_as_they_happen(machine: Machine, stage: Stage) -> None:
    made = stage.external("eventful")
    newest = machine.json("events", "-l", "3")
    assert len(newest) == 3 and newest[0]["seq"] > newest[2]["seq"]
    everything = machine.json("events", "--limit", "0")
    assert [each["seq"] for each in everything] == sorted({each["seq"] for each in everything}, reverse=True)
    of_one = machine.json("events", "-w", "eventful")
    assert {each["workspace_id"] for each in of_one} == {made["id"]}
    table = machine.must("events", "-w", "eventful").splitlines()
    assert table[0].split() == ["TIME", "EVENT", "WORKSPACE", "DETAIL"] and table[1].split()[1:3] == ["WORKSPACE_PROVISIONING", "eventful"]
    with machine.terminal("events", "--watch", "-l", "1", columns=100, NO_COLOR="1") as terminal:
        terminal.wait_for("EVENT")
        stage.must("PATCH", f"/workspaces/{made['id']}", {"role": "watched"})
        terminal.wait_for("WORKSPACE_UPDATED")
        assert all(len(line) <= 100 for line in terminal.seen.splitlines())
    with machine.terminal("events", "--watch", "-l", "1", "-w", "eventful", "-o", "json", columns=1000) as terminal:
        terminal.wait_for('"seq"')
        stage.external("of no interest")
        stage.must("PATCH", f"/workspaces/{made['id']}", {"role": "watched again"})
        terminal.wait_for("watched again")
        rows = [json.loads(line) for line in terminal.seen.splitlines() if line.endswith("}")]
        assert {row["workspace_id"] for row in rows} == {made["id"]}


def test_activity_goes_on(machine: Machine, stage: Stage) -> None:
    made = stage.external("active")
    stage.must("POST", f"/workspaces/{made['id']}/activity", {"activity_type": "agent_log", "summary": "the first thing"})
    assert "the first thing" in machine.must("activity", "list", "active")
    with machine.terminal("activity", "list", "active", "--watch", NO_COLOR="1") as terminal:
        terminal.wait_for("the first thing")
        stage.must("POST", f"/workspaces/{made['id']}/activity", {"activity_type": "agent_log", "summary": "the second thing"})
        terminal.wait_for("the second thing")
        assert terminal.seen.count("SUMMARY") == 1 and terminal.seen.count("the first thing") == 1


def test_any_request(machine: Machine, stage: Stage) -> None:
    assert json.loads(machine.must("api", "GET", "/healthz")) == {"status": "ok"}
    assert machine.must("api", "get", "/healthz", "-o", "yaml") == "status: ok\n"
    made = json.loads(machine.must("api", "POST", "/workspaces", "-", stdin='{"name": "raw", "runtime": "external"}'))
    assert stage.workspace(made["id"])["name"] == "raw"
    for wrong in (["FETCH", "/healthz"], ["GET", "healthz"], ["GET", "http://127.0.0.1/healthz"], ["POST", "/workspaces", "{half"]):
        ran = machine.run("api", *wrong)
        assert (ran.returncode, ran.stdout) == (WRONG_USAGE, ""), ran
    assert "molecule_" in machine.must("api", "GET", "/metrics"), "what is no JSON comes as it is"


def test_a_watched_list_survives_the_platform(tmp_path: Path) -> None:
    own = Stage(tmp_path)
    own.start()
    try:
        own.external("before")
        there = Machine(tmp_path / "home", MOLECULE_DATA_DIR=str(own.data))
        with there.terminal("ws", "list", "--watch", "--url", own.url, columns=120, NO_COLOR="1") as terminal:
            terminal.wait_for("before")
            own.kill()
            terminal.wait_for("waiting for it")
            own.start()
            own.external("after")
            terminal.wait_for("after")
            assert terminal.process.poll() is None
    finally:
        own.close()
