"""What long work on an archive tells people: a progress bar on a terminal, what went wrong, what it came to.

Everything goes to standard error, so that what is written on standard output stays clean. Words from an archive never
steer the terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from service.batch_archive import Flaw
from service.wording import clean

MOST_TOLD = 200  # flaws that are told one by one; the rest are counted

Thing = TypeVar("Thing")


class Report:
    """Tells flaws as they come and counts what was done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._flaws = 0
        self.counts: Counter[str] = Counter()

    def tell(self, flaw: Flaw) -> None:
        """Name what went wrong at a place."""
        self._flaws += 1
        self.counts["left out"] += flaw.lost
        if self._flaws <= MOST_TOLD:
            self._console.print(Text(clean(f"{flaw.place}: {flaw.why}")), soft_wrap=True)
        elif self._flaws == MOST_TOLD + 1:
            self._console.print(Text("further ones are counted only"))

    def say(self, words: str) -> None:
        """Say something about the whole."""
        self._console.print(Text(clean(words)), soft_wrap=True)

    def sum_up(self) -> None:
        """Say what it came to, in the order in which it was counted first."""
        parts = [f"{name}: {count:,}" for name, count in self.counts.items() if count]
        self._console.print(Text(", ".join(parts) or "nothing to read"))

    @contextmanager
    def progress(self, title: str, total: int | None) -> Iterator[Progress]:
        """A bar on a terminal, nothing elsewhere; `total` is None when nobody knows it."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        bar = Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        with bar:
            bar.add_task(title, total=total)
            yield bar

    def followed(self, things: Iterable[Thing], title: str, total: int | None) -> Iterator[Thing]:
        """Give the things on and show how far it is."""
        with self.progress(title, total) as bar:
            for thing in things:
                yield thing
                bar.advance(bar.task_ids[0])
