"""HTTP/2 over the whole binary, spoken by programs that are none of ours."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import pytest
from attackers import Org
from grpc_caller import GrpcCaller
from stage import Stage


def curl(*arguments: str) -> tuple[str, str, str]:
    """Which HTTP was spoken, the status and the body."""
    told = subprocess.run(["curl", "-sS", "--max-time", "20", "--noproxy", "*", "-w", "\n%{http_version} %{http_code}", *arguments],
                          check=True, timeout=30, capture_output=True, text=True).stdout
    body, _, last = told.rpartition("\n")
    version, status = last.split()
    return version, status, body


def test_every_route_is_there_over_both(org: Org) -> None:
    bearer = ["-H", f"Authorization: Bearer {org.admin}"]
    for path in ("/healthz", "/workspaces", "/openapi.json", "/"):
        old = curl("--http1.1", *bearer, org.stage.url + path)
        new = curl("--http2-prior-knowledge", *bearer, org.stage.url + path)
        assert old[0] == "1.1" and new[0] == "2" and old[1:] == new[1:], path
    assert curl("--http2-prior-knowledge", org.stage.url + "/workspaces")[1] == "401"
    made = curl("--http2-prior-knowledge", *bearer, "-d", '{"name":"by h2","runtime":"external","tier":2}', org.stage.url + "/workspaces")
    assert made[1] == "201", made
    assert curl("--http2-prior-knowledge", *bearer, "-H", "Host: evil.example", org.stage.url + "/workspaces")[1] == "403"
    assert curl("--http2-prior-knowledge", *bearer, "-H", "Origin: https://evil.example", org.stage.url + "/workspaces")[1] == "403"


def test_many_requests_over_few_connections_are_all_answered(org: Org) -> None:
    told = subprocess.run(["h2load", "-n", "4000", "-c", "4", "-m", "100", org.stage.url + "/healthz"], check=True, timeout=60,
                          capture_output=True, text=True).stdout
    counts = re.search(r"requests: 4000 total, .* 4000 succeeded, 0 failed", told)
    assert counts, told


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def test_a_byte_that_stands_for_thousands_is_weighed_where_nobody_reads_it(org: Org) -> None:
    """Trailers that name one long field of the table again and again (RFC 7541 6.1), behind a body that still comes."""
    headers, goaway, continuation = 1, 7, 9
    at = urlsplit(org.stage.url)
    long = b"v" * 3900
    named = b"\x40\x03x-a" + b"\x7f" + bytes([(3900 - 127) & 127 | 128, (3900 - 127) >> 7]) + long
    head = b"\x83\x86\x84\x01\x09localhost" + named
    again = b"\xbe" * 16_000
    trailers = frame(headers, 0x1, 1, again) + frame(continuation, 0, 1, again) * 6 + frame(continuation, 0x4, 1, again)
    with socket.create_connection((at.hostname or "", at.port or 0), 10) as peer:
        peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + frame(headers, 0x4, 1, head) + trailers)
        peer.settimeout(10)
        told = bytearray()
        with contextlib.suppress(ConnectionError):
            while piece := peer.recv(65_536):
                told += piece
    ends = {}
    while told:
        size, kind = int.from_bytes(told[:3], "big"), told[3]
        ends[kind] = bytes(told[9:9 + size])
        del told[:9 + size]
    enhance_your_calm = 11
    assert int.from_bytes(ends[goaway][4:8], "big") == enhance_your_calm
    assert org.ask("GET", "/healthz").ok


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Path]]:
    folder = tmp_path_factory.mktemp("encrypted")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
                   check=True, timeout=60, capture_output=True)
    made = Stage(folder, "--tls-cert", str(certificate), "--tls-key", str(key))
    made.start()
    yield made, certificate
    made.close()


def test_over_tls_the_client_chooses(encrypted: tuple[Stage, Path]) -> None:
    stage, certificate = encrypted
    trusted = ["--cacert", str(certificate)]
    assert curl(*trusted, "--http2", stage.url + "/healthz")[:2] == ("2", "200")
    assert curl(*trusted, "--http1.1", stage.url + "/healthz")[:2] == ("1.1", "200")
    assert curl(*trusted, "--no-alpn", stage.url + "/healthz")[:2] == ("1.1", "200")


def test_grpc_goes_over_tls(encrypted: tuple[Stage, Path]) -> None:
    stage, certificate = encrypted
    assert urlsplit(stage.url).scheme == "https"
    token = (stage.data / "admin_token").read_text().strip()
    caller = GrpcCaller(stage.url, token, "00000000-0000-4000-8000-000000000000",
                        grpc.ssl_channel_credentials(certificate.read_bytes()))
    with pytest.raises(grpc.RpcError) as refused:
        caller.ask("GetTask", {"id": "t"})
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    caller.close()
