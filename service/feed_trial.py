"""Try an address as a feed, without a store: what it brings, or which feeds its site names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin

from service.fetch import FetchedDocument, FetchError, Validators, fetch_feed
from service.hints import fresh_s_of
from service.identity import identity_within
from service.parse import ParsedFeed, parse_feed, parsed_of
from workers.domain.feed import Identity
from workers.outbound import Limits, Outbound
from workers.sandbox import Sandbox, SandboxError

DISCOVERY = "service.discovery:feeds_named"
PARSE_S = 10.0
MOST_TRIED = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying one address. `problem` says in words why it is no feed, None when it is one.

    `url` is where the document was found, `permanent_url` where the server says that it has moved for good. `fresh_s`
    is how long the server says that the document stays fresh, None when it does not say.
    """

    asked: str
    url: str
    problem: str | None
    feed: ParsedFeed = field(default_factory=ParsedFeed)
    permanent_url: str | None = None
    has_validators: bool = False
    fresh_s: float | None = None
    identity: Identity = Identity.GUID


@dataclass(frozen=True, slots=True)
class FeedTrials:
    """What addresses are tried with. `usual_paths` are where sites have their feeds that name none."""

    outbound: Outbound
    sandbox: Sandbox
    limits: Limits
    clock: Callable[[], datetime]
    usual_paths: Sequence[str] = ()

    async def find(self, url: str) -> list[Trial]:
        """The feeds at an address: itself, else those its page names, else at the usual paths.

        Where there is none, the one trial of the address itself says why.
        """
        first, document = await self._tried(url)
        if first.problem is None or document is None:
            return [first]
        named = await self._named(document)
        usual = [] if named else [urljoin(document.url, path) for path in self.usual_paths]
        trials = []
        for candidate in [one for one in (*named, *usual) if one != url][:MOST_TRIED]:
            trial, _ = await self._tried(candidate)
            if trial.problem is None:
                trials.append(trial)
            if trial.problem is None and not named:
                break  # one of the usual paths is enough: the others are the same feed in other words
        return trials or [first]

    async def _tried(self, url: str) -> tuple[Trial, FetchedDocument | None]:
        try:
            document = await fetch_feed(self.outbound, url, Validators(), self.limits, self.clock())
        except FetchError as error:
            return Trial(url, url, error.why), None
        if not isinstance(document, FetchedDocument):
            return Trial(url, url, "answered that nothing changed, though nothing was known"), None
        try:
            arguments = (document.url, document.body, dict(document.headers))
            feed = parsed_of(await self.sandbox.run(parse_feed, *arguments, timeout_s=PARSE_S))
        except SandboxError as error:
            return Trial(url, document.url, f"cannot be parsed: {error.why}"), document
        return (
            Trial(
                asked=url,
                url=document.url,
                problem=feed.problem,
                feed=feed,
                permanent_url=document.permanent_url,
                has_validators=bool(document.validators.conditions),
                fresh_s=fresh_s_of(document.headers, self.clock()),
                identity=identity_within(feed.entries, Identity.GUID),
            ),
            document,
        )

    async def _named(self, document: FetchedDocument) -> list[str]:
        try:
            found: list[str] = await self.sandbox.run(DISCOVERY, document.body, document.url, timeout_s=PARSE_S)
        except SandboxError:
            return []
        return found
