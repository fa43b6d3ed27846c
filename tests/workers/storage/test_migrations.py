from __future__ import annotations

import pytest
import redis

from tests.builders import an_article
from workers.storage import keys
from workers.storage.articles import ArticleEnd, Articles, Outcome
from workers.storage.client import Client
from workers.storage.migrations import DONE, STEPS, Migrations, Step


class Killed(BaseException):
    """The process ends here."""


def some_pending(valkey: redis.Redis, number: int) -> list[str]:
    """Articles as an older process left them: pending, and without an age."""
    with valkey.pipeline() as pipe:
        for n in range(number):
            Articles(valkey).stage(pipe, an_article(f"a{n}"))
        pipe.execute()
    valkey.delete(keys.pending_since())
    return [f"a{n}" for n in range(number)]


def counting(done: list[int], killed_at: int | None = None) -> Step:
    """A step of five batches, which a kill may interrupt."""

    def batch(_: Client, cursor: str) -> str:
        number = int(cursor)
        if number == killed_at:
            raise Killed
        done.append(number)
        return DONE if number == 4 else str(number + 1)

    return Step("counting", batch)


def test_articles_of_before_get_an_age(valkey: redis.Redis) -> None:
    names = some_pending(valkey, 1_200)
    assert Articles(valkey).oldest_pending() is None
    assert Migrations(valkey).run("me") == [step.name for step in STEPS]
    assert sorted(valkey.zrange(keys.pending_since(), 0, -1)) == sorted(names)
    assert Articles(valkey).oldest_pending() is not None
    assert Migrations(valkey).pending() == []


def test_a_step_that_was_interrupted_goes_on_where_it_was(valkey: redis.Redis) -> None:
    done: list[int] = []
    with pytest.raises(Killed):
        Migrations(valkey, [counting(done, killed_at=3)]).run("me")
    assert Migrations(valkey, [counting(done)]).pending() == ["counting"]
    assert Migrations(valkey, [counting(done)]).run("another") == ["counting"]
    assert done == [0, 1, 2, 3, 4]
    assert Migrations(valkey, [counting(done)]).run("me") == []


def test_one_process_at_a_time_migrates(valkey: redis.Redis) -> None:
    valkey.set(keys.lease("migrations"), "somebody")
    done: list[int] = []
    assert Migrations(valkey, [counting(done)]).run("me") == []
    assert done == []


def test_a_stop_is_obeyed_between_batches(valkey: redis.Redis) -> None:
    done: list[int] = []
    assert Migrations(valkey, [counting(done)]).run("me", lambda: len(done) < 2) == []
    assert done == [0, 1]
    assert not valkey.exists(keys.lease("migrations"))


def test_processes_of_the_version_before_work_on_beside_it(valkey: redis.Redis) -> None:
    """They settle articles without a word to the ages, and bring articles without one."""
    some_pending(valkey, 2)
    Migrations(valkey).run("me")
    articles = Articles(valkey)
    valkey.zrem(keys.pending(), "a0")
    valkey.delete(keys.article_token("a0"))
    assert articles.oldest_pending() is not None
    end = ArticleEnd("a1", 1, Outcome.SKIPPED, "off_topic", an_article("a1").fetched_at)
    assert articles.end(end)
    assert articles.oldest_pending() is None
