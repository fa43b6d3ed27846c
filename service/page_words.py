"""Jinja for the pages: everything is escaped, and everything from outside is made harmless on its way out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from service import wording
from workers.domain.statement import PositionScale


def make_environment() -> jinja2.Environment:
    """An environment that escapes all, fails on unknown names, and has the house's words as filters."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("service", "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "link": wording.http_link,
        "shown_url": wording.shown_url,
        "position_words": wording.position_words,
        "reason_words": wording.reason_words,
        "moved_words": wording.moved_words,
        "fold_words": wording.fold_words,
        "day": wording.day_words,
        "moment": wording.time_words,
        "brief": wording.brief_time_words,
        "listed": wording.listed,
        "shortened": wording.clean,
        "quoted": wording.quoted,
        "said": lambda view: wording.said_words(view.said_at, view.said_at_precision),
        "segment": _segment,
    }
    environment.globals["scale"] = tuple(PositionScale)
    return environment


def _harmless(value: Any) -> Any:
    """Strip steering characters from text; what is markup already was made by our own templates."""
    return wording.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")
