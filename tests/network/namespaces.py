"""A small internet of network namespaces: the platform's host and homes, each behind a router of its own that translates
addresses and lets nobody in. Needs root, iproute2 and nftables; a kernel without namespaces has none of it."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PLATFORM = "11.0.0.1"
"""No agent may dial the addresses that are set apart for documents and benchmarks."""
PREFIX = "molecule-"
CLONE_NEWNET = 0x40000000
COMMAND_SECONDS = 10

_libc = ctypes.CDLL(None, use_errno=True)
_count = itertools.count()


def run(*words: str, text: str | None = None) -> str:
    done = subprocess.run(words, input=text, stdin=subprocess.DEVNULL if text is None else None, capture_output=True, text=True,
                          timeout=COMMAND_SECONDS)
    if done.returncode != 0:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip() or done.returncode}")
    return done.stdout


def why_not() -> str:
    """Why there can be no namespaces here; "" where there can."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    try:
        with Namespace(f"{PREFIX}{os.getpid()}-trial") as trial:
            trial.tell("ip", "link", "add", "name", "one", "type", "veth", "peer", "name", "other")
            trial.tell("nft", "-f", "-", text=RULES)
    except (OSError, subprocess.SubprocessError) as wrong:
        return str(wrong)
    return ""


class Namespace:
    def __init__(self, name: str) -> None:
        self.name = name
        run("ip", "netns", "add", name)
        self.tell("ip", "link", "set", "lo", "up")

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def tell(self, *words: str, text: str | None = None) -> str:
        return run("ip", "netns", "exec", self.name, *words, text=text)

    def enter(self) -> None:
        """From now on the calling thread lives here, and what it starts."""
        with open(f"/run/netns/{self.name}", "rb") as place:
            _go_to(place.fileno())

    def inside(self, work: Callable[[], T]) -> T:
        """Do it in a thread that lives here. Sockets, threads and processes that it leaves stay here."""
        outcome: list[T] = []
        failure: list[BaseException] = []

        def there() -> None:
            try:
                self.enter()
                outcome.append(work())
            except BaseException as error:  # handed to the caller
                failure.append(error)

        thread = threading.Thread(target=there, daemon=True)
        thread.start()
        thread.join(60)
        if failure:
            raise failure[0]
        assert outcome, f"what was done in {self.name} did not end"
        return outcome[0]

    def write(self, setting: str, value: str) -> None:
        self.inside(lambda: Path("/proc/sys/net", setting).write_text(value))

    def remove(self) -> None:
        """With all processes that were left in it."""
        remove(self.name)


def remove(name: str) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        for pid in map(int, run("ip", "netns", "pids", name).split()):
            if pid != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        run("ip", "netns", "delete", name)


def remove_left_ones() -> None:
    """Those of test runs that were killed."""
    for line in run("ip", "netns", "list").splitlines():
        name = line.split()[0]
        owner = name.removeprefix(PREFIX).partition("-")[0]
        if name.startswith(PREFIX) and owner.isdigit() and not Path(f"/proc/{owner}").exists():
            remove(name)


