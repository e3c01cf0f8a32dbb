"""Extractive summaries: picks the sentences a document itself says best, by no model but arithmetic.

Sentences are compared by their weighted words (tf-idf, cosine); a random walk over those similarities (TextRank) finds
the ones that the rest of the text leans on. Place and shape then count: openings say what follows, a sentence that
starts with "This" needs its neighbour, a fragment says little. Sentences that repeat a chosen one step back. What is
chosen appears in the order of the document, in its own words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from prose import Sentence

MAX_RANKED = 700
"""Sentences that are compared with each other; of a longer text, evenly spread parts of this many in all."""
MAX_BULLET_CHARS = 320
DAMPING = 0.85
ROUNDS = 40
REDUNDANCY = 0.55
"""How strongly a sentence is held back for saying what a chosen one says already."""

STOPWORDS = frozenset("""
a about above after again all also although always am among an and another any are aren't as at be because been before
being below between both but by can can't cannot could did do does doesn't doing don't done down during each either
else etc even ever every few first for from further get gets got had has have having he her here hers him his how
however i if in instead into is isn't it its itself just last least less let like likely made make makes many may me
might more most much must my neither never no nor not now of off often on once one only onto or other others our out
over own per perhaps please quite rather really same see several shall she should since so some still such than that
that's the their them then there these they this those though through thus to too two under until up upon us use used
uses using very via was way we well were what when where whether which while who whom whose why will with within
without would yes yet you your yours
""".split())

DANGLING = re.compile(r"""^(?:this(?!\ (?:project|document|repository|library|package|page|guide|file|folder|directory
|tool|paper|article|report|module|program|chapter|specification|release)\b)|that|these|those|it|its|they|he|she|such
|then|thus|hence|therefore|however|but|and|or|so|also|moreover|furthermore|otherwise|instead|still|yet|nor|both|neither
|here|there|another|for\ example|for\ instance|in\ addition|as\ a\ result|in\ contrast|on\ the\ other\ hand
|because\ of\ this|after\ that|which)\b""", re.IGNORECASE | re.VERBOSE)
POINTING = re.compile(r"""^(?:see\b|note\b|click|visit|read\b|refer\b|check\b|download|follow|join\b|contact|thank
|sponsor|next:|previous:|copyright|all\ rights|licen[sc]ed|back\ to|table\ of\ contents|for\ more|for\ details
|e\.g\.|example) |\b(?:see\ (?:below|above|also)|as\ follows|following\ (?:command|example|section|steps))\b""",
                      re.IGNORECASE | re.VERBOSE)
DEFINING = re.compile(r"^(?:The\s)?[\w.+-]+(?:\s[\w.+-]+){0,3}\s(?:(?:is|are|was|were)\s(?:a|an|the|one)|means|lets"
                      r"|helps|allows|provides|describes)\s", re.IGNORECASE)
INSTRUCTING = re.compile(r"^(?:if\s(?:you|your|the)|to\s\w+|please|run|install|make\ssure|ensure"
                         r"|you\s(?:can|may|should|need|must))\b|\bplease\b", re.IGNORECASE)
ASIDE = re.compile(r"licen[cs]|contribut|sponsor|acknowledg|credit|communit|support|trademark|legal|crypto|author"
                   r"|contact|changelog|badge|install|getting help|thank|donat|reporting", re.IGNORECASE)
"""Headings of sections that are about a text's surroundings rather than its subject."""


@dataclass(frozen=True)
class Summary:
    """`points` in document order; `total` is how many sentences the text had to choose from."""

    points: list[str]
    total: int


