"""Folders of recorded feed files and pages."""

from __future__ import annotations

import gzip
from pathlib import Path

from service.batch_archive import ArchivedArticle, Flaw
from service.batch_folder import FolderRules, read_folder
from service.entries import UrlRules
from tests.archives import CONDITION, NOW, an_archive
from tests.builders import a_feed

RULES = FolderRules(UrlRules.of({"tracking_parameters": ["utm_*"]}), [a_feed()])
PAGE = (
    "<!doctype html><html lang=en><head><title>The whole story</title>{link}</head><body><article><h1>Story</h1>"
    "<p>This is the whole text of the story about the River Valley, which is longer than what the feed had to say.</p>"
    "<p>“We accept the truce,” President Mira Vane said on Friday, and her words were heard on both banks.</p>"
    "</article></body></html>"
)


def feed(*items: tuple[str, str, str], title: str = "A feed") -> str:
    entries = "".join(
        f"<item><link>{link}</link><title>Truce</title><description>{words}</description>{date}</item>"
        for link, words, date in items
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{entries}</channel></rss>'


def dated(day: int) -> str:
    return f"<pubDate>{day:02} Mar 2025 12:00:00 GMT</pubDate>"


def read(folder: Path) -> tuple[list[ArchivedArticle], list[Flaw]]:
    flaws: list[Flaw] = []
    return read_folder(folder, RULES, flaws.append, NOW), flaws


def test_entries_are_articles_of_the_publisher_whom_their_host_belongs_to(tmp_path: Path) -> None:
    link = "https://northern-wire.example/truce?utm_source=feed"
    (tmp_path / "wire.xml").write_text(feed((link, "They talk about a truce.", dated(14))))
    (found,), flaws = read(tmp_path)
    assert flaws == []
    assert (found.publisher, found.url) == ("Northern Wire", "https://northern-wire.example/truce")
    assert (found.text, f"{found.dated_at:%d %H:%M}") == ("They talk about a truce.", "14 12:00")


def test_a_publisher_whom_nobody_knows_goes_by_the_title_of_the_feed(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text(feed(("https://valley.example/a", "Talks.", dated(14)), title="Valley Post"))
    (found,), _ = read(tmp_path)
    assert found.publisher == "Valley Post"


def test_a_page_gives_the_entry_whose_address_it_names_its_whole_text(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(feed(("https://northern-wire.example/truce", "They talk.", dated(14))))
    (tmp_path / "pages").mkdir()
    link = '<link rel="canonical" href="https://www.northern-wire.example/truce/">'
    (tmp_path / "pages" / "1.html").write_text(PAGE.format(link=link))
    (found,), flaws = read(tmp_path)
    assert flaws == []
    assert found.title == "Truce"
    assert "We accept the truce" in found.text


def test_a_page_that_names_no_address_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(feed(("https://northern-wire.example/news/truce.html", "They talk.", dated(14))))
    (tmp_path / "truce.html").write_text(PAGE.format(link=""))
    (found,), _ = read(tmp_path)
    assert "We accept the truce" in found.text


def test_packed_files_are_unpacked_within_bounds(tmp_path: Path) -> None:
    text = feed(("https://northern-wire.example/news/truce.html", "They talk.", dated(14)))
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(b"x" * 50_000_000))
    (tmp_path / "c.xml.gz").write_bytes(b"not packed at all")
    (tmp_path / "d.xml.gz").write_bytes(gzip.compress(text.encode())[:-20])
    found, flaws = read(tmp_path)
    assert [one.text for one in found] == ["They talk."]
    assert [flaw.place for flaw in flaws] == ["b.html.gz", "c.xml.gz", "d.xml.gz"]


def test_a_page_of_no_entry_is_an_article_by_itself(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(feed(("https://northern-wire.example/other", "They talk.", dated(14))))
    (tmp_path / "truce.html").write_text(
        PAGE.format(link='<link rel="canonical" href="https://northern-wire.example/t">')
    )
    (entry, page), _ = read(tmp_path)
    assert (page.title, page.publisher) == ("The whole story", "Northern Wire")
    assert page.dated_at == entry.dated_at


def test_recordings_of_one_feed_bring_each_version_of_an_entry_once(tmp_path: Path) -> None:
    link = "https://northern-wire.example/truce"
    for name, words in (("1", "They talk."), ("2", "They talk."), ("3", "They talk no more.")):
        (tmp_path / f"{name}.xml").write_text(feed((link, words, dated(14))))
    found, _ = read(tmp_path)
    assert [one.text for one in found] == ["They talk.", "They talk no more."]
    assert len({one.article_id for one in found}) == 1


def test_files_that_are_neither_are_named_and_cost_only_themselves(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(feed(("https://northern-wire.example/a", "They talk.", dated(14))))
    (tmp_path / "b.bin").write_bytes(b"\x00\x01\x02 nothing")
    (tmp_path / "c.html").write_text("<html><body></body></html>")
    (tmp_path / "d.xml").write_bytes(b"x" * 10_000_001)
    an_archive(tmp_path, b"not json", CONDITION, name="e.jsonl")
    found, flaws = read(tmp_path)
    assert [one.article_id for one in found][1:] == ["r2"]
    assert [flaw.place for flaw in flaws] == ["b.bin", "c.html", "d.xml", "e.jsonl, line 1"]


def test_undated_entries_take_the_date_of_the_one_before(tmp_path: Path) -> None:
    items = [("https://northern-wire.example/a", "One.", dated(14)), ("https://northern-wire.example/b", "Two.", "")]
    (tmp_path / "a.xml").write_text(feed(*items))
    found, _ = read(tmp_path)
    assert [one.dated_at.day for one in found] == [14, 14]
