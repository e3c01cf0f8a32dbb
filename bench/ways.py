"""What the way of a message or a stream adds: the same agent asked directly, through nginx, through the platform, and through
the platform and the one connection that `molecule join` holds.

All of them stand at the same time and are asked in turns, so that what the machine does meanwhile happens to all. What is added is
counted turn by turn: a way's figure less that of the direct call of the same turn. The direct call is the same client and the same
agent, so whatever those two cost is in every row.
"""

import json
import os
import statistics
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from accept import quantile
from servers import ADMIN_HOST, LOAD_CORE, Failed, Joined, Molecule, Nginx, Server

DIRECT, NGINX = "direct", "nginx"
STREAMS = ((1, 500), (32, 50))  # Streams at a time, and pieces a second of each.
CALLERS = (1, 32)
PIECE = 200  # Bytes of a piece: a few words of a model.
SYNCS = 50  # Of a turn.
LARGE, LARGE_PIECES = 16 << 10, 512  # Bytes of a piece of the large stream, and how many it has.


def stream_request(path: str, token: str, pieces: int, every_us: int, size: int) -> str:
    text = f"pieces={pieces} every_us={every_us} bytes={size}"
    body = ('{"jsonrpc":"2.0","id":"{id}","method":"message/stream","params":{"message":{"role":"user","messageId":"{id}",'
            '"parts":[{"kind":"text","text":"' + text + '"}]}}}')
    return (f"POST {path} HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer {token}\nContent-Type: application/json\n"
            f"Accept: text/event-stream\n\n{body}\n")


@dataclass
class Way:
    """Where one goes, and what was measured there, turn by turn."""

    port: int
    path: str
    token: str = "x" * 53
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)

    def add(self, report: dict, rate: float) -> None:
        self.p50.append(report["p50_us"] / 1000)
        self.p99.append(report["p99_us"] / 1000)
        self.rate.append(rate)

    def fresh(self) -> "Way":
        return Way(self.port, self.path, self.token)


def added(way: list[float], direct: list[float]) -> float:
    return statistics.median(mine - base for mine, base in zip(way, direct))


def spread(values: list[float], digits: int = 0) -> str:
    return f"{min(values):,.{digits}f}-{max(values):,.{digits}f}"


def times(mine: float, base: float) -> str:
    """A ratio of what is added, where the baseline adds anything that can be told from nothing."""
    return f"{mine / base:.2f}" if base > 0.001 else "-"


def latency_rows(title: str, ways: dict[str, Way], synced: list[float]) -> list[tuple]:
    """Of each way: its latency, what it adds to the direct call, that over what nginx adds and over what a sync took in the same turns,
    and how many a second."""
    rows, direct, nginx = [], ways[DIRECT], ways[NGINX]
    for name, way in ways.items():
        row = [f"{title}: {name}", f"{statistics.median(way.p50):.3f}", f"{statistics.median(way.p99):.3f}"]
        if way is direct:
            row += [""] * 5
        else:
            more = [added(way.p50, direct.p50), added(way.p99, direct.p99)]
            than = [added(nginx.p50, direct.p50), added(nginx.p99, direct.p99)]
            row += [f"{each:+.3f}" for each in more]
            row += [""] * 3 if way is nginx else [*(times(mine, base) for mine, base in zip(more, than)), times(more[0], statistics.median(synced))]
        rows.append((*row, f"{statistics.median(way.rate):,.0f}", spread(way.rate)))
    return rows


def rate_rows(title: str, ways: dict[str, Way]) -> list[tuple]:
    rows, base = [], {name: statistics.median(ways[name].rate) for name in (DIRECT, NGINX)}
    for name, way in ways.items():
        middle = statistics.median(way.rate)
        rows.append((f"{title}: {name}", f"{middle:,.1f}", spread(way.rate, 1),
                     *("" if name == other else f"{middle / base[other]:.3f}" for other in (DIRECT, NGINX))))
    return rows


