"""Turns a document into sentences: what is worth reading, in order, with the heading each sentence stands under.

Markdown, reStructuredText-like plain text, HTML and source code are understood well enough to leave out what no summary
should quote: code, tables, badges, navigation, licence headers, link targets.
"""

from __future__ import annotations

import html.parser
import re
from dataclasses import dataclass

MAX_BLOCKS = 20_000
MAX_LINE_CHARS = 4000
MAX_BLOCK_CHARS = 8000
"""What is longer than this is no paragraph a person wrote; the rest of it is not looked at."""


@dataclass(frozen=True)
class Sentence:
    """`lead` marks the first sentence of a paragraph, `item` a list item, `block` counts paragraphs from the top."""

    text: str
    heading: str
    block: int
    lead: bool
    item: bool


@dataclass
class Block:
    kind: str  # "text", "item" or "heading"
    text: str


SOURCE_SUFFIXES = {".c", ".cc", ".cpp", ".cs", ".css", ".go", ".h", ".hh", ".hpp", ".java", ".js", ".jsx", ".mjs",
                   ".kt", ".php", ".proto", ".py", ".rb", ".rs", ".sh", ".sql", ".swift", ".ts", ".tsx", ".cmake",
                   ".toml", ".yaml", ".yml", ".ini", ".cfg"}
HTML_SUFFIXES = {".html", ".htm", ".xhtml"}


def sentences(text: str, suffix: str = ".md") -> list[Sentence]:
    """Every sentence of a document; `suffix` (with its dot, "" when unknown) tells its kind."""
    suffix = suffix.lower()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if suffix in HTML_SUFFIXES or (not suffix and re.match(r"\s*<(!doctype|html)\b", text, re.IGNORECASE)):
        blocks = html_blocks(text)
    elif suffix in SOURCE_SUFFIXES:
        blocks = markdown_blocks(comments(text, suffix))
    else:
        blocks = markdown_blocks(text)
    found: list[Sentence] = []
    heading = ""
    for number, block in enumerate(blocks[:MAX_BLOCKS]):
        if block.kind == "heading":
            heading = block.text
            continue
        for position, sentence in enumerate(split(block.text)):
            found.append(Sentence(sentence, heading, number, position == 0, block.kind == "item"))
    return found


def title(text: str, suffix: str = ".md") -> str:
    """The first heading of a document, "" when it has none."""
    blocks = html_blocks(text) if suffix.lower() in HTML_SUFFIXES else markdown_blocks(text)
    return next((block.text for block in blocks if block.kind == "heading"), "")


# --- Markdown and plain text --------------------------------------------------------------------------------------

FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
RULE = re.compile(r"\s{0,3}([-*_=~^])(\s*\1){2,}\s*$")
ITEM = re.compile(r"(\s*)(?:[-*+•]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+(?:\[[ xX]\]\s+)?(\S.*)$")
HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
TABLE = re.compile(r"\s*\|.*\|\s*$|\s*[+|]?[-=:+| ]{3,}[-=:+|]\s*$")
LINK_TARGET = re.compile(r"\s{0,3}\[[^\]]+\]:\s*\S+")


def markdown_blocks(text: str) -> list[Block]:
    """Paragraphs, list items and headings; everything else is left out."""
    lines = [line[:MAX_LINE_CHARS] for line in without_remarks(text).split("\n")]
    if lines and lines[0].strip() in ("---", "+++"):  # front matter
        closing = next((i for i, line in enumerate(lines[1:200], 1) if line.strip() == lines[0].strip()), 0)
        lines = lines[closing + 1:] if closing else lines
    blocks: list[Block] = []
    gathered: list[str] = []
    kind = "text"
    fence = ""
    after_blank = True

    def flush() -> None:
        nonlocal kind
        if gathered:
            cleaned = inline(" ".join(gathered)[:MAX_BLOCK_CHARS])
            if cleaned and readable(cleaned):
                blocks.append(Block(kind, cleaned))
        gathered.clear()
        kind = "text"

    for index, line in enumerate(lines):
        opened = FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and not line.strip().strip("`~"):
                fence = ""
            continue
        if opened:
            flush()
            fence = opened[1]
            continue
        bare = line.strip()
        if bare.startswith(">"):
            line = re.sub(r"^\s*(>\s?)+", "", line)
            bare = line.strip()
        if not bare:
            flush()
            after_blank = True
            continue
        following = lines[index + 1].strip() if index + 1 < len(lines) else ""
        heading = HEADING.match(line)
        item = ITEM.match(line)
        if heading:
            flush()
            blocks.append(Block("heading", inline(heading[2])))
        elif len(bare) <= 120 and len(following) >= 3 and re.fullmatch(r"=+|-{3,}|~{3,}|\^{3,}", following) \
                and not item and not gathered and not TABLE.match(line):
            blocks.append(Block("heading", inline(bare)))
        elif RULE.match(line) or TABLE.match(line) or LINK_TARGET.match(line):
            flush()
        elif item:
            flush()
            kind = "item"
            gathered.append(item[2])
        elif after_blank and not gathered and (line.startswith("\t") or line.startswith("    ")) \
                and not _continues_item(blocks, line):
            continue  # indented code
        else:
            gathered.append(bare)
            if line.endswith("  ") or line.endswith("\\"):
                gathered[-1] = gathered[-1].rstrip("\\").rstrip()
        after_blank = not bare
    flush()
    return [_short_line_as_heading(block) for block in blocks]


