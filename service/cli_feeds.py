"""The commands by which people look after feeds: try, add, remove, exchange them with other programs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import redis
import typer
from rich.console import Console

from config.settings import Settings
from service.access import opened_stores
from service.cli_settings import checked_settings, fail
from service.cli_views import AsJson
from service.embedded import EmbeddedStoreError
from service.facts import FeedView, view_feed
from service.feed_tables import show_feed, show_trials
from service.feed_trial import FeedTrials, Trial
from service.feeds import load_feeds
from service.listings import as_json
from service.runtime import FIRST_SPACING, MAX_REDIRECTS, PARSER_BYTES
from service.wording import clean
from workers.assets import AssetError, bundled_text, operators_text, toml_of
from workers.domain.article import Feed, Tier
from workers.domain.feed import host_of
from workers.domain.feedlist import FeedListError, feed_id, parse_feeds_file, parse_feeds_setting
from workers.domain.opml import format_opml
from workers.outbound import Limits
from workers.runtime import now, outbound_of
from workers.sandbox import Sandbox
from workers.stores import Stores

EXIT_NO_FEED = 1
OPML_TITLE = "Feeds of trucewatch"
T = TypeVar("T")

feeding = typer.Typer()

Address = Annotated[
    str, typer.Argument(metavar="URL", help="The address of a feed, or of a site that names its feeds.")
]
Named = Annotated[str, typer.Argument(metavar="FEED", help="Its address, its id, or its publisher.")]


@dataclass(frozen=True, slots=True)
class FeedDetails:
    """A feed with everything that is known of it. `pages` counts how the pages of its articles fared of late."""

    view: FeedView
    pages: dict[str, int]
    host_paused_until: datetime | None


@feeding.command("show")
def show_one(name: Named, json_output: AsJson = False) -> None:
    """Everything that is known of a feed."""

    def read(_settings: Settings, stores: Stores) -> FeedDetails:
        feed = _found(stores, name)
        state = stores.feeds.state(feed.feed_id)
        paused = stores.feed_claims.paused_until(host_of(state.saved_url or feed.url))
        until = datetime.fromtimestamp(paused, now().tzinfo) if paused > now().timestamp() else None
        return FeedDetails(view_feed(feed, state), stores.pages.counts(feed.feed_id), until)

    details = _with_stores(read)
    if json_output:
        typer.echo(as_json(details))
    else:
        show_feed(Console(), details.view, details.pages, details.host_paused_until)


@feeding.command("test")
def try_one(url: Address, json_output: AsJson = False) -> None:
    """Fetch and read an address once, and store nothing: what the feed has, or which feeds the site names."""
    trials = _tried(checked_settings(), url)
    if json_output:
        typer.echo(as_json(trials))
    else:
        show_trials(Console(), trials)
    raise typer.Exit(EXIT_NO_FEED if trials[0].problem else 0)


@feeding.command("add")
def add(
    url: Address,
    publisher: Annotated[str, typer.Option("--publisher", help="Whose words it carries.")] = "",
    tier: Annotated[Tier | None, typer.Option("--tier", help="How far the publisher is trusted.")] = None,
    untried: Annotated[bool, typer.Option("--untried", help="Do not fetch it first.")] = False,
) -> None:
    """Poll a further feed from now on; of a site, the first feed that it names."""
    settings = checked_settings()
    if not untried:
        first, *others = _tried(settings, url)
        if first.problem:
            typer.echo(f"error: {clean(url)}: {clean(first.problem)}; --untried adds it all the same", err=True)
            raise typer.Exit(EXIT_NO_FEED)
        for other in others:
            typer.echo(f"not added, but named by the site too: {clean(other.asked)}")
        url = first.asked
    table = {"url": url, "publisher": publisher, "tier": tier.value if tier else ""}
    (feed,) = _listed([{key: value for key, value in table.items() if value}], settings)
    added = _with_stores(lambda _settings, stores: stores.feeds.add(feed, now()))
    typer.echo(f"added {clean(added.url)} of {clean(added.publisher)} ({added.tier.value})")


@feeding.command("remove")
def remove(name: Named) -> None:
    """Poll a feed no more, whether it was added or listed; `add` brings it back."""

    def take_out(_settings: Settings, stores: Stores) -> Feed:
        feed = _found(stores, name)
        stores.feeds.remove(feed.feed_id)
        return feed

    typer.echo(f"removed {clean(_with_stores(take_out).url)}")


@feeding.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OPML, as feed readers export it, or TOML.")],
) -> None:
    """Poll all feeds of a file from now on; every faulty entry is named, and then none is added."""
    try:
        text = operators_text(file.expanduser())
        found = parse_feeds_file(text, str(file), load_feeds(None), "store")
    except AssetError as error:
        fail([str(error)])
    except FeedListError as error:
        fail(error.problems)

    def add_all(settings: Settings, stores: Stores) -> tuple[int, int]:
        known = stores.feeds.listed()
        fresh = [feed for feed in found if feed.feed_id not in known]
        window = min(timedelta(seconds=settings.poll_interval_s), FIRST_SPACING * len(fresh))
        stores.feeds.add_all(fresh, now(), window)
        return len(fresh), len(found) - len(fresh)

    added, known = _with_stores(add_all)
    typer.echo(f"added {added} feeds; {known} were polled already")


@feeding.command("export")
def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here, not to standard output.")] = None,
) -> None:
    """Write every polled feed as OPML, which feed readers read and `import` reads back, tiers included."""

    def read(_settings: Settings, stores: Stores) -> str:
        return format_opml([feed for feed, _ in stores.feeds.states()], OPML_TITLE)

    text = _with_stores(read)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail([f"{output}: cannot be written: {error.strerror}"])


def _tried(settings: Settings, url: str) -> list[Trial]:
    """Try an address as the poller would fetch it."""
    if "://" not in url:
        url = f"https://{url}"
    _listed([{"url": url}], settings)  # an address that is none is told as such

    async def find() -> list[Trial]:
        sandbox = Sandbox(1, PARSER_BYTES)
        limits = Limits(5.0, settings.fetch_timeout_s, settings.fetch_max_bytes, MAX_REDIRECTS)
        rules = toml_of(bundled_text("config", "urls.toml"), "config/urls.toml")
        async with outbound_of(settings, settings.allow_private) as outbound:
            try:
                return await FeedTrials(outbound, sandbox, limits, now, rules["feed_paths"]).find(url)
            finally:
                await sandbox.close()

    return asyncio.run(find())


def _listed(tables: Sequence[dict[str, Any]], settings: Settings) -> tuple[Feed, ...]:
    """Feeds as the settings would list them, with the publishers and tiers that are known."""
    known = (*load_feeds(None), *load_feeds(settings.feeds))
    try:
        found = parse_feeds_setting(as_json(list(tables)), lambda path: path, known, "feed")
    except FeedListError as error:
        fail(error.problems)
    return tuple(replace(feed, origin="store") for feed in found)


def _found(stores: Stores, name: str) -> Feed:
    """The polled feed of that address, id or publisher; ends the command when there is not one."""
    listed = stores.feeds.listed()
    try:
        wanted = {name, feed_id(name)} if "://" in name else {name}
    except ValueError:
        wanted = {name}
    found = [feed for feed in listed.values() if feed.feed_id in wanted]
    found = found or [feed for feed in listed.values() if feed.publisher.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        fail([f"feed {name!r}: there are {len(found)}: {', '.join(clean(feed.url) for feed in found)}"])
    return fail([f"feed {name!r} is not polled; `trucewatch feeds list` shows those that are"])


def _with_stores(work: Callable[[Settings, Stores], T]) -> T:
    settings = checked_settings()
    try:
        with opened_stores(settings) as stores:
            return work(settings, stores)
    except (EmbeddedStoreError, redis.RedisError) as error:
        fail([f"the store cannot be used: {error}"])
