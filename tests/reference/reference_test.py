"""docs/reference is what the binary prints, no more and no less."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MOLECULE_BINARY", ROOT / "build/dev/molecule"))
PAGES = ROOT / "docs" / "reference"


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    done = subprocess.run([str(BINARY), "reference", str(folder), "--typescript", str(folder / "wire.ts"), "--python", str(folder / "wire.py")],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return {name: (folder / name).read_text() for name in ("wire.ts", "wire.py")} | {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.md")}


def test_the_committed_pages_are_what_the_binary_prints(printed):
    committed = {str(p.relative_to(PAGES)): p.read_text() for p in PAGES.rglob("*.md") if p.name != "README.md"}
    printed = {name: text for name, text in printed.items() if name.endswith(".md") and name != "README.md"}
    stale = sorted(name for name in committed.keys() | printed.keys() if committed.get(name) != printed.get(name))
    assert not stale, f"run: {BINARY.relative_to(ROOT) if BINARY.is_relative_to(ROOT) else BINARY} reference docs/reference (differs: {', '.join(stale)})"


@pytest.mark.parametrize("name, place", [("wire.ts", "web/src/api/wire.ts"), ("wire.py", "sdk/python/src/molecule_agent/wire_types.py")])
def test_the_types_of_the_clients_are_what_the_binary_prints(printed, name, place):
    option = {"wire.ts": "--typescript", "wire.py": "--python"}[name]
    assert (ROOT / place).read_text() == printed[name], f"run: molecule reference docs/reference {option} {place}"


def test_every_code_in_the_sources_is_on_the_page_of_faults(printed):
    known = set(re.findall(r"^\| `([a-z_0-9]+)`", printed["faults.md"], re.M))
    made = re.compile(r"""(?:Kind::\w+,|bad_request\(|conflict\(|error_response\(\s*\d+,)\s*"([a-z_0-9]+)"\s*,""")
    found = {}
    for folder in ("server", "wire", "platform/http", "platform/json"):
        for source in (ROOT / "src" / folder).rglob("*.cc"):
            if not source.name.endswith("_test.cc"):
                for code in made.findall(source.read_text()):
                    found.setdefault(code, source.name)
    only_for_peers = {"bad_header", "connection_lost", "connect_failed", "tls_failed", "websocket_refused", "cancelled", "agent_key_wrong",
                      "relay_refused", "relay_replaced", "directory_of_the_platform",
                      "admin_token_unreadable", "admin_token_unsafe", "admin_token_weak", "bad_trusted_proxy", "not_followable"}
    unknown = {code: name for code, name in found.items() if code not in known | only_for_peers}
    assert found and not unknown


@pytest.mark.parametrize("page", ["routes.md", "settings.md", "faults.md", "api.md", "events.md"])
def test_every_subject_has_a_page_with_something_on_it(printed, page):
    rows = [line for line in printed[page].splitlines() if line.startswith("|")]
    assert len(rows) > 3, f"{page} is empty"


def test_guides_name_only_settings_that_exist(printed):
    known = printed["settings.md"] + printed["commands.md"]
    for guide in (ROOT / "docs" / "guides").glob("*.md"):
        for flag in re.findall(r"`(--[a-z-]+)", guide.read_text()):
            assert flag in known, f"{guide.name} names {flag}, which the reference does not"


OPERATORS_VERBS = [
    ("ws", "list tree get create update pause resume restart delegate logs shell process"), ("ws files", "list cat get put delete"),
    ("ws config", "show edit set"), ("ws", "runtimes delete connection audit"),
    ("agent", "list get peers spawn edit send chat"), ("agent card", "get set"), ("agent model", "get set"),
    ("agent config", "show edit set"), ("agent files", "list cat get put delete"), ("agent skill", "list add remove audit install publish"), ("send", ""), ("chat", ""), ("events", ""),
    ("activity", "list"), ("delegation", "list get create cancel"),
    ("question", "list show answer"), ("dead-letter", "list resend drop"), ("registry", "discover peers check-access"),
    ("secret", "list set delete list-global set-global delete-global"), ("token", "list create revoke"), ("key", "list create revoke"), ("ticket", "create list revoke"),
    ("platform", "health audit"), ("api", ""), ("doctor", ""),
    ("completion", "")]


def test_every_verb_is_on_the_page_of_commands_with_an_example(printed):
    sections = re.split(r"^## ", printed["commands.md"], flags=re.M)[1:]
    names = [section.splitlines()[0] for section in sections]
    assert names == ["molecule", "molecule serve", "molecule join", "molecule runtime", "molecule runtime config show", "molecule mcp", "molecule mcp doctor",
                     "molecule admin claim", "molecule admin rotate-key", "molecule admin backup", "molecule admin restore",
                     "molecule top",
                     *(f"molecule config {verb}" for verb in "show list add use set get view remove init".split()), "molecule reference",
                     *(f"molecule {noun}{' ' if verb else ''}{verb}" for noun, verbs in OPERATORS_VERBS for verb in verbs.split(" "))]
    for name, section in zip(names, sections):
        assert f"Usage: {name} " in section and "Example" in section, section
