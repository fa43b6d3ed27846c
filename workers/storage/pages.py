"""What was read of articles' pages, whose turn it is to be asked for one, and how each feed's pages fare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.storage import keys
from workers.storage.client import Client
from workers.storage.records import RecordError, records_of

PAGE_KEPT = timedelta(hours=6)  # an article that is read again, after a death or a new revision of its feed's words
COUNTS_KEPT = timedelta(days=30)

# The caller gets the host's next free place; places are so many seconds apart. It is not taken when it is too far.
_TURN = """
local now, gap, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local at = math.max(now, tonumber(redis.call('get', KEYS[1]) or 0))
if at - now > most then return tostring(at - now) end
redis.call('set', KEYS[1], at + gap, 'PX', math.ceil((at + gap - now + 60) * 1000))
return tostring(at - now)
"""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What a page gave for one revision of an article: a text, or None with the reason. `kind` counts it."""

    revision: int
    kind: str
    text: str | None = None
    url: str | None = None
    why: str = ""


class Pages:
    """The cache of pages, the turns of hosts, the counts by feed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._turn = client.register_script(_TURN)
        self._pages = records_of(ReadPage)

    def read_before(self, article_id: str, revision: int) -> ReadPage | None:
        """What the page gave for this revision, None when it was not asked for of late."""
        text = self._client.get(keys.page(article_id))
        try:
            page = self._pages.load(text) if text else None
        except RecordError:  # read it again
            return None
        return page if page and page.revision == revision else None

    def keep(self, article_id: str, feed_id: str, page: ReadPage) -> None:
        """Keep what a page gave, and count it for its feed."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.set(keys.page(article_id), self._pages.dump(page), ex=PAGE_KEPT)
            pipe.hincrby(keys.feed_pages(feed_id), page.kind, 1)
            pipe.expire(keys.feed_pages(feed_id), COUNTS_KEPT)
            pipe.execute()

    def take_turn(self, host: str, now: datetime, gap: timedelta, most: timedelta) -> timedelta:
        """How long to wait before asking the host; a longer wait than `most` means that no place was taken."""
        waits = self._turn(
            keys=[keys.host_turn(host)], args=[now.timestamp(), gap.total_seconds(), most.total_seconds()]
        )
        return timedelta(seconds=float(waits))

    def counts(self, feed_id: str) -> dict[str, int]:
        """How the pages of a feed's articles fared of late, by kind."""
        return {kind: int(count) for kind, count in self._client.hgetall(keys.feed_pages(feed_id)).items()}
