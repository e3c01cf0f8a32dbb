"""Clients of other makers as they come from npm: where they are, how each is told of a model and of our server, and one turn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from stage import BINARY

PLACES = [os.environ.get("MOLECULE_CLIENTS_DIR", ""), os.environ.get("PATH", "")]
NAMES = {"claude": "Claude Code", "gemini": "Gemini CLI", "opencode": "OpenCode", "codex": "Codex"}
KEY = "-".join(("sk", "ant", "api03", "of", "nobody" * 5))
TURN_SECONDS = 120


def program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join(PLACES))


class Client:
    """One of them in a home of its own, from which it reaches nothing but this machine."""

    def __init__(self, name: str, home: Path, model: str) -> None:
        self.name, self.home, self.model = name, home, model
        found = program(name)
        assert found is not None, f"{NAMES[name]} is not here"
        self.program = found
        self.work = home / "work"
        self.work.mkdir(parents=True, exist_ok=True)
        # What they would ask of others ends at a port where nobody is.
        self.environment = {"PATH": f"{BINARY.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8",
                            "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost",
                            "no_proxy": "127.0.0.1,localhost", "TERM": "dumb"}

    def write(self, path: str, text: str) -> Path:
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run(self, *words: str, text: str = "") -> str:
        done = subprocess.run([self.program, *words], cwd=self.work, env=self.environment, input=text, text=True,
                              capture_output=True, timeout=TURN_SECONDS)
        return done.stdout + done.stderr

    def paste(self, line: str) -> None:
        environment = {**self.environment, "PATH": f"{Path(self.program).parent}{os.pathsep}{self.environment['PATH']}"}
        done = subprocess.run(["bash", "-c", line], cwd=self.work, env=environment, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TURN_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr

    def connect(self, connection: dict[str, str]) -> None:
        """Tell it of our server, with the text that the canvas shows for it."""
        self.paste(connection[f"{self.name}_snippet"])

    def turn(self, text: str) -> str:
        """Say something to it; what it answers."""
        raise NotImplementedError


class ClaudeCode(Client):
    def __init__(self, name: str, home: Path, model: str) -> None:
        super().__init__(name, home, model)
        self.environment |= {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model, "DISABLE_AUTOUPDATER": "1", "IS_SANDBOX": "1",
                             "ENABLE_TOOL_SEARCH": "false", "CLAUDE_CODE_MAX_RETRIES": "0"}
        self.trusts(self.work)

    def trusts(self, folder: Path) -> None:
        """As after its first start there, with the answer of its service that there are channels."""
        self.write(".claude.json", json.dumps({
            "hasCompletedOnboarding": True, "theme": "dark", "bypassPermissionsModeAccepted": True,
            "cachedGrowthBookFeatures": {"tengu_harbor": True}, "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
            "projects": {str(folder): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}}}))

    def connect(self, connection: dict[str, str]) -> None:
        self.paste(connection["claude_code_snippet"])

    def turn(self, text: str) -> str:
        return self.run("-p", "--permission-mode", "bypassPermissions", text=text)


class GeminiCli(Client):
    def __init__(self, name: str, home: Path, model: str) -> None:
        super().__init__(name, home, model)
        self.environment |= {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": model, "GEMINI_CLI_TRUST_WORKSPACE": "true",
                             "GEMINI_CLI_NO_RELAUNCH": "true"}
        self.write(".gemini/settings.json", json.dumps({
            "security": {"auth": {"selectedType": "gemini-api-key"}}, "general": {"maxAttempts": 1, "enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False}}))

    def turn(self, text: str) -> str:
        return self.run("-m", "gemini-2.5-flash", "--approval-mode", "yolo", "-p", text)


class OpenCode(Client):
    def connect(self, connection: dict[str, str]) -> None:
        self.write(".config/opencode/opencode.json", json.dumps(json.loads(connection["opencode_snippet"]) | {
            "provider": {"local": {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": f"{self.model}/v1", "apiKey": "none"},
                                   "models": {"m": {}}}},
            "model": "local/m", "small_model": "local/m", "autoupdate": False, "share": "disabled"}))

    def turn(self, text: str) -> str:
        return self.run("run", "-m", "local/m", text=text)


class Codex(Client):
    def __init__(self, name: str, home: Path, model: str) -> None:
        super().__init__(name, home, model)
        self.environment["LOCAL_KEY"] = "none"
        self.write(".codex/config.toml", f"""
model = "local-model"
model_provider = "local"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.local]
name = "local"
base_url = "{model}/v1"
env_key = "LOCAL_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
""")

    def turn(self, text: str) -> str:
        return self.run("exec", "--skip-git-repo-check", text)


KINDS: dict[str, type[Client]] = {"claude": ClaudeCode, "gemini": GeminiCli, "opencode": OpenCode, "codex": Codex}
