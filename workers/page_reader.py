"""The full text of an article, for a worker: what its page gives, politely asked for and remembered."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from workers.domain.article import Article
from workers.fulltext import LEAST_CHARS, NO_RULES, PAGE, FullText, NoFullText, PageRules, canonical_of, fetch_full_text
from workers.outbound import Limits, Outbound
from workers.pipeline import PageAwayError
from workers.robots import RobotsBook
from workers.sandbox import Sandbox
from workers.storage.pages import Pages, ReadPage
from workers.worker_loop import Loop

MOST_SITES = 1_000  # that are remembered as being away
EXCERPT = "paywall"  # the kind under which excerpts are counted
PAGE_GAP = timedelta(seconds=1)  # between two pages of one site, over all workers
LONGEST_TURN = timedelta(seconds=8)  # a worker waits for its turn; longer, and the article is put back

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PageManners:
    """What makes page reading polite: the sites' own rules, one page at a time, none twice. `clock` is aware UTC."""

    robots: RobotsBook
    pages: Pages
    clock: Callable[[], datetime]
    gap: timedelta = PAGE_GAP


@dataclass(frozen=True, slots=True)
class PageReader:
    """Completes articles with their pages' text; one whose page gives none is left to be read as the feed gave it.

    `clock` gives seconds that never go back. A site that is away is left alone for `rest_s`: a hanging one would cost
    every one of its articles, and all that wait behind them, the whole time that a page may take.
    """

    loop: Loop
    outbound: Outbound
    sandbox: Sandbox
    limits: Limits = PAGE
    clock: Callable[[], float] = time.monotonic
    rest_s: float = 8.0
    manners: PageManners | None = None
    rules: PageRules = NO_RULES
    _away: dict[str, tuple[float, str]] = field(default_factory=dict, repr=False)

    def __call__(self, article: Article) -> Article | None:
        """The article with its page's text, or None with the reason in the log.

        Raises PageAwayError when the page may give it later.
        """
        if article.url is None:
            return None
        known = self.manners.pages.read_before(article.article_id, article.revision) if self.manners else None
        if known is None:
            known = self._read(article, article.url)
        if known.text is None:
            return None
        is_excerpt = known.kind == EXCERPT
        return replace(article, full_text=known.text, url=known.url or article.url, is_excerpt=is_excerpt)

    def _read(self, article: Article, url: str) -> ReadPage:
        site = urlsplit(url).netloc
        until, why = self._away.get(site, (0.0, ""))
        if self.clock() < until:
            raise PageAwayError(article.article_id, why)
        found = self._fetched(article, url, site)
        self._away.pop(site, None)
        if isinstance(found, NoFullText):
            facts = {"article_id": article.article_id, "url": url, "why": found.reason}
            log.info("full_text_missed", **facts, kind=found.kind, permanent=found.permanent)
            if not found.permanent:
                self._note_away(site, found.reason)
                raise PageAwayError(article.article_id, found.reason)
            return self._kept(article, ReadPage(article.revision, found.kind, why=found.reason))
        kind = EXCERPT if found.is_excerpt else "page"
        if found.is_excerpt:
            log.info("full_text_is_excerpt", article_id=article.article_id, url=url, why="the page has a paywall")
        return self._kept(article, ReadPage(article.revision, kind, found.text, canonical_of(found, url)))

    def _fetched(self, article: Article, url: str, site: str) -> FullText | NoFullText:
        least_chars = max(LEAST_CHARS, len(article.text))  # a page that has less than the feed is a teaser
        before_hop = None
        if self.manners is not None:
            self._wait_for_turn(article, site, self.manners, url)
            before_hop = self.manners.robots.check
        return self.loop.run(
            fetch_full_text(
                self.outbound,
                self.sandbox,
                url,
                least_chars=least_chars,
                limits=replace(self.limits, before_hop=before_hop),
                rules=self.rules,
            )
        )

    def _wait_for_turn(self, article: Article, site: str, manners: PageManners, url: str) -> None:
        asked = self.loop.run(manners.robots.rules_for(url)).delay_s
        gap = max(manners.gap, timedelta(seconds=asked))
        wait = manners.pages.take_turn(site.lower(), manners.clock(), gap, LONGEST_TURN)
        if wait > LONGEST_TURN:
            raise PageAwayError(article.article_id, f"{site} is asked for too many pages")
        if wait:
            time.sleep(wait.total_seconds())

    def _kept(self, article: Article, page: ReadPage) -> ReadPage:
        if self.manners is not None:
            self.manners.pages.keep(article.article_id, article.feed_id, page)
        return page

    def _note_away(self, site: str, why: str) -> None:
        if len(self._away) >= MOST_SITES:
            self._away.clear()
        self._away[site] = (self.clock() + self.rest_s, why)
