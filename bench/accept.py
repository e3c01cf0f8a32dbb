"""A durable accept beside the stores that people would use for it: Redis Streams, and a table of PostgreSQL.

All of them run at the same time on the same core, sync each write to the same disk before they acknowledge it, and get the same
body from as many callers in turns of a few seconds each, so that what the machine does meanwhile happens to all of them.
"""

import os
import shlex
import statistics
import subprocess
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from servers import LOAD_CORE, SERVER_CORE, Failed, Molecule

ROOT = Path(__file__).resolve().parents[1]
CALLERS = (1, 32, 64, 512)
REDIS, INSERT = "Redis XADD, appendfsync always", "an insert into PostgreSQL"
# PostgreSQL has a process for each connection and takes no more of them.
INSERTING_MAX = 150
# About as many in a second as it manages, of one caller and of all: connecting is no part of the turn.
INSERTS, INSERTS_OF_ALL = 400, 2000


class Stores:
    """A PostgreSQL and a Redis that sync what they acknowledge, pinned to the core of the platform."""

    def __init__(self, cwd: Path, *names: str):
        self._script, self._home = str(ROOT / "tools/services.sh"), cwd / "services"
        done = subprocess.run(["taskset", "-c", SERVER_CORE, self._script, "start", str(self._home), *names], text=True,
                              capture_output=True, timeout=120, stdin=subprocess.DEVNULL,
                              env=dict(os.environ, TMPDIR=str(cwd), MOLECULE_SERVICES_DURABLE="1"))
        if done.returncode != 0:
            raise Failed(f"the stores did not start: {done.stderr.strip()}")
        said = dict(word.split("=", 1) for line in done.stdout.splitlines() for word in shlex.split(line)[1:])
        self.postgres, self.redis = said["MOLECULE_TEST_DATABASE_URL"], urllib.parse.urlsplit(said.get("MOLECULE_TEST_REDIS_URL", ""))
        self.log = self._home / "pg.log"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([self._script, "stop", str(self._home)], timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def environment(self) -> dict[str, str]:
        parts = urllib.parse.urlsplit(self.postgres)
        return dict(os.environ, PGHOST=parts.hostname, PGPORT=str(parts.port), PGUSER=parts.username,
                    PGPASSWORD=urllib.parse.unquote(parts.password), PGDATABASE=parts.path.lstrip("/"))

    def sql(self, statement: str) -> str:
        return subprocess.run(["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement], env=self.environment(), check=True,
                              timeout=60, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


@dataclass
class Turns:
    """What one of them did in its turns."""

    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def add(self, rate: float, p50_us: float, p99_us: float) -> None:
        self.rates.append(rate)
        self.p50.append(p50_us / 1000)
        self.p99.append(p99_us / 1000)

    def row(self, name: str, baseline: "Turns") -> tuple:
        middle = statistics.median(self.rates)
        return (name, f"{middle:,.0f}", f"{min(self.rates):,.0f}-{max(self.rates):,.0f}", f"{statistics.median(self.p50):.2f}",
                f"{statistics.median(self.p99):.2f}", f"{middle / statistics.median(baseline.rates):.2f}")


def quantile(values: list, share: float):
    """Of sorted values."""
    return values[min(len(values) - 1, int(share * len(values)))]


def resp(*words: str) -> str:
    """A command as Redis reads it. A word may hold {id}, in whose place come sixteen digits."""
    spelled = "".join(f"${len(word.replace('{id}', 'x' * 16).encode())}\r\n{word}\r\n" for word in words)
    return f"*{len(words)}\r\n{spelled}"


class Accept:
    HEAD = ("durable accept", "accepts/s", "least-most", "p50 ms", "p99 ms", "x Redis")

    def __init__(self, bench, body: str):
        self._bench, self._body = bench, body
        self.rows: list[tuple] = []

    def run(self) -> None:
        bench = self._bench
        # PostgreSQL has a table of one column and one of numbers; the platform a schema of its own.
        with Stores(bench.cwd, "pg", "redis") as stores:
            stores.sql("CREATE TABLE inserted (seq BIGSERIAL PRIMARY KEY, body TEXT NOT NULL); CREATE SCHEMA platform")
            own = f"{stores.postgres}?options=-csearch_path%3Dplatform"
            with Molecule(bench.options.binary, bench.data("accept"), bench.cwd) as ours, \
                    Molecule(bench.options.binary, bench.data("accept_pg"), bench.cwd, database_url=own) as ours_pg:
                ways = {
                    "SQLite": self._platform(ours, "accept"),
                    REDIS: self._redis(stores),
                    "PostgreSQL": self._platform(ours_pg, "accept_pg"),
                    INSERT: self._insert(stores),
                }
                for callers in CALLERS:
                    self._tell(callers, self._turns(ways, callers))

    def _turns(self, ways: dict, callers: int) -> dict[str, Turns]:
        turns = {name: Turns() for name in ways}
        for _ in range(self._bench.options.runs):
            for name, way in ways.items():
                way(turns[name], callers)
        return turns

    def _tell(self, callers: int, turns: dict[str, Turns]) -> None:
        for name, each in turns.items():
            asking = min(callers, INSERTING_MAX) if name == INSERT else callers
            row = each.row(f"{asking} caller{'s' * (asking > 1)}: {name}", turns[REDIS])
            self.rows.append(row)
            print(f"  {row[0]}: {row[1]}/s", flush=True)

    def _measured(self, turns: Turns, callers: int, port: int, request: Path, **how) -> None:
        report = self._bench.load(port, request, seconds=self._bench.options.seconds, connections=callers, **how)
        turns.add(report["rps"], report["p50_us"], report["p99_us"])

    def _platform(self, server: Molecule, name: str):
        target = server.call("POST", "/workspaces", {"name": "poller", "external": True, "delivery_mode": "poll"})
        request = self._bench.from_peer(server, name, target)
        return lambda turns, callers: self._measured(turns, callers, server.port, request)

    def _redis(self, stores: Stores):
        request = self._bench.request("xadd", resp("XADD", "accepted", "*", "body", self._body))
        hello = self._bench.request("hello", resp("AUTH", urllib.parse.unquote(stores.redis.password)))
        return lambda turns, callers: self._measured(turns, callers, stores.redis.port, request, redis=hello)

    def _insert(self, stores: Stores):
        script = self._bench.cwd / "insert.sql"
        body = self._body.replace("{id}", "0" * 16).replace("'", "''")
        # What pgbench takes for a variable begins with a colon and a letter; the body has colons before quotes and digits.
        script.write_text(f"INSERT INTO inserted (body) VALUES ('{body}');\n")
        program = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))), None)
        if program is None:
            raise Failed("pgbench is not installed (package postgresql-15)")

        def turn(turns: Turns, callers: int) -> None:
            clients = min(callers, INSERTING_MAX)
            for old in self._bench.cwd.glob("pgbench_log.*"):
                old.unlink()
            seconds = self._bench.options.seconds
            done = subprocess.run(
                ["taskset", "-c", LOAD_CORE, str(program), "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-t",
                 str(max(1, round(seconds * min(INSERTS, INSERTS_OF_ALL / clients)))), "-f", str(script), "-l"],
                cwd=self._bench.cwd, env=stores.environment(), capture_output=True, text=True, timeout=seconds + 120)
            if done.returncode != 0:
                raise Failed(f"pgbench: {done.stderr.strip()}")
            taken = sorted(int(line.split()[2]) for path in self._bench.cwd.glob("pgbench_log.*")
                           for line in path.read_text().splitlines())
            rate = next((float(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("tps =")), None)
            if rate is None:
                raise Failed(f"pgbench did nothing: {done.stdout.strip()}")
            turns.add(rate, quantile(taken, 0.5), quantile(taken, 0.99))

        return turn
