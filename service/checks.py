"""Find everything that is wrong with the settings and what they name (law 11), and with the store behind them."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from dataclasses import dataclass, field

import redis

from config.settings import Settings
from service.feeds import load_feeds
from service.ready_checks import unwise_of
from service.unowned import unowned_history
from workers.domain.catalogue import Catalogue
from workers.domain.catalogue_check import check_catalogue
from workers.outbound import TlsFileError, tls_of
from workers.provisions import ProvisionError, load_catalogue, load_endpoints
from workers.runtime import tls_files_of
from workers.storage.connection import StoreFormatError, check_format, connect
from workers.storage.ledger import Ledger


@dataclass(slots=True)
class Findings:
    """What a check found: `problems` stop the start, `warnings` do not."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_problems(settings: Settings, failed: Collection[str] = (), *, doubts: bool = False) -> Findings:
    """Check every file and address that the settings name, and tell all faults at once.

    `failed` are settings that are known to be wrong: what hangs on them is not judged. With `doubts` also what a person
    should look at in the catalogue, which stops nothing.
    """
    findings = Findings(warnings=list(settings.warnings))
    catalogue = None if "catalogue" in failed else _checked_catalogue(settings, failed, findings)
    if catalogue is not None and doubts:
        findings.warnings += check_catalogue(catalogue)
    if not {"webhooks", "webhook_secrets"} & set(failed):
        _check_endpoints(settings, catalogue, findings)
    if catalogue is not None and "hold" not in failed:
        findings.problems += _unknown_of_hold(settings, catalogue)
    if not {"webhook_ca_file", "webhook_client_cert", "webhook_client_key"} & set(failed):
        _check_tls_files(settings, findings)
    try:
        load_feeds(settings.feeds)
    except ProvisionError as error:
        findings.problems += error.problems
    if importlib.util.find_spec(settings.spacy_model.partition(".")[0]) is None:
        findings.problems.append(
            f"TRUCEWATCH_SPACY_MODEL: {settings.spacy_model!r} is not installed; allowed is an installed spaCy package"
        )
    return findings


def watched_by(settings: Settings) -> Catalogue | None:
    """The catalogue that the settings name, None for one that cannot be used."""
    return _checked_catalogue(settings, (), Findings())


def find_store_problems(url: str, catalogue: Catalogue | None = None) -> Findings:
    """Ask the store whether it is there, keeps what it acknowledges and can be read.

    With a catalogue also for history that it does not own.
    """
    findings = Findings()
    try:
        client = connect(url)
        findings.warnings += unwise_of(client)
        check_format(client)
        if catalogue is not None:
            findings.warnings += unowned_history(Ledger(client), catalogue)
    except StoreFormatError as error:
        findings.problems.append(f"TRUCEWATCH_REDIS_URL: {error}")
    except (redis.RedisError, OSError) as error:
        findings.problems.append(f"TRUCEWATCH_REDIS_URL: the store does not answer: {error}")
    return findings


def _checked_catalogue(settings: Settings, failed: Collection[str], findings: Findings) -> Catalogue | None:
    try:
        return load_catalogue(settings.catalogue, () if "conflicts" in failed else settings.conflicts)
    except ProvisionError as error:
        findings.problems += error.problems
        return None


def _unknown_of_hold(settings: Settings, catalogue: Catalogue) -> list[str]:
    unknown = [name for name in settings.hold if not (catalogue.has_conflict(name) or catalogue.has_actor(name))]
    return [
        f"TRUCEWATCH_HOLD: {name!r} is unknown; allowed are ids of conflicts and actors of the catalogue"
        for name in unknown
    ]


def _check_endpoints(settings: Settings, catalogue: Catalogue | None, findings: Findings) -> None:
    webhooks = settings.webhooks.get_secret_value() if settings.webhooks else None
    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    try:
        load_endpoints(webhooks, secrets, catalogue)
    except ProvisionError as error:
        findings.problems += error.problems


def _check_tls_files(settings: Settings, findings: Findings) -> None:
    ca_file, certificate = tls_files_of(settings)
    try:
        tls_of(ca_file, certificate)
    except TlsFileError as error:
        name = "TRUCEWATCH_WEBHOOK_CA_FILE" if error.path == ca_file else "TRUCEWATCH_WEBHOOK_CLIENT_CERT"
        findings.problems.append(f"{name}: {error}")
