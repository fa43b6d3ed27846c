from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.secrecy import assert_leaks_no_secret
from workers.delivery.endpoints import Endpoint, EndpointsError, is_secret, parse_endpoints, secret_key
from workers.delivery.filters import DEFAULT_TYPES, Filter
from workers.domain.alert import AlertType

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
NEWER = "whsec_" + base64.b64encode(b"n" * 64).decode()
ACTORS = frozenset({"putin", "zelensky", "russia"})
CONFLICTS = frozenset({"russia-ukraine"})


def parsed(value: object, default_secrets: tuple[str, ...] = (SECRET,)) -> tuple[Endpoint, ...]:
    text = value if isinstance(value, str) else json.dumps(value)
    return parse_endpoints(text, default_secrets, ACTORS, CONFLICTS)


def problems(value: object, default_secrets: tuple[str, ...] = (SECRET,)) -> tuple[str, ...]:
    with pytest.raises(EndpointsError) as caught:
        parsed(value, default_secrets)
    return caught.value.problems


def test_addresses_are_parted_by_white_space_and_signed_with_the_common_secrets() -> None:
    first, second = parsed(" https://a.example/x\n\thttp://b.example:8080/y ", (NEWER, SECRET))
    assert (first.url, second.url) == ("https://a.example/x", "http://b.example:8080/y")
    assert first.secrets == second.secrets == (NEWER, SECRET)
    assert first.filter == Filter(types=DEFAULT_TYPES)


def test_an_empty_setting_names_no_endpoints() -> None:
    assert parsed("") == parsed("  \n") == parsed([]) == ()


def test_a_name_is_derived_from_the_host_and_is_the_same_every_time() -> None:
    (first,), (again,), (other) = (
        parsed("https://a.example/x"),
        parsed("https://a.example/x"),
        parsed("https://a.example/y"),
    )
    assert first.name == again.name
    assert first.name.startswith("a-example-")
    assert first.name != other[0].name


@pytest.mark.parametrize("host", ["[::1]:8080", "bücher.example", "127.0.0.1", "a" * 60 + ".example"])
def test_a_derived_name_is_itself_a_name_that_may_be_given(host: str) -> None:
    (derived,) = parsed(f"https://{host}/x")
    (given_,) = parsed([{"name": derived.name, "url": f"https://{host}/x"}])
    assert given_.name == derived.name
    assert "." not in derived.name


def test_an_object_says_all() -> None:
    (endpoint,) = parsed(
        [
            {
                "name": "desk",
                "url": "https://a.example/x",
                "secrets": [NEWER],
                "format": "standard",
                "filter": {
                    "types": ["position.changed"], "conflicts": ["russia-ukraine"], "actors": ["putin", "russia"],
                    "directions": ["softer"], "from": ["reject", "doubt"], "to": ["support"], "least_confidence": 0.8,
                },
            }
        ]
    )  # fmt: skip
    assert endpoint.name == "desk"
    assert endpoint.secrets == (NEWER,)
    assert endpoint.filter == Filter(
        types=frozenset({AlertType.POSITION_CHANGED}),
        conflicts=frozenset({"russia-ukraine"}),
        actors=frozenset({"putin", "russia"}),
        directions=frozenset({"softer"}),
        from_positions=frozenset({"reject", "doubt"}),
        to_positions=frozenset({"support"}),
        least_confidence=0.8,
    )


def test_an_unsigned_endpoint_has_no_secrets_even_when_there_are_common_ones() -> None:
    (endpoint,) = parsed([{"url": "https://a.example/x", "unsigned": True}])
    assert endpoint.unsigned
    assert endpoint.secrets == ()


