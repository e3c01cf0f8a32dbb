"""Handshakes and frames that WebSocket does not allow, pages of other origins, and bytes that could be read two ways."""

from __future__ import annotations

import json
import socket
import struct

import pytest
from attackers import Org

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def exchange(org: Org, *pieces: bytes, wait: float = 5, until: bytes = b"") -> bytes:
    """What comes back until the platform hangs up, or until `until` is in it."""
    host, port = org.stage.url.removeprefix("http://").split(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            while not until or until not in received:
                chunk = connection.recv(65536)
                if not chunk:
                    return received + b"(closed)"
                received += chunk
        except ConnectionError:
            return received + b"(closed)"
    return received


def handshake(org: Org, method: str = "GET", version: str = "HTTP/1.1", path: str = "/ws", host: str = "", **changed: str | None) -> bytes:
    headers = {"Host": host or org.stage.url.removeprefix("http://"), "Authorization": f"Bearer {org.admin}",
               "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
    for name, value in changed.items():
        headers[name.replace("_", "-")] = value  # type: ignore[assignment]
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"{method} {path} {version}", *lines, "", ""]).encode()


HANDSHAKES: dict[str, tuple[dict[str, str | None], int]] = {
    "no key": ({"Sec_WebSocket_Key": None}, 400), "a short key": ({"Sec_WebSocket_Key": "short"}, 400),
    "an old version": ({"Sec_WebSocket_Version": "8"}, 426), "no version": ({"Sec_WebSocket_Version": None}, 426),
    "no upgrade": ({"Upgrade": None}, 426), "another upgrade": ({"Upgrade": "h2c"}, 426),
    "no credential": ({"Authorization": None}, 401), "a wrong credential": ({"Authorization": "Bearer x"}, 401),
    "a page elsewhere": ({"Origin": "http://evil.example"}, 403), "a page without a home": ({"Origin": "null"}, 403),
    "a page whose name begins like ours": ({"Origin": "http://127.0.0.1.evil.example"}, 403),
    "a name that is not ours": ({"host": "evil.example"}, 403), "a name that was bound to us": ({"host": "127.0.0.1.nip.example"}, 403),
    "a number that means us": ({"host": "2130706433"}, 403),
    "a position that is none": ({"path": "/ws?since=soon"}, 400), "a position beyond all": ({"path": "/ws?since=" + "9" * 30}, 400),
    "a token in the address": ({"path": "/ws?token=TOKEN", "Authorization": None}, 401),
    "a credential that is no hex": ({"Authorization": None, "Sec_WebSocket_Protocol": "molecule-ws, molecule-auth.zz"}, 401),
    "two credentials": ({"Sec_WebSocket_Protocol": "molecule-auth." + b"mol_other".hex()}, 401)}


@pytest.mark.parametrize("kind", HANDSHAKES)
def test_a_handshake_that_is_none(org: Org, kind: str) -> None:
    changed, status = HANDSHAKES[kind]
    filled = {name: value if value is None else value.replace("TOKEN", org.admin) for name, value in changed.items()}
    answer = exchange(org, handshake(org, **filled), until=b"}")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:300]
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body["error"] and body["code"]
    assert org.admin.encode() not in answer


def frame(opcode: int, data: bytes = b"", *, last: int = 1, masked: bool = True, reserved: int = 0,
          length: int | None = None) -> bytes:
    size, mask_bit = len(data) if length is None else length, 0x80 if masked else 0
    head = bytes([last << 7 | reserved << 4 | opcode])
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + data


