"""The commands by which people judge: statements that were read wrongly, alerts that wait to be let go."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import redis
import typer

from config.settings import Settings
from service.access import opened_stores
from service.batch_extract import json_line
from service.cli_archives import write_lines, written
from service.cli_settings import checked_settings, fail
from service.embedded import EmbeddedStoreError
from service.wording import clean, listed, position_words
from workers.approving import judge_alert
from workers.correcting import CorrectionError, correct
from workers.domain.approval import Judgement
from workers.domain.article import Tier
from workers.domain.correction import Correction, Verdict
from workers.domain.decision import Move
from workers.domain.statement import PositionScale
from workers.domain.telling import Spoken, utc_text
from workers.runtime import now, world_of
from workers.storage.ledger import Ledger
from workers.stores import Stores

MOST_WORDS = 1_000  # of a reason or a name: people write a sentence

correcting = typer.Typer()
approving = typer.Typer()

StatementId = Annotated[str, typer.Argument(metavar="ID", help="As `statements list` shows it.")]
AlertId = Annotated[str, typer.Argument(metavar="ID", help="As `alerts held` shows it.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for those who look at it later.")]
By = Annotated[str, typer.Option("--by", help="Who says so.")]
T = TypeVar("T")


@correcting.command("reject")
def reject(statement_id: StatementId, why: Why, by: By) -> None:
    """Nothing of the kind was said: the statement counts no more, positions are recomputed."""
    _correct(statement_id, Verdict.REJECT, None, (why, by))


@correcting.command("accept")
def accept(
    statement_id: StatementId,
    why: Why,
    by: By,
    position: Annotated[
        PositionScale | None, typer.Option("--position", help="What it says instead of what was read.")
    ] = None,
) -> None:
    """It was said, for certain: the statement counts fully, positions are recomputed."""
    _correct(statement_id, Verdict.ACCEPT, position, (why, by))


@correcting.command("export")
def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here, not to standard output.")] = None,
) -> None:
    """Write what people said of statements, as JSON Lines that `replay --corrections` reads."""

    def read(_settings: Settings, stores: Stores) -> list[str]:
        return [correction_line(one) for one in stores.ledger.corrections()]

    lines = _on_store(read)
    with written(output) as out:
        write_lines(out, *lines)


@approving.command("approve")
def approve(alert_id: AlertId, by: By = "", why: Why = "") -> None:
    """Let an alert go that waits for a person."""
    _judge(alert_id, by, why, approved=True)


@approving.command("drop")
def drop(alert_id: AlertId, by: By = "", why: Why = "") -> None:
    """Send nobody an alert that waits for a person."""
    _judge(alert_id, by, why, approved=False)


def correction_line(correction: Correction) -> str:
    """A correction as the batch formats have it."""
    return json_line(
        {
            "article_id": correction.article_id,
            "statement_id": correction.statement_id,
            "conflict": correction.conflict_id,
            "actor": correction.actor_name,
            "quote": correction.quote,
            "verdict": correction.verdict.value,
            "position": correction.position.value if correction.position else None,
            "why": correction.why,
            "by": correction.by,
            "at": utc_text(correction.at),
        }
    )


def _correct(statement_id: str, verdict: Verdict, position: PositionScale | None, said: tuple[str, str]) -> None:
    why, by = (_words(name, words) for name, words in zip(("--why", "--by"), said, strict=True))

    def apply(settings: Settings, stores: Stores) -> list[Move]:
        spoken = _spoken(stores.ledger, statement_id)
        correction = _correction(spoken, verdict, position, (why, by))
        return list(correct(stores, world_of(settings, stores), correction, now()).decision.moves)

    moves = _on_store(apply)
    typer.echo(f"{clean(statement_id)}: {'rejected' if verdict is Verdict.REJECT else 'accepted'}")
    for move in moves:
        before = position_words(move.before.position) if move.before else "nothing"
        told = move.alert.value if move.alert else f"not told ({move.reason})"
        typer.echo(f"{clean(move.actor_id)}: {before} -> {position_words(move.after)}, {told}")
    if not moves:
        typer.echo("no position changes by it")


def _correction(spoken: Spoken, verdict: Verdict, position: PositionScale | None, said: tuple[str, str]) -> Correction:
    statement = spoken.statement
    why, by = said
    return Correction(
        statement_id=statement.statement_id,
        article_id=statement.article_id,
        conflict_id=statement.conflict_id,
        actor_name=statement.actor_name,
        quote=statement.quote,
        verdict=verdict,
        position=position,
        why=why,
        by=by,
        at=now(),
        tier=Tier.MAJOR,  # the article's own takes its place
    )


def _spoken(ledger: Ledger, statement_id: str) -> Spoken:
    for conflict_id in ledger.conflict_ids():
        if (spoken := ledger.spoken(conflict_id, [statement_id]).get(statement_id)) is not None:
            return spoken
    return fail(
        [f"statement {clean(statement_id)!r} is unknown; `trucewatch statements list` shows those that are held"]
    )


def _judge(alert_id: str, by: str, why: str, *, approved: bool) -> None:
    judge = _words("--by", by) if by else getpass.getuser()

    def apply(settings: Settings, stores: Stores) -> list[str]:
        judgement = Judgement(alert_id, approved, judge, why[:MOST_WORDS], now())
        deliveries = judge_alert(stores, world_of(settings, stores).endpoints, judgement)
        return _not_held(stores.ledger, alert_id) if deliveries is None else [one.endpoint for one in deliveries]

    endpoints = _on_store(apply)
    whom = listed(endpoints) if endpoints else "no endpoint"
    typer.echo(f"{clean(alert_id)}: {'goes to' if approved else 'dropped, not sent to'} {whom}")


def _not_held(ledger: Ledger, alert_id: str) -> NoReturn:
    judged = ledger.judgement(alert_id)
    if judged is None:
        fail([f"alert {clean(alert_id)!r} waits for nobody; `trucewatch alerts held` shows those that do"])
    what = "approved" if judged.approved else "dropped"
    fail([f"alert {clean(alert_id)!r} was {what} by {clean(judged.by)} at {utc_text(judged.at)}"])


def _words(option: str, words: str) -> str:
    if not words.strip() or len(words) > MOST_WORDS:
        fail([f"{option}: allowed are 1 to {MOST_WORDS} characters, not only blanks"])
    return words.strip()


def _on_store(apply: Callable[[Settings, Stores], T]) -> T:
    """Do something on the store; what cannot be done is an error with exit 2."""
    settings = checked_settings()
    try:
        with opened_stores(settings) as stores:
            return apply(settings, stores)
    except CorrectionError as error:
        fail([str(error)])
    except (EmbeddedStoreError, redis.RedisError) as error:
        fail([f"the store cannot be used: {error}"])
