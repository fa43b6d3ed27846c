from __future__ import annotations

import redis

from tests.builders import hours
from workers.storage.connection import open_store, register_actors


def test_the_actors_of_a_new_store_are_watched_since_its_birth(valkey: redis.Redis) -> None:
    birth = open_store(valkey, "e1", hours(0))
    assert register_actors(valkey, ["north", "south"], birth, hours(5)) == {"north": hours(0), "south": hours(0)}


def test_an_actor_added_later_is_watched_since_then_and_the_others_keep_their_time(valkey: redis.Redis) -> None:
    birth = open_store(valkey, "e1", hours(0))
    register_actors(valkey, ["north"], birth, hours(5))
    assert register_actors(valkey, ["north", "south"], birth, hours(7)) == {"north": hours(0), "south": hours(7)}
    assert register_actors(valkey, ["north", "south"], birth, hours(9)) == {"north": hours(0), "south": hours(7)}


def test_actors_that_are_known_are_only_read(valkey: redis.Redis) -> None:
    actor_ids, birth = [f"a{number}" for number in range(1_000)], open_store(valkey, "e1", hours(0))
    register_actors(valkey, actor_ids, birth, hours(5))
    before = valkey.info("stats")["total_commands_processed"]
    assert len(register_actors(valkey, actor_ids, birth, hours(6))) == 1_000
    assert valkey.info("stats")["total_commands_processed"] - before < 10