FRAMES: dict[str, tuple[bytes, int]] = {
    "not masked": (frame(1, b"x", masked=False), 1002), "reserved bits": (frame(1, b"x", reserved=4), 1002),
    "an unknown kind": (frame(3, b"x"), 1002), "an unknown control": (frame(11), 1002), "a long ping": (frame(9, b"x" * 126), 1002),
    "a ping in pieces": (frame(9, b"x", last=0), 1002), "a second piece first": (frame(0, b"x"), 1002),
    "a text inside a text": (frame(1, b"a", last=0) + frame(1, b"b"), 1002), "a size beyond all": (frame(1, length=1 << 62), 1009),
    "a negative size": (frame(1, length=(1 << 63) + 5), 1002), "a long text": (frame(1, b"x" * 70_000), 1009),
    "many pieces": (frame(1, b"a" * 100, last=0) + frame(0, b"a" * 100, last=0) * 900, 1009),
    "endless pieces": (frame(1, b"a", last=0) + frame(0, last=0) * 100_000, 1008),
    "text that is none": (frame(1, b"\xff\xfe"), 1007), "half a close": (frame(8, b"x"), 1002),
    "a close with no such code": (frame(8, struct.pack(">H", 999)), 1002),
    "a close with a forbidden code": (frame(8, struct.pack(">H", 1005)), 1002),
    "a size said the long way": (bytes([0x81, 0xFE, 0, 1]) + b"\0\0\0\0x", 1002)}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_that_is_none_ends_the_socket_with_its_reason(org: Org, kind: str) -> None:
    data, code = FRAMES[kind]
    received = exchange(org, handshake(org) + data)
    # Piled upon the handshake, so what the log tells meanwhile may stand between the greeting and the end.
    assert b"101 Switching Protocols" in received and received.endswith(b"(closed)")
    _, _, reason = received.rpartition(struct.pack(">H", code))
    words = reason.removesuffix(b"(closed)")
    assert len(words) > 3 and received.endswith(bytes([0x88, 2 + len(words)]) + struct.pack(">H", code) + reason), received[-80:]


def test_pings_are_answered_and_a_flood_of_them_holds_nothing(org: Org) -> None:
    pings = b"".join(frame(9, b"%03d" % number) for number in range(500))
    received = exchange(org, handshake(org), pings + frame(8, struct.pack(">H", 1000)))
    # Of those that come together the newest.
    assert b"\x8a\x03499" in received and b"\x88\x02\x03\xe8" in received
    received = exchange(org, handshake(org), frame(9, b"hi") * 20_000 + frame(8, struct.pack(">H", 1000)))
    assert struct.pack(">H", 1008) + b"too many control frames" in received
    assert org.ask("GET", "/healthz").status_code == 200


def chunked(*chunks: str) -> str:
    return "Transfer-Encoding: chunked\r\n\r\n" + "".join(chunks)


BODY = '{"workspace_id":"SELF"}'
SIZE = f"{len(BODY.replace('SELF', 'x' * 36)):x}"
FRAMINGS = {
    "a negative chunk": chunked("-1\r\n"), "a chunk beyond all": chunked("ffffffffffffffff\r\n"),
    "a chunk with more than 64 bits": chunked("1ffffffffffffffff\r\n"), "a chunk in C": chunked("0x5\r\n"),
    "a chunk with bare line ends": chunked(f"{SIZE}\n{BODY}\n0\n\n"), "a chunk that goes on": chunked(f"{SIZE}\r\n{BODY}XX0\r\n\r\n"),
    "a chunk of zeros": chunked("0" * 30 + f"{SIZE}\r\n{BODY}\r\n0\r\n\r\n"), "a list of lengths": "Content-Length: 2, 2\r\n\r\n{}",
    "no length": "Content-Length: \r\n\r\n{}", "a length beyond all": "Content-Length: 99999999999999999999999\r\n\r\n",
    "a hidden coding": "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", "another coding": "Transfer-Encoding: identity\r\n\r\n",
    "two codings": "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "a body too large": "Content-Length: 1000000\r\n\r\n",
    "a promise too large": "Expect: 100-continue\r\nContent-Length: 9000000\r\n\r\n",
    "another promise": "Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n", "too many headers": "X: y\r\n" * 70 + "\r\n",
    "a header without end": "X: " + "y" * 20_000 + "\r\n\r\n", "a space before the colon": "X : y\r\n\r\n", "a folded line": "X: y\r\n z\r\n\r\n",
    "another host in the target": "", "bare line ends": ""}


@pytest.mark.parametrize("kind", FRAMINGS)
def test_bytes_that_could_be_read_two_ways_end_the_connection(org: Org, kind: str) -> None:
    host = org.stage.url.removeprefix("http://")
    head = f"POST /registry/heartbeat HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {org.admin}\r\n"
    data = head + FRAMINGS[kind].replace("SELF", "x" * 36)
    if kind == "another host in the target":
        data = head.replace("/registry", "http://evil.example/registry") + "\r\n"
    elif kind == "bare line ends":
        data = (head + "\r\n").replace("\r\n", "\n")
    answer = exchange(org, data.encode("latin-1") + f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501 ")) and answer.endswith(b"(closed)"), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1, "the bytes behind were read as a request"
    assert b'"code":"' in answer
