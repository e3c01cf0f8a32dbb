#!/usr/bin/env python3
"""Writes the migrations as a C++ table: embed_migrations.py MIGRATIONS OUT.

Files are NNNN_name.sql, numbered from 0001 without gaps.
"""

import pathlib
import sys

folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
out.parent.mkdir(parents=True, exist_ok=True)
rows = []
for expected, file in enumerate(sorted(folder.glob("*.sql")), start=1):
    number, name = file.stem.split("_", 1)
    if int(number) != expected:
        sys.exit(f"{file.name}: expected number {expected:04d}; migrations have no gaps")
    rows.append(f'    sql::Migration{{{expected}, "{name}", R"migration({file.read_text()})migration"}},')
out.write_text("\n".join(rows) + "\n")
