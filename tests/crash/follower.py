"""Follows /ws from a sequence number: the few lines of WebSocket that reading needs."""

import base64
import json
import os
import socket
import urllib.request


class Gap(Exception):
    pass


def _exactly(stream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise ConnectionError("the socket ended inside a frame")
    return data


def _frames(stream):
    """Yields (opcode, payload) of complete messages; a server sends them unmasked."""
    whole = b""
    kind = 0
    while True:
        first, second = _exactly(stream, 2)
        size = second & 127
        if size == 126:
            size = int.from_bytes(_exactly(stream, 2), "big")
        elif size == 127:
            size = int.from_bytes(_exactly(stream, 8), "big")
        payload = _exactly(stream, size)
        opcode = first & 15
        if opcode >= 8:
            yield opcode, payload
            continue
        kind = opcode or kind
        whole += payload
        if first & 128:
            yield kind, whole
            whole = b""


def follow(port: int, bearer: str, since: int):
    """The log's events after `since` as /ws tells them, those yet to come included; silence for 20 s ends it with TimeoutError.

    Raises Gap if the server says the position is unknown, or if a number comes out of order.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(
            (
                f"GET /ws?since={since} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {bearer}\r\n"
                f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
            ).encode()
        )
        stream = connection.makefile("rb")
        status = stream.readline()
        if b" 101 " not in status:
            raise ConnectionError(f"/ws answered {status!r}")
        while stream.readline().strip():
            pass
        last = since
        for opcode, payload in _frames(stream):
            if opcode == 8:
                raise ConnectionError(f"/ws closed: {payload!r}")
            if opcode != 1:
                continue
            event = json.loads(payload)
            if event["event"] == "HELLO":
                if not event["resumed"]:
                    raise Gap(f"position {since} was not resumed: {event}")
                continue
            if event.get("transient"):
                continue
            if event["seq"] <= last:
                raise Gap(f"{event['seq']} follows {last}: {event['event']}")
            last = event["seq"]
            yield event


def told(port: int, bearer: str, since: int, until: int) -> list[int]:
    """The numbers after `since` up to `until` of what pages of the past tell: numbers between them belong to nobody outside."""
    found: list[int] = []
    before = until + 1
    while before > since + 1:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/events?limit=500&before={before}", headers={"Authorization": f"Bearer {bearer}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            page = [event["seq"] for event in json.load(answer)]
        if not page:
            break
        found += page
        before = page[-1]
    return sorted(seq for seq in found if seq > since)


def events(port: int, bearer: str, since: int, until: int) -> list[dict]:
    """The log's events after `since` up to `until`, as /ws replays them. Raises Gap if one is missing."""
    found: list[dict] = []
    if until <= since:
        return found
    following = follow(port, bearer, since)
    for event in following:
        found.append(event)
        if event["seq"] >= until:
            following.close()
            missing = set(told(port, bearer, since, until)) - {each["seq"] for each in found}
            if missing:
                raise Gap(f"/ws does not tell of {sorted(missing)[:5]}")
            return found
    raise ConnectionError("/ws ended early")
