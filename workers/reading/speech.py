"""The speech lexicon: which words say that somebody says, thinks or wants something, and what each governs.

Pure: the file (config/speech.toml) is read by the caller, who hands over the parsed TOML.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 1

Words = frozenset[str]
Governed = Mapping[str, Words]  # word -> the prepositions that it governs


class SpeechError(ValueError):
    """The speech lexicon is not readable; the message names the place and what is allowed there."""


@dataclass(frozen=True, slots=True)
class VerbCues:
    """Verb lemmas by what they govern. `speech` are those that are said aloud or written, not only thought."""

    clause: Words
    quotation: Words
    object: Words
    naming: Words
    infinitive: Words
    order: Words
    preposition: Governed
    accusation: Governed
    speech: Words
    introduces_quotation: Words  # every verb that may stand beside a quotation as its cue


@dataclass(frozen=True, slots=True)
class WordCues:
    """Nouns, or adjectives, by what they govern."""

    clause: Words
    infinitive: Words
    preposition: Governed


@dataclass(frozen=True, slots=True)
class PageWords:
    """What tells page furniture from an article's own words; all lower case.

    `inline_furniture` stands in capitals in the middle of a paragraph, with another story's headline behind it.
    """

    furniture_starts: tuple[str, ...]
    furniture_lines: Words
    inline_furniture: tuple[str, ...]
    opinion_labels: tuple[str, ...]
    caption_starts: tuple[str, ...]
    caption_credits: tuple[str, ...]
    byline_starts: tuple[str, ...]
    datelines: Words


@dataclass(frozen=True, slots=True)
class SpeechLexicon:
    """All that tells who said what. `scare_words` is the most words that a scare quote has."""

    verbs: VerbCues
    nouns: WordCues
    adjectives: WordCues
    according: tuple[str, ...]
    as_verbs: Words
    colon_nouns: Words
    light_verbs: Words
    content_marks: Words
    text_nouns: Words
    topic_labels: Words
    addressee_passive: Words
    deeds: Words
    thoughts: Words
    onward: Words
    scare_words: int
    page: PageWords


def parse_speech(data: Mapping[str, object]) -> SpeechLexicon:
    """Make the lexicon of the parsed TOML. Raises SpeechError naming the missing or wrong place."""
    if data.get("version") != VERSION:
        raise SpeechError(f"speech lexicon: version is {data.get('version')!r}; allowed is {VERSION}")
    phrases = _table(data, "phrases")
    scare_words = phrases.get("scare_words")
    if not isinstance(scare_words, int) or scare_words < 0:
        raise SpeechError(f"speech lexicon: phrases.scare_words is {scare_words!r}; allowed is a whole number from 0")
    return SpeechLexicon(
        verbs=_verbs(_table(data, "verbs")),
        nouns=_word_cues(_table(data, "nouns"), "nouns"),
        adjectives=_word_cues(_table(data, "adjectives"), "adjectives"),
        according=_lines(phrases, "phrases", "according"),
        as_verbs=_words(phrases, "phrases", "as"),
        colon_nouns=_words(phrases, "phrases", "colon_nouns"),
        content_marks=_words(phrases, "phrases", "content_marks"),
        topic_labels=_words(phrases, "phrases", "topic_labels"),
        text_nouns=_words(phrases, "phrases", "text_nouns"),
        light_verbs=_words(phrases, "phrases", "light_verbs"),
        addressee_passive=_words(phrases, "phrases", "addressee_passive"),
        deeds=_words(phrases, "phrases", "deeds"),
        thoughts=_words(phrases, "phrases", "thoughts"),
        onward=_words(phrases, "phrases", "onward"),
        scare_words=scare_words,
        page=_page(_table(data, "page")),
    )


def _verbs(table: Mapping[str, object]) -> VerbCues:
    groups = {name: _groups(table, name) for name in ("clause", "quotation", "object", "naming", "infinitive", "order")}
    accusation = _groups(table, "accusation")
    spoken = {verb for group in groups.values() for verb in group.get("speech", ())}
    return VerbCues(
        **{name: frozenset().union(*group.values()) for name, group in groups.items()},
        preposition=_governed(_table(table, "preposition", "verbs.")),
        accusation=_pairs(accusation),
        introduces_quotation=groups["quotation"]["speech"] | groups["clause"]["speech"],
        speech=frozenset(spoken | {pair.partition(":")[0] for pair in accusation.get("speech", ())}),
    )


def _word_cues(table: Mapping[str, object], name: str) -> WordCues:
    return WordCues(
        clause=_words(table, name, "clause"),
        infinitive=_words(table, name, "infinitive"),
        preposition=_governed(_table(table, "preposition", f"{name}.")),
    )


def _page(table: Mapping[str, object]) -> PageWords:
    return PageWords(
        furniture_starts=_lines(table, "page", "furniture_starts"),
        furniture_lines=frozenset(_lines(table, "page", "furniture_lines")),
        inline_furniture=_lines(table, "page", "inline_furniture"),
        opinion_labels=_lines(table, "page", "opinion_labels"),
        caption_starts=_lines(table, "page", "caption_starts"),
        caption_credits=_lines(table, "page", "caption_credits"),
        byline_starts=_lines(table, "page", "byline_starts"),
        datelines=frozenset(_lines(table, "page", "datelines")),
    )


def _table(data: Mapping[str, object], key: str, where: str = "") -> Mapping[str, object]:
    table = data.get(key)
    if not isinstance(table, Mapping):
        raise SpeechError(f"speech lexicon: {where}{key} is missing or no table; allowed is a table of word lists")
    return table


def _words(table: Mapping[str, object], where: str, key: str) -> Words:
    """Read a text of words parted by white space; `rule_out` is the verb "rule" with the particle "out"."""
    text = table.get(key)
    if not isinstance(text, str):
        raise SpeechError(f"speech lexicon: {where}.{key} is {text!r}; allowed is a text of words parted by spaces")
    return frozenset(word.replace("_", " ") for word in text.lower().split())


def _lines(table: Mapping[str, object], where: str, key: str) -> tuple[str, ...]:
    lines = table.get(key)
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise SpeechError(f"speech lexicon: {where}.{key} is {lines!r}; allowed is a list of texts")
    return tuple(line.lower() for line in lines)


def _groups(table: Mapping[str, object], name: str) -> dict[str, Words]:
    group = _table(table, name, "verbs.")
    return {key: _words(group, f"verbs.{name}", key) for key in group}


def _governed(table: Mapping[str, object]) -> Governed:
    governed: defaultdict[str, set[str]] = defaultdict(set)
    for preposition in table:
        for word in _words(table, "preposition", preposition):
            governed[word].add(preposition)
    return {word: frozenset(prepositions) for word, prepositions in governed.items()}


def _pairs(groups: Mapping[str, Words]) -> Governed:
    governed: defaultdict[str, set[str]] = defaultdict(set)
    for pair in frozenset().union(*groups.values()):
        verb, parted, preposition = pair.partition(":")
        if not parted:
            raise SpeechError(f"speech lexicon: verbs.accusation has {pair!r}; allowed is verb:preposition")
        governed[verb].add(preposition)
    return {verb: frozenset(prepositions) for verb, prepositions in governed.items()}
