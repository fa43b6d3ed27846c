"""The bodies of all types, field by field: what docs/webhooks.md and the JSON Schemas are made of.

Nothing is composed here; the tests hold every body that is sent against these models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from workers.domain.alert import AlertType

Position = Literal["reject", "doubt", "undeclared", "conditional", "support"]
Moment = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"),
    Field(json_schema_extra={"format": "date-time"}),
]
DayOrMoment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class ConflictPart(_Part):
    """A conflict of the catalogue."""

    id: str = Field(description="The conflict's id.")
    name: str = Field(description="Its name.")


class ActorPart(_Part):
    """An actor of the catalogue."""

    id: str = Field(description="The actor's id.")
    name: str = Field(description="Its name.")
    kind: str = Field(description="`state`, `organisation`, `group` or `person`.")


class ChangePart(_Part):
    """One actor's move."""

    actor: ActorPart = Field(description="Who moved.")
    before: Position | None = Field(alias="from", description="The position held before; null for a first one.")
    after: Position = Field(alias="to", description="The position held now.")
    direction: Literal["softer", "harder"] | None = Field(
        description="`softer` is towards a ceasefire; null when the position itself is the same, or the first."
    )
    held_since: Moment | None = Field(description="Since when the one before was held.")
    reason: str = Field(description="Whose words moved it and how they were said: `leader_direct`; or another reason.")


class StatementPart(_Part):
    """The words that carry the change."""

    id: str = Field(description="The statement's id; stable.")
    speaker: str | None = Field(description="The speaker as the article names them.")
    actors: list[str] = Field(description="Names of the actors whose words they are.")
    principal: str = Field(description="The party for whom the speaker speaks.")
    kind: Literal["direct", "indirect", "mixed", "action"] = Field(description="How it was said or done.")
    said_at: DayOrMoment = Field(description="When, as exactly as is known: a day or a moment.")
    quote: str = Field(description="The words. Ends with `…` where it was cut.")
    position: Position = Field(description="The position that these words show.")
    conditions: list[str] = Field(description="The conditions, as they were stated.")
    confidence: float = Field(ge=0, le=1, description="How sure the reader is.")
    retreat: bool = Field(description="Whether an earlier stance is taken back without a new one.")
    why: str = Field(description="The cue and the rule that decided.")


class ArticlePart(_Part):
    """Where the words were read."""

    id: str = Field(description="The article's id.")
    url: str | None = Field(description="Its address.")
    title: str = Field(description="Its title.")
    publisher: str = Field(description="Its publisher.")
    published_at: Moment | None = Field(description="When it was published; null for an undated one.")
    fetched_at: Moment = Field(description="When it was read first.")


class SourcePart(_Part):
    """A publisher that carries the same words."""

    publisher: str = Field(description="The publisher.")
    url: str | None = Field(description="The address of its article.")


class _Numbered(_Part):
    sequence: int = Field(ge=1, description="Counts the alerts of a conflict, or of the service. Filters leave gaps.")
    test: bool = Field(description="Whether this is a test that tells of nothing real.")


class PositionData(_Numbered):
    """What the types about positions tell."""

    conflict: ConflictPart = Field(description="The conflict.")
    follows: str | None = Field(description="The id of the alert that told this cause before, of other actors.")
    late: bool = Field(description="Whether newer articles had been read before this one.")
    flips: int = Field(ge=0, description="How often the actor changed before, within the window.")
    changes: list[ChangePart] = Field(min_length=1, description="Every position that this cause moved.")
    statement: StatementPart | None = Field(description="The words; null when they were taken back.")
    article: ArticlePart | None = Field(description="Where they were read; null when they were taken back.")
    known_sources: list[SourcePart] = Field(description="Who carries the same words, the earliest first.")
    link: str | None = Field(description="The page with the history and all reasons.")


class HeldAlert(_Part):
    """An alert that a summary tells of."""

    id: str = Field(description="Its `webhook-id`.")
    type: str = Field(description="Its type.")
    timestamp: Moment = Field(description="When it was made.")
    conflict: ConflictPart | None = Field(description="Its conflict; null for an alert of the service.")
    sequence: int = Field(description="Its number.")
    changes: list[ChangePart] = Field(description="What moved.")
    speaker: str | None = Field(description="Who spoke.")
    quote: str | None = Field(description="The beginning of the words.")
    url: str | None = Field(description="The address of the article.")
    link: str | None = Field(description="The page with the history.")


