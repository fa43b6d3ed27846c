"""Wire a worker process from the settings. Only the runtime files see Settings."""

from __future__ import annotations

import gc
import importlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import redis
import structlog

from config.settings import Settings
from workers.addresses import Network
from workers.assets import bundled_text, toml_of
from workers.delivery.announcing import Announcer
from workers.delivery.endpoints import Endpoint
from workers.delivery.lanes import Pace
from workers.domain.catalogue import Catalogue
from workers.domain.policy import Policy
from workers.fulltext import PAGE, PageRules
from workers.hands import AlertHands, ArticleHands
from workers.jobs import Hands
from workers.language import LanguageJudge
from workers.life import NOTIFY_SOCKET, LifeSign
from workers.outbound import ClientCertificate, Outbound, open_outbound
from workers.page_reader import PAGE_GAP, PageManners, PageReader
from workers.pipeline import ArticleReader, Pipeline
from workers.provisions import load_catalogue, load_endpoints
from workers.queues import ARTICLES
from workers.reading.lexicon import parse_lexicon
from workers.reading.loglinear import parse_model
from workers.reading.positions import POSITION_LABELS
from workers.reading.reader import Models, Reader
from workers.reading.relevance import RELEVANCE_LABELS
from workers.reading.speech import parse_speech
from workers.robots import RobotsBook
from workers.ruling import World
from workers.sandbox import Sandbox
from workers.storage.articles import Articles
from workers.storage.connection import Patience, register_actors
from workers.stores import Stores, open_stores
from workers.worker_loop import Loop

if TYPE_CHECKING:
    from spacy.language import Language

USER_AGENT = "trucewatch"
PAGE_GAPS = 900  # in the shortest pause of a feed
STORE_PAUSE_S = 1.0
SANDBOX_BYTES = 1_000_000_000
WARM_UP = "The judge of languages loads its model at the first text."

log = structlog.get_logger(__name__)


def now() -> datetime:
    """The time, aware UTC: the one clock of a process."""
    return datetime.now(UTC)


def life_of(settings: Settings, role: str, *, web: bool = False) -> LifeSign:
    """The sign of life of this process: for `trucewatch health` where a file is set, for systemd where it listens."""
    host = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    pages = f"http://{host}:{settings.web_port}" if web else None
    return LifeSign(settings.alive_file, os.environ.get(NOTIFY_SOCKET), role, pages)


def user_agent(contact: str | None) -> str:
    """How requests introduce themselves, with a contact when the operator gives one."""
    return f"{USER_AGENT} (+{contact})" if contact else USER_AGENT


@cache
def load_language(name: str) -> Language:
    """Load the language model: seconds and 100 MB, so once per process, and spaCy only where it is called."""
    loaded: Language = importlib.import_module(name).load()
    gc.freeze()  # it stays for good: looking through it for garbage took 0.25 s of a start with many actors
    return loaded


def load_reader(model: str, catalogue: Catalogue) -> Reader:
    """The reading room with its model, cues and catalogue."""
    speech = parse_speech(toml_of(bundled_text("config", "speech.toml"), "config/speech.toml"))
    lexicon = parse_lexicon(toml_of(bundled_text("config", "lexicon.toml"), "config/lexicon.toml"))
    models = Models(
        positions=parse_model(json.loads(bundled_text("workers.reading.model", "positions.json")), POSITION_LABELS),
        relevance=parse_model(json.loads(bundled_text("workers.reading.model", "relevance.json")), RELEVANCE_LABELS),
    )
    return Reader(load_language(model), speech, lexicon, catalogue, models)


def policy_of(settings: Settings) -> Policy:
    """The policy's thresholds as the operator set them."""
    return Policy(
        least_confidence=settings.least_confidence,
        least_confidence_leader=settings.least_confidence_leader,
        least_confidence_act=settings.least_confidence_act,
        least_confidence_neutral=settings.least_confidence_neutral,
        corroboration_window=settings.corroboration_window,
        alert_max_age=settings.alert_max_age,
        late_after=settings.late_after,
        flip_window=settings.flip_window,
    )


def endpoints_of(settings: Settings, catalogue: Catalogue) -> tuple[Endpoint, ...]:
    """The endpoints that alerts are sent to."""
    webhooks = settings.webhooks.get_secret_value() if settings.webhooks else None
    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    return load_endpoints(webhooks, secrets, catalogue)


@dataclass(frozen=True, slots=True)
class Preloaded:
    """What the workers of a queue share with their parent. `reader` and `is_english` are for articles only."""

    queue_name: str
    catalogue: Catalogue
    reader: ArticleReader | None = None
    is_english: Callable[[str, str | None], bool] | None = None


def preload(settings: Settings, queue_name: str) -> Preloaded:
    """Load what takes seconds and needs no store; of the queue of articles that is the language model."""
    catalogue = load_catalogue(settings.catalogue, settings.conflicts)
    if queue_name != ARTICLES:
        return Preloaded(queue_name, catalogue)
    judge = LanguageJudge()
    judge.is_english(WARM_UP, None)
    reader = load_reader(settings.spacy_model, catalogue)
    return Preloaded(queue_name, catalogue, reader, judge.is_english)


