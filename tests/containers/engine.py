"""An engine of containers, asked over its socket file, and images that are made of this machine's own files."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import socket
import subprocess
import tarfile
import urllib.parse
from pathlib import Path
from typing import Any

from stage import BINARY, ROOT

SERVICES = ROOT / "tools/services.sh"
BASE = "localhost/molecule-test-base:1"
BUSYBOX = ("sh", "cat", "env", "id", "sleep", "wc", "head", "tail", "grep", "ls", "touch", "dd", "true", "printf", "kill", "mkdir", "rm",
           "wget", "nc", "ip", "awk", "ps")


class OverFile(http.client.HTTPConnection):
    def __init__(self, file: str) -> None:
        super().__init__("engine", timeout=120)
        self._file = file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._file)


class Engine:
    """One that services.sh has started; `folder` is what it is told by."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self.socket = ""

    def _services(self, verb: str, *words: str) -> str:
        return subprocess.run([str(SERVICES), verb, str(self._folder), *words], check=True, timeout=120, text=True,
                              stdout=subprocess.PIPE).stdout

    def start(self) -> None:
        told = self._services("start", self.kind)
        found = re.search(rf"MOLECULE_TEST_{self.kind.upper()}='([^']+)'", told)
        assert found, told
        self.socket = found[1]

    def kill(self) -> None:
        self._services("kill", self.kind)

    def stop(self) -> None:
        self._services("stop")

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, bytes]:
        connection = OverFile(self.socket)
        try:
            connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def must(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        status, answer = self.ask(method, path, body, kind)
        assert status < 300, (method, path, status, answer[:2000])
        return answer

    def labelled(self, label: str) -> dict[str, list[str]]:
        """What there is of a label: containers, volumes and networks."""
        wanted = urllib.parse.quote(json.dumps({"label": [label]}))
        containers = json.loads(self.must("GET", f"/v1.41/containers/json?all=1&filters={wanted}"))
        volumes = json.loads(self.must("GET", f"/v1.41/volumes?filters={wanted}"))["Volumes"] or []
        networks = json.loads(self.must("GET", f"/v1.41/networks?filters={wanted}"))
        return {"containers": [each["Id"] for each in containers], "volumes": [each["Name"] for each in volumes],
                "networks": [each["Name"] for each in networks]}

    def container(self, workspace: str) -> dict[str, Any]:
        return dict(json.loads(self.must("GET", f"/v1.41/containers/molecule-{workspace}/json")))

    def make_base(self) -> None:
        """A system of the files of this machine: a shell, its tools, and the libraries that our program loads."""
        self.must("POST", f"/v1.41/images/create?fromSrc=-&repo={urllib.parse.quote(BASE)}", base_files(), "application/x-tar")

    def build(self, family: str, tag: str) -> None:
        """The image of a family, by its Containerfile, on top of the base."""
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            tar.add(ROOT / "images" / family / "Containerfile", "Containerfile")
            tar.add(stripped(self._folder), "molecule")
        arguments = urllib.parse.quote(json.dumps({"BASE": BASE}))
        told = self.must("POST", f"/v1.41/build?dockerfile=Containerfile&t={urllib.parse.quote(tag)}&buildargs={arguments}&networkmode=none",
                         context.getvalue(), "application/x-tar")
        assert b'"error"' not in told, told[-2000:]


def stripped(into: Path) -> Path:
    """Our program without what only debuggers read."""
    made = into / "molecule"
    if not made.exists():
        subprocess.run(["objcopy", "--strip-debug", str(BINARY), str(made)], check=True, timeout=120)
    return made


def libraries() -> list[Path]:
    told = subprocess.run(["ldd", str(BINARY)], check=True, timeout=60, text=True, stdout=subprocess.PIPE).stdout
    return [Path(each) for each in re.findall(r"(/\S+)", told)]


def base_files() -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        def directory(name: str, mode: int = 0o755) -> None:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)

        def link(name: str, to: str) -> None:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, to
            tar.addfile(entry)
        for name in ("etc", "proc", "sys", "dev", "run", "agent", "usr", "usr/bin", "usr/lib", "usr/lib64", "usr/local", "usr/local/bin", "root"):
            directory(name)
        directory("tmp", 0o1777)
        link("bin", "usr/bin")
        link("lib", "usr/lib")
        link("lib64", "usr/lib64")
        tar.add("/bin/busybox", "usr/bin/busybox")
        for name in BUSYBOX:
            link(f"usr/bin/{name}", "busybox")
        for each in libraries():
            entry = tar.gettarinfo(str(each.resolve()), str(each if str(each).startswith("/usr") else Path("/usr") / each.relative_to("/")).lstrip("/"))
            with each.open("rb") as file:
                tar.addfile(entry, file)
    return whole.getvalue()
