"""Coroutine forms that compilers are known to build wrongly, or that readers misread.

All of these have a safe spelling: await into a named value first, then use the value.
"""

import re

from tree import Tree, line_of

OPEN, CLOSE = "([{", ")]}"


def closing(code: str, start: int) -> int:
    """The offset of the bracket that closes the one at start, or the end of the text."""
    depth = 0
    for i in range(start, len(code)):
        if code[i] in OPEN:
            depth += 1
        elif code[i] in CLOSE:
            depth -= 1
            if depth == 0:
                return i
    return len(code)


def is_block(code: str, start: int) -> bool:
    """Whether the brace at start opens statements: an initialiser list has no semicolon of its own."""
    end = closing(code, start)
    i = start + 1
    while i < end:
        if code[i] == ";":
            return True
        if code[i] == "{" and is_block(code, i):
            before = code[:i].rstrip()
            if before.endswith((")", "else", "do", "try")):
                return True
        if code[i] in OPEN:
            i = closing(code, i)
        i += 1
    return False


def enclosing(code: str, offset: int) -> list[int]:
    """Offsets of the brackets open at offset, innermost first, up to the first block."""
    found = []
    depth = 0
    for i in range(offset - 1, -1, -1):
        if code[i] in CLOSE:
            depth += 1
        elif code[i] in OPEN:
            if depth:
                depth -= 1
            else:
                found.append(i)
                if code[i] == "{" and is_block(code, i):
                    break
    return found


def no_await_in_conditions(tree: Tree) -> list[str]:
    complaints = []
    for path, code in tree.code.items():
        for match in re.finditer(r"\b(if|while|switch|for)\s*(?:constexpr\s*)?\(", code):
            inside = code[match.end() - 1 : closing(code, match.end() - 1)]
            # A lambda inside the parentheses has statements of its own.
            inside = re.sub(r"\{[^{}]*;[^{}]*\}", "", inside)
            if re.search(r"\bco_await\b", inside):
                complaints.append(f"{path}:{line_of(code, match.start())}: co_await inside the parentheses of {match[1]}; await into a named value first")
    return complaints


def no_await_in_braces(tree: Tree) -> list[str]:
    complaints = []
    for path, code in tree.code.items():
        for match in re.finditer(r"\bco_await\b", code):
            for bracket in enclosing(code, match.start()):
                if code[bracket] == "{" and not is_block(code, bracket):
                    complaints.append(f"{path}:{line_of(code, match.start())}: co_await inside a braced initialiser; await into a named value first")
                    break
    return complaints


def capture_owns(captures: str) -> bool:
    """Whether a capture list copies something with a life of its own; references and this do not."""
    names = [c.strip() for c in captures.split(",") if c.strip()]
    return any(not n.startswith("&") and n not in ("this", "*this") for n in names)


def no_temporaries_beside_await(tree: Tree) -> list[str]:
    complaints = []
    for path, code in tree.code.items():
        for match in re.finditer(r"\bco_await\b", code):
            i = match.end()
            while i < len(code) and code[i] not in ";)]}":
                if code[i] in "([{":
                    i = scan(path, code, i, complaints)
                else:
                    i += 1
    return complaints


def scan(path: str, code: str, start: int, complaints: list[str]) -> int:
    """Walks one bracketed part of an awaited expression; returns the offset after it."""
    end = closing(code, start)
    before = code[:start].rstrip()
    if code[start] == "{":
        if is_block(code, start):
            return end + 1
        if code[start + 1 : end].strip():
            complaints.append(f"{path}:{line_of(code, start)}: a braced value beside co_await; name it on a line of its own")
        return end + 1
    if code[start] == "[":
        subscript = re.search(r"[\w)\]]$", before) and not re.search(r"\b(co_await|return)$", before)
        if not subscript and capture_owns(code[start + 1 : end]):
            complaints.append(f"{path}:{line_of(code, start)}: a lambda that captures by value beside co_await; name it on a line of its own")
        return end + 1
    i = start + 1
    while i < end:
        i = scan(path, code, i, complaints) if code[i] in OPEN else i + 1
    return end + 1


RULES = [no_await_in_conditions, no_await_in_braces, no_temporaries_beside_await]
