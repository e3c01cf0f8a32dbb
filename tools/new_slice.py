"""./dev new-slice NAME: a server slice that builds and passes from the first minute.

Writes src/server/NAME with a page, a noun, a service and a test, and adds its module line after the
last server module. The noun has no fields yet; give it some, then a store, routes and a migration.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PAGE = """# {name}

What {name} are, and why the control plane keeps them.

| To | Look at |
|---|---|
| change what one is | `{name}.h` |
| change what can be done with one | `{name}_service.h`, `{name}_service.cc` |
| see how it behaves | `{name}_test.cc` |

Invariants: written here as they are decided.

How it fails: a refused call throws a Fault whose code says why.
"""

NOUN = """// What a {noun} is.
#pragma once

#include <string>

namespace molecule::{name} {{

struct {type} {{
  std::string name;
}};

}}  // namespace molecule::{name}
"""

SERVICE_H = """// What can be done with {name}.
#pragma once

#include "server/{name}/{name}.h"

namespace molecule::{name} {{

class Service {{
 public:
  // Whether a {noun} may carry this name: one to 120 bytes.
  [[nodiscard]] bool accepts(const {type}& {noun}) const;
}};

}}  // namespace molecule::{name}
"""

SERVICE_CC = """#include "server/{name}/{name}_service.h"

namespace molecule::{name} {{

bool Service::accepts(const {type}& {noun}) const {{
  return !{noun}.name.empty() && {noun}.name.size() <= 120;
}}

}}  // namespace molecule::{name}
"""

TEST = """#include "server/{name}/{name}_service.h"

#include <gtest/gtest.h>

namespace molecule::{name} {{
namespace {{

TEST({type}, NeedsAName) {{
  const Service service;
  EXPECT_FALSE(service.accepts({type}{{""}}));
  EXPECT_TRUE(service.accepts({type}{{"first"}}));
}}

}}  // namespace
}}  // namespace molecule::{name}
"""


def singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def main(name: str, root: Path) -> int:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        print(f"new-slice: '{name}' is not snake_case", file=sys.stderr)
        return 2
    folder = root / "src" / "server" / name
    if folder.exists():
        print(f"new-slice: {folder.relative_to(root)} exists", file=sys.stderr)
        return 1
    cmake = root / "CMakeLists.txt"
    text = cmake.read_text()
    last = None
    for last in re.finditer(r"^module\(server/[^)]*\)\n|^module\(platform/[^)]*\)\n", text, re.MULTILINE):
        pass
    if last is None:
        print("new-slice: CMakeLists.txt has no module lines to follow", file=sys.stderr)
        return 1
    noun = singular(name)
    kind = "".join(part.capitalize() for part in noun.split("_"))
    folder.mkdir(parents=True)
    for suffix, template in (
        ("README.md", PAGE), (f"{name}.h", NOUN), (f"{name}_service.h", SERVICE_H),
        (f"{name}_service.cc", SERVICE_CC), (f"{name}_test.cc", TEST),
    ):
        (folder / suffix).write_text(template.format(name=name, noun=noun, type=kind))
    cmake.write_text(text[: last.end()] + f"module(server/{name})\n" + text[last.end() :])
    print(f"wrote src/server/{name} and its module line; next: fields, a store, routes, a migration")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], ROOT))
