"""./dev bench: the project's figures, each beside nginx in the same run on the same machine.

Starts and ends every server itself, on loopback and free ports, pinned to core 0; the load generator
and the echo agent are pinned to core 1. Only the standard library is used.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from accept import Accept
from attachments import Attachments
from bindings import Bindings
from costs import Costs
from held import Held
from notifications import Notifications
from resumed import Resumed
from servers import LOAD_CORE, Failed, Molecule, Nginx, Server, memory_mb, processor_seconds
from ways import Ways

__all__ = ["memory_mb", "processor_seconds"]

SECTIONS = ("start", "health", "heartbeat", "messages", "bindings", "ways", "resumed", "held", "attachments", "notifications", "accept", "costs")
# What every message of a measurement is; the load generator puts a number of its own in the place of {id}.
TEXT = "Summarise the quarterly report in three bullet points, and name the page each one is taken from. " * 3
BODY = (
    '{"jsonrpc":"2.0","id":"{id}","method":"message/send","params":{"message":{"role":"user","messageId":"{id}",'
    '"parts":[{"kind":"text","text":"' + TEXT + '"}]}}}'
)


def send_request(path: str, token: str, body: str = BODY) -> str:
    return (f"POST {path} HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer {token}\nContent-Type: application/json\n\n{body}\n")


@dataclass
class Run:
    rps: float
    p50: float
    p99: float
    cpu_us: float  # Server processor time per request.
    busy: float  # Share of its core the server used.


def median_run(runs: list[Run]) -> Run:
    return sorted(runs, key=lambda r: r.rps)[len(runs) // 2]


class Bench:
    def __init__(self, options):
        self.options = options
        self.cwd = Path(tempfile.mkdtemp(prefix="molecule-bench."))
        os.chmod(self.cwd, 0o711)  # nginx's worker is another user.
        self.next_id = 1
        self.rows: list[tuple] = []

    def data(self, name: str) -> Path:
        path = self.cwd / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    text, body, send_request = TEXT, BODY, staticmethod(send_request)

    def request(self, name: str, text: str) -> Path:
        path = self.cwd / f"{name}.request"
        path.touch(mode=0o600)  # It holds a credential.
        path.write_text(text)
        return path

    def load(self, port, request, *, seconds, warmup=0.5, rows=None, connections=64, requests=0, expect=200, answers=None, redis=None,
             grpc=None):
        argv = [
            "taskset", "-c", LOAD_CORE, str(self.options.tools / "load"), "--port", str(port), "--request", str(request),
            "--connections", str(connections), "--seconds", str(seconds), "--warmup", str(warmup),
            "--first-id", str(self.next_id), "--expect", str(expect),
        ]
        for flag, value in (("--rows", rows), ("--requests", requests or None), ("--answers", answers), ("--redis", redis), ("--grpc", grpc)):
            if value is not None:
                argv += [flag, str(value)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 120)
        if done.returncode != 0:
            raise Failed(f"load on {request.stem}: {done.stderr.strip()} {done.stdout.strip()}")
        report = json.loads(done.stdout)
        self.next_id = report["next_id"]
        return report

    def measure(self, server: Server, port: int, request: Path, **how) -> Run:
        runs = []
        for _ in range(self.options.runs):
            # The warm-up is outside the processor time too: it is a load of its own.
            self.load(port, request, seconds=0.3, warmup=0, **how)
            before, began = server.used(), time.monotonic()
            report = self.load(port, request, seconds=self.options.seconds, warmup=0, **how)
            wall, used = time.monotonic() - began, server.used() - before
            runs.append(Run(report["rps"], report["p50_us"], report["p99_us"], used / max(report["requests"], 1) * 1e6, used / wall))
        return median_run(runs)

    def row(self, name: str, run: Run, peak: float, baseline: Run | None = None):
        ratio = f"{run.rps / baseline.rps:.2f}" if baseline else ""
        cpu_ratio = f"{baseline.cpu_us / run.cpu_us:.2f}" if baseline else ""
        self.rows.append((name, f"{run.rps:,.0f}", f"{run.p50 / 1000:.3f}", f"{run.p99 / 1000:.3f}", f"{run.cpu_us:.1f}",
                          f"{run.busy * 100:.0f}", f"{peak:.0f}", ratio, cpu_ratio))
        print(f"  {name}: {run.rps:,.0f}/s", flush=True)

    # ---- the figures

    def start_up(self):
        times_empty, times_full, idle = [], [], []
        for i in range(5):
            with Molecule(self.options.binary, self.data(f"start{i}"), self.cwd) as server:
                times_empty.append(server.ready_after * 1000)
            with Molecule(self.options.binary, self.data(f"start{i}"), self.cwd) as server:
                times_full.append(server.ready_after * 1000)
                time.sleep(1)  # Idle is what is left when start-up has settled.
                idle.append(memory_mb(server.process.pid, "VmRSS"))
        size = self.options.binary.stat().st_size / (1 << 20)
        return {
            "ready, empty data directory": f"{statistics.median(times_empty):.0f} ms",
            "ready, existing data directory": f"{statistics.median(times_full):.0f} ms",
            "idle memory": f"{statistics.median(idle):.1f} MB",
            "binary": f"{size:.1f} MB",
        }

    def health(self, nginx: Nginx):
        get = "GET {} HTTP/1.1\nHost: 127.0.0.1\nAccept: */*\n\n"
        base = self.measure(nginx, nginx.port, self.request("static", get.format("/static")))
        with Molecule(self.options.binary, self.data("health"), self.cwd) as server:
            ours = self.measure(server, server.port, self.request("health", get.format("/healthz")))
            peak = server.peak_mb()
        self.row("(a) health", ours, peak, base)
        self.row("    nginx, static reply", base, nginx.peak_mb())

    def heartbeat(self, nginx: Nginx):
        with Molecule(self.options.binary, self.data("heartbeat"), self.cwd, limited=False) as server:
            rows = self.make_tokens(server, self.options.tokens)
        with Molecule(self.options.binary, self.data("heartbeat"), self.cwd) as server:
            print(f"  ready with them after {server.ready_after * 1000:.0f} ms", flush=True)
            beat = (
                "POST {path} HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer {{1}}\nContent-Type: application/json\n\n"
                '{{"workspace_id":"{{0}}","active_tasks":0,"current_task":"","error_rate":0,"uptime_seconds":60}}\n'
            )
            beats = self.request("heartbeat", beat.format(path="/registry/heartbeat"))
            self.bring_online(server, beats, rows)
            base = self.measure(nginx, nginx.port, self.request("static-post", beat.format(path="/static")), rows=rows)
            ours = self.measure(server, server.port, beats, rows=rows)
            peak = server.peak_mb()
        self.row(f"(b) heartbeat, {self.options.tokens:,} agents online", ours, peak, base)
        self.row("    nginx, static reply to the same POST", base, nginx.peak_mb())

    def bring_online(self, server: Molecule, beats: Path, rows: Path):
        """An agent's first heartbeat is written and told to everyone: another figure than the ones after it."""
        began = time.monotonic()
        self.load(server.port, beats, seconds=600, warmup=0, requests=self.options.tokens, rows=rows)
        newest = None
        while (now := server.call("GET", "/events?limit=1")) != newest:
            newest = now
            if time.monotonic() - began > 300:
                raise Failed("the agents' first heartbeats are still being told after 300 s")
            time.sleep(0.5)
        print(f"  {self.options.tokens:,} agents came online in {time.monotonic() - began:.1f} s", flush=True)

    def make_tokens(self, server: Molecule, count: int) -> Path:
        create = self.request(
            "create",
            f"POST /workspaces HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer {server.admin}\nContent-Type: application/json\n\n"
            '{"name":"bench-{id}","external":true,"delivery_mode":"poll"}\n',
        )
        answers_file, rows = self.cwd / "created", self.cwd / "rows"
        answers_file.touch(mode=0o600)  # Tokens, too.
        began = time.monotonic()
        self.load(server.port, create, seconds=600, requests=count, expect=201, answers=answers_file)
        print(f"  {count:,} workspaces with a token each made in {time.monotonic() - began:.1f} s", flush=True)
        rows.touch(mode=0o600)
        with rows.open("w") as out:
            for line in answers_file.read_text().splitlines():
                made = json.loads(line)
                out.write(f"{made['id']} {made['connection']['auth_token']}\n")
        answers_file.unlink()
        return rows

    def messages(self, nginx: Nginx, echo_port: int):
        base = self.measure(nginx, nginx.port, self.request("proxied", send_request("/a2a", "x" * 53)))
        with Molecule(self.options.binary, self.data("messages"), self.cwd) as server:
            target = server.call("POST", "/workspaces", {"name": "echo", "external": True, "url": f"http://127.0.0.1:{echo_port}/", "max_concurrent_tasks": 1000})
            ours = self.measure(server, server.port, self.from_peer(server, "push", target))
            peak = server.peak_mb()
        self.row("(c) A2A message/send to a pushed echo agent", ours, peak, base)
        self.row("    nginx, proxy to the same agent", base, nginx.peak_mb())
        with Molecule(self.options.binary, self.data("mailbox"), self.cwd) as server:
            target = server.call("POST", "/workspaces", {"name": "poller", "external": True, "delivery_mode": "poll"})
            ours = self.measure(server, server.port, self.from_peer(server, "poll", target))
            peak = server.peak_mb()
        self.row("(d) durable accept for a polling agent", ours, peak)

    def from_peer(self, server: Molecule, name: str, target: dict) -> Path:
        """A sibling sends, so that the reach rule is part of what is measured."""
        peer = server.call("POST", "/workspaces", {"name": "sender", "external": True, "delivery_mode": "poll"})
        token = peer["connection"]["auth_token"]
        return self.request(name, send_request(f"/workspaces/{target['id']}/a2a", token))

    def to_rows(self, name: str) -> Path:
        """To the workspace and with the token of the next row."""
        return self.request(name, send_request("/workspaces/{0}/a2a", "{1}"))

    def run(self) -> int:
        wanted = set(self.options.only.split(",")) if self.options.only else set(SECTIONS)
        if unknown := wanted - set(SECTIONS):
            raise Failed(f"there is no {', '.join(sorted(unknown))} among {', '.join(SECTIONS)}")
        facts = {}
        accept, costs, bindings = Accept(self, BODY), Costs(self), Bindings(self)
        ways, held, resumed, attachments = Ways(self), Held(self), Resumed(self), Attachments(self)
        notifications = Notifications(self)
        try:
            if "start" in wanted:
                facts = self.start_up()
            with Server([str(self.options.tools / "echo"), "0"], LOAD_CORE, r"^ready (\d+)", self.cwd) as echo:
                echo_port = int(echo.match[1])
                with Nginx(self.cwd, echo_port) as nginx:
                    if "health" in wanted:
                        self.health(nginx)
                    if "heartbeat" in wanted:
                        self.heartbeat(nginx)
                    if "messages" in wanted:
                        self.messages(nginx, echo_port)
                    if "bindings" in wanted:
                        bindings.run(echo, nginx)
                    if "ways" in wanted:
                        ways.run(echo, nginx)
                    if "resumed" in wanted:
                        resumed.run(echo, nginx)
                    if "attachments" in wanted:
                        attachments.run(nginx)
                    if "notifications" in wanted:
                        notifications.run(echo)
                    if "held" in wanted:
                        held.run(echo)
            if "accept" in wanted:
                accept.run()
            if "costs" in wanted:
                costs.run()
        finally:
            if not self.options.keep:
                shutil.rmtree(self.cwd, ignore_errors=True)
        if self.rows:
            print()
            print(table(("", "requests/s", "p50 ms", "p99 ms", "cpu us/req", "core %", "peak MB", "x nginx", "x nginx cpu"), self.rows))
        for head, rows in ((Bindings.HEAD, bindings.rows), (Ways.LATENCY, ways.latencies), (Ways.RATE, ways.rates),
                           (Resumed.HEAD, resumed.rows), (Attachments.HEAD, attachments.rows), (Notifications.HEAD, notifications.rows),
                           (Accept.HEAD, accept.rows)):
            if rows:
                print()
                print(table(head, rows))
        facts |= held.facts | costs.facts
        if facts:
            print()
        for name, value in facts.items():
            print(f"{name + ':':<58} {value}")
        return 0


def table(head: tuple, rows: list[tuple]) -> str:
    widths = [max(len(str(r[i])) for r in (head, *rows)) for i in range(len(head))]
    lines = []
    for row in (head, *rows):
        lines.append("  ".join(str(v).ljust(w) if i == 0 else str(v).rjust(w) for i, (v, w) in enumerate(zip(row, widths))).rstrip())
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--tools", type=Path, required=True, help="folder of load, streams and echo")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--only", default="", help=f"some of {','.join(SECTIONS)}")
    parser.add_argument("--messages", type=int, default=1_000_000, help="messages that wait while memory is measured")
    parser.add_argument("--streams", type=int, default=1000, help="streams that are held at a time")
    parser.add_argument("--keep", action="store_true", help="keep the data and logs")
    options = parser.parse_args()
    options.binary = options.binary.resolve()
    options.tools = options.tools.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return Bench(options).run()
    except (Failed, subprocess.TimeoutExpired) as why:
        print(f"bench: {why}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
