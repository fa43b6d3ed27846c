from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
import redis

from tests.certificates import a_certificate
from workers.queues import ARTICLES
from workers.stores import open_stores


@contextmanager
def behind_tls(store_url: str, context: ssl.SSLContext) -> Iterator[int]:
    """Speak TLS for the session's server; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    path = store_url.removeprefix("unix://").partition("?")[0]

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=relay, args=(listener.accept()[0],), daemon=True).start()

    def relay(raw: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(raw, server_side=True) as outer,
            socket.socket(socket.AF_UNIX) as inner,
        ):
            inner.connect(path)
            threading.Thread(target=pump, args=(inner, outer), daemon=True).start()
            pump(outer, inner)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_a_server_with_an_authority_of_its_own_is_trusted_by_its_file_only(
    valkey: redis.Redis, store_url: str, tmp_path: Path
) -> None:
    context, authority = a_certificate(tmp_path, "127.0.0.1")
    with behind_tls(store_url, context) as port:
        bare, now = f"rediss://127.0.0.1:{port}/0", datetime.now(UTC)
        stores = open_stores(f"{bare}?{urlencode({'ssl_ca_certs': str(authority)})}", timedelta(seconds=60), now)
        stores.queues.enqueue_articles(["a1"])
        assert stores.queues.depth(ARTICLES) == 1
        assert valkey.hget("trucewatch:store", "epoch") == stores.birth.epoch
        with pytest.raises(redis.RedisError, match="certificate"):
            open_stores(bare, timedelta(seconds=60), now)