def world_of(settings: Settings, stores: Stores, catalogue: Catalogue | None = None) -> World:
    """What is watched and on whose behalf; notes in the store which actors are watched from now on."""
    catalogue = catalogue or load_catalogue(settings.catalogue, settings.conflicts)
    actor_ids = [actor.actor_id for actor in catalogue.actors]
    return World(
        catalogue=catalogue,
        endpoints=endpoints_of(settings, catalogue),
        policy=policy_of(settings),
        epoch=stores.birth.epoch,
        born_at=stores.birth.born_at,
        actors_added=register_actors(stores.client, actor_ids, stores.birth, now()),
        web_url=settings.web_base_url,
        hold=frozenset(settings.hold),
    )


def wait_for_store(
    url: str, job_timeout: timedelta, keep_waiting: Callable[[], bool], patience: Patience | None = None
) -> Stores | None:
    """Open the stores as soon as the server answers; says once that it is away. None when told to wait no more."""
    told = False
    while keep_waiting():
        try:
            return open_stores(url, job_timeout, now(), patience)
        except redis.RedisError as error:
            if not told:
                log.warning("store_awaited", why=str(error))
                told = True
            time.sleep(STORE_PAUSE_S)
    return None


def outbound_of(settings: Settings, networks: Sequence[Network]) -> AbstractAsyncContextManager[Outbound]:
    """The HTTP client for pages and feeds, with the private networks that it may reach (law 9)."""
    proxy = settings.proxy.get_secret_value() if settings.proxy else None
    return open_outbound(networks, user_agent(settings.contact), proxy)


def endpoint_outbound_of(settings: Settings) -> AbstractAsyncContextManager[Outbound]:
    """The HTTP client for endpoints, with the operator's authority and certificate."""
    proxy = settings.proxy.get_secret_value() if settings.proxy else None
    ca_file, certificate = tls_files_of(settings)
    networks, agent = settings.webhook_allow_private, user_agent(settings.contact)
    return open_outbound(networks, agent, proxy, ca_file, certificate=certificate)


def tls_files_of(settings: Settings) -> tuple[str | None, ClientCertificate | None]:
    """The files of the authority and of the certificate for endpoints."""
    ca_file = str(settings.webhook_ca_file) if settings.webhook_ca_file else None
    key_file = str(settings.webhook_client_key) if settings.webhook_client_key else None
    certificate = settings.webhook_client_cert
    return ca_file, ClientCertificate(str(certificate), key_file) if certificate else None


def hands_of(  # noqa: PLR0917 - what a process knows of itself
    settings: Settings, stores: Stores, loaded: Preloaded, worker: str, loop: Loop, stopping: Callable[[], bool]
) -> Hands:
    """What a worker can do with what its parent has loaded."""
    world = world_of(settings, stores, loaded.catalogue)
    if loaded.reader is None or loaded.is_english is None:
        outbound = loop.enter(endpoint_outbound_of(settings))
        fold = Announcer(world.endpoints, world.epoch, now).fold_into(stores.folding, Pace().lease_s)
        return AlertHands(loop, outbound, stores.outbox, world.endpoints, world.epoch, now, stopping, fold, worker)
    pipeline = Pipeline(
        reader=loaded.reader,
        is_english=loaded.is_english,
        fetch_text=_page_reader_of(settings, stores, loop) if settings.full_text else _no_page,
        articles=stores.articles,
        commits=stores.commits,
        queues=stores.queues,
        world=world,
        clock=now,
    )
    patient = Articles(stores.queue_client)
    return ArticleHands(pipeline, patient, world.epoch, worker, timedelta(seconds=settings.job_timeout_s))


def _page_reader_of(settings: Settings, stores: Stores, loop: Loop) -> PageReader:
    outbound = loop.enter(outbound_of(settings, settings.allow_private))
    limits = replace(
        PAGE,
        total_s=min(PAGE.total_s, settings.fetch_timeout_s),
        max_bytes=min(PAGE.max_bytes, settings.fetch_max_bytes),
    )
    # Who polls feeds of their own every second has their pages for themselves too.
    gap = min(PAGE_GAP, timedelta(seconds=settings.poll_interval_s) / PAGE_GAPS)
    manners = PageManners(RobotsBook(outbound, USER_AGENT), stores.pages, now, gap)
    rules = PageRules.of(toml_of(bundled_text("config", "pages.toml"), "config/pages.toml"))
    sandbox = Sandbox(processes=1, memory_bytes=SANDBOX_BYTES)
    return PageReader(loop, outbound, sandbox, limits, manners=manners, rules=rules)


def _no_page(_article: object) -> None:
    """Pages are not fetched: the feed's own text is read."""
