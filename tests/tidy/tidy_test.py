"""Every rule is shown a tree that breaks it, one that keeps it, and then this checkout."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import calls
import coroutines
import edges
import imports
import names
import needs_test
import queries
import tidy
from tree import Tree, code_only

CMAKE = """
module(base)
module(platform/io USES base LINKS asio)
module(platform/json USES base)
module(server/log USES base platform/io)
module(server/notes USES base server/log TEST_USES testing)
module(testing USES base)
"""


def src(**files):
    """Sources by path, with __ for a slash: server__log__log_h='…' is src/server/log/log.h."""
    made = {"CMakeLists.txt": CMAKE}
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        made["src/" + stem.replace("__", "/") + "." + suffix] = text
    return Tree(made)


def sdk(**files):
    return Tree({f"sdk/python/src/molecule_agent/{name}.py": text for name, text in files.items()})


def body(statement):
    return src(server__log__log_cc="Task<void> f() {\n  " + statement + "\n}\n")


# (rule, a tree that breaks it, a tree that keeps it)
SAMPLES = [
    *needs_test.SAMPLES,
    (
        calls.answers_are_read_as_answers,
        body("json::Document::parse(\n      answer->body());"),
        body("json::parse_answer(answer.body); json::Document::parse(answer, limits); json::Document::parse(request.body);"),
    ),
    (
        calls.answers_are_read_as_answers,
        src(client__a_cc="auto f() { return json::Document::parse(body); }"),
        src(wire__a_cc="auto f() { return json::Document::parse(body); }", client__a_test_cc="auto x = json::Document::parse(answer.body);"),
    ),
    (
        edges.includes_match_module_lines,
        src(base__id_h="", server__log__log_h="", base__fault_h='#include "server/log/log.h"'),
        src(base__id_h="", server__log__log_h='#include "base/id.h"\n// #include "nowhere.h"'),
    ),
    (edges.includes_match_module_lines, src(base__id_h='#include "base/gone.h"'), src(base__id_h="#include <vector>")),
    (edges.includes_match_module_lines, src(other__x_cc=""), src(base__x_cc="")),
    (
        edges.includes_match_module_lines,
        src(testing__plane_h="", server__notes__notes_cc='#include "testing/plane.h"'),
        src(testing__plane_h="", server__notes__notes_test_cc='#include "testing/plane.h"'),
    ),
    (
        edges.module_lines_name_only_what_is_included,
        Tree({"CMakeLists.txt": "module(base)\nmodule(wire USES base)", "src/base/a.h": "", "src/wire/b.h": ""}),
        Tree({"CMakeLists.txt": "module(base)\nmodule(wire USES base)", "src/base/a.h": "", "src/wire/b.h": '#include "base/a.h"'}),
    ),
    (
        edges.module_lines_name_only_what_is_included,
        Tree({"CMakeLists.txt": "module(base)\nmodule(gone)", "src/base/a.h": ""}),
        Tree({"CMakeLists.txt": "module(base)\n# module(gone)", "src/base/a.h": ""}),
    ),
    (
        edges.modules_use_only_earlier_lines,
        Tree({"CMakeLists.txt": "module(a USES b)\nmodule(b USES a)"}),
        Tree({"CMakeLists.txt": "module(a)\nmodule(b USES a)"}),
    ),
    (
        edges.layers_hold,
        Tree({"CMakeLists.txt": "module(server/x)\nmodule(agent USES server/x)"}),
        Tree({"CMakeLists.txt": "module(client)\nmodule(agent USES client)"}),
    ),
    (imports.no_module_imports_itself_over_others, sdk(a="from . import b", b="from .c import x", c="def f():\n    from .a import y"),
     sdk(a="from . import b", b="from .c import x", c="import a", d="from molecule_agent.a import b")),
    (imports.no_module_imports_itself_over_others, sdk(a="from molecule_agent import b", b="import molecule_agent.a"),
     Tree({"tests/a.py": "import b\nfrom . import c", "tests/b.py": "import c", "tests/c.py": "", "tools/c.py": "import a"})),
    (imports.no_module_imports_itself_over_others, Tree({"tests/a.py": "import b", "tests/b.py": "import a"}),
     Tree({"tests/a.py": "import b", "tests/b.py": "", "tools/b.py": "import a", "tools/a.py": ""})),
    (edges.layers_hold, Tree({"CMakeLists.txt": "module(wire/a)\nmodule(platform/io USES wire/a)"}), Tree({"CMakeLists.txt": CMAKE})),
    (
        edges.no_file_cycles,
        src(base__a_h='#include "base/b.h"', base__b_h='#include "base/a.h"'),
        src(base__a_h='#include "base/b.h"', base__b_h=""),
    ),
    (
        edges.testing_only_from_tests,
        src(testing__plane_h="", server__log__log_cc='#include "testing/plane.h"'),
        src(testing__plane_h="", server__log__log_test_cc='#include "testing/plane.h"'),
    ),
    (
        edges.testing_only_from_tests,
        src(server__log__log_fixture_h="", server__log__log_cc='#include "server/log/log_fixture.h"'),
        src(server__log__log_fixture_h='#include "testing/plane.h"', testing__plane_h=""),
    ),
    (
        edges.heavy_headers_stay_in_platform,
        src(server__log__log_cc="#include <boost/asio/io_context.hpp>"),
        src(platform__io__loop_cc="#include <boost/asio/io_context.hpp>"),
    ),
    (
        edges.heavy_headers_stay_in_platform,
        src(
            platform__io__inner_h="#include <openssl/evp.h>",
            platform__io__outer_h='#include "platform/io/inner.h"',
            server__log__log_cc='#include "platform/io/outer.h"',
        ),
        src(
            platform__io__inner_h="#include <openssl/evp.h>",
            platform__io__outer_h="",
            server__log__log_cc='#include "platform/io/outer.h"',
        ),
    ),
    (
        calls.system_calls_stay_in_platform,
        body("auto t = std::chrono::steady_clock::now();"),
        src(platform__io__clock_cc="auto t = std::chrono::steady_clock::now();"),
    ),
    (calls.system_calls_stay_in_platform, body('const char* v = std::getenv("X");'), body('log("getenv is not called here");')),
    (calls.system_calls_stay_in_platform, body('system("ls");'), body("file_system(path); System system(db);  // not system()")),
    (
        calls.files_are_made_in_one_place,
        body('::open("key", O_WRONLY | O_CREAT, 0600);'),
        src(platform__files__fresh_file_cc="::mkostemp(name, 0); ::rename(a, b);"),
    ),
    (calls.files_are_made_in_one_place, body("::rename(a, b);"), body("std::filesystem::rename(a, b);")),
    (
        calls.no_switched_off_tests,
        src(base__id_test_cc="TEST(Id, DISABLED_parses) {}"),
        src(base__id_test_cc="TEST(Id, parses) {}  // DISABLED_ would be refused"),
    ),
    (calls.no_switched_off_tests, Tree({"web/a.test.ts": "it.only('x', f)"}), Tree({"web/a.test.ts": "it('x', f)"})),
    (coroutines.no_await_in_conditions, body("if (co_await f()) g();"), body("bool ok = co_await f();\n  if (ok) g();")),
    (coroutines.no_await_in_conditions, body("while (x && (co_await f()) > 0) {}"), body("while (x) { co_await f(); }")),
    (coroutines.no_await_in_conditions, body("switch (co_await f()) { case 1: break; }"), body("// if (co_await f())\n  g();")),
    (
        coroutines.no_await_in_braces,
        body("Pair p{co_await f(), 1};"),
        body("auto a = co_await f();\n  Pair p{a, 1};"),
    ),
    (coroutines.no_await_in_braces, body("g({f(co_await h())});"), body("if (x) { co_await h(); } else { co_return; }")),
    (coroutines.no_await_in_braces, body("auto l = {co_await f()};"), body("auto l = [&]() -> Task<int> { co_return co_await f(); };")),
    (coroutines.no_temporaries_beside_await, body("co_await f(Agg{1, s});"), body("Agg a{1, s};\n  co_await f(a);")),
    (coroutines.no_temporaries_beside_await, body("co_await f({1, s});"), body("co_await f({}, xs[i]);")),
    (coroutines.no_temporaries_beside_await, body("co_await f([x] { return x; });"), body("co_await f([&] { return g(x); });")),
    (coroutines.no_temporaries_beside_await, body("co_await f([=, &y] { g(); });"), body("co_await f([this, &y] { g(Agg{1}); });")),
    (
        queries.query_names_are_unique,
        src(server__log__log_store_h='Query<Row(Id)> a{"log.find", R"(SELECT 1)"};\nQuery<Row(Id)> b{\n"log.find", "SELECT 2"};'),
        src(server__log__log_store_h='Query<Row(Id)> a{"log.find", "SELECT 1"};\nQuery<void(Id)> b{"log.add", "SELECT 2"};'),
    ),
    (
        queries.tables_have_one_writer,
        src(server__log__log_store_h='R"(INSERT INTO notes (a) VALUES ($1))"', server__notes__notes_store_h='"DELETE FROM notes WHERE a = $1"'),
        src(
            server__log__log_store_h='R"(SELECT a FROM notes WHERE b = $1)"',
            server__notes__notes_store_h='R"(INSERT INTO notes (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = $1)"',
        ),
    ),
    (
        queries.metrics_belong_to_one_module,
        src(server__log__a_cc='r.counter("molecule_x_total", "X.")', server__notes__b_cc='r.counter("molecule_x_total", "X.")'),
        src(server__log__a_cc='r.counter("molecule_x_total", "X.", l1), r.counter("molecule_x_total", "X.", l2)'),
    ),
    (queries.metrics_belong_to_one_module, body('r.counter("molecule_x", "X.");'), body('r.gauge("molecule_x", "X.");')),
    (queries.metrics_belong_to_one_module, body('r.gauge("x", "X.");'), body('// r.gauge("x", "X.");')),
    (names.no_drawers, Tree({"src/utils/a.h": ""}), Tree({"src/score/a.h": ""})),
    (names.no_drawers, Tree({"web/src/string_helpers.ts": ""}), Tree({"web/src/corelation.ts": ""})),
    (names.sources_are_snake_case, Tree({"src/base/FooBar.h": ""}), Tree({"src/base/foo_store.sqlite.h": ""})),
    (
        names.folders_have_pages,
        Tree({"src/base/id.h": "", "CMakeLists.txt": ""}),
        Tree({"src/base/id.h": "", "src/base/README.md": "", "CMakeLists.txt": ""}),
    ),
    (
        names.pages_name_existing_files,
        Tree({"src/base/README.md": "see `gone.h`"}),
        Tree({"src/base/README.md": "see `id.h` and `server/log/log.h`", "src/base/id.h": "", "src/server/log/log.h": ""}),
    ),
    (names.nothing_that_does_not_belong, Tree({"a.py": "key = 'gh" + "p_" + "a" * 36 + "'"}), Tree({"a.py": "key = make_key()"})),
    (names.nothing_that_does_not_belong, Tree({"a.pem": "-----BEGIN PRIVATE " + "KEY-----"}), Tree({"a.pem": "-----BEGIN CERTIFICATE-----"})),
    (names.nothing_that_does_not_belong, Tree({"a.md": "in /ho" + "me/ann/x"}), Tree({"a.md": "in https://x/work/y and ~/home/x/"})),
    (names.nothing_that_does_not_belong, Tree({"a.cc": "// TO" + "DO: later"}), Tree({"a.cc": "// The list of TODOS is empty"})),
]


@pytest.mark.parametrize("rule,bad,good", SAMPLES, ids=[f"{s[0].__name__}-{i}" for i, s in enumerate(SAMPLES)])
def test_a_rule_fails_on_what_it_forbids_and_only_on_that(rule, bad, good):
    found = rule(bad)
    assert found, "the rule let the bad sample pass"
    assert all(":" in line for line in found)
    assert rule(good) == []


def test_every_rule_has_a_sample():
    assert {s[0] for s in SAMPLES} == set(tidy.RULES)


def test_a_complaint_names_the_line():
    tree = body("g();\n  if (co_await f()) g();")
    assert coroutines.no_await_in_conditions(tree)[0].startswith("src/server/log/log.cc:3:")


def test_literals_and_comments_are_not_code():
    text = "int a = 1'000; /* x{ */ char c = '{'; auto s = R\"x(if (co_await f()))x\"; // }\n"
    code = code_only(text)
    assert "{" not in code and "co_await" not in code and "1'000" in code
    assert len(code) == len(text)


@pytest.fixture(scope="module")
def checkout():
    return Tree.of_checkout(tidy.ROOT)


@pytest.mark.parametrize("rule", tidy.RULES, ids=lambda r: r.__name__)
def test_this_checkout_keeps_the_rule(rule, checkout):
    complaints = rule(checkout)
    assert not complaints, "\n" + "\n".join(complaints)
