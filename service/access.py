"""Open the store for one command, whether the service is running or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from config.settings import Settings
from service.board import Reads
from service.embedded import EmbeddedStore, EmbeddedStoreError
from service.runtime import seed_store
from workers.provisions import load_catalogue
from workers.runtime import now
from workers.storage.client import Client
from workers.storage.connection import StoreFormatError, StoreRefusedError, connect
from workers.stores import Stores, open_stores


@contextmanager
def opened_stores(settings: Settings) -> Iterator[Stores]:
    """The store that the settings name.

    The bundled one is used as it runs; when nobody runs it, it is started for as long as the command takes. Raises
    EmbeddedStoreError or redis.RedisError when it cannot be used.
    """
    try:
        with _opened(settings) as stores:
            yield stores
    except (StoreFormatError, StoreRefusedError) as error:
        raise EmbeddedStoreError(str(error)) from error


@contextmanager
def _opened(settings: Settings) -> Iterator[Stores]:
    job_timeout = timedelta(seconds=settings.job_timeout_s)
    if settings.store_url is not None:
        yield open_stores(settings.store_url, job_timeout, now())
        return
    store = EmbeddedStore(settings.data_dir)
    if store.answers():
        yield open_stores(store.url, job_timeout, now())
        return
    url = store.start()
    try:
        stores = open_stores(url, job_timeout, now())
        seed_store(settings, stores)
        yield stores
    finally:
        store.stop()


@contextmanager
def opened_client(settings: Settings) -> Iterator[Client]:
    """A client of the store that the settings name, which may be empty and is not born by this.

    The bundled one is used as it runs, or started for as long as it takes. Raises what `opened_stores` does.
    """
    if settings.store_url is not None:
        yield connect(settings.store_url)
        return
    store = EmbeddedStore(settings.data_dir)
    if store.answers():
        yield connect(store.url)
        return
    url = store.start()
    try:
        yield connect(url)
    finally:
        store.stop()


def store_url_of(settings: Settings) -> str | None:
    """The address of the store as it runs; None when it is the bundled one and nobody runs it."""
    if settings.store_url is not None:
        return settings.store_url
    store = EmbeddedStore(settings.data_dir)
    return store.url if store.answers() else None


def reads_of(settings: Settings, stores: Stores) -> Reads:
    """What the read models are composed of."""
    catalogue = load_catalogue(settings.catalogue, settings.conflicts)
    return Reads(catalogue, stores.ledger, stores.feeds, stores.articles, stores.outbox, stores.silences)