def summarise(sentences: list[Sentence], count: int, heading: str = "") -> Summary:
    """The `count` sentences that say most; fewer when the text has fewer. `heading` is the document's title."""
    usable = [s for s in sentences if 4 <= len(s.text.split()) <= 90]
    if len(usable) < count:
        usable = [s for s in sentences if len(s.text.split()) >= 2] or sentences
    candidates = _spread(usable)
    bags = [Counter(words(s.text)) for s in candidates]
    weights = _weights(bags)
    vectors = [_vector(bag, weights) for bag in bags]
    centrality = _walk(vectors)
    topic = set(words(heading))
    scores = [centrality[i] * _shape(candidates[i], bags[i], topic, i, len(candidates))
              for i in range(len(candidates))]
    chosen = _choose(scores, vectors, candidates, count)
    return Summary([tidy(candidates[i].text) for i in sorted(chosen)], len(sentences))


def words(text: str) -> list[str]:
    """Meaningful words, lower case, in a common form ("summaries" and "summary" are one)."""
    found = re.findall(r"[^\W\d_][\w'’-]*", text.lower())
    return [stem(word) for word in found if len(word) > 2 and word.replace("’", "'") not in STOPWORDS]


def stem(word: str) -> str:
    """A rough common form of a word's inflections; British and American spellings meet, too."""
    word = re.sub(r"['’]s?$", "", word)
    word = re.sub(r"iz(e|es|ed|ing|er|ers|ation|ations)$", r"is\1", word)
    for ending, least in (("isations", 4), ("isation", 4), ("ations", 4), ("ation", 4), ("ising", 4), ("isers", 4),
                          ("iser", 4), ("ised", 4), ("ises", 4), ("ise", 4), ("ingly", 4), ("edly", 4), ("ies", 3),
                          ("ing", 4), ("ers", 4), ("ed", 4), ("er", 5), ("es", 4), ("ly", 4), ("s", 3), ("y", 4),
                          ("e", 4)):
        if word.endswith(ending) and len(word) - len(ending) >= least and not (ending == "s" and word.endswith("ss")):
            word = word[:-len(ending)]
            break
    # "summar(y)" and "summar(ise)" end alike now; a doubled consonant ("planned") becomes single.
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiouls" else word