def test_a_machine_endpoint_with_neither_a_secret_nor_unsigned_is_refused() -> None:
    (problem,) = problems("https://a.example/x", ())
    assert "has no secret" in problem
    assert "unsigned" in problem


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        pytest.param({"url": "ftp://a.example/x"}, "http or https", id="another scheme"),
        pytest.param({"url": "https://"}, "http or https", id="no host"),
        pytest.param({"url": "https://a.example:99999/x"}, "http or https", id="a port out of range"),
        pytest.param({"url": "https://a.example:x/"}, "http or https", id="a port that is no number"),
        pytest.param({"url": "https://[::1/x"}, "http or https", id="an open bracket"),
        pytest.param({"url": "https://a.example/x y"}, "http or https", id="a blank"),
        pytest.param({"url": "https://a.example/x\r\nhost: b"}, "http or https", id="a line break"),
        pytest.param({"url": "https://a.example/\ud800"}, "http or https", id="half a character"),
        pytest.param({"url": "https://a..example/"}, "http or https", id="an empty label"),
        pytest.param({"url": "https://a.example/" + "x" * 2048}, "2048", id="too long"),
        pytest.param({"url": 7}, "http or https", id="a number"),
        pytest.param({}, "http or https", id="no address"),
        pytest.param({"url": "https://user:word@a.example/"}, "user name", id="credentials in the address"),
        pytest.param("https://a.example/", "must be an object", id="a text among objects"),
        pytest.param({"url": "https://a.example/x", "name": "a~b"}, "letters, digits", id="a name with another sign"),
        pytest.param({"url": "https://a.example/x", "name": ""}, "letters, digits", id="an empty name"),
        pytest.param({"url": "https://a.example/x", "secret": SECRET}, "no key 'secret'", id="an unknown key"),
        pytest.param({"url": "https://a.example/x", "secrets": []}, "1 to 10", id="an empty list of secrets"),
        pytest.param({"url": "https://a.example/x", "secrets": SECRET}, "1 to 10", id="secrets not in a list"),
        pytest.param({"url": "https://a.example/x", "secrets": ["hunter2"]}, "secret 1 must be whsec_", id="no secret"),
        pytest.param({"url": "https://a.example/x", "secrets": [7]}, "secret 1 must be whsec_", id="a secret number"),
        pytest.param({"url": "https://a.example/x", "unsigned": "yes"}, "true or false", id="a word for unsigned"),
        pytest.param(
            {"url": "https://a.example/x", "unsigned": True, "secrets": [SECRET]}, "one of them", id="both at once"
        ),
        pytest.param({"url": "https://a.example/x", "format": "xml"}, "one of standard", id="an unknown format"),
        pytest.param({"url": "https://a.example/x", "filter": []}, "filter must be an object", id="a filter list"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_one_endpoint_is_named(listed: object, said: str) -> None:
    found = problems([listed])
    assert len(found) == 1
    assert said in found[0]
    assert found[0].startswith("endpoint ")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        pytest.param({"actor": ["putin"]}, "no key 'actor'", id="an unknown key"),
        pytest.param({"actors": ["putn"]}, "'putn' is not known; allowed: putin, russia", id="an unknown actor"),
        pytest.param({"conflicts": ["x"]}, "'x' is not known; allowed: russia-ukraine", id="an unknown conflict"),
        pytest.param({"types": ["all"]}, "position.changed", id="an unknown type"),
        pytest.param({"to": ["peace"]}, "reject", id="an unknown position"),
        pytest.param({"directions": ["up"]}, "harder, softer", id="an unknown direction"),
        pytest.param({"actors": []}, "at least one", id="no actors at all"),
        pytest.param({"actors": "putin"}, "a list", id="an actor outside a list"),
        pytest.param({"least_confidence": 2}, "0 to 1", id="a confidence above 1"),
        pytest.param({"least_confidence": True}, "0 to 1", id="a confidence that is a truth"),
        pytest.param({"least_confidence": float("nan")}, "0 to 1", id="a confidence that is no number"),
    ],
)
def test_what_is_wrong_with_a_filter_is_named(chosen: dict[str, object], said: str) -> None:
    (problem,) = problems([{"url": "https://a.example/x", "filter": chosen}])
    assert said in problem


