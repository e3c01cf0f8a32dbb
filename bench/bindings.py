"""One message of A2A 1.0 over each of its bindings, to the same pushed agent: JSON-RPC, HTTP+JSON, and a unary call of gRPC. Beside them
nginx in front of the same agent, which reads nothing of what it passes on."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from servers import ADMIN_HOST, Molecule, Nginx, Server
from ways import spread

ID = "x" * 16  # In its place comes the number of a message, which has as many digits.


def length_delimited(field_number: int, value: bytes) -> bytes:
    """A field of protobuf that has a length."""
    size, left = b"", len(value)
    while left >= 128:
        size, left = size + bytes([left % 128 + 128]), left // 128
    return bytes([field_number << 3 | 2]) + size + bytes([left]) + value


def send_message(tenant: str, message_id: str, text: str) -> bytes:
    """A SendMessageRequest."""
    role = bytes([4 << 3, 1])
    message = length_delimited(1, message_id.encode()) + role + length_delimited(5, length_delimited(1, text.encode()))
    return length_delimited(1, tenant.encode()) + length_delimited(2, message)


def grpc_request(tenant: str, token: str, text: str) -> bytes:
    head = (":method POST\n:scheme http\n:path /lf.a2a.v1.A2AService/SendMessage\n:authority 127.0.0.1\ncontent-type application/grpc\n"
            f"te trailers\nauthorization Bearer {token}\na2a-version 1.0\n\n")
    return head.encode() + send_message(tenant, ID, text).replace(ID.encode(), b"{id}")


def json_request(path: str, token: str, body: dict) -> bytes:
    head = (f"POST {path} HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer {token}\nContent-Type: application/json\nA2A-Version: 1.0\n\n")
    return (head + json.dumps(body) + "\n").encode()


@dataclass
class Binding:
    server: Server
    port: int
    request: Path
    how: dict = field(default_factory=dict)
    rate: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


class Bindings:
    HEAD = ("A2A 1.0, 64 callers, to a pushed agent", "messages/s", "least-most", "p50 ms", "p99 ms", "cpu us/message", "x JSON-RPC", "x nginx")

    def __init__(self, bench):
        self._bench = bench
        self.rows: list[tuple] = []

    def run(self, echo: Server, nginx: Nginx) -> None:
        bench = self._bench
        with Molecule(bench.options.binary, bench.data("bindings"), bench.cwd) as server:
            token = server.external("sender")["connection"]["auth_token"]
            target = server.external("pushed")
            server.register(target, f"http://{ADMIN_HOST}:{echo.match[1]}/")
            message = {"message": {"messageId": "{id}", "role": "ROLE_USER", "parts": [{"text": bench.text}]}}
            rpc = {"jsonrpc": "2.0", "id": "{id}", "method": "SendMessage", "params": message}
            place = f"/a2a/{target['id']}"
            several = {
                "nginx": Binding(nginx, nginx.port, self._file("nginx", json_request("/", "x" * 53, rpc))),
                "JSON-RPC": Binding(server, server.port, self._file("rpc", json_request(place, token, rpc))),
                "HTTP+JSON": Binding(server, server.port, self._file("http", json_request(f"{place}/message:send", token, message))),
                "gRPC": Binding(server, server.port, self._file("grpc", grpc_request(target["id"], token, bench.text)), {"grpc": 1}),
            }
            for turn in range(bench.options.runs):
                for each in list(several.values())[::1 - 2 * (turn % 2)]:
                    self._turn(each)
        bases = [statistics.median(several[name].rate) for name in ("JSON-RPC", "nginx")]
        for name, each in several.items():
            middle = statistics.median(each.rate)
            self.rows.append((name, f"{middle:,.0f}", spread(each.rate), f"{statistics.median(each.p50):.2f}", f"{statistics.median(each.p99):.2f}",
                              f"{statistics.median(each.cpu_us):.1f}", *(f"{middle / base:.2f}" for base in bases)))
            print(f"  {name}: {middle:,.0f}/s", flush=True)

    def _file(self, name: str, content: bytes) -> Path:
        path = self._bench.request(f"binding-{name}", "")
        path.write_bytes(content)
        return path

    def _turn(self, each: Binding) -> None:
        bench = self._bench
        bench.load(each.port, each.request, seconds=0.2, warmup=0, **each.how)
        before = each.server.used()
        report = bench.load(each.port, each.request, seconds=bench.options.seconds, warmup=0, **each.how)
        each.rate.append(report["rps"])
        each.p50.append(report["p50_us"] / 1000)
        each.p99.append(report["p99_us"] / 1000)
        each.cpu_us.append((each.server.used() - before) / max(report["requests"], 1) * 1e6)
