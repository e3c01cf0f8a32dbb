"""SQL and metrics: each table is written by one slice; the name of a query or metric says which it is."""

import re
from collections import defaultdict

from tree import Tree, line_of, without_comments

NAMED = re.compile(r'\bQuery<[^;{]*\{\s*"([\w.]+)"', re.DOTALL)
LITERAL = re.compile(r'R"\((.*?)\)"|"((?:\\.|[^"\\\n])*)"', re.DOTALL)
WRITE = re.compile(r"\b(?:INSERT\s+INTO|DELETE\s+FROM|(?<!DO )(?<!FOR )UPDATE)\s+([a-z_][a-z0-9_]*)\b")


def slice_sources(tree: Tree) -> list[str]:
    return [p for p in tree.cpp() if not p.endswith("_test.cc") and not p.startswith("src/testing/")]


def query_names_are_unique(tree: Tree) -> list[str]:
    seen: dict[str, str] = {}
    complaints = []
    for path in slice_sources(tree):
        text = without_comments(tree.files[path])
        for match in NAMED.finditer(text):
            place = f"{path}:{line_of(text, match.start(1))}"
            if match[1] in seen:
                complaints.append(f"{place}: the query name {match[1]} is taken at {seen[match[1]]}")
            seen.setdefault(match[1], place)
    return complaints


def tables_have_one_writer(tree: Tree) -> list[str]:
    writers: dict[str, dict[str, str]] = defaultdict(dict)
    for path in slice_sources(tree):
        text = without_comments(tree.files[path])
        for literal in LITERAL.finditer(text):
            for match in WRITE.finditer(literal[1] or literal[2] or ""):
                writers[match[1]].setdefault(tree.module_of(path), f"{path}:{line_of(text, literal.start())}")
    return [
        f"{place}: {module} writes the table {table}, and so does {', '.join(m for m in places if m != module)}"
        for table, places in sorted(writers.items())
        if len(places) > 1
        for module, place in places.items()
    ]


METRIC = re.compile(r'\b(counter|gauge|histogram)\(\s*"([^"]+)"')


def metrics_belong_to_one_module(tree: Tree) -> list[str]:
    owner: dict[str, str] = {}
    complaints = []
    for path in slice_sources(tree):
        text = without_comments(tree.files[path])
        module = tree.module_of(path)
        for match in METRIC.finditer(text):
            place = f"{path}:{line_of(text, match.start())}"
            if not re.fullmatch(r"molecule_[a-z0-9_]+", match[2]):
                complaints.append(f"{place}: the metric {match[2]} needs the prefix molecule_ and snake_case")
            if (match[1] == "counter") != match[2].endswith("_total"):
                complaints.append(f"{place}: {match[2]}: counters, and only they, end in _total")
            if owner.setdefault(match[2], module) != module:
                complaints.append(f"{place}: the metric {match[2]} belongs to {owner[match[2]]}")
    return complaints


RULES = [query_names_are_unique, tables_have_one_writer, metrics_belong_to_one_module]
