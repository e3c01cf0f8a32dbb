"""`python -m molecule_agent connect` joins an organisation; `verify-sha256` prints a plugin's content hash."""

from __future__ import annotations

import argparse
import importlib
import logging
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import requests

from ._errors import CredentialRejectedError, PlatformError
from ._plugins import compute_plugin_sha256
from ._version import __version__
from .client import RemoteAgentClient
from .inbound import DEFAULT_POLL_INTERVAL, InboundDelivery, MessageHandler, PollDelivery
from .relay import RelayDelivery

DONE, FAILED, NOT_REGISTERED = 0, 1, 2

EXAMPLES = """examples:
  export MOLECULE_PLATFORM_URL=http://127.0.0.1:8080
  export MOLECULE_WORKSPACE_ID=3f0c2a6e-8d43-4c1b-9a5e-0f2b7c1d9e11
  export MOLECULE_WORKSPACE_TOKEN=mol_…          # only the first time; it is kept in ~/.molecule/<workspace id>/
  python -m molecule_agent connect --handler my_agent:handle

  where my_agent.py in the current directory says:
      def handle(message, client):
          return f"You wrote {len(message.text)} characters."

  python -m molecule_agent verify-sha256 plugins/my-plugin

A platform that does not answer yet is waited for, and so are a pause and an outage; the last line says why it ended.
exit codes: 0 ended by a signal or by removal; 1 the handler or the run failed, or the token was revoked; 2 wrong
usage, or the platform refused the registration
"""


def parser() -> argparse.ArgumentParser:
    env = os.environ.get
    top = argparse.ArgumentParser(prog="python -m molecule_agent", description=__doc__, epilog=EXAMPLES,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"molecule-ai-sdk {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="connect | verify-sha256")
    connect = verbs.add_parser("connect", help="register, then hand every message to a function of yours",
                               epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    connect.add_argument("--platform-url", default=env("MOLECULE_PLATFORM_URL"),
                         help="address of the platform (MOLECULE_PLATFORM_URL)")
    connect.add_argument("--workspace-id", default=env("MOLECULE_WORKSPACE_ID"),
                         help="the workspace this agent holds (MOLECULE_WORKSPACE_ID)")
    connect.add_argument("--handler", required=True, metavar="MODULE:FUNCTION",
                         help="called as function(message, client); the text it returns is the answer")
    connect.add_argument("--token", default=env("MOLECULE_WORKSPACE_TOKEN"),
                         help="workspace token; prefer MOLECULE_WORKSPACE_TOKEN, other users can see arguments")
    connect.add_argument("--agent-name", default=env("MOLECULE_AGENT_NAME"),
                         help="name on the agent card (MOLECULE_AGENT_NAME; default remote-<first 8 of the id>)")
    connect.add_argument("--reported-url", default=env("MOLECULE_REPORTED_URL", ""),
                         help="address shown for this agent; messages are polled all the same (MOLECULE_REPORTED_URL)")
    connect.add_argument("--poll-interval", type=float, default=env("MOLECULE_POLL_INTERVAL", DEFAULT_POLL_INTERVAL),
                         help="seconds one poll lasts when there is nothing (MOLECULE_POLL_INTERVAL; default 5)")
    connect.add_argument("--relay", action="store_true",
                         help="receive messages over one connection of this agent's own instead of polling")
    connect.add_argument("--cursor-file", default=env("MOLECULE_CURSOR_FILE"),
                         help="keeps the position in the inbox (MOLECULE_CURSOR_FILE; default beside the token)")
    connect.add_argument("--org-id", default=env("MOLECULE_ORG_ID", ""), help="organisation id (MOLECULE_ORG_ID)")
    connect.add_argument("--origin", default=env("MOLECULE_ORIGIN", ""),
                         help="Origin header (MOLECULE_ORIGIN; default the platform's address)")
    connect.add_argument("--verbose", action="store_true", help="log every step to stderr")
    verify = verbs.add_parser("verify-sha256", help="print the content hash that belongs into plugin.yaml")
    verify.add_argument("directory", type=Path)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    options_parser = parser()
    options = options_parser.parse_args(arguments)
    if options.verb == "verify-sha256":
        return verify_sha256(options.directory)
    for name, variable in (("platform_url", "MOLECULE_PLATFORM_URL"), ("workspace_id", "MOLECULE_WORKSPACE_ID")):
        if not getattr(options, name):
            options_parser.error(f"connect needs --{name.replace('_', '-')} or {variable}")
    if not options.poll_interval > 0:
        options_parser.error("--poll-interval must be a positive number of seconds")
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.INFO,
                        format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    return connect(options)


def verify_sha256(directory: Path) -> int:
    try:
        print(compute_plugin_sha256(directory))
    except OSError as error:
        print(f"cannot hash {directory}: {error}", file=sys.stderr)
        return FAILED
    return DONE


def connect(options: argparse.Namespace) -> int:
    try:
        handler = load_handler(options.handler)
    except Exception as error:  # importing somebody's module can raise anything
        print(f"cannot load handler {options.handler!r}: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    try:
        client = RemoteAgentClient(
            options.workspace_id, options.platform_url, reported_url=options.reported_url, org_id=options.org_id,
            origin=options.origin,
            agent_card={"name": options.agent_name or f"remote-{options.workspace_id[:8]}"})
        if options.token:
            client.try_token(options.token)
    except ValueError as error:
        print(str(error), file=sys.stderr)
        return NOT_REGISTERED
    with client:
        if not options.relay:
            client.delivery_mode = "poll"
        client.stop_on_signals()
        try:
            client.register(patience=math.inf)
        except (PlatformError, requests.RequestException) as error:
            if client.stopped.is_set():
                return DONE
            print(f"cannot register: {error}", file=sys.stderr)
            return NOT_REGISTERED
        delivery: InboundDelivery
        if options.relay:
            delivery = RelayDelivery(client, handler)
        else:
            delivery = PollDelivery(client, interval=options.poll_interval,
                                    cursor_file=options.cursor_file or client.token_dir / "inbox_cursor")
        print(f"connected {client.workspace_id} to {client.platform_url}", flush=True)
        try:
            client.run_agent_loop(handler, delivery)
        except CredentialRejectedError:
            return FAILED  # the loop's last line says why
        except KeyboardInterrupt:
            pass
        return DONE


def load_handler(name: str) -> MessageHandler:
    """Import `module:function` with the current directory first in the path."""
    module_name, colon, function_name = name.partition(":")
    if not (module_name and colon and function_name):
        raise ValueError("write it as module:function")
    sys.path.insert(0, os.getcwd())
    handler = importlib.import_module(module_name)
    for part in function_name.split("."):
        handler = getattr(handler, part)
    if not callable(handler):
        raise TypeError(f"{function_name} in {module_name} is not a function")
    return cast(MessageHandler, handler)


if __name__ == "__main__":
    sys.exit(main())
