"""./dev bench: the project's figures, each beside nginx in the same run on the same machine.

Starts and ends every server itself, on loopback and free ports, pinned to core 0; the load generator
and the echo agent are pinned to core 1. Only the standard library is used.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE, LOAD_CORE = "0", "1"
ADMIN_HOST = "127.0.0.1"


class Failed(Exception):
    pass


def memory_mb(pid: int, field: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", text)[1]) / 1024


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """A process that prints a line when it is ready, pinned to one core."""

    def __init__(self, argv, core, ready, cwd, env=None):
        self.log = open(Path(cwd) / f"{Path(argv[0]).name}.{time.monotonic_ns()}.log", "wb")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["taskset", "-c", core, *argv], cwd=cwd, stdout=subprocess.PIPE, stderr=self.log, env=env, start_new_session=True
        )
        self.pids = [self.process.pid]
        self.match = None
        while ready:
            line = self.process.stdout.readline().decode()
            if not line:
                raise Failed(f"{argv[0]} ended before it was ready; see {self.log.name}")
            self.match = re.search(ready, line)
            if self.match:
                break
        self.ready_after = time.monotonic() - self.began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def peak_mb(self) -> float:
        return sum(memory_mb(p, "VmHWM") for p in self.pids)

    def used(self) -> float:
        return sum(processor_seconds(p) for p in self.pids)


class Molecule(Server):
    def __init__(self, binary: Path, data: Path, cwd: Path, limited: bool = True):
        # While measuring, the limiter stays in the path, with the highest bounds there are, which are not reached. An
        # operator's bound is fixed, so what an operator sets up quickly is set up without limits.
        env = dict(os.environ, RATE_LIMIT="10000000" if limited else "0", MOLECULE_RATE_LIMIT_CREDENTIAL="10000000", MOLECULE_EDGE_RATE="0")
        for name in ("ADMIN_TOKEN", "DATABASE_URL", "REDIS_URL", "PORT", "MOLECULE_ENV", "SECRETS_ENCRYPTION_KEY"):
            env.pop(name, None)
        argv = [str(binary), "serve", "--listen", "127.0.0.1:0", "--data", str(data), "--dial-allow", "127.0.0.1/32", "--loops", "1"]
        super().__init__(argv, SERVER_CORE, r"^ready http://127\.0\.0\.1:(\d+)", cwd, env)
        self.port = int(self.match[1])
        self.admin = (data / "admin_token").read_text().strip()

    def call(self, method, path, body=None, bearer=None):
        connection = http.client.HTTPConnection(ADMIN_HOST, self.port, timeout=10)
        connection.request(
            method, path, None if body is None else json.dumps(body),
            {"Authorization": f"Bearer {bearer or self.admin}", "Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {text}")
        return json.loads(text)


NGINX = """
daemon off;
worker_processes 1;
pid {cwd}/nginx.pid;
error_log {cwd}/nginx.error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {cwd}/body;
  proxy_temp_path {cwd}/proxy;
  fastcgi_temp_path {cwd}/fastcgi;
  uwsgi_temp_path {cwd}/uwsgi;
  scgi_temp_path {cwd}/scgi;
  upstream echo {{ server 127.0.0.1:{echo}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    default_type application/json;
    location = /static {{ return 200 '{{"status":"ok"}}'; }}
    location / {{ proxy_pass http://echo; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


class Nginx(Server):
    def __init__(self, cwd: Path, echo: int):
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if not program:
            raise Failed("nginx is not installed (package nginx-light)")
        self.port = free_port()
        (cwd / "nginx.conf").write_text(NGINX.format(cwd=cwd, port=self.port, echo=echo))
        super().__init__([program, "-c", str(cwd / "nginx.conf"), "-e", str(cwd / "nginx.error.log"), "-p", str(cwd)], SERVER_CORE, None, cwd)
        until(lambda: answers(self.port, "/static"), 10, "nginx")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.pids = [self.process.pid, *map(int, children)]


def free_port() -> int:
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port, path) -> bool:
    try:
        connection = http.client.HTTPConnection(ADMIN_HOST, port, timeout=1)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what} did not come up")
        time.sleep(0.02)


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

    def request(self, name: str, text: str) -> Path:
        path = self.cwd / f"{name}.request"
        path.touch(mode=0o600)  # It holds a credential.
        path.write_text(text)
        return path

    def load(self, port, request, *, seconds, warmup=0.5, rows=None, connections=64, requests=0, expect=200, answers=None):
        argv = [
            "taskset", "-c", LOAD_CORE, str(self.options.tools / "load"), "--port", str(port), "--request", str(request),
            "--connections", str(connections), "--seconds", str(seconds), "--warmup", str(warmup),
            "--first-id", str(self.next_id), "--expect", str(expect),
        ]
        for flag, value in (("--rows", rows), ("--requests", requests or None), ("--answers", answers)):
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
        send = (
            "POST {path} HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer {token}\nContent-Type: application/json\n\n"
            '{{"jsonrpc":"2.0","id":"{{id}}","method":"message/send","params":{{"message":{{"role":"user","messageId":"{{id}}",'
            '"parts":[{{"kind":"text","text":"{text}"}}]}}}}}}\n'
        )
        text = "Summarise the quarterly report in three bullet points, and name the page each one is taken from. " * 3
        base = self.measure(nginx, nginx.port, self.request("proxied", send.format(path="/a2a", token="x" * 53, text=text)))
        with Molecule(self.options.binary, self.data("messages"), self.cwd) as server:
            target = server.call("POST", "/workspaces", {"name": "echo", "external": True, "url": f"http://127.0.0.1:{echo_port}/", "max_concurrent_tasks": 1000})
            ours = self.measure(server, server.port, self.from_peer(server, "push", send, target, text))
            peak = server.peak_mb()
        self.row("(c) A2A message/send to a pushed echo agent", ours, peak, base)
        self.row("    nginx, proxy to the same agent", base, nginx.peak_mb())
        with Molecule(self.options.binary, self.data("mailbox"), self.cwd) as server:
            target = server.call("POST", "/workspaces", {"name": "poller", "external": True, "delivery_mode": "poll"})
            ours = self.measure(server, server.port, self.from_peer(server, "poll", send, target, text))
            peak = server.peak_mb()
        self.row("(d) durable accept for a polling agent", ours, peak)

    def from_peer(self, server: Molecule, name: str, send: str, target: dict, text: str) -> Path:
        """A sibling sends, so that the reach rule is part of what is measured."""
        peer = server.call("POST", "/workspaces", {"name": "sender", "external": True, "delivery_mode": "poll"})
        token = peer["connection"]["auth_token"]
        return self.request(name, send.format(path=f"/workspaces/{target['id']}/a2a", token=token, text=text))

    def run(self) -> int:
        wanted = set(self.options.only.split(",")) if self.options.only else {"start", "health", "heartbeat", "messages"}
        facts = {}
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
        finally:
            if not self.options.keep:
                shutil.rmtree(self.cwd, ignore_errors=True)
        print()
        print(table(("", "requests/s", "p50 ms", "p99 ms", "cpu us/req", "core %", "peak MB", "x nginx", "x nginx cpu"), self.rows))
        for name, value in facts.items():
            print(f"{name + ':':<34} {value}")
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
    parser.add_argument("--tools", type=Path, required=True, help="folder of load and echo")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--only", default="", help="some of start,health,heartbeat,messages")
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
