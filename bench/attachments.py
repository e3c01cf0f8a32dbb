"""A file of 100 MB up to the platform and down again, beside nginx keeping the same (PUT of WebDAV) and giving it out, and beside what the
platform cannot do without: a plain copy that is hashed and synced. nginx neither hashes nor syncs.

One client does all of it, from the other core; what it costs itself is in every row. Every file that goes up is another one, since the
platform keeps the same bytes once.
"""

import hashlib
import json
import os
import socket
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from servers import ADMIN_HOST, LOAD_CORE, SERVER_CORE, Failed, Molecule, Nginx, Server, memory_mb
from ways import spread

SIZE = 100_000_000
BOUNDARY = "a-boundary-of-its-own"


@contextmanager
def on_core(core: str):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(core)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def reset_peak(server: Server) -> float:
    """What it holds now, in MB, from where its peak is counted anew."""
    for pid in server.pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return sum(memory_mb(pid, "VmRSS") for pid in server.pids)


def exchange(port: int, head: str, before: bytes = b"", file=None, after: bytes = b"") -> tuple[int, bytes, int]:
    """One request with the file in it, or none; answers the status, the beginning of the body and its length."""
    with socket.create_connection((ADMIN_HOST, port), 60) as connection:
        length = len(before) + (os.fstat(file.fileno()).st_size if file else 0) + len(after)
        connection.sendall(f"{head}\r\nHost: {ADMIN_HOST}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode() + before)
        if file is not None:
            file.seek(0)
            connection.sendfile(file)
            connection.sendall(after)
        kept, size = b"", 0
        buffer = bytearray(1 << 20)
        while part := connection.recv_into(buffer):
            size += part
            if len(kept) < 8192:
                kept += buffer[:part]
    answered, _, body = kept.partition(b"\r\n\r\n")
    return int(answered.split()[1]), body, size - len(answered) - 4


@dataclass
class Transfer:
    seconds: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)

    def rates(self) -> list[float]:
        return [SIZE / 1e6 / each for each in self.seconds]


class Attachments:
    HEAD = ("a file of 100 MB", "MB/s", "least-most", "peak MB more", "x nginx", "x copy")

    def __init__(self, bench):
        self._bench = bench
        self.rows: list[tuple] = []

    def run(self, nginx: Nginx) -> None:
        bench = self._bench
        source = bench.cwd / "source"
        with source.open("wb") as out:
            for _ in range(SIZE // 1_000_000):
                out.write(os.urandom(1_000_000))
        transfers = {name: Transfer() for name in (
            "up: nginx, PUT", "up: a copy, hashed and synced", "up: platform", "down: nginx, a static file", "down: platform")}
        with Molecule(bench.options.binary, bench.data("attachments"), bench.cwd) as server, source.open("rb") as file:
            for turn in range(bench.options.runs):
                self._plain(transfers, nginx, file, turn)
                self._copied(transfers["up: a copy, hashed and synced"], source)
                self._platform(transfers, server, file, turn)
        self._tell(transfers)

    def _timed(self, into: Transfer, server: Server, *request, expect: tuple[int, ...]) -> bytes:
        held = reset_peak(server)
        with on_core(LOAD_CORE):
            began = time.monotonic()
            status, body, size = exchange(*request)
            into.seconds.append(time.monotonic() - began)
        if status not in expect or (request[1].startswith("GET") and size < SIZE):
            raise Failed(f"{request[1].splitlines()[0]}: {status}, {size} bytes, {body[:300]!r}")
        into.peak_mb.append(server.peak_mb() - held)
        return body

    def _plain(self, transfers: dict[str, Transfer], nginx: Nginx, file, turn: int) -> None:
        path = f"/files/{turn}"
        self._timed(transfers["up: nginx, PUT"], nginx, nginx.port, f"PUT {path} HTTP/1.1", b"", file, expect=(201, 204))
        self._timed(transfers["down: nginx, a static file"], nginx, nginx.port, f"GET {path} HTTP/1.1", expect=(200,))

    def _copied(self, into: Transfer, source: Path) -> None:
        with on_core(SERVER_CORE), source.open("rb") as read, (self._bench.cwd / "copy").open("wb") as write:
            began, digest = time.monotonic(), hashlib.sha256()
            while part := read.read(1 << 18):
                digest.update(part)
                write.write(part)
            write.flush()
            os.fsync(write.fileno())
            into.seconds.append(time.monotonic() - began)

    def _platform(self, transfers: dict[str, Transfer], server: Molecule, file, turn: int) -> None:
        """In a workspace of its own: there is a bound on what one keeps."""
        target = server.external(f"reader {turn}")
        before = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="measured.bin"\r\n'
                  "Content-Type: application/octet-stream\r\n\r\n").encode() + os.urandom(16)
        head = (f"POST /workspaces/{target['id']}/chat/uploads HTTP/1.1\r\nAuthorization: Bearer {server.admin}\r\n"
                f"Content-Type: multipart/form-data; boundary={BOUNDARY}")
        body = self._timed(transfers["up: platform"], server, server.port, head, before, file, f"\r\n--{BOUNDARY}--\r\n".encode(), expect=(200,))
        [made] = json.loads(body)["files"]
        named = {"kind": "file", "file": {"uri": made["uri"], "name": made["name"], "mimeType": made["mimeType"]}}
        server.call("POST", f"/workspaces/{target['id']}/a2a", {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
            "message": {"role": "user", "messageId": f"file-{turn}", "parts": [named]}}})
        path = f"/workspaces/{target['id']}/attachments/{made['uri'].rsplit('/', 1)[1]}"
        self._timed(transfers["down: platform"], server, server.port,
                    f"GET {path} HTTP/1.1\r\nAuthorization: Bearer {target['connection']['auth_token']}", expect=(200,))

    def _tell(self, transfers: dict[str, Transfer]) -> None:
        middle = {name: statistics.median(each.rates()) for name, each in transfers.items()}
        for name, each in transfers.items():
            ratios = ["", ""]
            if name.endswith("platform"):
                plain = "up: nginx, PUT" if name.startswith("up") else "down: nginx, a static file"
                ratios[0] = f"{middle[name] / middle[plain]:.2f}"
                if name.startswith("up"):
                    ratios[1] = f"{middle[name] / middle['up: a copy, hashed and synced']:.2f}"
            peak = f"{max(each.peak_mb):.1f}" if each.peak_mb else ""
            self.rows.append((name, f"{middle[name]:,.0f}", spread(each.rates()), peak, *ratios))
            print(f"  {name}: {middle[name]:,.0f} MB/s", flush=True)