class SummaryData(_Numbered):
    """What was held back: by a silence, or while a chat endpoint could not be reached."""

    why: Literal["outage", "silence"] = Field(description="Why it was held back.")
    note: str | None = Field(description="What the person said who asked for the silence; null after an outage.")
    endpoint: str = Field(description="The endpoint for which it was held.")
    since: Moment = Field(description="From when on.")
    until: Moment = Field(description="Until when.")
    count: int = Field(ge=1, description="How many alerts.")
    alerts: list[HeldAlert] = Field(description="The latest of them, at most 25, in order.")


class GoneFeed(_Part):
    """A feed that its publisher took away."""

    publisher: str = Field(description="The publisher.")
    url: str = Field(description="The feed's address.")
    why: str | None = Field(description="What its server said.")


class FeedGoneData(_Numbered):
    """A feed is polled no more."""

    feed: GoneFeed = Field(description="Which one.")


class FeedCounts(_Part):
    """The feeds in numbers."""

    polled: int = Field(ge=0, description="How many are polled.")
    failing: int = Field(ge=0, description="How many of them do not fare well.")


class HeartbeatData(_Numbered):
    """A daily sign of life."""

    since: Moment = Field(description="The sign of life before.")
    alerts: int = Field(ge=0, description="Alerts on conflicts made since then.")
    articles: int = Field(ge=0, description="Articles that have ended, read or skipped, since the store was made.")
    feeds: FeedCounts = Field(description="How the feeds fare.")
    waiting: int = Field(ge=0, description="Deliveries that wait, for all endpoints.")
    dead: int = Field(ge=0, description="Deliveries that are dead.")


class TestData(_Numbered):
    """Asked for by a person."""

    __test__ = False  # no test of ours, whatever pytest makes of the name

    message: str = Field(description="Words for whoever reads it.")


DATA: Mapping[AlertType, type[_Part]] = {
    AlertType.POSITION_CHANGED: PositionData,
    AlertType.POSITION_ESTABLISHED: PositionData,
    AlertType.CONDITIONS_CHANGED: PositionData,
    AlertType.POSITION_CORRECTED: PositionData,
    AlertType.ALERTS_SUMMARY: SummaryData,
    AlertType.FEED_GONE: FeedGoneData,
    AlertType.HEARTBEAT: HeartbeatData,
    AlertType.WEBHOOK_TEST: TestData,
}


class Envelope(_Part):
    """What all bodies are in."""

    type: str = Field(description="The type; receivers ignore those that they do not know.")
    timestamp: Moment = Field(description="When the alert was made. Not when it was sent: that is `webhook-timestamp`.")
    data: dict[str, Any] = Field(description="What it tells, by type.")


def check_body(body: Mapping[str, Any]) -> None:
    """Hold a body against its type. Raises pydantic.ValidationError for a misfit, ValueError for an unknown type."""
    envelope = Envelope.model_validate(body)
    DATA[AlertType(envelope.type)].model_validate(envelope.data)


def schemas() -> dict[str, Any]:
    """The JSON Schema (2020-12) of every body, by type. Fields that it does not know are allowed: new ones may come."""
    return {kind.value: _open(_schema(kind)) for kind in AlertType}


def _schema(kind: AlertType) -> dict[str, Any]:
    data = DATA[kind].model_json_schema(by_alias=True)
    definitions = data.pop("$defs", {})
    return {
        "title": kind.value,
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind.value},
            "timestamp": Envelope.model_json_schema()["properties"]["timestamp"],
            "data": data,
        },
        "$defs": definitions,
    }


def _open(schema: Any) -> Any:
    """A schema that lets unknown fields pass; our own bodies are held against the models, which do not."""
    if isinstance(schema, Mapping):
        return {name: _open(part) for name, part in schema.items() if name != "additionalProperties"}
    return [_open(part) for part in schema] if isinstance(schema, list) else schema
