"""How many streams are held at a time, and what each of them costs in memory, beside nginx holding as many in front of the same
agent. Each has brought its first piece and waits for the next, as one does whose agent thinks."""

import select
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import ADMIN_HOST, LOAD_CORE, Failed, Molecule, Nginx, Server, memory_mb
from ways import PIECE, stream_request

AN_HOUR = 3_600_000_000  # Microseconds.
OF_AN_AGENT = 200  # Streams. No more than 256 messages are under way to one agent, and no more than 512 to one address.


class Held:
    def __init__(self, bench):
        self._bench = bench
        self.facts: dict[str, str] = {}

    def run(self, echo: Server) -> None:
        bench, count, port = self._bench, self._bench.options.streams, int(echo.match[1])
        home = bench.data("held")
        home.chmod(0o711)
        # Two for each, and some that are free: below a share of free ones nginx closes those that have not asked yet.
        with Nginx(home, port, connections=3 * count + 64) as nginx:
            request = bench.request("held-nginx", self._asks("/unbuffered", "x" * 53))
            base, base_after = self._measured(nginx, nginx.port, request, count)
        with ExitStack() as stack:
            server = stack.enter_context(Molecule(bench.options.binary, bench.data("held-platform"), bench.cwd))
            sender = server.external("sender")["connection"]["auth_token"]
            agents = [server.external(f"agent {number}") for number in range(-(-count // OF_AN_AGENT))]
            for agent in agents:
                own = stack.enter_context(Server(echo.argv, LOAD_CORE, r"^ready (\d+)", bench.cwd))
                server.register(agent, f"http://{ADMIN_HOST}:{own.match[1]}/")
            rows = bench.cwd / "held-rows"
            rows.touch(mode=0o600)
            rows.write_text("".join(f"{agent['id']} {sender}\n" for agent in agents))
            ours, ours_after = self._measured(server, server.port, bench.request("held", self._asks("/workspaces/{0}/a2a", "{1}")), count, rows)
            peak = server.peak_mb()
        self.facts[f"memory of a held stream, {count:,} at a time"] = (
            f"{ours:.1f} KB, {ours / base:.1f} x nginx ({base:.1f} KB); {peak:.0f} MB at the most")
        self.facts[f"from the first of {count:,} streams to a piece of each"] = f"{ours_after:.2f} s, {ours_after / base_after:.1f} x nginx ({base_after:.2f} s)"

    @staticmethod
    def _asks(path: str, token: str) -> str:
        return stream_request(path, token, 2, AN_HOUR, PIECE)

    def _measured(self, server: Server, port: int, request: Path, count: int, rows: Path | None = None) -> tuple[float, float]:
        """What of the server's memory a stream takes, in KB, and the seconds until all of them were there. One stream is held
        before, so that what the first one brings about is not shared among the others."""
        with self._holding(port, request, 1, rows):
            before = self._settled_mb(server)
            began = time.monotonic()
            with self._holding(port, request, count, rows):
                after = time.monotonic() - began
                return (self._settled_mb(server) - before) * 1024 / count, after

    @contextmanager
    def _holding(self, port: int, request: Path, count: int, rows: Path | None):
        argv = ["taskset", "-c", LOAD_CORE, str(self._bench.options.tools / "streams"), "--port", str(port), "--request", str(request),
                "--pieces", "1", "--streams", str(count), "--first-id", str(self._bench.next_id), "--hold", "1"]
        self._bench.next_id += count
        if rows is not None:
            argv += ["--rows", str(rows)]
        holding = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            if not select.select([holding.stdout], [], [], 60)[0]:
                raise Failed(f"{count} streams are not held after a minute")
            if not holding.stdout.readline():
                raise Failed(f"{count} streams are not held: {holding.communicate()[1].decode().strip()}")
            yield
        finally:
            holding.kill()
            holding.wait()
            for each in (holding.stdin, holding.stdout, holding.stderr):
                each.close()

    @staticmethod
    def _settled_mb(server: Server) -> float:
        """Once it changes no more."""
        last, alike, end = 0.0, 0, time.monotonic() + 20
        while alike < 5 and time.monotonic() < end:
            now = sum(memory_mb(pid, "VmRSS") for pid in server.pids)
            alike = alike + 1 if abs(now - last) < 0.05 else 0
            last = now
            time.sleep(0.1)
        return last
