"""Methods, paths and fields that nobody offers: told apart by status, with what would have been right."""

from __future__ import annotations

import socket

import pytest
from attackers import Org, refused


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "BREW", "get", "PUT"])
@pytest.mark.parametrize("path", ["/workspaces", "/healthz"])
def test_a_method_that_is_not_offered_is_405_and_says_what_is(org: Org, method: str, path: str) -> None:
    host, port = org.stage.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {org.admin}\r\n"
                           "Connection: close\r\n\r\n".encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ") and b'"code":"method_not_allowed"' in body
    allow = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"allow:"))
    assert b"GET" in allow and method.encode() not in allow.replace(b":", b"").split(b", ")


@pytest.mark.parametrize("path", [
    "/assets/../../../etc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc/passwd",
    "/assets/..%5c..%5cetc/passwd", "/%2e%2e%2fetc/passwd", "//etc/passwd", "/assets/%00", "/assets/x.js%00.css",
    "/claim/../workspaces", "/workspaces/%2e%2e/healthz", "/assets/%c0%ae%c0%ae/etc/passwd", "/.git/config",
    "/assets/", "/data/molecule.db", "/admin_token", "/../data/admin_token"])
def test_a_path_reaches_no_file(org: Org, path: str) -> None:
    host, port = org.stage.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 ", b"HTTP/1.1 404 ")), head
    assert b'"code":"' in body and b"root:" not in body and org.admin.encode() not in body


def test_too_large_a_message_says_how_large_it_may_be(org: Org) -> None:
    agent = org.resident("small")
    answer = refused(org.ask("POST", f"/workspaces/{agent.id}/a2a", raw=b'{"x":"' + b"y" * (17 << 20) + b'"}'), 413)
    assert answer["truncated"] is True and answer["max_bytes"] == 16 << 20


def test_memories_that_are_not_kept_are_not_dropped_silently(org: Org) -> None:
    made = org.ask("POST", "/workspaces", {"name": "forgetful", "runtime": "external",
                                           "initial_memories": [{"content": "the key is under the mat", "scope": "LOCAL"}]})
    assert made.status_code == 201
    assert "initial_memories" in made.json()["warning"] and "under the mat" not in made.text
    assert "warning" not in org.ask("POST", "/workspaces", {"name": "plain", "runtime": "external",
                                                            "initial_memories": []}).json()
    for wrong in ("text", {"content": "x"}, 7):
        answer = refused(org.ask("POST", "/workspaces", {"name": "wrong", "runtime": "external",
                                                         "initial_memories": wrong}), 400)
        assert "initial_memories" in answer["error"]
