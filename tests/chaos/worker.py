"""A worker process whose reader is the stand-in: everything else is the real one's."""

from __future__ import annotations

from config.settings import Settings
from tests.chaos.reader import StoryReader
from workers.__main__ import main
from workers.provisions import load_catalogue
from workers.queues import ARTICLES
from workers.runtime import Preloaded


def preload(settings: Settings, queue_name: str) -> Preloaded:
    """Load the stand-in in place of the language model."""
    catalogue = load_catalogue(settings.catalogue, settings.conflicts)
    if queue_name != ARTICLES:
        return Preloaded(queue_name, catalogue)
    return Preloaded(queue_name, catalogue, StoryReader(catalogue), lambda _text, _tag: True)


if __name__ == "__main__":
    main(preload)
