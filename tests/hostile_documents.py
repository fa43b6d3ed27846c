"""Generated documents that are made to hurt: feeds that keep parsers busy or fill the memory, pages likewise.

Each kind gives its bytes and headers anew; nothing of them is kept. They are of sizes that get past the caps of the
fetch step or come near them, since caps alone are not enough: feedparser and trafilatura take over 20 s for some.
"""

# ruff: noqa: E501 - a table reads better with a row on a line
from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MEGABYTE = 1 << 20
Made = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One kind. `make` gives the bytes as they are sent, `headers` say how."""

    name: str
    make: Made
    headers: Mapping[str, str] = field(default_factory=dict)


def rss(items: bytes, channel: bytes = b"") -> bytes:
    """An RSS document."""
    return b"<?xml version='1.0'?><rss version='2.0'><channel><title>H</title>" + channel + items + b"</channel></rss>"


def item(inner: bytes, number: int = 1) -> bytes:
    """An item with a GUID."""
    return b"<item><guid>%d</guid>%b</item>" % (number, inner)


def _entities(levels: int, width: int) -> bytes:
    lines = [b'<!ENTITY e0 "ha">']
    lines += [b'<!ENTITY e%d "%b">' % (level, b"&e%d;" % (level - 1) * width) for level in range(1, levels)]
    body = item(b"<title>&e%d;</title>" % (levels - 1))
    return (
        b"<?xml version='1.0'?><!DOCTYPE r ["
        + b"".join(lines)
        + b"]><rss version='2.0'><channel>"
        + body
        + b"</channel></rss>"
    )


def _quadratic() -> bytes:
    entity = b'<!ENTITY a "' + b"x" * 100_000 + b'">'
    body = item(b"<title>" + b"&a;" * 20_000 + b"</title>")
    return (
        b"<?xml version='1.0'?><!DOCTYPE r [" + entity + b"]><rss version='2.0'><channel>" + body + b"</channel></rss>"
    )


def _external(target: bytes) -> bytes:
    head = b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM '" + target + b"'>]><rss version='2.0'><channel>"
    return head + item(b"<title>&x;</title>") + b"</channel></rss>"


def _zip(body: bytes, level: int = 9) -> bytes:
    return gzip.compress(body, level)


def _bomb(size: int, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(size // MEGABYTE)) + packer.flush()


GZIP = {"content-encoding": "gzip"}
DEFLATE = {"content-encoding": "deflate"}
XML = {"content-type": "application/rss+xml"}

FEEDS: tuple[Hostile, ...] = (
    Hostile("html in CDATA, 9 MB", lambda: rss(item(b"<description><![CDATA[" + b"<p><b>x" * 1_300_000 + b"]]></description>"))),
    Hostile("escaped markup, 9 MB", lambda: rss(item(b"<description>" + b"&lt;b&gt;" * 1_100_000 + b"</description>"))),
    Hostile("200,000 items", lambda: rss(b"".join(item(b"<title>t</title>", n) for n in range(200_000)))),
    Hostile("1,000 items of 9 kB", lambda: rss(b"".join(item(b"<description>" + b"w " * 4_500 + b"</description>", n) for n in range(1_000)))),
    Hostile("200,000 attributes", lambda: rss(b"<item " + b" ".join(b"a%d='b'" % n for n in range(200_000)) + b"/>")),
    Hostile("20,000 attributes, in HTML", lambda: rss(item(b"<description><![CDATA[<a " + b" ".join(b"a%d=b" % n for n in range(20_000)) + b">]]></description>"))),
    Hostile("an attribute of 9 MB", lambda: rss(b"<item a='" + b"x" * 9_000_000 + b"'/>")),
    Hostile("billion laughs", lambda: _entities(10, 10)),
    Hostile("wide laughs", lambda: _entities(3, 4_000)),
    Hostile("quadratic blow-up of entities", _quadratic),
    Hostile("external entity, a file", lambda: _external(b"file:///etc/passwd")),
    Hostile("external entity, an address", lambda: _external(b"http://169.254.169.254/")),
    Hostile("elements 100,000 deep", lambda: rss(b"<item>" * 100_000)),
    Hostile("HTML 100,000 deep", lambda: rss(item(b"<description><![CDATA[" + b"<div>" * 100_000 + b"]]></description>"))),
    Hostile("100,000 namespaces", lambda: rss(item(b"".join(b"<a%d:x xmlns:a%d='u:%d'/>" % (n, n, n) for n in range(100_000))))),
    Hostile("200,000 links in an entry", lambda: rss(item(b"<link>http://a.example/</link>" * 200_000))),
    Hostile("200,000 categories", lambda: rss(item(b"<category>c</category>" * 200_000))),
    Hostile("200,000 authors", lambda: rss(item(b"<author>a@b.example (c)</author>" * 200_000))),
    Hostile("100,000 dates", lambda: rss(item(b"<pubDate>Fri, 14 Mar 2025 10:00:00 GMT</pubDate>" * 100_000))),
    Hostile("a date of 1 MB", lambda: rss(item(b"<pubDate>" + b"1" * MEGABYTE + b"</pubDate>"))),
    Hostile("a title of 9 MB", lambda: rss(item(b"<title>" + b"t" * 9_000_000 + b"</title>"))),
    Hostile("a GUID of 9 MB", lambda: rss(b"<item><guid>" + b"g" * 9_000_000 + b"</guid></item>")),
    Hostile("a link of 9 MB", lambda: rss(item(b"<link>http://a.example/" + b"/" * 9_000_000 + b"</link>"))),
    Hostile("500,000 character references", lambda: rss(item(b"<title>" + b"&#65536;&#x1F600;" * 500_000 + b"</title>"))),
    Hostile("references beyond Unicode", lambda: rss(item(b"<title>" + b"&#99999999;&#xD800;" * 100_000 + b"</title>"))),
    Hostile("unclosed comment, 9 MB", lambda: rss(b"<!--" + b"- " * 4_500_000)),
    Hostile("unclosed CDATA, 9 MB", lambda: rss(item(b"<title><![CDATA[" + b"]] " * 3_000_000))),
    Hostile("stray ampersands and angles", lambda: rss(item(b"<title>" + b"& < &amp " * 300_000 + b"</title>"))),
    Hostile("doctype of 9 MB", lambda: b"<!DOCTYPE rss [" + b"<!-- x -->" * 900_000 + b"]>" + rss(item(b""))),
    Hostile("processing instructions", lambda: rss(b"<?x y?>" * 1_000_000)),
    Hostile("UTF-7 and other charsets", lambda: b"<?xml version='1.0' encoding='utf-7'?>" + rss(item(b"<title>+ADw-</title>"))[21:]),
    Hostile("a charset that does not exist", lambda: b"<?xml version='1.0' encoding='x-none-such'?>" + rss(item(b"\xff\xfe"))[21:]),
    Hostile("null bytes", lambda: rss(item(b"<title>" + b"\x00" * 1_000_000 + b"</title>"))),
    Hostile("random bytes", lambda: bytes((n * 7919 + n // 251) % 256 for n in range(MEGABYTE))),
    Hostile("JSON, 200,000 deep", lambda: b'{"version":"https://jsonfeed.org/version/1","items":' + b"[" * 200_000),
    Hostile("JSON, 200,000 items", lambda: b'{"version":"https://jsonfeed.org/version/1","items":[' + b",".join(b'{"id":%d,"title":"t"}' % n for n in range(200_000)) + b"]}"),
    Hostile("JSON, numbers of 1 MB", lambda: b'{"version":"https://jsonfeed.org/version/1","items":[{"id":' + b"9" * MEGABYTE + b"}]}"),
    Hostile("JSON, HTML of 9 MB", lambda: b'{"version":"https://jsonfeed.org/version/1","items":[{"id":1,"content_html":"' + b"<p><b>" * 1_500_000 + b'"}]}'),
    Hostile("sitemap, 50,000 entries", lambda: b"<urlset xmlns:n='n'>" + b"".join(b"<url><loc>http://a.example/%d</loc><n:news><n:title>t</n:title></n:news></url>" % n for n in range(50_000)) + b"</urlset>"),
    Hostile("sitemap, billion laughs", lambda: _entities(10, 10).replace(b"<rss version='2.0'>", b"<urlset>").replace(b"</rss>", b"</urlset>")),
    Hostile("gzip bomb, 250 MB", lambda: _bomb(250 * MEGABYTE, 31), GZIP),
    Hostile("deflate bomb, 250 MB", lambda: _bomb(250 * MEGABYTE, 15), DEFLATE),
    Hostile("gzip in gzip", lambda: _zip(_bomb(250 * MEGABYTE, 31)), GZIP),
    Hostile("gzip of many members", lambda: _zip(b"") * 300_000, GZIP),
    Hostile("gzip cut off", lambda: _zip(rss(item(b"<title>t</title>")))[:-9], GZIP),
    Hostile("no gzip at all", lambda: b"not gzip", GZIP),
    Hostile("brotli, which nobody asked for", lambda: b"\x1b\x00\x00", {"content-encoding": "br"}),
    Hostile("a body of 50 MB", lambda: b"x" * 50 * MEGABYTE),
)  # fmt: skip

PAGES: tuple[Hostile, ...] = (
    Hostile("page, 200,000 paragraphs", lambda: b"<html><body>" + b"<p>word word</p>" * 200_000),
    Hostile("page, 160,000 links", lambda: b"<html><body>" + b"<a href='/x'>l</a>" * 160_000),
    Hostile("page, 200,000 comments", lambda: b"<html><body>" + b"<!-- c -->" * 200_000 + b"<p>text</p>"),
    Hostile("page, a table of 150,000 rows", lambda: b"<html><body><table>" + b"<tr><td>x</td></tr>" * 150_000),
    Hostile("page, 100,000 deep", lambda: b"<html><body>" + b"<div>" * 100_000),
    Hostile("page, 40,000 nested tables", lambda: b"<html><body>" + b"<table><tr><td>" * 40_000),
    Hostile("page, one paragraph of 3 MB", lambda: b"<html><body><p>" + b"word " * 600_000),
    Hostile("page, attributes", lambda: b"<html><body><p " + b" ".join(b"a%d=b" % n for n in range(200_000)) + b">x</p>"),
    Hostile("page, JSON-LD 100,000 deep", lambda: b"<html><script type='application/ld+json'>" + b"[" * 100_000 + b"</script><p>x"),
    Hostile("page, JSON-LD of 2 MB", lambda: b"<html><script type='application/ld+json'>[" + b'{"@type":"LiveBlogPosting"},' * 70_000 + b"{}]</script><p>x"),
    Hostile("page, entities", lambda: b"<html><body><p>" + b"&nbsp;&amp;&#x41;" * 180_000),
    Hostile("page, 45,000 short paragraphs", lambda: b"<html><body>" + b"<p>a b</p>" * 45_000),
)  # fmt: skip
