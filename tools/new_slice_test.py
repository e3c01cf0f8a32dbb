"""A slice made by the script keeps every rule of the tree it is added to."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "tidy"))
import new_slice
import tidy
from tree import Tree


def test_a_new_slice_is_tidy_and_declared(tmp_path):
    (tmp_path / "CMakeLists.txt").write_text("module(platform/io)\nmodule(server/auth)\nmodule(app)\n")
    assert new_slice.main("cost_policies", tmp_path) == 0
    made = {str(p.relative_to(tmp_path)): p.read_text() for p in tmp_path.rglob("*") if p.is_file()}
    tables = {name: (tidy.ROOT / name).read_text() for name in ("tools/packages.sh", "tools/provides.txt")}
    tree = Tree({**made, **tables})
    assert list(tree.modules) == ["platform/io", "server/auth", "server/cost_policies", "app"]
    assert "struct CostPolicy" in made["src/server/cost_policies/cost_policies.h"]
    complaints = [c for rule in tidy.RULES for c in rule(tree) if "cost_policies" in c]
    assert complaints == []


def test_refuses_a_name_that_is_taken_or_misspelt(tmp_path):
    (tmp_path / "CMakeLists.txt").write_text("module(platform/io)\n")
    assert new_slice.main("Bad-Name", tmp_path) == 2
    assert new_slice.main("notes", tmp_path) == 0
    before = (tmp_path / "CMakeLists.txt").read_text()
    assert new_slice.main("notes", tmp_path) == 1
    assert (tmp_path / "CMakeLists.txt").read_text() == before
