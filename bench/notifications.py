"""Telling a receiver that a task has ended: how many a second, and how long after the agent's answer. Beside it nginx, which sends a copy of
each request to the receiver (`mirror`) and forgets it, and the load generator asking the receiver itself.

The delay is measured with one caller, how many a second with 32, until the receiver knows of every message. The receiver of each turn is a
process of its own.
"""

import http.client
import json
import statistics
from dataclasses import dataclass, field

from servers import ADMIN_HOST, LOAD_CORE, Failed, Molecule, Nginx, Server, until
from ways import spread

CALLERS = 32


def told_request(path: str, token: str, receiver: str) -> str:
    text = "answer=task at={now}"
    body = ('{"jsonrpc":"2.0","id":"{id}","method":"message/send","params":{"message":{"role":"user","messageId":"{id}",'
            '"parts":[{"kind":"text","text":"' + text + '"}]},"configuration":{"blocking":true,"pushNotificationConfig":{"url":"' + receiver + '"}}}}')
    return f"POST {path} HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer {token}\nContent-Type: application/json\n\n{body}\n"


def told(port: int) -> dict:
    connection = http.client.HTTPConnection(ADMIN_HOST, port, timeout=10)
    connection.request("GET", "/told")
    report = json.loads(connection.getresponse().read())
    connection.close()
    return report


@dataclass
class Telling:
    rate: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


class Notifications:
    HEAD = ("notifications to one receiver", "told/s", "least-most", "delay p50 ms", "delay p99 ms", "x direct", "x nginx")

    def __init__(self, bench):
        self._bench = bench
        self.rows: list[tuple] = []

    def run(self, echo: Server) -> None:
        bench = self._bench
        tellings = {"direct": Telling(), "nginx, mirror": Telling(), "platform": Telling()}
        with Molecule(bench.options.binary, bench.data("notifications"), bench.cwd) as server:
            sender, target = server.external("sender")["connection"]["auth_token"], server.external("pushed")
            server.register(target, f"http://{ADMIN_HOST}:{echo.match[1]}/")
            for turn in range(bench.options.runs):
                for callers in (1, CALLERS):
                    self._turn(tellings["direct"], callers, lambda port: (port, "/told", "x" * 53))
                    self._nginx(tellings["nginx, mirror"], callers, int(echo.match[1]), f"mirror-{turn}-{callers}")
                    self._turn(tellings["platform"], callers, lambda _: (server.port, f"/workspaces/{target['id']}/a2a", sender))
        self._tell(tellings)

    def _nginx(self, telling: Telling, callers: int, echo: int, name: str) -> None:
        with self._receiver() as receiver:
            home = self._bench.data(name)
            home.chmod(0o711)
            with Nginx(home, echo, receiver=int(receiver.match[1])) as nginx:
                self._measured(telling, callers, int(receiver.match[1]), nginx.port, "/mirrored", "x" * 53)

    def _turn(self, telling: Telling, callers: int, whom) -> None:
        with self._receiver() as receiver:
            port = int(receiver.match[1])
            self._measured(telling, callers, port, *whom(port))

    def _receiver(self) -> Server:
        return Server([str(self._bench.options.tools / "echo"), "0"], LOAD_CORE, r"^ready (\d+)", self._bench.cwd)

    def _measured(self, telling: Telling, callers: int, receiver: int, port: int, path: str, token: str) -> None:
        bench = self._bench
        request = bench.request("told", told_request(path, token, f"http://{ADMIN_HOST}:{receiver}/told"))
        sent = bench.load(port, request, seconds=bench.options.seconds, warmup=0, connections=callers)["requests"]
        until(lambda: told(receiver)["told"] >= sent, 120, f"what the receiver has to be told of {sent} messages")
        report = told(receiver)
        if report["others"]:
            raise Failed(f"the receiver was told {report['others']} times without the agent's answer")
        if callers == 1:
            telling.p50.append(report["p50_us"] / 1000)
            telling.p99.append(report["p99_us"] / 1000)
        else:
            telling.rate.append(report["told"] / report["seconds"])

    def _tell(self, tellings: dict[str, Telling]) -> None:
        direct, nginx = (statistics.median(tellings[name].rate) for name in ("direct", "nginx, mirror"))
        for name, each in tellings.items():
            middle = statistics.median(each.rate)
            self.rows.append((name, f"{middle:,.0f}", spread(each.rate), f"{statistics.median(each.p50):.3f}", f"{statistics.median(each.p99):.3f}",
                              *(("" if base == middle else f"{middle / base:.3f}") for base in (direct, nginx))))
            print(f"  {name}: {middle:,.0f}/s", flush=True)
