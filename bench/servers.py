"""The servers that are measured, each a process of its own, pinned to one core."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
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
        self.argv = argv
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
    def __init__(self, binary: Path, data: Path, cwd: Path, limited: bool = True, database_url: str = ""):
        # While measuring, the limiter stays in the path, with the highest bounds there are, which are not reached. An
        # operator's bound is fixed, so what an operator sets up quickly is set up without limits.
        env = dict(os.environ, RATE_LIMIT="10000000" if limited else "0", MOLECULE_RATE_LIMIT_CREDENTIAL="10000000", MOLECULE_EDGE_RATE="0")
        for name in ("ADMIN_TOKEN", "DATABASE_URL", "REDIS_URL", "PORT", "MOLECULE_ENV", "SECRETS_ENCRYPTION_KEY"):
            env.pop(name, None)
        if database_url:
            env["DATABASE_URL"] = database_url
        argv = [str(binary), "serve", "--listen", "127.0.0.1:0", "--data", str(data), "--dial-allow", "127.0.0.1/32", "--loops", "1"]
        super().__init__(argv, SERVER_CORE, r"^ready http://127\.0\.0\.1:(\d+)", cwd, env)
        self.port = int(self.match[1])
        self.admin = (data / "admin_token").read_text().strip()

    def external(self, name: str, **more) -> dict:
        return self.call("POST", "/workspaces", {"name": name, "external": True, "delivery_mode": "poll", "max_concurrent_tasks": 1000} | more)

    def register(self, workspace: dict, url: str) -> None:
        """As an agent that streams and is pushed to."""
        card = {"name": "echo", "capabilities": {"streaming": True}}
        self.call("POST", "/registry/register", {"id": workspace["id"], "agent_card": card, "url": url, "delivery_mode": "push"},
                  workspace["connection"]["auth_token"])

    def metric(self, name: str) -> float:
        connection = http.client.HTTPConnection(ADMIN_HOST, self.port, timeout=10)
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {self.admin}"})
        text = connection.getresponse().read().decode()
        connection.close()
        return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])

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


class Joined(Server):
    """`molecule join` of a workspace, in front of an agent and, as it is where it lives, on its core."""

    def __init__(self, binary: Path, platform: Molecule, workspace: dict, agent: str, cwd: Path, port: int = 0):
        state = cwd / f"join-{workspace['id']}"
        state.mkdir(mode=0o700)
        env = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
        env["MOLECULE_WORKSPACE_TOKEN"] = workspace["connection"]["auth_token"]
        argv = [str(binary), "join", f"http://{ADMIN_HOST}:{port or platform.port}", "--workspace", workspace["id"], "--agent", agent,
                "--state", str(state)]
        super().__init__(argv, LOAD_CORE, r"^door ", cwd, env)
        try:
            until(lambda: platform.call("GET", f"/workspaces/{workspace['id']}")["status"] == "online", 20, "a joined agent")
        except Failed:
            self.__exit__()
            raise


NGINX = """
daemon off;
worker_processes 1;
pid {cwd}/nginx.pid;
error_log {cwd}/nginx.error.log;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  client_body_temp_path {cwd}/body;
  proxy_temp_path {cwd}/proxy;
  fastcgi_temp_path {cwd}/fastcgi;
  uwsgi_temp_path {cwd}/uwsgi;
  scgi_temp_path {cwd}/scgi;
  upstream echo {{ server 127.0.0.1:{echo}; keepalive 128; keepalive_requests 1000000000; }}
  upstream receiver {{ server 127.0.0.1:{receiver}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type application/json;
    location = /static {{ return 200 '{{"status":"ok"}}'; }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location = /unbuffered {{ proxy_pass http://echo/; proxy_buffering off; }}
    location = /mirrored {{ mirror /mirror; proxy_pass http://echo/; }}
    location = /mirror {{ internal; proxy_pass http://receiver/told; }}
    location /files/ {{ root {cwd}; dav_methods PUT; client_max_body_size 200m; }}
    location / {{ proxy_pass http://echo; }}
  }}
}}
"""


class Nginx(Server):
    def __init__(self, cwd: Path, echo: int, connections: int = 1024, receiver: int = 9):
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if not program:
            raise Failed("nginx is not installed (package nginx-light)")
        self.port = free_port()
        files = cwd / "files"
        files.mkdir()
        files.chmod(0o777)  # Its worker is another user.
        (cwd / "nginx.conf").write_text(NGINX.format(cwd=cwd, port=self.port, echo=echo, connections=connections,
                                                      receiver=receiver))
        super().__init__([program, "-c", str(cwd / "nginx.conf"), "-e", str(cwd / "nginx.error.log"), "-p", str(cwd)], SERVER_CORE, None, cwd)
        until(lambda: answers(self.port, "/static"), 10, "nginx")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.pids = [self.process.pid, *map(int, children)]


def free_port() -> int:
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