def without_remarks(text: str) -> str:
    """Text without `<!-- … -->`."""
    kept, start = [], 0
    while (opening := text.find("<!--", start)) >= 0:
        closing = text.find("-->", opening)
        if closing < 0:
            break
        kept.append(text[start:opening])
        start = closing + 3
    return " ".join([*kept, text[start:]])


def _continues_item(blocks: list[Block], line: str) -> bool:
    """A paragraph that belongs to a list item is indented like code, but reads like text."""
    return bool(blocks) and blocks[-1].kind == "item" and re.match(r"\s+[A-Z][a-z]+ .*[a-z]", line) is not None


def _short_line_as_heading(block: Block) -> Block:
    words = block.text.split()
    if block.kind == "text" and len(words) <= 8 and not re.search(r"[.!?:;,]$", block.text):
        return Block("heading", block.text)
    return block


def inline(text: str) -> str:
    """Text without Markdown and HTML marks."""
    # What is escaped stands for itself: it hides behind private characters until every mark is gone.
    text = re.sub(r"\\([\\`*_{}\[\]()#+\-.!|>~])", lambda sign: chr(0xE000 + ord(sign[1])), text)
    # Placeholders such as `<name>` inside code are words, not tags.
    text = re.sub(r"``?([^`]+)``?", lambda code: code[1].replace("<", "\x01").replace(">", "\x02"), text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|!\[[^\]]*\]\[[^\]]*\]", " ", text)
    text = re.sub(r"\[([^\]]*)\]\((?:[^()]|\([^)]*\))*\)", r"\1", text)
    text = re.sub(r"\[([^\]]+)\]\[[^\]]*\]", r"\1", text)
    text = re.sub(r"\[\^[^\]]+\]", "", text)
    text = re.sub(r"\[([A-Za-z][^\[\]]*)\]", r"\1", text)
    text = re.sub(r"<((?:https?|mailto):[^>]+)>", r"\1", text)
    text = re.sub(r"</?[a-zA-Z][^<>]*>", " ", text)
    text = re.sub(r"(\*\*\*|___|\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?!\w)", r"\1", text)
    text = re.sub(r"(?<!\w)_(?=\S)([^_]+?)(?<=\S)_(?!\w)", r"\1", text)
    text = re.sub(r"~~(.+?)~~", r"\1", text)
    text = re.sub("[\ue000-\ue07f]", lambda sign: chr(ord(sign[0]) - 0xE000), text)
    text = html.unescape(text).replace("\x01", "<").replace("\x02", ">")
    return re.sub(r"\s+", " ", text).strip()


