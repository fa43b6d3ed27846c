"""The pages over real HTTP, from a real store: what is shown, who may see it, and what strangers cannot do."""

from __future__ import annotations

import re
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
import redis
import uvicorn
from redis.backoff import NoBackoff
from redis.retry import Retry

from service.exposition import Family, Kind, Sample
from service.readiness import Check
from service.web import WebParts, make_app
from tests.builders import NOON, a_catalogue, a_conflict, a_stance, a_statement, an_article, hours
from tests.newsroom import Newsroom
from workers.domain.article import Tier
from workers.domain.breaker import Breaker
from workers.domain.policy import Policy
from workers.domain.silence import Silence
from workers.domain.stance import Stance
from workers.storage import keys
from workers.storage.records import records_of

TOKEN = "a-token-of-twenty-letters"
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202eevil\x00 \"onload=alert(1)' {{ 7*7 }} & co"


@contextmanager
def served(parts: WebParts) -> Iterator[httpx.Client]:
    """Serve the application on loopback with the production server; yields a client of it."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(parts), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@pytest.fixture
def newsroom(valkey: redis.Redis) -> Newsroom:
    return Newsroom(valkey, a_catalogue(a_conflict("Coast war")), Policy())


@pytest.fixture
def serve() -> Iterator[Callable[[WebParts], httpx.Client]]:
    with ExitStack() as stack:
        yield lambda parts: stack.enter_context(served(parts))


@pytest.fixture
def client(newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client]) -> httpx.Client:
    return serve(parts_of(newsroom))


def parts_of(newsroom: Newsroom, token: str | None = None, **checks: Callable[[], Check]) -> WebParts:
    return WebParts(newsroom.reads, newsroom.policy, lambda: hours(1), token, checks=checks)


def a_store_that_is_away(tmp_path: Path) -> Newsroom:
    return Newsroom(an_impatient_client(tmp_path), a_catalogue(), Policy())


def an_impatient_client(tmp_path: Path) -> redis.Redis:
    never = Retry(NoBackoff(), 0)
    return redis.Redis(unix_socket_path=str(tmp_path / "s"), decode_responses=True, socket_timeout=60, retry=never)


class Outline(HTMLParser):
    """What a page is made of: its ids, links, tags, and whether its elements close in order."""

    EMPTY = frozenset({"meta", "link", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[Mapping[str, str | None]] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes += given
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(given)
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def outline_of(answer: httpx.Response) -> Outline:
    outline = Outline(answer.text)
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    return outline


# --- what is shown


def test_an_empty_store_has_a_page_that_says_so(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    text = outline_of(answer).text
    assert "Nothing was heard of any conflict yet" in text
    assert "2 conflicts watched, nothing heard yet" in text


def test_the_status_page_shows_positions_with_words_speaker_and_source(
    newsroom: Newsroom, client: httpx.Client
) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    conditional = a_statement(
        "conditional", article="a2", hour=1, quote="We accept it if they leave.", conditions=("they leave",)
    )
    newsroom.hear(an_article("a2", hour=1), conditional)
    page = outline_of(client.get("/"))
    assert "Northland Conditional since 14 March 2025 was Rejects; moved by a leader, quoted" in page.text
    assert "“We accept it if they leave.” On condition: they leave Vane, 14 March 2025, 13:00 UTC" in page.text
    assert "Mira Vane Conditional the same words" in page.text
    assert "Southland nothing heard yet" in page.text
    assert "https://northern-wire.example/a2" in [link["href"] for link in page.links]


def test_the_status_page_says_which_endpoints_are_away_and_what_silences_hold_back(
    newsroom: Newsroom, client: httpx.Client
) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"), endpoint="desk")
    newsroom.outbox.open_breaker("desk", Breaker(5, hours(0), hours(2)))
    newsroom.outbox.disable("radio", HOSTILE, hours(0))
    newsroom.reads.silences.add(Silence("s1", "mira-vane", None, hours(0), hours(9), HOSTILE))
    page = outline_of(client.get("/")).text
    assert "1 waiting to be sent." in page
    assert "desk away since 14 Mar, 12:00 UTC: asked again at 14 March 2025, 14:00 UTC" in page
    assert "radio disabled since 14 Mar, 12:00 UTC: <script>alert(1)</script>" in page
    assert "Mira Vane until 14 Mar, 21:00 UTC: <script>alert(1)</script>" in page
    assert "no deliveries held back" in page
    assert "<script>" not in client.get("/").text


def test_the_status_page_comes_again_every_minute(client: httpx.Client) -> None:
    assert '<meta http-equiv="refresh" content="60">' in client.get("/").text


def test_a_history_has_an_anchor_for_each_statement_to_which_alerts_link(
    newsroom: Newsroom, client: httpx.Client
) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=1), a_statement("support", article="a2", hour=1))
    page = outline_of(client.get("/conflicts/river-war"))
    assert {"st_a1", "st_a2"} <= set(page.ids)
    assert "Mira Vane and Northland Rejects then Supports leader, quoted" in page.text.replace("→ ", "")
    assert "alerted" in page.text


def test_an_alert_on_words_taken_back_is_still_found_by_its_link(newsroom: Newsroom, client: httpx.Client) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=1), a_statement("support", article="a2", hour=1))
    newsroom.hear(an_article("a2", hour=1, revision=2))
    page = outline_of(client.get("/conflicts/river-war"))
    assert "st_a2" in page.ids
    assert "put in another light" in page.text


def test_an_actors_page_says_what_is_held_back_and_what_is_missing(newsroom: Newsroom, client: httpx.Client) -> None:
    blog = an_article("a1", publisher="A Blog", tier=Tier.OTHER)
    newsroom.hear(blog, a_statement("support", article="a1"))
    page = outline_of(client.get("/conflicts/river-war/mira-vane"))
    assert "No position is held." in page.text
    assert "held back: one publisher of tier other alone moves nothing" in page.text
    assert "To count it needs a report of the same position by another publisher" in page.text


def test_an_actors_page_ends_where_it_would_grow_too_long(newsroom: Newsroom, client: httpx.Client) -> None:
    for number in range(203):
        stance = a_stance(article=f"a{number}", hour=-number, quote=f"word{number} " * 6)
        newsroom.client.hset(keys.stances("river-war", "mira-vane"), f"a{number}", records_of(Stance).dump(stance))
    page = outline_of(client.get("/conflicts/river-war/mira-vane"))
    assert {"a0", "a199"} <= set(page.ids)
    assert "a200" not in page.ids
    assert "and 3 older ones" in page.text


def test_a_conflict_of_which_nothing_was_heard_has_a_page(client: httpx.Client) -> None:
    answer = client.get("/conflicts/coast-war")
    assert answer.status_code == 200
    assert "Nothing was heard yet." in outline_of(answer).text


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/conflicts/no-such-war",
        "/conflicts/river-war/nobody",
        "/conflicts/no-such-war/nobody",
        "/static/../web.py",
        "/static/%2e%2e/web.py",
        "/conflicts/%00%1b%ff",
    ],
)
def test_what_does_not_exist_has_a_page_that_says_so(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in outline_of(answer).text


def test_tables_can_be_read_aloud(newsroom: Newsroom, client: httpx.Client) -> None:
    newsroom.hear(an_article(), a_statement())
    page = client.get("/").text
    assert page.count("<h1") == 1
    assert '<html lang="en">' in page
    assert page.count('<th scope="col"') == 3
    assert page.count("<table") == page.count("<caption")
    for landmark in ("<main", "<header", "<footer"):
        assert landmark in page


# --- strangers


def test_words_from_outside_are_words_only(newsroom: Newsroom, client: httpx.Client) -> None:
    article = an_article("a1", title=HOSTILE, publisher=HOSTILE, url="javascript:alert(1)")
    quiet = a_statement("reject", article="a0", hour=-1)
    newsroom.hear(an_article("a0", hour=-1), quiet)
    newsroom.hear(
        article,
        a_statement(article="a1", quote=HOSTILE, conditions=(HOSTILE,), speaker_text=HOSTILE, actor_name=HOSTILE),
    )
    for path in ("/", "/conflicts/river-war", "/conflicts/river-war/mira-vane"):
        answer = client.get(path)
        page = outline_of(answer)
        assert "script" not in page.tags
        assert not [name for name in page.attributes if name.startswith("on")]
        assert "<script>alert(1)</script>" in page.text
        assert "{{ 7*7 }}" in page.text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", answer.text)
        assert not [link for link in page.links if str(link["href"]).startswith("javascript")]


def test_links_that_lead_outside_tell_nothing_of_where_one_comes_from(newsroom: Newsroom, client: httpx.Client) -> None:
    newsroom.hear(an_article(), a_statement())
    outward = [link for link in outline_of(client.get("/")).links if "://" in str(link["href"])]
    assert outward
    assert {link["rel"] for link in outward} == {"noopener noreferrer nofollow"}


def test_an_odd_id_can_neither_leave_its_attribute_nor_its_path(newsroom: Newsroom, client: httpx.Client) -> None:
    odd = 'st_"><script>/../?#%'
    newsroom.hear(an_article(), a_statement(statement_id=odd))
    page = outline_of(client.get("/conflicts/river-war"))
    assert "script" not in page.tags
    assert any(str(link["href"]).startswith("#st_%22%3E%3Cscript%3E%2F..%2F%3F%23%25") for link in page.links)


@pytest.mark.parametrize("path", ["/", "/conflicts/river-war", "/healthz", "/readyz", "/nowhere", "/static/style.css"])
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_pages_need_nothing_that_the_policy_forbids(newsroom: Newsroom, client: httpx.Client) -> None:
    newsroom.hear(an_article(), a_statement())
    page = outline_of(client.get("/"))
    assert not {"script", "style", "img", "iframe", "form", "object"} & set(page.tags)
    assert "style" not in page.attributes
    style = client.get("/static/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "url(" not in style.text
    assert "@import" not in style.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_pages_are_for_reading_only(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "content-security-policy" in answer.headers


def test_a_head_request_gets_the_headers_alone(client: httpx.Client) -> None:
    answer = client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


# --- the token


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(f"Bearer {TOKEN}", id="bearer"),
        pytest.param(f"bearer  {TOKEN}", id="bearer, spelled otherwise"),
        pytest.param(basic("anyone", TOKEN), id="basic"),
        pytest.param(basic("", TOKEN), id="basic without a user"),
    ],
)
def test_the_token_opens_the_pages(
    newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client], authorization: str
) -> None:
    client = serve(parts_of(newsroom, TOKEN))
    assert client.get("/", headers={"Authorization": authorization}).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer \xff\xfe",
        f"Digest {TOKEN}",
        TOKEN,
        basic(TOKEN, ""),
        basic("anyone", "wrong"),
        "Basic !!!",
        "Basic " + b64encode(TOKEN.encode()).decode(),
        "Basic " + "A" * 9999,
    ],
)
def test_nothing_else_opens_them(
    newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client], authorization: str | None
) -> None:
    client = serve(parts_of(newsroom, TOKEN))
    headers = [] if authorization is None else [(b"Authorization", authorization.encode("latin-1"))]
    for path in ("/", "/conflicts/river-war", "/static/style.css", "/nowhere", "//healthz", "/healthz/", "/HEALTHZ"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert TOKEN not in answer.text


def test_a_token_in_the_address_opens_nothing(newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client]) -> None:
    assert serve(parts_of(newsroom, TOKEN)).get("/", params={"token": TOKEN}).status_code == 401


def test_probes_need_no_token(newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client]) -> None:
    client = serve(parts_of(newsroom, TOKEN))
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8088", "127.0.0.1:8088", "[::1]:8088", "desk.example:443"])
def test_without_a_token_the_pages_are_open_to_their_own_names(
    newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client], host: str
) -> None:
    client = serve(replace(parts_of(newsroom), hosts=("desk.example",)))
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8088", "10.0.0.1", ""]
)
def test_a_name_that_was_made_to_lead_here_opens_nothing(
    newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client], host: str
) -> None:
    client = serve(replace(parts_of(newsroom), hosts=("desk.example",)))
    assert client.get("/", headers={"Host": host}).status_code == 421
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


# --- probes


def test_readiness_names_each_check(newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client]) -> None:
    client = serve(
        parts_of(
            newsroom,
            store=lambda: Check(ok=True, why="answers"),
            append_only=lambda: Check(ok=False, why="appendonly is no", only_warns=True),
        )
    )
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "checks": {
            "store": {"state": "ok", "why": "answers"},
            "append_only": {"state": "warning", "why": "appendonly is no"},
        },
    }


def test_a_check_that_fails_makes_the_service_unready(
    newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client]
) -> None:
    answer = serve(parts_of(newsroom, disk=lambda: Check(ok=False, why="10 MB are free"))).get("/readyz")
    assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_a_check_that_reaches_no_store_has_failed(tmp_path: Path, serve: Callable[[WebParts], httpx.Client]) -> None:
    away = a_store_that_is_away(tmp_path)
    answer = serve(parts_of(away, store=lambda: Check(ok=bool(away.client.ping()), why="answers"))).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["store"]["why"].startswith("ConnectionError")


def test_without_a_store_the_process_is_healthy_and_the_pages_say_what_is_wrong(
    tmp_path: Path, serve: Callable[[WebParts], httpx.Client]
) -> None:
    client = serve(parts_of(a_store_that_is_away(tmp_path)))
    assert client.get("/healthz").text == "ok\n"
    for path in ("/", "/conflicts/river-war", "/conflicts/river-war/mira-vane"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "15"
        assert "The store is away" in outline_of(answer).text
        assert "Traceback" not in answer.text
    assert client.get("/static/style.css").status_code == 200


def test_a_store_that_hangs_stalls_no_probe(tmp_path: Path, serve: Callable[[WebParts], httpx.Client]) -> None:
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(tmp_path / "s"))
    silent.listen(20)
    client = serve(parts_of(a_store_that_is_away(tmp_path)))
    answers: list[httpx.Response] = []
    visitors = [threading.Thread(target=lambda: answers.append(client.get("/"))) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    held = [silent.accept()[0] for _ in range(4)]  # as many pages as are drawn at once wait for the store
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    assert answers == []
    silent.close()
    for connection in held:
        connection.close()
    for visitor in visitors:
        visitor.join(timeout=10)
    assert [answer.status_code for answer in answers] == [503] * 8


def test_a_damaged_record_is_named_and_nothing_crashes(newsroom: Newsroom, client: httpx.Client) -> None:
    newsroom.hear(an_article(), a_statement())
    newsroom.client.hset(keys.positions("river-war"), "mira-vane", "no json")
    answer = client.get("/")
    assert answer.status_code == 503
    assert "stored Position cannot be read" in outline_of(answer).text


def test_a_fault_of_ours_shows_no_traceback(newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client]) -> None:
    def faulty() -> Check:
        raise ValueError("secret words")

    answer = serve(parts_of(newsroom, faulty=faulty)).get("/readyz")
    assert answer.status_code == 500
    assert "secret words" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_clock_of_the_page_is_the_one_handed_in(
    newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client]
) -> None:
    parts = replace(parts_of(newsroom), clock=lambda: NOON)
    assert "14 March 2025, 12:00 UTC" in outline_of(serve(parts).get("/")).text


def test_metrics_are_for_those_with_the_token(newsroom: Newsroom, serve: Callable[[WebParts], httpx.Client]) -> None:
    family = Family("polls_total", Kind.COUNTER, "Polls.", [Sample(3)])
    client = serve(replace(parts_of(newsroom, TOKEN), metrics=lambda: [family]))
    assert client.get("/metrics").status_code == 401
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "trucewatch_polls_total 3" in answer.text.splitlines()


def test_metrics_tell_that_the_store_is_away(tmp_path: Path, serve: Callable[[WebParts], httpx.Client]) -> None:
    away = a_store_that_is_away(tmp_path)
    parts = replace(parts_of(away), metrics=lambda: [Family("x", Kind.GAUGE, "X.", [Sample(away.client.dbsize())])])
    answer = serve(parts).get("/metrics")
    assert answer.status_code == 200
    assert answer.text.splitlines()[-1] == "trucewatch_store_up 0"
