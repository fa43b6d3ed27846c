"""Read a folder of recorded feed files and pages as an archive: what the poller and the full text would have brought.

Every file below the folder is read, in the order of its path, gzip (`.gz`) unpacked. A page belongs to the entry whose
address it names as its own (or whose address ends with the file's name); one that belongs to no entry is an article by
itself. All parsing is done in the sandbox: one hostile file costs only itself.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from service.batch_archive import ArchivedArticle, Flaw, Tell, read_articles
from service.entries import UrlRules, article_id, articles_of, canonical_url
from service.parse import ParsedFeed, parsed_of
from workers.domain.article import Article, Feed
from workers.domain.feedlist import FeedListError, parse_feeds_setting
from workers.sandbox import Sandbox, SandboxError

MOST_FILE_BYTES = 10_000_000  # as much as a feed or page may have by default
READ_S = 20.0
SANDBOX_BYTES = 1_000_000_000
PARSING = "service.parse:parse_feed"
EXTRACTION = "workers.extraction:extract_page"
_HTML_NAMES = frozenset({".html", ".htm", ".xhtml"})
_HTML_STARTS = (b"<!doctype html", b"<html")


@dataclass(frozen=True, slots=True)
class _Page:
    place: str
    stem: str
    url: str | None
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class FolderRules:
    """What files are read by: which parameters of addresses count, and the feeds that lend publisher and tier."""

    urls: UrlRules
    feeds: Sequence[Feed]


def read_folder(folder: Path, rules: FolderRules, tell: Tell, now: datetime) -> list[ArchivedArticle]:
    """Give the articles of a folder's files; what cannot be read is told and left out.

    The same entry in several recordings counts once, and again for each time that its words changed. An undated one
    takes the date of the one before it.
    """
    with asyncio.Runner() as runner:
        files = _Files(folder, rules, tell, now, runner)
        try:
            files.read()
        finally:
            runner.run(files.sandbox.close())
    shelf = _Shelf(files.pages, rules.urls)
    whole = [shelf.completed(article) for article in files.articles]
    return list(_dated([*whole, *(_article_of_page(page, rules, now) for page in shelf.left())]))


@dataclass(slots=True)
class _Files:
    """Reads the files below a folder, one after the other. What they hold is in their order."""

    folder: Path
    rules: FolderRules
    tell: Tell
    now: datetime
    runner: asyncio.Runner
    sandbox: Sandbox = field(default_factory=lambda: Sandbox(1, SANDBOX_BYTES))
    articles: list[ArchivedArticle] = field(default_factory=list)
    pages: list[_Page] = field(default_factory=list)
    versions: set[tuple[str, str, str]] = field(default_factory=set)

    def read(self) -> None:
        """Read every file."""
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            place = path.relative_to(self.folder).as_posix()
            try:
                self._read_file(path, place)
            except SandboxError as error:
                self.tell(Flaw(place, f"cannot be read: {error.why}"))
            except (OSError, EOFError, zlib.error) as error:
                self.tell(Flaw(place, f"cannot be read: {getattr(error, 'strerror', None) or error}"))

    def _read_file(self, path: Path, place: str) -> None:
        if path.suffix.lower() == ".jsonl":
            self._read_lines(path, place)
            return
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            body = stream.read(MOST_FILE_BYTES + 1)
        name = path.name.removesuffix(".gz")
        if len(body) > MOST_FILE_BYTES:
            self.tell(Flaw(place, f"is larger than the {MOST_FILE_BYTES:,} bytes allowed"))
        elif _is_page(name, body):
            self._add_page(place, Path(name).stem, self._parsed(EXTRACTION, body, ""))
        else:
            self._add_feed(place, parsed_of(self._parsed(PARSING, "", body, {})))

    def _parsed(self, function: str, *args: object) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.runner.run(self.sandbox.run(function, *args, timeout_s=READ_S))
        return found

    def _read_lines(self, path: Path, place: str) -> None:
        def tell(flaw: Flaw) -> None:
            self.tell(replace(flaw, place=f"{place}, {flaw.place}"))

        with path.open("rb") as stream:
            for article in read_articles(stream, tell, self.now):
                self.articles.append(replace(article, place=f"{place}, {article.place}"))

    def _add_page(self, place: str, stem: str, page: Mapping[str, Any]) -> None:
        text, title, url = (str(page[name]) for name in ("text", "title", "canonical_url"))
        if text.strip():
            self.pages.append(_Page(place, stem, url or None, title, text))
        else:
            self.tell(Flaw(place, "is a page without text"))

    def _add_feed(self, place: str, parsed: ParsedFeed) -> None:
        if parsed.problem:
            self.tell(Flaw(place, f"is no feed: {parsed.problem}"))
        for article in _articles(place, parsed, self.rules, self.now):
            version = (article.article_id, article.title, article.text)
            if version not in self.versions:
                self.versions.add(version)
                self.articles.append(article)


class _Shelf:
    """The pages, found by the address that they give as theirs, else by the file's name."""

    def __init__(self, pages: Sequence[_Page], urls: UrlRules) -> None:
        self._pages = pages
        self._taken: set[str] = set()
        self._by_name = {page.stem: page for page in pages if page.url is None}
        self._by_id: dict[str, _Page] = {}
        for page in pages:
            url = canonical_url(page.url, page.url, urls) if page.url else None
            if url and (name := article_id(url, None, "")):
                self._by_id.setdefault(name, page)

    def completed(self, article: ArchivedArticle) -> ArchivedArticle:
        """The article with its page's text, which is the whole of it; as it is when it has no page."""
        last_part = PurePosixPath(urlsplit(article.url).path).stem if article.url else ""
        by_name = self._by_name.get(article.article_id) or self._by_name.get(last_part)
        page = self._by_id.get(article.article_id) or by_name
        if page is None:
            return article
        self._taken.add(page.place)
        return replace(article, text=page.text)

    def left(self) -> list[_Page]:
        """The pages of no article."""
        return [page for page in self._pages if page.place not in self._taken]


