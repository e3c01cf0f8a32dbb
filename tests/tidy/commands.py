"""Which programs a shell script, a Python file or a Node script calls, read from its text.

A call is found where the language puts one: at a command's place in a shell script, in the argument list
of subprocess and child_process, in shutil.which, and in any literal such as "/usr/bin/python3". A name
that is only known at run time ("$programs/initdb") counts by its last part when that is literal.
"""

import ast
import re
from dataclasses import dataclass, field

KEYWORDS = {"if", "then", "elif", "else", "fi", "do", "done", "while", "until", "!", "{", "}", "time", "esac"}
# Programs and functions that run the command in their arguments: how many plain arguments come before
# it, and which options take a value of their own.
WRAPPERS = {
    "exec": (0, ()), "command": (0, ()), "env": (0, ("-u",)), "nice": (0, ("-n",)), "nohup": (0, ()), "setsid": (0, ()),
    "timeout": (1, ("-s", "-k")), "xargs": (0, ("-P", "-I", "-n", "-d")), "sudo": (0, ()), "setpriv": (0, ()),
    "taskset": (1, ()), "chroot": (1, ()), "unshare": (0, ()), "time": (0, ()),
}
SHELLS = {"bash", "sh", "dash"}
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^]]*\])?\+?=")
ABSOLUTE = re.compile(r"""["'](?:/usr)?/s?bin/([\w.+-]+)["']""")


@dataclass
class Call:
    line: int
    program: str


@dataclass
class Word:
    line: int
    text: str  # Quotes removed; what is only known at run time is "\0".
    quoted: str | None = None  # The text when the whole word is one single-quoted literal.


