#!/usr/bin/env python3
"""Writes an assembler file with every file of web/dist, precompressed, and a C++ table over them.

Usage: embed_canvas.py DIST OUT. A missing DIST gives an empty table: the binary then says how to build
the canvas.
"""

import gzip
import hashlib
import pathlib
import subprocess
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json; charset=utf-8",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
COMPRESSED = {".html", ".js", ".css", ".svg", ".json", ".txt", ".webmanifest"}


def brotli(data: bytes) -> bytes:
    return subprocess.run(["brotli", "-q", "11", "-w", "22", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def main() -> None:
    dist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    blobs = out / "blobs"
    blobs.mkdir(exist_ok=True)
    files = sorted(p for p in dist.rglob("*") if p.is_file()) if dist.is_dir() else []
    assembler = ['.section .rodata\n']
    table = []
    for number, file in enumerate(files):
        data = file.read_bytes()
        suffix = file.suffix.lower()
        variants = {"plain": data}
        if suffix in COMPRESSED and len(data) > 512:
            variants["br"] = brotli(data)
            variants["gz"] = gzip.compress(data, 9, mtime=0)
        cells = []
        for form in ("plain", "br", "gz"):
            if form not in variants:
                cells.append("{nullptr, 0}")
                continue
            blob = blobs / f"{number}.{form}"
            blob.write_bytes(variants[form])
            symbol = f"molecule_asset_{number}_{form}"
            assembler.append(f'.global {symbol}\n.balign 16\n{symbol}:\n.incbin "{blob}"\n')
            cells.append(f"{{{symbol}, {len(variants[form])}}}")
            table.append((0, f'extern "C" const char {symbol}[];'))
        etag = hashlib.sha256(data).hexdigest()[:20]
        path = "/" + file.relative_to(dist).as_posix()
        kind = TYPES.get(suffix, "application/octet-stream")
        table.append((1, f'    {{"{path}", "{kind}", "\\"{etag}\\"", {", ".join(cells)}}},'))
    assembler.append('.section .note.GNU-stack,"",@progbits\n')
    (out / "canvas.S").write_text("".join(assembler))
    text = "\n".join(line for order, line in table if order == 0)
    rows = "\n".join(line for order, line in table if order == 1)
    (out / "canvas_table.inc").write_text(
        f"{text}\nnamespace molecule::app {{\nconst std::array<Asset, {len(files)}> canvas_assets{{{{\n{rows}\n}}}};\n}}\n"
        if files
        else "namespace molecule::app {\nconst std::array<Asset, 0> canvas_assets{};\n}\n"
    )


main()