def _is_page(name: str, body: bytes) -> bool:
    start = body[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return Path(name).suffix.lower() in _HTML_NAMES or start.startswith(_HTML_STARTS)


def _articles(place: str, parsed: ParsedFeed, rules: FolderRules, now: datetime) -> Iterator[ArchivedArticle]:
    hosts = [urlsplit(entry.url).hostname for entry in parsed.entries if entry.url]
    feed = _feed_of(place, next((host for host in hosts if host), None), parsed.title, rules)
    for article, _ in articles_of(parsed.entries, feed, rules.urls, now).values():
        if article.title.strip() or article.text.strip():
            yield _archived(place, article, now)


def _feed_of(place: str, host: str | None, title: str, rules: FolderRules) -> Feed:
    """The feed that a file was recorded from: of the publisher that its entries' host belongs to, else by its title."""
    try:
        (feed,) = parse_feeds_setting(f"https://{host}/", _no_file, rules.feeds)
    except (FeedListError, ValueError):
        (feed,) = parse_feeds_setting("https://unknown.invalid/", _no_file, rules.feeds)
    named = title and host is not None and feed.publisher == host.removeprefix("www.")
    return replace(feed, feed_id=place, publisher=title if named or host is None else feed.publisher)


def _archived(place: str, article: Article, now: datetime) -> ArchivedArticle:
    return ArchivedArticle(
        place=f"{place}, entry {article.article_id}",
        article_id=article.article_id,
        url=article.url,
        title=article.title,
        publisher=article.publisher,
        published_at=article.published_at,
        dated_at=article.published_at or now,
        text=article.text,
    )


def _article_of_page(page: _Page, rules: FolderRules, now: datetime) -> ArchivedArticle:
    url = canonical_url(page.url, page.url, rules.urls) if page.url else None
    feed = _feed_of(page.place, urlsplit(url).hostname if url else None, "", rules)
    name = article_id(url, page.place, page.place) or page.place
    return ArchivedArticle(page.place, name, url, page.title, feed.publisher, None, now, page.text)


def _dated(articles: Sequence[ArchivedArticle]) -> Iterator[ArchivedArticle]:
    """Give undated ones the date of the one before, the first ones that of the first dated."""
    latest = next((article.dated_at for article in articles if article.published_at), None)
    for article in articles:
        latest = article.dated_at if article.published_at else latest
        yield replace(article, dated_at=latest or article.dated_at)


def _no_file(path: str) -> str:
    raise FeedListError([f"{path}: is no address"])
