"""feedparser's own cases through our parse step, of the fields that we use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feedparser_cases import Case, cases, excluded, judged

SUITE = Path(__file__).parents[3] / "shared" / "feeds" / "suites" / "feedparser"


@pytest.mark.skipif(not SUITE.exists(), reason="feedparser's cases are not here")
def test_every_case_holds_but_those_excluded_by_name() -> None:
    found = {case.name: judged(case) for case in cases(SUITE)}
    left_out = excluded()
    assert {name: why for name, why in found.items() if why and name not in left_out} == {}
    assert {name for name in left_out if not found[name]} == set(), "these hold, so that nothing excludes them"
    assert len(found) > 1_800


def test_the_judge_finds_what_is_wrong() -> None:
    body = b"<rss version='2.0'><channel><item><title>One</title><guid>1</guid></item></channel></rss>"
    expected = "not bozo and entries[0]['title'] == 'Two' and entries[0]['author'] == 'nobody'"
    assert judged(Case("made up", body, {}, expected)) == "title is 'One', expected 'Two'"
    assert judged(Case("made up", body, {}, expected.replace("Two", "One"))) == ""
