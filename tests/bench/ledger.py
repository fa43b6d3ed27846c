"""Measure what the ledger costs: memory for 100,000 statements, and a commit when an actor has many stances.

`python -m tests.bench.ledger [STATEMENTS]`, 20,000 without a number; memory is told for 100,000. The statements are of
the length of real ones, spread over 40 conflicts with 12 actors each, every one of a person and so of the party too.
The last line is one flat JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from service.batch_replay import throw_away_store
from tests.builders import VANE, a_stance, a_statement, an_article, hours
from workers.domain.decision import Circumstances, Holdings, decide
from workers.domain.policy import Policy
from workers.domain.sameness import signature_of
from workers.domain.stance import Stance
from workers.domain.telling import Spoken, source_of
from workers.storage import keys
from workers.storage.ledger import Touched
from workers.storage.records import records_of
from workers.stores import Stores

STATEMENTS = 20_000
CONFLICTS, ACTORS = 40, 12
IN_ARTICLE = 4  # 544 statements stand in 133 annotated articles, and show as many stances of people and parties
QUOTE_WORDS = 27  # the mean of 544 annotated statements is 26.6
STANCES = (100, 1_000, 5_000)
SYLLABLES = ("ba", "do", "fi", "gu", "ka", "le", "mo", "nu", "pa", "ri", "so", "ty")


def main(statements: int) -> int:
    """Print the figures; returns the exit code."""
    figures: dict[str, float] = {"statements": statements}
    with throw_away_store(hours(-1)) as stores:
        before = int(stores.client.info("memory")["used_memory"])
        _fill(stores, statements)
        used = int(stores.client.info("memory")["used_memory"]) - before
    figures["mb_per_100000_statements"] = round(used / statements * 100_000 / 1e6, 1)
    for count in STANCES:
        figures[f"decide_ms_with_{count}_stances"] = _decide_ms(count)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _fill(stores: Stores, statements: int) -> None:
    random = Random(1)
    for first in range(0, statements // IN_ARTICLE, 500):
        with stores.client.pipeline(transaction=False) as pipe:
            for number in range(first, min(first + 500, statements // IN_ARTICLE)):
                for key, field, text in _written(number, random):
                    pipe.hset(key, field, text) if field else pipe.set(key, text)
            pipe.execute()


def _written(number: int, random: Random) -> Iterator[tuple[str, str, str]]:
    """What one article with four statements of two people writes: statements, four stances, what was touched."""
    article_id = f"{number:016x}"
    conflict_id = f"conflict-{number % CONFLICTS}"
    signature = signature_of(_words(random, 80))
    quotes = [_words(random, QUOTE_WORDS) for _ in range(IN_ARTICLE)]
    source = source_of(an_article(article_id, title=_words(random, 10), url=f"https://news.example/2025/{article_id}"))
    ids = [f"st_{article_id}_{place}" for place in range(IN_ARTICLE)]
    for statement_id, quote in zip(ids, quotes, strict=True):
        said = a_statement(article=article_id, quote=quote, conflict_id=conflict_id, statement_id=statement_id)
        yield keys.statements(conflict_id), statement_id, records_of(Spoken).dump(Spoken(said, source))
    first, second = number % ACTORS, (number + 1) % ACTORS
    actor_ids = (f"person-{first}", f"party-{first}", f"person-{second}", f"party-{second}")
    for place, actor_id in enumerate(actor_ids):
        stance = a_stance(article=article_id, quote=quotes[place // 2], signature=signature, conflict_id=conflict_id)
        text = records_of(Stance).dump(replace(stance, actor_id=actor_id, statement_id=ids[place // 2]))
        yield keys.stances(conflict_id, actor_id), article_id, text
    touched = Touched({conflict_id: actor_ids}, {conflict_id: tuple(ids)})
    yield keys.touched(article_id), "", records_of(Touched).dump(touched)


def _decide_ms(count: int) -> float:
    """Processor time of one decision, with the reading of the actor's stances, when it has so many."""
    random = Random(2)
    texts = [
        records_of(Stance).dump(a_stance(article=f"a{number}", hour=-number, quote=_words(random, QUOTE_WORDS)))
        for number in range(count)
    ]
    circumstances = Circumstances(hours(1), hours(-1) - timedelta(days=900), None, hours(1))
    took = []
    for turn in range(3):
        found = [a_stance("reject", article=f"new{turn}", hour=1, quote=_words(random, QUOTE_WORDS))]
        began = time.process_time()
        held = tuple(records_of(Stance).load(text) for text in texts)
        decide(f"new{turn}", found, Holdings({VANE: held}, {}, {}), circumstances, Policy())
        took.append(time.process_time() - began)
    return round(min(took) * 1000, 1)


def _words(random: Random, count: int) -> str:
    return " ".join("".join(random.choice(SYLLABLES) for _ in range(random.randint(1, 4))) for _ in range(count))


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else STATEMENTS))