def _go_to(place: int) -> None:
    if _libc.setns(place, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")


@contextlib.contextmanager
def living_in(namespace: Namespace) -> Iterator[None]:
    """The calling thread lives there, for a while."""
    with open("/proc/thread-self/ns/net", "rb") as home:
        namespace.enter()
        try:
            yield
        finally:
            _go_to(home.fileno())


RULES = """
table ip nat {
  chain captive { type nat hook prerouting priority dstnat; }
  chain post { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
}
table ip filter {
  chain weather { }
  chain forward {
    type filter hook forward priority filter; policy drop;
    jump weather
    ct state established accept
    iifname "lan" ct state new accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lan" accept
    ct state established accept
  }
}
"""


class Home:
    """A machine at home, and the router that it is behind. Every home has the same private addresses."""

    def __init__(self, prefix: str, number: int, platform: Namespace) -> None:
        self.host = Namespace(f"{prefix}home{number}")
        self.router = Namespace(f"{prefix}router{number}")
        self.outside = f"11.0.0.{4 * number + 2}"
        self._address = ""
        try:
            self._connect(number, platform)
        except BaseException:
            self.remove()
            raise

    def _connect(self, number: int, platform: Namespace) -> None:
        run("ip", "link", "add", "name", "lan", "netns", self.router.name, "type", "veth",
            "peer", "name", "eth0", "netns", self.host.name)
        run("ip", "link", "add", "name", "wan", "netns", self.router.name, "type", "veth",
            "peer", "name", f"line{number}", "netns", platform.name)
        self.router.tell("ip", "address", "add", "192.168.1.1/24", "dev", "lan")
        self.router.tell("ip", "address", "add", f"{self.outside}/32", "dev", "wan")
        self.router.tell("ip", "link", "set", "lan", "up")
        self.router.tell("ip", "link", "set", "wan", "up")
        self.router.tell("ip", "route", "add", PLATFORM, "dev", "wan", "scope", "link")
        self.router.tell("ip", "route", "add", "default", "via", PLATFORM)
        platform.tell("ip", "link", "set", f"line{number}", "up")
        platform.tell("ip", "route", "add", self.outside, "dev", f"line{number}", "scope", "link", "src", PLATFORM)
        self.router.tell("nft", "-f", "-", text=RULES)
        self.router.write("ipv4/ip_forward", "1")
        # A packet of a connection that the router does not know is nobody's.
        self.router.write("netfilter/nf_conntrack_tcp_loose", "0")
        self.host.tell("ip", "link", "set", "eth0", "up")
        self.move("192.168.1.2")

    def move(self, address: str) -> None:
        """The machine has another address from now on; what had the old one is not told."""
        if self._address:
            self.host.tell("ip", "address", "delete", f"{self._address}/24", "dev", "eth0")
        self._address = address
        self.host.tell("ip", "address", "add", f"{address}/24", "dev", "eth0")
        self.host.tell("ip", "route", "replace", "default", "via", "192.168.1.1")

    @contextlib.contextmanager
    def weather(self, rule: str) -> Iterator[None]:
        """What the router does with every packet, for a while."""
        self.router.tell("nft", "add", "rule", "ip", "filter", "weather", *rule.split())
        try:
            yield
        finally:
            self.router.tell("nft", "flush", "chain", "ip", "filter", "weather")

    @contextlib.contextmanager
    def captive(self, port: int) -> Iterator[None]:
        """Whatever the home dials is answered by the router itself, at this port of its own."""
        self.router.tell("nft", "add", "rule", "ip", "nat", "captive", "iifname", "lan", "meta", "l4proto", "tcp",
                         "redirect", "to", f":{port}")
        try:
            yield
        finally:
            self.router.tell("nft", "flush", "chain", "ip", "nat", "captive")

    def forget_after(self, seconds: int) -> None:
        """The router forgets connections that are idle for so long. For those that begin from now on."""
        self.router.write("netfilter/nf_conntrack_tcp_timeout_established", str(seconds))

    def remove(self) -> None:
        for each in (self.host, self.router):
            each.remove()


class Internet:
    """The platform's host and two homes."""

    def __init__(self) -> None:
        prefix = f"{PREFIX}{os.getpid()}-{next(_count)}-"
        self._made: list[Namespace | Home] = []
        remove_left_ones()
        try:
            self.platform = Namespace(f"{prefix}platform")
            self._made.append(self.platform)
            self.platform.tell("ip", "address", "add", f"{PLATFORM}/32", "dev", "lo")
            self.platform.write("ipv4/ip_forward", "1")
            self.homes = [self._home(prefix, number) for number in range(2)]
        except BaseException:
            self.remove()
            raise

    def _home(self, prefix: str, number: int) -> Home:
        made = Home(prefix, number, self.platform)
        self._made.append(made)
        return made

    def connections(self, home: Home, port: int) -> int:
        """That the platform has with a home."""
        return len(self.platform.tell("ss", "-Htn", "state", "established", "sport", "=", f":{port}", "dst",
                                      home.outside).splitlines())

    def remove(self) -> None:
        for each in reversed(self._made):
            each.remove()


def pause(seconds: float) -> None:
    """How long the weather lasts, not a wait for anything."""
    time.sleep(seconds)