def readable(text: str) -> bool:
    """False for what is mostly signs: code, paths, rows of figures."""
    if len(re.findall(r"\s[|·•]\s", text)) >= 2:
        return False  # a row of links
    if len(re.findall(r"[{}<>=;]|\(\)|\w\(", text)) > max(2, len(text) // 25):
        return False
    letters = sum(character.isalpha() or character == " " for character in text)
    return letters >= 0.6 * len(text) and any(character.isalpha() for character in text)


# --- HTML ---------------------------------------------------------------------------------------------------------


class _Page(html.parser.HTMLParser):
    SKIPPED = {"script", "style", "noscript", "template", "nav", "footer", "aside", "form", "pre", "table", "svg",
               "button", "select", "head", "iframe", "figure"}
    BREAKING = {"p", "div", "section", "article", "main", "ul", "ol", "dl", "dd", "dt", "br", "hr", "blockquote",
                "body", "header", "details", "summary"}
    HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._skipping: list[str] = []
        self._gathered: list[str] = []
        self._kind = "text"
        self._inside_main = 0
        self.main_blocks: list[Block] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in self.SKIPPED:
            if not self._skipping:
                self.flush()
            self._skipping.append(tag)
        elif self._skipping:
            return
        elif tag in self.HEADINGS or tag == "li" or tag in self.BREAKING:
            self.flush()
            self._kind = "heading" if tag in self.HEADINGS else "item" if tag == "li" else "text"
            if tag in ("main", "article"):
                self._inside_main += 1

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag in self._skipping:
                while self._skipping.pop() != tag:
                    pass
            return
        if tag in self.HEADINGS or tag == "li" or tag in self.BREAKING:
            self.flush()
            if tag in ("main", "article"):
                self._inside_main = max(0, self._inside_main - 1)

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._gathered.append(data)

    def flush(self) -> None:
        text = re.sub(r"\s+", " ", "".join(self._gathered)).strip()[:MAX_BLOCK_CHARS]
        if text and readable(text):
            self.blocks.append(Block(self._kind, text))
            if self._inside_main:
                self.main_blocks.append(self.blocks[-1])
        self._gathered.clear()
        self._kind = "text"


def html_blocks(text: str) -> list[Block]:
    """Blocks of a page: of its main part when it marks one, and without navigation in any case."""
    page = _Page()
    # A sign that opens no tag is text; left to the parser, many of them cost quadratic time.
    page.feed(re.sub(r"<(?![a-zA-Z/!?][^<>]{0,2000}>)", "&lt;", without_remarks(text)))
    page.close()
    page.flush()
    chosen = page.main_blocks if sum(len(b.text) for b in page.main_blocks) > 200 else page.blocks
    return [_short_line_as_heading(block) for block in chosen]


# --- source code --------------------------------------------------------------------------------------------------


def comments(text: str, suffix: str) -> str:
    """The comments and documentation strings of source code as text with paragraphs."""
    if suffix == ".py":
        pattern = r'"""(.*?)"""|\'\'\'(.*?)\'\'\'|((?:^[ \t]*#(?!!)[^\n]*\n?)+)'
    elif suffix in (".sh", ".rb", ".cmake", ".toml", ".yaml", ".yml", ".ini", ".cfg"):
        pattern = r"((?:^[ \t]*#(?!!)[^\n]*\n?)+)"
    elif suffix == ".sql":
        pattern = r"/\*(.*?)\*/|((?:^[ \t]*--[^\n]*\n?)+)"
    else:
        pattern = r"/\*+(.*?)\*/|((?:^[ \t]*///?[^\n]*\n?)+)"
    paragraphs = []
    for match in re.finditer(pattern, text, re.DOTALL | re.MULTILINE):
        found = next(group for group in match.groups() if group is not None)
        lines = [re.sub(r"^\s*(?:///?|#+|--|\*+(?!\*))\s?", "", line).rstrip() for line in found.split("\n")]
        paragraph = "\n".join(line.strip() for line in lines)
        if not re.search(r"copyright|SPDX-License|licensed under|pylint:|noqa|clang-format", paragraph, re.IGNORECASE):
            paragraphs.append(paragraph)
    return "\n\n".join(paragraphs)


# --- sentences ----------------------------------------------------------------------------------------------------

ABBREVIATIONS = {"e.g", "i.e", "etc", "cf", "vs", "mr", "mrs", "ms", "dr", "prof", "st", "no", "fig", "eq", "sec",
                 "vol", "al", "inc", "ltd", "co", "corp", "jr", "sr", "approx", "dept", "est", "resp", "p", "pp", "ca",
                 "art", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "u.s",
                 "u.k", "a.m", "p.m", "gen", "gov", "sen", "rep", "rev", "hon", "lt", "col", "capt", "viz", "ed", "eds",
                 "ch"}
BOUNDARY = re.compile(r"""(?:[.!?…]+["')\]”’]*|[.!?]["”’])\s+(?=["'(\[“‘]?[A-Z0-9À-ÞА-Я`])""")


def split(text: str) -> list[str]:
    """Sentences of one paragraph. A full stop after an abbreviation or an initial ends none."""
    found, start = [], 0
    for match in BOUNDARY.finditer(text):
        last = text[start:match.start()].rsplit(None, 1)[-1:] or [""]
        word = last[0].lstrip("(\"'“‘[").lower()
        ended_by_stop = match[0].lstrip().startswith(".") and not match[0].lstrip().startswith("..")
        if ended_by_stop and (word in ABBREVIATIONS or re.fullmatch(r"[a-zà-þ]|\d{1,2}", word)):
            # An initial ("J. Doe") or a numeral ("No. 5.") is no end; "version 2. Then" stays together, too, which is
            # the smaller evil.
            continue
        found.append(text[start:match.end()].strip())
        start = match.end()
    rest = text[start:].strip()
    if rest:
        found.append(rest)
    return found