@dataclass
class Shell:
    """Reads a bash script once, left to right. Covers what the scripts of this tree are written in."""

    text: str
    wrappers: dict = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    at: int = 0
    heredocs: list[str] = field(default_factory=list)

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def read(self) -> "Shell":
        self.commands("")
        return self

    def commands(self, end: str) -> None:
        """Commands up to `end`, which is ")" inside $(…), or the end of the text."""
        words: list[Word] = []
        case_patterns: list[bool] = []

        def finish() -> None:
            self.take(words)
            words.clear()

        while self.at < len(self.text):
            c = self.text[self.at]
            if case_patterns and case_patterns[-1] and not words and not c.isspace() and c != "#":
                if re.match(r"esac\b", self.text[self.at:]):
                    self.at += 4
                    case_patterns.pop()
                    continue
                self.pattern()
                case_patterns[-1] = False
                continue
            if c == "\n":
                finish()
                self.at += 1
                self.skip_heredocs()
            elif c in " \t":
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif c == "#":
                self.at = self.until_newline()
            elif c in ";&|":
                if self.text.startswith(";;", self.at) and case_patterns:
                    case_patterns[-1] = True
                    self.at += 1
                finish()
                self.at += 1
            elif c == ")":
                finish()
                self.at += 1
                if end == ")":
                    return
            elif c == "(":
                if self.text.startswith("()", self.at) and len(words) == 1:
                    self.functions.add(words[0].text)
                    words.clear()
                    self.at += 2
                elif self.text.startswith("((", self.at):
                    self.at = self.text.index("))", self.at) + 2
                else:
                    self.at += 1
                    self.commands(")")
            elif c in "<>":
                self.redirection()
            elif re.match(r"\d+[<>]", self.text[self.at:]):
                self.at += len(re.match(r"\d+", self.text[self.at:])[0])
                self.redirection()
            elif not words and self.text.startswith("[[", self.at):
                self.condition()
            else:
                word = self.word()
                if not words and word.text == "case":
                    while self.word_after_blanks().text != "in":
                        pass
                    case_patterns.append(True)
                elif not words and word.text == "esac" and case_patterns:
                    case_patterns.pop()
                elif not words and word.text in ("for", "select"):
                    self.at = self.end_of_line_or(";")
                elif not words and word.text in KEYWORDS:
                    pass
                else:
                    words.append(word)
        finish()

    def until_newline(self) -> int:
        found = self.text.find("\n", self.at)
        return len(self.text) if found < 0 else found

    def end_of_line_or(self, mark: str) -> int:
        """Past the words of a `for`, whose $(…) hold commands too."""
        while self.at < len(self.text) and self.text[self.at] not in mark + "\n":
            if self.text.startswith("((", self.at):
                self.at = self.text.index("))", self.at) + 2
            elif self.text[self.at] in " \t":
                self.at += 1
            else:
                self.word()
        return self.at

    def condition(self) -> None:
        """[[ … ]]: its words are no commands, but a $(…) in it holds one."""
        self.at += 2
        while not self.text.startswith("]]", self.at):
            if self.text[self.at] in " \t\n<>()&|;":
                self.at += 1
            elif self.word().text == "":
                self.at += 1
        self.at += 2

    def pattern(self) -> None:
        while self.text[self.at] != ")":
            if self.text[self.at] in " \t|(":
                self.at += 1
            else:
                self.word()
        self.at += 1

    def word_after_blanks(self) -> Word:
        while self.text[self.at] in " \t\n":
            self.at += 1
        return self.word()

    def redirection(self) -> None:
        if self.text.startswith(("<(", ">("), self.at):
            self.at += 2
            self.commands(")")
            return
        if self.text.startswith("<<", self.at) and not self.text.startswith("<<<", self.at):
            match = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?").match(self.text, self.at)
            self.heredocs.append(match[1])
            self.at = match.end()
            return
        while self.text[self.at] in "<>&|":
            self.at += 1
        if self.text[self.at] == "-":
            self.at += 1
            return
        self.word_after_blanks()

    def skip_heredocs(self) -> None:
        for mark in self.heredocs:
            end = re.compile(rf"^\t*{mark}$", re.MULTILINE).search(self.text, self.at)
            body = self.text[self.at:end.start() if end else len(self.text)]
            start = self.at
            # Commands in $(…) of an unquoted here-document run as well.
            for match in re.finditer(r"\$\((?!\()", body):
                self.at = start + match.end()
                self.commands(")")
            self.at = end.end() if end else len(self.text)
        self.heredocs = []

    def word(self) -> Word:
        began, line, out = self.at, self.line(), []
        while self.at < len(self.text) and self.text[self.at] not in " \t\n;&|()<>":
            c = self.text[self.at]
            if c == "'":
                end = self.text.index("'", self.at + 1)
                out.append(self.text[self.at + 1:end])
                self.at = end + 1
            elif c == '"':
                self.at += 1
                while self.text[self.at] != '"':
                    out.append(self.piece())
                self.at += 1
            else:
                out.append(self.piece())
            # NAME=( … ) and NAME+=( … ): words of an array, no commands.
            if self.at < len(self.text) and self.text[self.at] == "(" and ASSIGNMENT.fullmatch("".join(out)):
                self.array()
        raw = self.text[began:self.at]
        single = raw[1:-1] if len(raw) > 1 and raw[0] == "'" and raw.count("'") == 2 and raw[-1] == "'" else None
        return Word(line, "".join(out), single)

    def array(self) -> None:
        self.at += 1
        while self.text[self.at] != ")":
            if self.text[self.at] in " \t\n":
                self.at += 1
            elif self.text[self.at] == "#":
                self.at = self.until_newline()
            else:
                self.word()
        self.at += 1

    def piece(self) -> str:
        """One character, escape or expansion outside single quotes."""
        c = self.text[self.at]
        if c == "\\":
            self.at += 2
            return self.text[self.at - 1:self.at]
        if self.text.startswith("$((", self.at):
            self.at = self.text.index("))", self.at) + 2
            return "\0"
        if self.text.startswith("$(", self.at):
            self.at += 2
            self.commands(")")
            return "\0"
        if self.text.startswith("${", self.at):
            depth = 0
            while True:
                if self.text[self.at] == "}" and depth == 1:
                    self.at += 1
                    return "\0"
                if self.text.startswith("${", self.at):
                    depth += 1
                    self.at += 2
                elif self.text.startswith("$(", self.at):
                    self.piece()
                else:
                    depth -= self.text[self.at] == "}"
                    self.at += 1
        if c == "$":
            match = re.compile(r"\$(\w+|[@*#?$!-])?").match(self.text, self.at)
            self.at = match.end()
            return "\0" if match[1] else "$"
        self.at += 1
        return c

    def take(self, words: list[Word]) -> None:
        """Notes the command in `words`, and the one that it runs in turn."""
        for word in command_words(words, {**WRAPPERS, **self.wrappers}):
            name = program_name(word.text)
            if name:
                self.calls.append(Call(word.line, name))
            if name in SHELLS:
                self.script_of(words, word)

    def script_of(self, words: list[Word], shell: Word) -> None:
        rest = words[next(i for i, w in enumerate(words) if w is shell) + 1:]
        for option, script in zip(rest, rest[1:]):
            if option.text == "-c" and script.quoted is not None:
                inner = Shell(script.quoted, self.wrappers).read()
                self.calls += [Call(script.line + call.line - 1, call.program) for call in inner.calls]
                self.functions |= inner.functions
                return


