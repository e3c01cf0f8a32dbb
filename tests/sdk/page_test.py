"""The canvas's page names its files relative to the address it was asked at, so that it works below any prefix of a proxy."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
import requests
from stage import Stage

HTML = {"Accept": "text/html", "Accept-Encoding": "identity"}


@pytest.mark.parametrize("path", ["/", "/w", "/w/1", "/w/1/chat", "/claim/mol_x", "/a/b/c/d/e/f/g/h/i"])
def test_every_address_of_the_page_leads_to_its_files(stage: Stage, path: str) -> None:
    page = requests.get(stage.url + path, headers=HTML, timeout=10)
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Cache-Control"] == "no-cache"
    names = re.findall(r' (?:src|href|content)="(\.{1,2}/[^"]*)"', page.text)
    # The root itself, the icon, scripts and styles.
    assert len(names) >= 4
    assert not re.search(r' (?:src|href)="/', page.text), "nothing is named from the root of the host"
    for name in names:
        below = urljoin(f"http://proxy.test/tools/molecule{path}", name)
        assert below.startswith("http://proxy.test/tools/molecule/"), (path, name)
        if name.strip("./"):
            found = requests.get(stage.url + below.removeprefix("http://proxy.test/tools/molecule"), timeout=10)
            assert found.status_code == 200 and not found.headers["Content-Type"].startswith("text/html"), name
    head = requests.head(stage.url + path, headers=HTML, timeout=10)
    assert head.status_code == 200 and head.headers["Content-Length"] == str(len(page.content))


def test_an_address_too_deep_for_the_page_is_unknown(stage: Stage) -> None:
    answer = requests.get(stage.url + "/x" * 10, headers=HTML, timeout=10)
    assert answer.status_code == 404 and answer.json()["code"] == "route_not_found"
