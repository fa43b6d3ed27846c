"""The web pages: status, histories, probes. Read only, no JavaScript, nothing from other hosts.

Pages are read and drawn in threads, so that a slow store never stalls the loop that answers the probes. Words from
outside are escaped and stripped of control characters by the environment of `page_words`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any

import anyio
import anyio.to_thread
import redis
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from service.board import Reads, find_conflict, read_board
from service.exposition import CONTENT_TYPE, Family, written
from service.gate import Gate, add_headers
from service.histories import read_actor_history, read_conflict_history
from service.metrics import families_without_store
from service.page_words import make_environment
from service.readiness import Check, run_checks
from workers.domain.policy import Policy
from workers.storage.records import RecordError

REFRESH_S = 60
AWAY_REFRESH_S = 15
_PAGES_AT_ONCE = 4  # threads drawing pages; a burst of visitors waits rather than crowd the store
_CHECKS_AT_ONCE = 16
_REPORTS_SHOWN = 200  # 130 kB of page; a leader is reported on some ten times a day
_METHOD_NOT_ALLOWED = 405

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WebParts:
    """What the pages are made of.

    `token` guards all but the probes; None leaves the pages open to those who ask for them by a loopback address or one
    of the names in `hosts`. `checks` are run by /readyz, each in a thread; one
    that raises redis.RedisError or OSError has failed. `metrics` gathers what /metrics tells. `clock` gives aware UTC.
    """

    reads: Reads
    policy: Policy
    clock: Callable[[], datetime]
    token: str | None = None
    hosts: Sequence[str] = ()
    checks: Mapping[str, Callable[[], Check]] = field(default_factory=dict)
    metrics: Callable[[], Sequence[Family]] = families_without_store


@dataclass(frozen=True, slots=True)
class _Page:
    """A template with what it shows, and the status of the answer."""

    template: str
    shown: Mapping[str, Any]
    status: int = 200


def make_app(parts: WebParts) -> Starlette:
    """Make the application; the store is first asked when a page is asked for."""
    site = _Site(parts)
    return Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/readyz", site.readyz),
            Route("/metrics", site.metrics),
            Route("/", site.status),
            Route("/conflicts/{conflict_id}", site.conflict),
            Route("/conflicts/{conflict_id}/{actor_id}", site.actor),
            Route("/static/style.css", site.style),
        ],
        middleware=[Middleware(Gate, token=parts.token, hosts=parts.hosts)],
        exception_handlers={HTTPException: site.refused, Exception: site.crashed},
    )


async def _healthz(_: Request) -> Response:
    """Answer that this process's loop is alive; the store is not asked."""
    return PlainTextResponse("ok\n")


class _Site:
    """The handlers, with what they share."""

    def __init__(self, parts: WebParts) -> None:
        self._parts = parts
        self._environment = make_environment()
        self._style = resources.files("service.pages").joinpath("style.css").read_bytes()
        self._page_limiter = anyio.CapacityLimiter(_PAGES_AT_ONCE)
        self._check_limiter = anyio.CapacityLimiter(_CHECKS_AT_ONCE)
        self._metrics_limiter = anyio.CapacityLimiter(1)

    async def readyz(self, _: Request) -> Response:
        """Say of each check how it stands; 503 when one that matters failed."""
        readiness = await run_checks(self._parts.checks, self._check_limiter)
        checks = {name: {"state": check.state, "why": check.why} for name, check in readiness.checks.items()}
        return JSONResponse({"ok": readiness.ok, "checks": checks}, 200 if readiness.ok else 503)

    async def metrics(self, _: Request) -> Response:
        """The metrics of the whole service for Prometheus; while the store is away, that it is."""
        text = await anyio.to_thread.run_sync(self._measured, limiter=self._metrics_limiter)
        return PlainTextResponse(text, headers={"Content-Type": CONTENT_TYPE})

    async def status(self, _: Request) -> Response:
        """The board and the service's facts."""
        return await self._answer(self._status_page)

    async def conflict(self, request: Request) -> Response:
        """The history of one conflict."""
        conflict_id: str = request.path_params["conflict_id"]
        return await self._answer(lambda: self._conflict_page(conflict_id))

    async def actor(self, request: Request) -> Response:
        """Everything heard of one actor on one conflict, with every reason."""
        conflict_id: str = request.path_params["conflict_id"]
        actor_id: str = request.path_params["actor_id"]
        return await self._answer(lambda: self._actor_page(conflict_id, actor_id))

    async def style(self, _: Request) -> Response:
        """The stylesheet."""
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "private, max-age=300"})

    async def refused(self, _: Request, error: Exception) -> Response:
        """Answer what has no page, and methods other than GET and HEAD."""
        if isinstance(error, HTTPException) and error.status_code == _METHOD_NOT_ALLOWED:
            return self._drawn(_trouble("These pages are for reading", "Only GET and HEAD.", 405), error.headers)
        return self._drawn(_not_found())

    async def crashed(self, _: Request, __: Exception) -> Response:
        """Answer after a fault of ours; the server logs the traceback."""
        words = "This page could not be drawn. The log of the service says why."
        response = self._drawn(_trouble("Something went wrong", words, 500))
        add_headers(response.headers)  # this answer is made outside of the gate
        return response

    async def _answer(self, read: Callable[[], _Page]) -> Response:
        return await anyio.to_thread.run_sync(self._read_and_drawn, read, limiter=self._page_limiter)

    def _measured(self) -> str:
        try:
            return written(self._parts.metrics())
        except redis.RedisError:
            return written(families_without_store())

    def _read_and_drawn(self, read: Callable[[], _Page]) -> Response:
        try:
            page = read()
        except redis.RedisError as error:
            log.warning("page_failed", why=f"{type(error).__name__}: {error}")
            return self._drawn(_store_away(), {"Retry-After": str(AWAY_REFRESH_S)})
        except RecordError as error:
            log.exception("page_failed")
            return self._drawn(_trouble("A stored value cannot be read", f"{error}.", 503))
        return self._drawn(page)

    def _drawn(self, page: _Page, headers: Mapping[str, str] | None = None) -> HTMLResponse:
        shown = {"now": self._parts.clock(), "refresh_s": None, **page.shown}
        return HTMLResponse(self._environment.get_template(page.template).render(shown), page.status, headers)

    def _status_page(self) -> _Page:
        return _Page("status.html", {"board": read_board(self._parts.reads), "refresh_s": REFRESH_S})

    def _conflict_page(self, conflict_id: str) -> _Page:
        conflict = find_conflict(self._parts.reads, conflict_id)
        if conflict is None:
            return _not_found()
        return _Page("conflict.html", {"history": read_conflict_history(self._parts.reads, conflict)})

    def _actor_page(self, conflict_id: str, actor_id: str) -> _Page:
        conflict = find_conflict(self._parts.reads, conflict_id)
        if conflict is None:
            return _not_found()
        history = read_actor_history(self._parts.reads, self._parts.policy, conflict, actor_id)
        return _Page("actor.html", {"history": history, "most": _REPORTS_SHOWN}) if history else _not_found()


def _trouble(title: str, words: str, status: int) -> _Page:
    return _Page("trouble.html", {"title": title, "words": words}, status)


def _not_found() -> _Page:
    return _trouble("There is no such page", "Nothing was heard of it, or it was never watched.", 404)


def _store_away() -> _Page:
    words = "The store does not answer, so there is nothing to show. This page tries again by itself."
    page = _trouble("The store is away", words, 503)
    return _Page(page.template, {**page.shown, "refresh_s": AWAY_REFRESH_S}, page.status)