def test_an_unknown_actor_of_many_is_answered_with_those_that_look_alike() -> None:
    many = {f"actor-{number}" for number in range(100)} | {"zelensky"}
    setting = json.dumps([{"url": "https://a.example", "filter": {"actors": ["Zelenski"]}}])
    with pytest.raises(EndpointsError, match=r"101 ids of the catalogue \(do you mean zelensky\?\)"):
        parse_endpoints(setting, (SECRET,), many, CONFLICTS)


def test_all_faults_are_told_at_once_each_with_its_endpoint() -> None:
    found = problems(
        [
            {"name": "desk", "url": "ftp://a.example", "filter": {"actors": ["nobody"], "least_confidence": -1}},
            {"name": "radio", "url": "https://b.example", "format": "fax"},
        ],
        ("short",),
    )
    assert [line.split(" ")[:2] for line in found[1:]] == [["endpoint", "desk:"]] * 3 + [["endpoint", "radio:"]]
    assert found[0].startswith("secret 1 of TRUCEWATCH_WEBHOOK_SECRETS must be whsec_")


@pytest.mark.parametrize(
    "value",
    [
        "[",
        '[{"url": 1}',
        "{}",
        '{"url": "https://a.example"}',
        "[" * 100_000,
        "[" + "9" * 5000 + "]",
        '[{"a":1,"a":2}]',
    ],
)
def test_what_is_no_list_of_objects_is_refused(value: str) -> None:
    assert len(problems(value)) == 1


def test_a_key_may_stand_once_in_an_object() -> None:
    (problem,) = problems('[{"url": "https://a.example", "filter": {"actors": ["putin"], "actors": ["russia"]}}]')
    assert "'actors' stands twice" in problem


def test_two_endpoints_of_one_name_are_refused() -> None:
    assert "listed twice" in problems("https://a.example/x https://a.example/x")[0]
    assert "listed twice" in problems([{"name": "a", "url": f"https://{host}.example/"} for host in "ab"])[0]


def test_nothing_shown_of_an_endpoint_gives_it_away() -> None:
    endpoints = parsed("https://hooks.example/services/T0/B1/tokentoken?key=wordword", (NEWER,))
    assert_leaks_no_secret(endpoints, endpoints)
    assert endpoints[0].host == "hooks.example"


def test_no_message_gives_an_address_or_secret_away() -> None:
    url = "https://hooks.example/services/tokentoken?key=wordword"
    wrong = {"name": url, "url": url, "format": url, "secrets": [NEWER, SECRET[:-3]], url: 1, NEWER: 2}
    found = problems([{**wrong, "filter": {"actors": [NEWER, url], NEWER: 1}}, url, NEWER], (SECRET[:-3],))
    assert len(found) >= 9
    assert_leaks_no_secret(found, [Endpoint("x", url, (NEWER, SECRET))])
    assert SECRET[6:-3] not in str(found)


@pytest.mark.parametrize(
    ("secret", "right"),
    [
        pytest.param(SECRET, True, id="24 bytes"),
        pytest.param(NEWER, True, id="64 bytes"),
        pytest.param("whsec_" + base64.b64encode(b"k" * 23).decode(), False, id="23 bytes"),
        pytest.param("whsec_" + base64.b64encode(b"k" * 65).decode(), False, id="65 bytes"),
        pytest.param("whsec_" + base64.b64encode(b"k" * 25).decode().rstrip("="), True, id="no padding"),
        pytest.param(SECRET.removeprefix("whsec_"), False, id="no prefix"),
        pytest.param(SECRET + " ", False, id="a blank behind"),
        pytest.param("whsec_" + "ü" * 40, False, id="no base64"),
        pytest.param("whsec_", False, id="nothing"),
    ],
)
def test_a_secret_has_one_form(secret: str, right: bool) -> None:
    assert is_secret(secret) is right


@given(st.binary(min_size=24, max_size=64))
def test_a_secret_decodes_to_its_key(key: bytes) -> None:
    assert secret_key("whsec_" + base64.b64encode(key).decode()) == key


@given(st.text(max_size=200))
def test_no_setting_breaks_the_reader(value: str) -> None:
    with contextlib.suppress(EndpointsError):
        parsed(value)
