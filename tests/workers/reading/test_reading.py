"""What a careful analyst reads, one construction at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from workers.domain.statement import Flag, Kind, Statement
from workers.reading.reader import Reader

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
TITLE = "Truce talks on Ukraine"


def read(reader: Reader, text: str, title: str = TITLE) -> list[Statement]:
    return reader.read("a1", title, text, NOON, NOON)


def stances(reader: Reader, text: str, title: str = TITLE) -> list[tuple[str, str]]:
    return [(one.actor_name, one.position.value) for one in read(reader, text, title)]


@pytest.mark.parametrize(
    ("text", "actor", "position"),
    [
        ("Vladimir Putin rejected a ceasefire in Ukraine on Friday.", "Vladimir Putin", "reject"),
        ("Ukraine has accepted the proposal for a 30-day ceasefire.", "Ukraine", "support"),
        ("“We will not agree to a truce,” Dmitry Peskov told reporters.", "Dmitry Peskov", "reject"),
        ("Zelensky said Kyiv would accept a ceasefire only if Russia withdrew.", "Volodymyr Zelensky", "conditional"),
        ("The Kremlin said it did not believe that Kyiv wanted a ceasefire.", "Russia", "doubt"),
        ("Peskov said the Kremlin was studying the truce proposal.", "Dmitry Peskov", "undeclared"),
        ("A ceasefire was rejected by Vladimir Putin.", "Vladimir Putin", "reject"),
        ("According to Sergei Lavrov, Moscow rejects the ceasefire.", "Sergei Lavrov", "reject"),
        ("Donald Trump urged both sides to agree to a ceasefire in Ukraine.", "Donald Trump", "support"),
        ("Emmanuel Macron said that in Ukraine the ceasefire must hold.", "Emmanuel Macron", "support"),
        ("Zelensky denied that Ukraine had rejected the ceasefire proposal.", "Volodymyr Zelensky", "undeclared"),
    ],
)
def test_who_takes_which_position(reader: Reader, text: str, actor: str, position: str) -> None:
    assert stances(reader, text) == [(actor, position)]


@pytest.mark.parametrize(
    "text",
    [
        "Analysts said that Putin would reject any ceasefire in Ukraine.",
        "If Putin rejects the ceasefire, sanctions will follow.",
        "Russian drones hit Kharkiv overnight, killing three people.",
        "The United States and China agreed to a truce in their trade war, Donald Trump said.",
        "Russia is expected to reject the ceasefire plan.",
        "Moscow may announce a ceasefire next week, analysts believe.",
        "Kyiv is likely to accept the truce.",
        "Ukraine and Russia need to confirm their attendance at the ceasefire talks.",
        "Putin would have to agree to a truce before that.",
    ],
)
def test_what_is_nobodys_position(reader: Reader, text: str) -> None:
    assert stances(reader, text) == []


def test_claims_about_another_are_the_speakers_own(reader: Reader) -> None:
    found = stances(reader, "Zelensky accused Putin of not wanting a ceasefire.")
    assert found == [("Volodymyr Zelensky", "doubt")]


@pytest.mark.parametrize(
    "text",
    [
        "Putin was expected to announce a truce but rejected it on Friday.",
        "Putin was expected to announce a truce but has rejected it.",
        "Putin may be pressed to negotiate, but he rejected a ceasefire on Friday.",
    ],
)
def test_what_was_done_stands_beside_what_was_expected(reader: Reader, text: str) -> None:
    assert stances(reader, text) == [("Vladimir Putin", "reject")]


def test_what_could_not_be_done_was_tried(reader: Reader) -> None:
    assert stances(reader, "Russia could not accept a ceasefire, the Kremlin said.") == [("Russia", "reject")]


def test_who_goes_on_speaking_is_who_spoke_last(reader: Reader) -> None:
    text = (
        "Ukraine and Russia fought on.\n\n“A truce is needed now,” the United States, Turkey and China said in a "
        "joint statement, as Ukraine and Russia were silent.\n\n“The guns must fall silent at once,” they added."
    )
    last = max(one.start for one in read(reader, text))
    assert {one.actor_name for one in read(reader, text) if one.start == last} == {"United States", "Turkey", "China"}


def test_who_did_something_together_are_they(reader: Reader) -> None:
    text = "The foreign ministers of Turkey and China met. “We call for a ceasefire in Ukraine,” they said."
    assert {who for who, _ in stances(reader, text)} == {"Turkey", "China"}


def test_what_somebody_else_says_meanwhile_is_not_in_the_report(reader: Reader) -> None:
    text = "Putin declared that the ceasefire was over, while Zelensky accused Russia of violating the truce."
    assert stances(reader, text) == [("Vladimir Putin", "reject"), ("Volodymyr Zelensky", "doubt")]
    assert read(reader, text)[0].quote == "Putin declared that the ceasefire was over"


def test_an_unnamed_source_states_no_condition_by_being_unnamed(reader: Reader) -> None:
    text = "Speaking on the condition of anonymity, a US official said Washington backed the truce in Ukraine."
    assert stances(reader, text) == [("United States", "support")]


def test_what_was_said_before_has_a_day_before_that_no_text_evidences(reader: Reader) -> None:
    (said,) = read(reader, "Zelensky has previously said that Ukraine rejects a ceasefire without guarantees.")
    assert (said.said_at.date(), said.said_at_evidenced) == (date(2025, 3, 13), False)


def test_conditions_are_kept_as_they_stand(reader: Reader) -> None:
    (said,) = read(reader, "Putin said there would be no truce unless Kyiv withdrew its troops from Kursk.")
    assert any("Kyiv withdrew its troops from Kursk" in condition for condition in said.conditions)
    assert all(condition in said.quote for condition in said.conditions)


def test_terms_that_the_next_sentence_lists_belong_to_who_laid_them_out(reader: Reader) -> None:
    text = (
        "Zelensky laid out conditions for a ceasefire with Russia.\n\nAmong them were the release of prisoners, an end "
        "to the raids on Kharkiv and a mission of observers.\n\nRain fell on Kyiv."
    )
    (said,) = read(reader, text)
    assert said.quote.endswith("a mission of observers.")
    assert said.conditions == ("the release of prisoners, an end to the raids on Kharkiv and a mission of observers",)


def test_a_quotation_is_reported_to_its_end(reader: Reader) -> None:
    (said,) = read(
        reader,
        "Putin said he wanted a “lasting ceasefire, a withdrawal [of troops] from Kursk, and talks” on Thursday.",
    )
    assert said.quote.rstrip(".").endswith("on Thursday")
    assert said.kind is Kind.MIXED
    assert (said.said_at.date(), said.said_at_evidenced) == (date(2025, 3, 13), True)


@pytest.mark.parametrize(
    "dateline",
    [
        "MOSCOW (Reuters) - ",
        "BENGHAZI, Libya (Reuters) - ",
        "MOSCOW | Fri Mar 14, 2025 10:29 pm IST MOSCOW (Reuters) - ",
        "Full Article Truce talks MOSCOW | Fri Mar 14, 2025 10:29 pm IST MOSCOW (Reuters) - ",
    ],
)
def test_a_dateline_is_no_speaker(reader: Reader, dateline: str) -> None:
    found = stances(reader, f"{dateline}Ukraine rejected a ceasefire with Russia on Friday.")
    assert found == [("Ukraine", "reject")]


def test_who_is_between_the_sides_is_not_the_sides(reader: Reader) -> None:
    found = stances(reader, "Mediators in the talks between Russia and Ukraine urged a ceasefire.")
    assert not {"Russia", "Ukraine"} & {actor for actor, _ in found}


def test_a_communique_speaks_for_its_author_alone(reader: Reader) -> None:
    text = "We accept a ceasefire under supervision.\n\nIsrael has rejected every proposal for a truce in Gaza."
    assert {actor for actor, _ in stances(reader, text, "Hamas communiqué on the Gaza ceasefire")} == {"Hamas"}


def test_a_headline_is_marked(reader: Reader) -> None:
    found = read(
        reader, "Putin: no ceasefire without guarantees\n\nVladimir Putin rejected a truce, he said on Friday."
    )
    assert [Flag.HEADLINE in one.flags for one in found] == [True, False]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("Rain in Ukraine", True, id="a conflict"),
        pytest.param("Putin rejects 30-day ceasefire", True, id="an actor and a ceasefire"),
        pytest.param("Putin opens ballet season", False, id="an actor alone"),
        pytest.param("Ceasefire between fan clubs", False, id="a ceasefire alone"),
    ],
)
def test_what_a_headline_alone_must_name_for_its_page_to_be_read(reader: Reader, title: str, expected: bool) -> None:
    assert reader.names_conflict(title, "", NOON.date()) is expected


def test_two_conflicts_in_one_article_are_told_apart(reader: Reader) -> None:
    text = (
        "Donald Trump urged Hamas to accept the ceasefire in Gaza.\n\n"
        "Turning to Ukraine, Trump said that Putin should agree to a truce with Kyiv."
    )
    found = [(one.actor_name, one.conflict_id) for one in read(reader, text, "Trump on Gaza and Ukraine ceasefires")]
    assert ("Donald Trump", "israel-gaza") in found
    assert ("Donald Trump", "russia-ukraine") in found


@pytest.mark.parametrize(
    "title", ["Opinion: Putin must accept a truce", "Putin's ceasefire | Editorial", "Press review: truce talks"]
)
def test_a_column_gives_nobody_a_position(reader: Reader, title: str) -> None:
    assert read(reader, "Vladimir Putin rejected a ceasefire in Ukraine on Friday.", title) == []


def test_a_thought_ascribed_is_no_statement(reader: Reader) -> None:
    assert stances(reader, "Russia believes that a ceasefire in Ukraine would be a mistake.") == []


def test_another_storys_headline_inside_a_paragraph_is_left_out(reader: Reader) -> None:
    text = "READ MORE: Fragile ceasefire rejected Vladimir Putin said on Friday that talks on a truce would go on."
    assert stances(reader, text) == []


def test_the_three_heads_of_state_are_those_who_spoke_together(reader: Reader) -> None:
    text = (
        "The leaders of the United States, Qatar and Egypt urged Israel and Hamas to accept a truce in Gaza.\n\n"
        "“It is time for a ceasefire,” the three heads of state said."
    )
    found = [one.actor_name for one in read(reader, text, "Gaza ceasefire talks") if one.quote.startswith("“It is")]
    assert sorted(found) == ["Egypt", "Qatar", "United States"]
