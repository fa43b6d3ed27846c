"""What holds of any text: it is read without an error in bounded time, always the same, whatever a page adds below."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.domain.statement import Statement
from workers.reading.reader import Reader

ROOT = Path(__file__).parents[3]
PAGES = ROOT.parent / "shared" / "pages" / "html"
NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)

PIECES = st.sampled_from(
    [
        *("Putin", "Vladimir Putin", "the Kremlin", "Zelensky", "Kyiv", "Hamas", "he", "they", "it", "the two sides"),
        *("“", "”", '"', "''", "‘", "’", "«", "»", "(", ")", "[", "]", ",", ".", "?", ":", " — "),
        *("said", "told reporters", "according to", "rejected", "accepted", "ceasefire", "a truce", "on Thursday"),
        *("but", "unless", "if", "not", "no", "until", "has long said", "Q ", "READ MORE: ", "Statement by"),
        *("\n", "\n\n", "\r\n", "\u2028", "\u200f", "\u202e", "\ufeff", "\x00", "KYIV (Reuters) - "),
        *("é", "停火", "וקיפא", "🕊", "\ud83d", "a" * 300),
    ]
)
STORIES = st.lists(PIECES, max_size=60).map(" ".join) | st.text(max_size=400)

CLOSINGS = [
    "The weather in the region was mild for the season.",
    "More than two hundred roads were closed in the winter, and a third of the schools.",
    "A ceasefire is a suspension of fighting; an armistice is a formal agreement to end it.",
    "The talks of that year had ended without a truce after four rounds.",
    "Subscribe to our newsletter for more on war and peace.",
]
OPEN_STORIES = [
    "Vladimir Putin said he backed a ceasefire but there were nuances.\n\nKyiv accepted the proposal, Zelensky said.",
    "Hamas rejected the truce. “We will not lay down our weapons,” Basem Naim said.\n\n“There is no deal,” he added.",
    "Talks on a truce in Gaza went on in Doha.\n\nIsrael has agreed to send negotiators. Hamas is studying the plan.",
]


def read(reader: Reader, text: str, title: str = "Putin on a ceasefire in Ukraine") -> list[Statement]:
    return reader.read("a1", title, text, NOON, NOON)


@EXAMPLES
@given(text=STORIES)
def test_no_text_makes_it_raise_and_every_statement_is_in_the_text(reader: Reader, text: str) -> None:
    story = f"Putin spoke of a ceasefire in Ukraine. {text}"
    for statement in read(reader, story):
        assert statement.quote == story.encode("utf-8", "replace").decode()[statement.start : statement.end]
        assert statement.quote.strip()
        assert 0 <= statement.confidence <= 1
        assert statement.said_at <= NOON
        assert all(condition in statement.quote for condition in statement.conditions)


@settings(EXAMPLES, max_examples=15)
@given(text=STORIES)
def test_the_same_text_gives_the_same_statements(reader: Reader, text: str) -> None:
    story = f"Putin rejected a ceasefire in Ukraine on Thursday. {text}"
    assert read(reader, story) == read(reader, story)


@pytest.mark.parametrize("story", OPEN_STORIES)
@settings(EXAMPLES, max_examples=8)
@given(closing=st.lists(st.sampled_from(CLOSINGS), min_size=1, max_size=4))
def test_a_closing_paragraph_that_names_nobody_changes_no_other(reader: Reader, story: str, closing: list[str]) -> None:
    alone = read(reader, story)
    assert alone
    longer = read(reader, f"{story}\n\n{' '.join(closing)}")
    assert [one for one in longer if one.start < len(story)] == alone


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \u200b\u200f\n\t", id="blanks"),
        pytest.param(
            "Путин заявил, что поддерживает прекращение огня, но есть нюансы. Киев согласился." * 40, id="Russian"
        ),
        pytest.param("قال المتحدث إن الحركة وافقت على وقف إطلاق النار. " * 60, id="Arabic"),
        pytest.param(
            "Putin said \u202e“ceasefire”\u202c yes, \u200f\u200fHamas\u200f no. " * 40, id="right-to-left marks"
        ),
        pytest.param("PutinÃ¢â‚¬â„¢s ceasefire \ufffd\ufffd said: â€œwe rejectâ€\x9d. " * 40, id="a broken encoding"),
        pytest.param("“Putin said " * 200, id="quotations never closed"),
        pytest.param("((((" * 400 + " Putin rejects a ceasefire " + "))))" * 400, id="brackets"),
        pytest.param("Putin rejected " * 600 + "a ceasefire.", id="a sentence without end"),
    ],
)
def test_bad_text_is_read_in_bounded_time(reader: Reader, text: str) -> None:
    began = time.process_time()
    read(reader, text)
    assert time.process_time() - began < 60  # a hang, not a speed: a second is usual


def test_five_megabytes_in_one_line_are_read_as_far_as_an_article_goes(reader: Reader) -> None:
    began = time.process_time()
    statements = read(reader, "Putin said on Thursday that he supports a ceasefire in Ukraine. " * 80_000)
    assert statements
    assert time.process_time() - began < 120


def test_it_does_not_raise_on_real_pages_as_they_came(reader: Reader) -> None:
    """Pages with all their markup, which no extractor should hand on, and now and then one does."""
    if not PAGES.is_dir():
        pytest.skip("there are no stored pages beside the checkout")
    files = sorted(PAGES.glob("*.gz"))
    assert files
    for place, file in enumerate(files):
        text = gzip.decompress(file.read_bytes()).decode("utf-8", "replace")
        whole = place % 90 == 0  # every page meets the cheap gate, some the parser
        title = "Putin on a ceasefire in Ukraine" if whole else file.name
        read(reader, text[:6_000], title)
