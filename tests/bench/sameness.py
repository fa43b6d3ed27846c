"""Measure how well copies, excerpts and edited quotes are told from other words.

`python -m tests.bench.sameness EVAL`, where EVAL is the folder of annotated articles.

Variants of real texts are generated, each seeded: bylines, other spelling of quote marks, one word in twelve another
one, cut tails, a third of the sentences dropped, the lead only; of quotes one word in twelve, cut ends, the name moved,
all but the words between quote marks reworded. False merges are counted over pairs of texts of different stories, and
of quotes on different conflicts. The last line is one flat JSON object.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from workers.domain.sameness import is_copy, same_words, signature_of, words_of

LEAST_ARTICLE_WORDS = 120  # of shorter articles there is no excerpt
LEAST_QUOTE_WORDS = 8
LEAST_SPOKEN_WORDS = 6  # between quote marks: fewer are said by many
EXIT_ABSENT = 2
Edit = Callable[[str, Random], str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Text:
    """A text or a quote, and what it is about: only texts on something else count as other ones."""

    about: str
    words: str


def main(folder: Path) -> int:
    """Print the figures; returns the exit code."""
    if not (folder / "articles_dev.jsonl").is_file():
        sys.stderr.write(f"{folder} holds no annotated articles: name the folder that does\n")
        return EXIT_ABSENT
    texts, quotes = list(_texts(folder)), list(_quotes(folder))
    figures: dict[str, float] = {"texts": len(texts), "quotes": len(quotes)}
    for name, edit in TEXT_EDITS.items():
        pairs = ((one.words, edit(one.words, Random(number))) for number, one in enumerate(texts))
        figures[f"text_{name}_recall"] = _share(is_copy(signature_of(a), signature_of(b)) for a, b in pairs)
    for name, edit in QUOTE_EDITS.items():
        pairs = ((one.words, edit(one.words, Random(number))) for number, one in enumerate(quotes))
        figures[f"quote_{name}_recall"] = _share(same_words(a, b) for a, b in pairs)
    signed = [(one.about, signature_of(one.words)) for one in texts]
    figures["text_pairs"], figures["text_false_merges"] = _merged(signed, is_copy)
    said = [(one.about, one.words) for one in quotes]
    figures["quote_pairs"], figures["quote_false_merges"] = _merged(said, same_words)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _texts(folder: Path) -> Iterator[Text]:
    for row in _rows(folder):
        yield Text(str(row["id"]).rpartition("-")[0], str(row["text"]))
    for line in (folder / "attribution_dev.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield Text(str(row["id"]), row["text"])


def _quotes(folder: Path) -> Iterator[Text]:
    for row in _rows(folder):
        for statement in row["statements"]:
            if len(words_of(statement["quote"])) >= LEAST_QUOTE_WORDS:
                yield Text(statement["conflict"], statement["quote"])


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for path in [folder / "articles_dev.jsonl", *sorted(folder.glob("train/*/articles.jsonl"))]:
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if len(row["text"].split()) >= LEAST_ARTICLE_WORDS:
                yield row


def _share(found: Iterator[bool]) -> float:
    answers = list(found)
    return round(sum(answers) / len(answers), 4)


def _merged(things: Sequence[tuple[str, T]], same: Callable[[T, T], bool]) -> tuple[int, float]:
    """How many pairs are about something else, and the share of them that is taken for the same."""
    others = [(one, other) for (about, one), (beside, other) in combinations(things, 2) if about != beside]
    return len(others), sum(same(one, other) for one, other in others) / len(others)


# --- edits of texts


def _byline(text: str, _: Random) -> str:
    return f"KARST (Northern Wire) - By our own staff. Updated at noon. {text}\nReporting by two; editing by one."


def _light(text: str, random: Random) -> str:
    """One word in twelve is another one."""
    words = text.split()
    for at in random.sample(range(len(words)), max(1, len(words) // 12)):
        words[at] = random.choice(("however", "monday", "officials", "reported", "north"))
    return " ".join(words)


def _tail_cut(text: str, random: Random) -> str:
    words = text.split()
    return " ".join(words[: max(LEAST_QUOTE_WORDS, int(len(words) * random.uniform(0.5, 0.9)))])


def _third_dropped(text: str, random: Random) -> str:
    sentences = re.split(r"(?<=[.!?])\s+", text)
    dropped = set(random.sample(range(len(sentences)), int(len(sentences) * 0.3)))
    return " ".join(sentence for at, sentence in enumerate(sentences) if at not in dropped)


def _lead(text: str, random: Random) -> str:
    return " ".join(text.split()[: random.randint(60, 90)])


def _respelled(text: str, _: Random) -> str:
    table = {'"': "''", "“": '"', "”": '"', "’": "'", "—": "-", "–": "-"}
    return "".join(table.get(char, char) for char in text).upper()


# --- edits of quotes


def _word_changed(text: str, random: Random) -> str:
    """One word in twelve is another one; a quote of up to ten words stays, since one word makes it another one."""
    words = text.split()
    for at in random.sample(range(len(words)), -(-len(words) // 12) if len(words_of(text)) > 10 else 0):
        words[at] = random.choice(("however", "monday", "officials", "reported", "north"))
    return " ".join(words)


def _reworded(text: str, random: Random) -> str:
    """All is said in other words, but for what stands between quote marks; a quote with little of that stays."""
    parts = re.split(r'(["“][^"“”]+["”])', text)
    if len(words_of(" ".join(parts[1::2]))) < LEAST_SPOKEN_WORDS:
        return text
    others = ("officials", "told", "reporters", "later", "in", "the", "capital", "statement", "he", "his")
    return " ".join(
        part if at % 2 else " ".join(random.choice(others) for _ in part.split()) for at, part in enumerate(parts)
    )


def _end_cut(text: str, random: Random) -> str:
    words = text.split()
    return " ".join(words[: max(LEAST_QUOTE_WORDS, int(len(words) * random.uniform(0.5, 0.9)))])


def _named_elsewhere(text: str, _: Random) -> str:
    return f"As the president's spokesman told reporters on Monday: {text}"


TEXT_EDITS: dict[str, Edit] = {
    "byline": _byline,
    "light_edits": _light,
    "cut_tail": _tail_cut,
    "third_dropped": _third_dropped,
    "respelled": _respelled,
    "lead_only": _lead,
}
QUOTE_EDITS: dict[str, Edit] = {
    "respelled": _respelled,
    "word_changed": _word_changed,
    "reworded": _reworded,
    "end_cut": _end_cut,
    "named_elsewhere": _named_elsewhere,
}


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/eval")))