def tidy(text: str) -> str:
    """A sentence as a bullet: no list mark, capital first, a full stop, not endless."""
    text = re.sub(r"^(?:[\s\-*•–—·]+|\(?[a-z0-9]{1,2}\)\s+)+", "", text).strip().rstrip(" :;,–—-")
    if len(text) > MAX_BULLET_CHARS:
        cut = text[:MAX_BULLET_CHARS].rsplit(" ", 1)[0].rstrip(" ,;:–—-")
        clause = max(cut.rfind("; "), cut.rfind(": "), cut.rfind(", "))
        text = (cut[:clause] if clause > MAX_BULLET_CHARS // 2 else cut) + " …"
    if text and text[0].islower() and re.match(r"[a-zà-þ]+[\s,]", text):
        text = text[0].upper() + text[1:]
    return text if re.search(r"[.!?…][\"'”’)\]]*$", text) else text + "."


def _spread(sentences: list[Sentence]) -> list[Sentence]:
    if len(sentences) <= MAX_RANKED:
        return sentences
    # The opening stays whole; of the rest every nth sentence, leads first.
    head, tail = sentences[:MAX_RANKED // 4], sentences[MAX_RANKED // 4:]
    leads = [s for s in tail if s.lead] or tail
    step = len(leads) / (MAX_RANKED - len(head))
    if step <= 1:
        return head + leads
    return head + [leads[int(i * step)] for i in range(MAX_RANKED - len(head))]


def _weights(bags: list[Counter[str]]) -> dict[str, float]:
    spread = Counter(word for bag in bags for word in bag)
    total = len(bags)
    # A word that occurs once in the text connects nothing, whatever its rarity.
    return {word: math.log(1 + total / n) * (1.0 if n > 1 else 0.4) for word, n in spread.items()}


def _vector(bag: Counter[str], weights: dict[str, float]) -> dict[str, float]:
    raw = {word: (1 + math.log(n)) * weights[word] for word, n in bag.items()}
    norm = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {word: value / norm for word, value in raw.items()}


def _similarity(one: dict[str, float], other: dict[str, float]) -> float:
    if len(one) > len(other):
        one, other = other, one
    return sum(value * other[word] for word, value in one.items() if word in other)


def _walk(vectors: list[dict[str, float]]) -> list[float]:
    """Stationary weight of each sentence, scaled so that an average one has 1."""
    total = len(vectors)
    if total <= 1:
        return [1.0] * total
    holders: dict[str, list[int]] = {}
    for i, vector in enumerate(vectors):
        for word in vector:
            holders.setdefault(word, []).append(i)
    links: list[dict[int, float]] = [{} for _ in vectors]
    for i, vector in enumerate(vectors):
        near = {j for word in vector for j in holders[word] if j > i}
        for j in near:
            value = _similarity(vector, vectors[j])
            if value > 0.03:
                links[i][j] = links[j][i] = value
    sums = [sum(link.values()) for link in links]
    rank = [1.0] * total
    for _ in range(ROUNDS):
        rank = [(1 - DAMPING) + DAMPING * sum(rank[j] * value / sums[j] for j, value in links[i].items())
                for i in range(total)]
    return rank


def _shape(sentence: Sentence, bag: Counter[str], topic: set[str], index: int, total: int) -> float:
    """How well a sentence stands alone and how much its place says; 1 is neutral."""
    text, length = sentence.text, len(sentence.text.split())
    score = 1.0
    if length < 8:
        score *= 0.35 + 0.07 * length
    elif length > 38:
        score *= max(0.45, 1 - (length - 38) / 60)
    if DANGLING.match(text):
        score *= 0.5
    if POINTING.search(text):
        score *= 0.45
    if INSTRUCTING.search(text):
        score *= 0.7
    elif DEFINING.match(text):
        score *= 1.2
    if ASIDE.search(sentence.heading) and not set(words(sentence.heading)) & topic:
        score *= 0.6
    if text.endswith(":"):
        score *= 0.4
    elif text.endswith("?"):
        score *= 0.5
    elif sentence.item and not re.search(r"[.!?]$", text):
        score *= 0.7
    signs = sum(not (c.isalnum() or c in " ,.'’\"-()") for c in text)
    score *= max(0.4, 1 - 3.5 * signs / max(1, len(text)))
    if re.search(r"https?://|\bwww\.", text):
        score *= 0.6
    if re.match(r"[a-z]", text):
        score *= 0.75
    # Openings: of the document most, of a paragraph a little.
    place = index / max(1, total - 1)
    score *= 1.0 + 1.5 * math.exp(-index / 2.5) + 0.25 * (1 - place)
    if sentence.lead:
        score *= 1.15
    if topic:
        score *= 1.0 + 0.4 * min(1.0, sum(1 for word in bag if word in topic) / 2)
    # A sentence of its heading's words is what the section is about.
    section = set(words(sentence.heading))
    if section:
        score *= 1.0 + 0.2 * min(1.0, sum(1 for word in bag if word in section) / 2)
    return score


def _choose(scores: list[float], vectors: list[dict[str, float]], sentences: list[Sentence], count: int) -> set[int]:
    chosen: set[int] = set()
    highest = max(scores, default=1.0) or 1.0
    while len(chosen) < min(count, len(scores)):
        def worth(i: int) -> float:
            near = max((_similarity(vectors[i], vectors[j]) for j in chosen), default=0.0)
            value = scores[i] / highest * (1 - REDUNDANCY * near) - (1.0 if near > 0.75 else 0.0)
            # A summary of one section is no summary of the text.
            alike = sum(1 for j in chosen if sentences[j].heading == sentences[i].heading)
            same_block = any(sentences[j].block == sentences[i].block for j in chosen)
            return value * (0.85 ** alike if value > 0 else 1) * (0.8 if same_block and value > 0 else 1)

        chosen.add(max((i for i in range(len(scores)) if i not in chosen), key=worth))
    return chosen
