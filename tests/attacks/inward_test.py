"""Addresses that lead inside the operator's network, however they are spelled, are dialled for nobody.

The stage allows 127.0.0.1 for its own agents and nothing else.
"""

from __future__ import annotations

import pytest
from attackers import Org, refused

HOSTS = [
    # Loopback beside the one allowed address, in every number form.
    "127.0.0.2", "127.1.2.3", "0x7f000002", "0x7F.0.0.2", "0177.0.0.2", "2130706434", "017700000002", "127.2", "127.0.2",
    "0x7f.2", "127.0.0.2.", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "[::127.0.0.2]",
    # Private, link-local, carrier, benchmarking, documentation, this host, multicast, broadcast.
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "0xa000001", "167772161", "012.0.0.1",
    "169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "100.64.0.1", "100.127.255.255", "198.18.0.1",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.0.0.1", "0.0.0.0", "0", "0.0.0.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "4294967295",
    # The same inside version 6, mapped, translated and tunnelled.
    "[::]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[2001:db8::1]", "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]", "[64:ff9b::a00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:a00:1::]",
    "[2002:7f00:2::]", "[2001::1]", "[fec0::1]"]
URLS = [f"http://{host}/a2a" for host in HOSTS] + [
    "http://user:password@192.168.1.1/", "http://127.0.0.1@10.0.0.1/", "http://10.0.0.1#@127.0.0.1/", "http://10.0.0.1:80/",
    "https://10.0.0.1/", "HTTP://10.0.0.1/", "http://10.0.0.1:0/", "http://10.0.0.1:99999/", "ftp://10.0.0.1/",
    "file:///etc/passwd", "gopher://127.0.0.1/", "unix:/run/x.sock", "javascript:alert(1)", "http:10.0.0.1", "http:///x",
    "http://", "//10.0.0.1/", "http://[::1", "http://10.0.0.1\r\nX: y/", "http://10.0.0.1\t/", "http://１０.0.0.1/",
    "http://①②⑦.0.0.2/", "http://10。0。0。1/", "http://nowhere.invalid/"]


@pytest.mark.parametrize("url", URLS)
def test_an_inward_address_is_refused_at_every_door(org: Org, url: str) -> None:
    agent = org.resident("inward")
    card = {"name": "agent"}
    assert agent.register(url="http://127.0.0.1:9/a2a", delivery_mode="push").status_code == 200
    count = len(org.ask("GET", "/workspaces").json())
    for answer in (
            agent.register(url=url, delivery_mode="push"),
            agent.register(url="http://127.0.0.1:9/a2a", delivery_mode="push", agent_card={**card, "url": url})
            if url.startswith("http") else agent.register(url=url, delivery_mode="push"),
            agent.ask("POST", "/registry/update-card", {"workspace_id": agent.id, "url": url}),
            org.ask("POST", "/workspaces", {"name": "inward", "runtime": "external", "url": url})):
        assert refused(answer, 400)["code"] in ("url_not_allowed", "url_invalid", "url_unresolvable"), answer.text
    if url.startswith("http"):
        refused(agent.ask("POST", "/registry/update-card", {"workspace_id": agent.id, "agent_card": {**card, "url": url}}), 400)
    after = org.ask("GET", f"/workspaces/{agent.id}").json()
    assert after["url"] == "http://127.0.0.1:9/a2a" and "url" not in after["agent_card"]
    assert len(org.ask("GET", "/workspaces").json()) == count
