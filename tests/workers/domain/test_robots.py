from __future__ import annotations

import pytest

from workers.domain.robots import LONGEST_DELAY_S, NOTHING_ALLOWED, Robots, parse_robots

SITE = """
# A site
User-agent: *
Disallow: /private/   # not for anybody
Disallow: /*.pdf$
Allow: /private/press
Crawl-delay: 2.5

User-agent: OtherBot
User-agent: truceWatch/2.0
Disallow: /search
Sitemap: https://news.example/sitemap.xml

User-agent: nobody
Disallow: /
"""


@pytest.mark.parametrize(
    ("rules", "target", "allowed"),
    [
        ("Disallow: /private", "/private/1", False),
        ("Disallow: /private", "/Private/1", True),
        ("Disallow: /private\nAllow: /private/press", "/private/press/1", True),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow:", "/anything", True),
        ("Disallow: /", "/robots.txt", True),
        ("Disallow: /*.pdf$", "/a/b.pdf", False),
        ("Disallow: /*.pdf$", "/a/b.pdf?x=1", True),
        ("Disallow: /a*c*e", "/abcdef", False),
        ("Disallow: /a*c*e", "/abcdf", True),
        ("Disallow: /a*a$", "/a", True),
        ("Disallow: /*?print=", "/story?id=1&print=1", True),
        ("Disallow: /*print=", "/story?id=1&print=1", False),
        ("Disallow: /foo/bar/%62%61%7A", "/foo/bar/baz", False),
        ("Disallow: /ü", "/%C3%BC/1", False),
        ("Disallow: /%c3%bc", "/ü/1", False),
    ],
)
def test_the_longest_pattern_decides(rules: str, target: str, *, allowed: bool) -> None:
    assert parse_robots(f"User-agent: *\n{rules}", "trucewatch").allows(target) is allowed


def test_the_group_that_names_us_counts_alone_wherever_it_stands() -> None:
    ours = parse_robots(SITE, "trucewatch")
    assert (ours.allows("/search/1"), ours.allows("/private/1"), ours.delay_s) == (False, True, 0.0)
    others = parse_robots(SITE, "somebody")
    assert (others.allows("/search/1"), others.allows("/private/1"), others.delay_s) == (True, False, 2.5)


def test_what_is_no_robots_txt_forbids_nothing() -> None:
    for text in ("", "<html><body>Disallow: /</body></html>", "Disallow: /", "User-agent *\nDisallow /", "\x00\xff"):
        assert parse_robots(text, "trucewatch").allows("/a")
    assert not NOTHING_ALLOWED.allows("/a")


def test_a_delay_is_bounded() -> None:
    assert parse_robots("User-agent: *\nCrawl-delay: 86400", "trucewatch").delay_s == LONGEST_DELAY_S
    assert parse_robots("User-agent: *\nCrawl-delay: soon", "trucewatch") == Robots()


def test_hostile_patterns_are_decided_at_once() -> None:
    robots = parse_robots("User-agent: *\n" + f"Disallow: /{'*a' * 400}$\n" * 10_000, "trucewatch")
    assert not robots.allows("/" + "a" * 4_000)
    assert len(robots.rules) < 10_000
