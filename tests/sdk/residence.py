"""`molecule runtime` as the platform starts it: a directory with its configuration, an environment built from nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from stage import BINARY, Stage, wait_for


class Residence:
    """One workspace's runtime: its directories stay, its process comes and goes."""

    def __init__(self, stage: Stage, folder: Path, name: str, runtime: str, parent: str | None = None, **config: Any) -> None:
        self.stage = stage
        made = stage.external(name, parent)
        self.id = str(made["id"])
        self.token = str(made["connection"]["auth_token"])
        self.config, self.work, self.home = (folder / name / part for part in ("config", "work", "home"))
        for each in (self.config, self.work, self.home):
            each.mkdir(parents=True)
        token = self.config / ".auth_token"
        token.touch(0o600)
        token.write_text(self.token)
        self.write("config.yaml", json.dumps({"name": name, "runtime": runtime} | config))
        self._log = folder / name / "runtime.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.path = os.environ["PATH"]
        self.url = stage.url

    def write(self, name: str, text: str) -> Path:
        file = self.config / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": self.path, "HOME": str(self.home), "LANG": "C.UTF-8", "WORKSPACE_ID": self.id, "PLATFORM_URL": self.url,
                "WORKSPACE_CONFIG_PATH": str(self.config)}

    def start(self, online: bool = True) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([str(BINARY), "runtime", "--config", str(self.config)], cwd=self.work, env=self.environment,
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if online:
            self.wait_online()

    def wait_online(self) -> None:
        wait_for("the runtime to be online", lambda: self.status == "online" or not self.running)
        assert self.running, self.log

    @property
    def status(self) -> str:
        return str(self.stage.workspace(self.id)["status"])

    @property
    def card(self) -> dict[str, Any]:
        return dict(self.stage.workspace(self.id)["agent_card"] or {})

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait(self, seconds: float = 20) -> int:
        assert self._process is not None
        return self._process.wait(seconds)

    def hup(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int | None:
        """Its exit status, as the platform ends it; None when it was not running or had to be killed."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        process.terminate()
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def secret(self, key: str, value: str) -> None:
        self.stage.must("PUT", f"/workspaces/{self.id}/secrets", {"key": key, "value": value})

    def ask(self, text: str, context: str = "", message_id: str = "", method: str = "message/send", **options: Any) -> Any:
        message: dict[str, Any] = {"kind": "message", "messageId": message_id or os.urandom(8).hex(), "role": "user",
                                   "parts": [{"kind": "text", "text": text}]}
        if context:
            message["contextId"] = context
        return self.stage.ask("POST", f"/workspaces/{self.id}/a2a",
                              {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": message}}, **options)

    def says(self, text: str, context: str = "") -> str:
        """The text of its answer; of why there is none."""
        return words_in(self.ask(text, context).json())


def words_in(node: Any) -> str:
    """All texts of an answer, in order."""
    if isinstance(node, list):
        return "".join(map(words_in, node))
    if not isinstance(node, dict):
        return ""
    own = node["text"] if isinstance(node.get("text"), str) else ""
    return own + "".join(words_in(node[name]) for name in ("result", "error", "status", "message", "artifacts", "artifact", "parts")
                         if name in node)


def processes_with(word: str) -> list[int]:
    """Processes with this word among their arguments, or in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if entry.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            told = entry.joinpath("cmdline").read_bytes() + entry.joinpath("environ").read_bytes()
        except OSError:
            continue
        if word.encode() in told:
            found.append(int(entry.name))
    return found
