"""Prints what in this checkout breaks the house rules, one line each; exits 1 when there is any."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import calls
import coroutines
import edges
import imports
import names
import needs
import queries
from tree import Tree

RULES = [*edges.RULES, *imports.RULES, *calls.RULES, *coroutines.RULES, *queries.RULES, *names.RULES, *needs.RULES]
ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    tree = Tree.of_checkout(ROOT)
    complaints = [c for rule in RULES for c in rule(tree)]
    print("\n".join(complaints) if complaints else "tidy")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
