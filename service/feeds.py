"""Which feeds are polled: the default list, or the operator's."""

from __future__ import annotations

from pathlib import Path

from workers.assets import AssetError, bundled_text, operators_text, toml_of
from workers.domain.article import Feed
from workers.domain.feedlist import FeedListError, parse_feeds_setting, parse_feeds_toml
from workers.provisions import ProvisionError


def load_feeds(setting: str | None) -> tuple[Feed, ...]:
    """The default feeds, or those that TRUCEWATCH_FEEDS names. Raises ProvisionError with every fault."""
    defaults = parse_feeds_toml(toml_of(bundled_text("config", "feeds.toml"), "config/feeds.toml"))
    if setting is None:
        return defaults
    try:
        return parse_feeds_setting(setting, _read_list, defaults)
    except FeedListError as error:
        raise ProvisionError(error.problems) from error
    except AssetError as error:
        raise ProvisionError([f"TRUCEWATCH_FEEDS: {error}"]) from error


def _read_list(path: str) -> str:
    return operators_text(Path(path).expanduser())