class Ways:
    LATENCY = ("added to a direct call", "p50 ms", "p99 ms", "added p50", "added p99", "x nginx p50", "x nginx p99", "p50 x sync", "per s", "least-most")
    RATE = ("one stream, as fast as it is taken", "MB/s", "least-most", "x direct", "x nginx")

    def __init__(self, bench):
        self._bench = bench
        self.latencies: list[tuple] = []
        self.rates: list[tuple] = []
        self._synced: list[float] = []

    def run(self, echo: Server, nginx: Nginx) -> None:
        bench, port = self._bench, int(echo.match[1])
        with ExitStack() as stack:
            server = stack.enter_context(Molecule(bench.options.binary, bench.data("ways"), bench.cwd))
            sender = server.external("sender")["connection"]["auth_token"]
            pushed, relayed = server.external("pushed"), server.external("relayed")
            server.register(pushed, f"http://{ADMIN_HOST}:{port}/")
            stack.enter_context(Joined(bench.options.binary, server, relayed, f"http://{ADMIN_HOST}:{port}", bench.cwd))
            ways = {
                DIRECT: Way(port, "/"),
                NGINX: Way(nginx.port, "/unbuffered"),
                "platform": Way(server.port, f"/workspaces/{pushed['id']}/a2a", sender),
                "platform and relay": Way(server.port, f"/workspaces/{relayed['id']}/a2a", sender),
            }
            for callers in CALLERS:
                title = f"message, {callers} caller{'s' * (callers > 1)}"
                self._told(self.latencies, latency_rows(title, *self._turns(ways, lambda way, name: self._messages(way, name, callers))))
            for streams, rate in STREAMS:
                title = f"piece of a stream, {streams} at {rate}/s"
                self._told(self.latencies, latency_rows(title, *self._turns(
                    ways, lambda way, name: self._pieces(way, name, streams, rate))))
            self._told(self.rates, rate_rows(f"{LARGE_PIECES * LARGE >> 20} MiB", self._turns(ways, self._large)[0]))
        taken = sorted(self._synced)
        self._told(self.latencies, [("a sync: a plain append and fdatasync of a message", *(f"{quantile(taken, share):.3f}" for share in (0.5, 0.99)),
                                     *[""] * 5, f"{1000 * len(taken) / sum(taken):,.0f}", "")])

    @staticmethod
    def _told(table: list[tuple], rows: list[tuple]) -> None:
        table += rows
        for row in rows:
            print(f"  {row[0]}: {row[1]}", flush=True)

    def _turns(self, ways: dict[str, Way], measure) -> tuple[dict[str, Way], list[float]]:
        """What was measured, and the milliseconds of a sync in each turn. Every other turn goes the other way round: who comes after
        whom is no part of the figure."""
        measured, synced = {name: way.fresh() for name, way in ways.items()}, []
        for turn in range(self._bench.options.runs):
            synced.append(self._sync())
            for name in list(measured)[::1 - 2 * (turn % 2)]:
                measure(measured[name], name.replace(" ", "-"))
        return measured, synced

    def _sync(self) -> float:
        """What making a message durable takes at the least, where the platform keeps its own: it acknowledges none before."""
        taken, body = [], self._bench.body.encode()
        file = os.open(self._bench.cwd / "synced", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for _ in range(SYNCS):
            began = time.monotonic_ns()
            os.write(file, body)
            os.fdatasync(file)
            taken.append((time.monotonic_ns() - began) / 1e6)
        os.close(file)
        self._synced += taken
        return statistics.median(taken)

    def _messages(self, way: Way, name: str, callers: int) -> None:
        request = self._bench.request(f"message-{name}", self._bench.send_request(way.path, way.token))
        report = self._bench.load(way.port, request, seconds=self._bench.options.seconds, connections=callers)
        way.add(report, report["rps"])

    def _pieces(self, way: Way, name: str, streams: int, rate: int) -> None:
        report = self.read(way, name, streams, max(1, round(self._bench.options.seconds * rate)), 1_000_000 // rate, PIECE)
        way.add(report, report["pieces"] / report["seconds"])

    def _large(self, way: Way, name: str) -> None:
        report = self.read(way, name, 1, LARGE_PIECES, 0, LARGE)
        way.add(report, LARGE_PIECES * LARGE / 1e6 / report["seconds"])

    def read(self, way: Way, name: str, streams: int, pieces: int, every_us: int, size: int) -> dict:
        bench = self._bench
        request = bench.request(f"stream-{name}", stream_request(way.path, way.token, pieces, every_us, size))
        done = subprocess.run(
            ["taskset", "-c", LOAD_CORE, str(bench.options.tools / "streams"), "--port", str(way.port), "--request", str(request),
             "--pieces", str(pieces), "--streams", str(streams), "--first-id", str(bench.next_id)],
            capture_output=True, text=True, timeout=pieces * every_us / 1e6 + 120)
        if done.returncode != 0:
            raise Failed(f"streams on {name}: {done.stderr.strip()} {done.stdout.strip()}")
        report = json.loads(done.stdout)
        bench.next_id = report["next_id"]
        return report
