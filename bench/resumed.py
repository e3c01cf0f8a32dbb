"""How long it takes until one goes on who was cut off: a reader of a stream who comes again with Last-Event-ID, and a relay whose
connection was cut under a stream. Beside them the least it could take: a new connection and the first piece of a new stream, from
the agent itself and through nginx, read by the same client."""

import contextlib
import http.client
import socket
import statistics
import threading
import time
from contextlib import ExitStack

from servers import ADMIN_HOST, Failed, Joined, Molecule, Nginx, Server
from ways import PIECE, spread, stream_request

TIMES = 20  # In a turn, of each.
RELAY_TIMES = 5
EVERY_US = 2000  # Between the pieces of the stream that a relay carries.
BETWEEN = 150  # Pieces that pass between one cut and the next.
AN_HOUR = 3_600_000_000


class Cutter:
    """A TCP way to a port of this machine, cut when told to."""

    def __init__(self, port: int):
        self._to = port
        self._listener = socket.create_server((ADMIN_HOST, 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        several, self._open = self._open, []
        for each in several:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection((ADMIN_HOST, self._to), 5)
                far.settimeout(None)
                for each in (near, far):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := one.recv(65536):
                other.sendall(part)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        one.close()


class Reading:
    """One stream; its pieces as they come."""

    def __init__(self, port: int, request: str, after: int | None = None):
        head, body = request.split("\n\n", 1)
        first, *lines = head.split("\n")
        headers = dict(line.split(": ", 1) for line in lines)
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        self.began = time.monotonic()
        self._connection = http.client.HTTPConnection(ADMIN_HOST, port, timeout=20)
        self._connection.request("POST", first.split()[1], body.strip(), headers)
        self._response = self._connection.getresponse()
        if self._response.status != 200:
            raise Failed(f"a stream: {self._response.status} {self._response.read(300)!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def piece(self) -> float:
        """The time at which the next piece was there."""
        while line := self._response.readline():
            if b'"text":"at=' in line:
                return time.monotonic()
        raise Failed("a stream ended before it was over")


class Resumed:
    HEAD = ("going on after a cut", "p50 ms", "least-most", "x direct", "x nginx")

    def __init__(self, bench):
        self._bench = bench
        self.rows: list[tuple] = []

    def run(self, echo: Server, nginx: Nginx) -> None:
        bench, port = self._bench, int(echo.match[1])
        direct, through_nginx, reader, relay = [], [], [], []
        with ExitStack() as stack:
            server = stack.enter_context(Molecule(bench.options.binary, bench.data("resumed"), bench.cwd))
            cutter = stack.enter_context(Cutter(server.port))
            sender = server.external("sender")["connection"]["auth_token"]
            pushed, relayed = server.external("pushed"), server.external("relayed")
            server.register(pushed, f"http://{ADMIN_HOST}:{port}/")
            stack.enter_context(Joined(bench.options.binary, server, relayed, f"http://{ADMIN_HOST}:{port}", bench.cwd, cutter.port))
            for _ in range(bench.options.runs):
                for _ in range(TIMES):
                    direct.append(self._first(port, "/", "x"))
                    through_nginx.append(self._first(nginx.port, "/unbuffered", "x"))
                    reader.append(self._reader(server.port, f"/workspaces/{pushed['id']}/a2a", sender))
                relay += self._relay(server.port, f"/workspaces/{relayed['id']}/a2a", sender, cutter)
        bases = [statistics.median(direct), statistics.median(through_nginx)]
        for name, taken in (("a connection and a first piece: direct", direct), ("a connection and a first piece: nginx", through_nginx),
                            ("a reader comes again with Last-Event-ID", reader), ("the connection of a relay was cut", relay)):
            middle = statistics.median(taken)
            ratios = [f"{middle / base:.1f}" if taken in (reader, relay) else "" for base in bases]
            self.rows.append((name, f"{middle:.2f}", spread(taken, 2), *ratios))
            print(f"  {name}: {middle:.2f} ms", flush=True)

    def _request(self, path: str, token: str, pieces: int, every_us: int) -> str:
        self._bench.next_id += 1
        return stream_request(path, token, pieces, every_us, PIECE).replace("{id}", f"{self._bench.next_id:016x}")

    def _first(self, port: int, path: str, token: str) -> float:
        with Reading(port, self._request(path, token, 2, AN_HOUR)) as reading:
            return (reading.piece() - reading.began) * 1000

    def _reader(self, port: int, path: str, token: str) -> float:
        """The task is the first event of the stream, and its piece the second."""
        request = self._request(path, token, 2, AN_HOUR)
        with Reading(port, request) as reading:
            reading.piece()
        with Reading(port, request, after=1) as reading:
            return (reading.piece() - reading.began) * 1000

    def _relay(self, port: int, path: str, token: str, cutter: Cutter) -> list[float]:
        """The silence that a reader of the stream hears: some pieces were past the place of the cut already."""
        silences = []
        with Reading(port, self._request(path, token, (RELAY_TIMES + 2) * BETWEEN, EVERY_US)) as reading:
            for _ in range(BETWEEN):
                last = reading.piece()
            for _ in range(RELAY_TIMES):
                cutter.cut()
                longest = 0.0
                for _ in range(BETWEEN):
                    now = reading.piece()
                    longest, last = max(longest, now - last), now
                silences.append(longest * 1000)
        return silences