def command_words(words: list[Word], wrappers: dict) -> list[Word]:
    found = []
    at = 0
    while at < len(words) and ASSIGNMENT.match(words[at].text):
        at += 1
    while at < len(words):
        found.append(words[at])
        name = program_name(words[at].text)
        if name not in wrappers:
            break
        before, valued = wrappers[name]
        at += 1
        while at < len(words) and (words[at].text.startswith("-") or ASSIGNMENT.match(words[at].text) or before):
            text = words[at].text
            if text in valued:
                at += 1
            elif not text.startswith("-") and not ASSIGNMENT.match(text):
                before -= 1
            at += 1
    return found


def program_name(text: str) -> str:
    """The program a word names; empty when only the run knows."""
    name = text.rsplit("/", 1)[-1]
    return name if re.fullmatch(r"[A-Za-z0-9_.\[+-]+", name) else ""


def of_python(text: str) -> list[Call]:
    tree = ast.parse(text)
    lists: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Tuple)):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    lists.setdefault(target.id, []).append(node.value)
    calls = []

    def literal(node: ast.expr) -> Word:
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "\0"
        return Word(node.lineno, text, text)

    def take(argument: ast.expr) -> None:
        for shown in lists.get(argument.id, []) if isinstance(argument, ast.Name) else [argument]:
            while isinstance(shown, ast.BinOp):
                shown = shown.left
            if isinstance(shown, (ast.List, ast.Tuple)):
                shell = Shell("")
                shell.take([literal(item) for item in shown.elts])
                calls.extend(shell.calls)

    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = ast.unparse(node.func)
        if name.startswith("subprocess.") or name.endswith("create_subprocess_exec"):
            take(node.args[0])
        elif name == "shutil.which":
            calls.append(Call(node.lineno, program_name(literal(node.args[0]).text)))
    return [call for call in calls if call.program] + literals(text)


def of_node(text: str) -> list[Call]:
    started = re.finditer(r"""\b(?:spawn|exec|execFile|fork)(?:Sync)?\(\s*["'`]([\w./+-]+)["'`]""", text)
    return [Call(text.count("\n", 0, m.start()) + 1, program_name(m[1])) for m in started] + literals(text)


def literals(text: str) -> list[Call]:
    return [Call(text.count("\n", 0, m.start()) + 1, m[1]) for m in ABSOLUTE.finditer(text)]


def python_modules(text: str) -> list[Call]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [Call(node.lineno, alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append(Call(node.lineno, node.module.split(".")[0]))
    return found
