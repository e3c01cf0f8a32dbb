"""What things cost that do nothing, and what of a message is written: memory, rows, bytes, statements, commits, copies."""

import http.client
import json
import os
import time
from pathlib import Path

from accept import Stores
from servers import ADMIN_HOST, Failed, Molecule, memory_mb

COUNTED = 5_000  # Messages of which rows and statements are counted.
WRITTEN = 50_000  # Messages of which bytes and commits are counted.
LARGE = 8 << 20  # Bytes of the body whose copies are counted.
POLLERS = 4  # One keeps at most half a million waiting messages.


def written_bytes(pid: int) -> int:
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["write_bytes"])


class Costs:
    def __init__(self, bench):
        self._bench = bench
        self.facts: dict[str, str] = {}

    def run(self) -> None:
        self._written()
        self._counted()
        self._copies()
        self._memory()

    def _server(self, name: str, **how) -> Molecule:
        return Molecule(self._bench.options.binary, self._bench.data(name), self._bench.cwd, **how)

    def _settled_mb(self, server: Molecule) -> float:
        time.sleep(1.5)
        return memory_mb(server.process.pid, "VmRSS")

    def _poller(self, server: Molecule, name: str) -> Path:
        target = server.call("POST", "/workspaces", {"name": "poller", "external": True, "delivery_mode": "poll"})
        return self._bench.from_peer(server, name, target)

    def _written(self) -> None:
        with self._server("written") as server:
            request = self._poller(server, "written")
            commits, began = server.metric("molecule_store_batch_seconds_count"), written_bytes(server.process.pid)
            self._bench.load(server.port, request, seconds=120, requests=WRITTEN)
            commits = server.metric("molecule_store_batch_seconds_count") - commits
            time.sleep(1)
            size = written_bytes(server.process.pid) - began
        kept = sum(path.stat().st_size for path in self._bench.data("written").glob("molecule.db*"))
        self.facts["written for an accepted message of 0.4 KB, SQLite"] = f"{size / WRITTEN / 1024:.1f} KB, {kept / WRITTEN / 1024:.1f} KB kept"
        self.facts["commits for an accepted message, 64 callers"] = f"{commits / WRITTEN:.3f} ({WRITTEN / commits:.0f} messages share one)"

    def _counted(self) -> None:
        with Stores(self._bench.cwd, "pg") as stores:
            stores.sql("CREATE SCHEMA platform")
            with self._server("counted", database_url=f"{stores.postgres}?options=-csearch_path%3Dplatform") as server:
                request = self._poller(server, "counted")
                time.sleep(1)
                before = self._changes(stores)
                self._bench.load(server.port, request, seconds=120, requests=COUNTED)
                time.sleep(1)
                rows = [(after - first) / COUNTED for first, after in zip(before, self._changes(stores))]
            stores.sql("ALTER DATABASE postgres SET log_statement = 'all'")
            with self._server("counted", database_url=f"{stores.postgres}?options=-csearch_path%3Dplatform") as server:
                time.sleep(1)
                began = stores.log.stat().st_size
                self._bench.load(server.port, request, seconds=120, requests=COUNTED)
                with stores.log.open("rb") as log:
                    log.seek(began)
                    lines = log.read().split(b"\n")
        run = sum(b" execute " in line or b" statement: " in line for line in lines)
        inserted, updated, deleted = rows
        self.facts["rows of an accepted message"] = f"{inserted:.2f} inserted, {updated:.2f} updated, {deleted:.2f} deleted"
        self.facts["statements of an accepted message, 64 callers"] = f"{run / COUNTED:.2f}, those of commits included"

    @staticmethod
    def _changes(stores: Stores) -> list[int]:
        said = stores.sql("SELECT tup_inserted, tup_updated, tup_deleted FROM pg_stat_database WHERE datname = 'postgres'")
        return [int(each) for each in said.strip().split("|")]

    def _copies(self) -> None:
        with self._server("copies") as server:
            target = server.call("POST", "/workspaces", {"name": "poller", "external": True, "delivery_mode": "poll"})
            path = f"/workspaces/{target['id']}/a2a"
            self._say(server, path, "small")
            time.sleep(1)
            before, size = memory_mb(server.process.pid, "VmRSS"), self._stored("copies")
            self._say(server, path, "x" * LARGE)
            held = (memory_mb(server.process.pid, "VmHWM") - before) * (1 << 20) / LARGE
        self.facts["copies of a body of 8 MiB while it is accepted"] = f"{held:.1f} held at a time, {(self._stored('copies') - size) / LARGE:.1f} kept on disk"

    def _stored(self, name: str) -> int:
        return (self._bench.data(name) / "molecule.db").stat().st_size

    @staticmethod
    def _say(server: Molecule, path: str, text: str) -> None:
        body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {
            "message": {"role": "user", "messageId": os.urandom(8).hex(), "parts": [{"kind": "text", "text": text}]}}}
        connection = http.client.HTTPConnection(ADMIN_HOST, server.port, timeout=60)
        connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {server.admin}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status not in (200, 202):
            raise Failed(f"POST {path}: {answer.status}")

    def _memory(self) -> None:
        bench, options = self._bench, self._bench.options
        with self._server("idle", limited=False):
            pass
        with self._server("idle", limited=False) as server:
            empty = self._settled_mb(server)
            rows = bench.make_tokens(server, options.tokens)
        with self._server("idle", limited=False) as server:
            self.facts[f"ready with {options.tokens:,} workspaces"] = f"{server.ready_after * 1000:.0f} ms"
            each = (self._settled_mb(server) - empty) * 1024 / options.tokens
            self.facts["memory of an idle workspace"] = f"{each:.2f} KB"
        rows.unlink()
        with self._server("waiting", limited=False) as server:
            sender = server.call("POST", "/workspaces", {"name": "sender", "external": True, "delivery_mode": "poll"})
            ids = [server.call("POST", "/workspaces", {"name": f"poller {i}", "external": True, "delivery_mode": "poll"})["id"]
                   for i in range(POLLERS)]
            rows.touch(mode=0o600)
            rows.write_text("".join(f"{each} {sender['connection']['auth_token']}\n" for each in ids))
            before = self._settled_mb(server)
            bench.load(server.port, bench.to_rows("waiting"), seconds=600, requests=options.messages, rows=rows)
        with self._server("waiting", limited=False) as server:
            self.facts[f"ready with {options.messages:,} messages waiting"] = f"{server.ready_after * 1000:.0f} ms"
            each = (self._settled_mb(server) - before) * (1 << 20) / options.messages
            self.facts["memory of a waiting message"] = f"{each:.0f} bytes"
