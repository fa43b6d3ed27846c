"""Tell by its GUID that an entry is one that a feed has listed before, though its address was changed. Pure.

An article is known by its address (`entries.article_id`). Publishers mend addresses, and a GUID that stays then says
that the article is the same one. But there are feeds with one GUID on every entry, feeds that use GUIDs anew, and feeds
that draw them at every request: a GUID is believed only as far as the feed has earned it (`Identity`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from workers.domain.article import Entry
from workers.domain.feed import Identity
from workers.storage.feeds import Mark

FEW = 3  # so many entries that contradict a feed's GUIDs are no mere slip
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Recognised:
    """`identity` is how far the feed's GUIDs are believed from now on; `article_ids` by GUID of what they stand for."""

    identity: Identity
    article_ids: Mapping[str, str]


def guid_keys(entries: Sequence[Entry], identity: Identity) -> dict[str, str]:
    """The keys of the document's GUIDs, by GUID; none where the feed's GUIDs are not believed."""
    if identity is not Identity.GUID:
        return {}
    return {entry.guid: _hash(entry.guid) for entry in entries if entry.guid}


def identity_within(entries: Sequence[Entry], identity: Identity) -> Identity:
    """How far GUIDs are believed after a look at one document: no further where one stands for several addresses."""
    urls: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.guid and entry.url:
            urls[entry.guid].add(entry.url)
    repeated = any(len(found) > 1 for found in urls.values())
    return Identity.GUID_AND_LINK if repeated and identity is Identity.GUID else identity


def recognise(
    entries: Sequence[Entry], ids: Mapping[str, str], marks: Mapping[str, Mark], seen: Sequence[str]
) -> Recognised:
    """Find the entries whose GUIDs are known under another article.

    `ids` gives the article_id by GUID as the entries' addresses say, `marks` what was known of their keys, `seen` which
    of these articles the feed has listed before. An entry with a known GUID is the same article when its title or its
    date is the same; else the GUID was used anew. GUIDs that are all new on articles that are not are drawn at random.
    """
    kept: dict[str, str] = {}
    reused = 0
    for entry in entries:
        mark = marks.get(_hash(entry.guid)) if entry.guid else None
        if entry.guid is None or mark is None or mark.article_id == ids.get(entry.guid):
            continue
        fresh = mark_of(entry, mark.article_id)
        if fresh.title == mark.title or (fresh.date == mark.date and entry.published_raw):
            kept[entry.guid] = mark.article_id
        else:
            reused += 1
    if reused >= FEW:
        return Recognised(Identity.GUID_AND_LINK, {})
    known = [guid for guid, article_id in ids.items() if article_id in seen]
    if len(known) >= FEW and not any(_hash(guid) in marks for guid in known):
        return Recognised(Identity.LINK, {})
    return Recognised(Identity.GUID, kept)


def mark_of(entry: Entry, article_id: str) -> Mark:
    """What is kept of an entry by which its GUID is judged next time."""
    return Mark(article_id, _hash(" ".join(entry.title.casefold().split())), _hash(entry.published_raw or ""))


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGITS]
