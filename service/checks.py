"""Find everything that is wrong with the settings and what they name (law 11), and with the store behind them."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from dataclasses import dataclass, field

import redis

from config.settings import Settings
from service.feeds import load_feeds
from service.ready_checks import unwise_of
from workers.domain.catalogue import Catalogue
from workers.domain.catalogue_check import check_catalogue
from workers.outbound import TlsFileError, tls_of
from workers.provisions import ProvisionError, load_catalogue, load_endpoints
from workers.runtime import tls_files_of
from workers.storage.connection import connect


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


def find_store_problems(url: str) -> Findings:
    """Ask the store whether it is there and keeps what it acknowledges."""
    findings = Findings()
    try:
        findings.warnings += unwise_of(connect(url))
    except (redis.RedisError, OSError) as error:
        findings.problems.append(f"TRUCEWATCH_REDIS_URL: the store does not answer: {error}")
    return findings


def _checked_catalogue(settings: Settings, failed: Collection[str], findings: Findings) -> Catalogue | None:
    try:
        return load_catalogue(settings.catalogue, () if "conflicts" in failed else settings.conflicts)
    except ProvisionError as error:
        findings.problems += error.problems
        return None


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
