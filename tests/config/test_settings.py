"""The settings: right or refused, with every problem named at once."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

import pytest

from config.setting_docs import SECTIONS, describe, settings_env, settings_markdown
from config.settings import Seed, SettingsError, load_settings, setting_fields

ROOT = Path(__file__).parents[2]


def problems_of(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return caught.value.problems


def test_an_empty_environment_is_a_working_set_up() -> None:
    settings = load_settings({})
    assert settings.redis_url is None
    assert settings.alert_max_age == timedelta(hours=72)
    assert settings.corroboration_window == timedelta(hours=48)
    assert settings.min_free_bytes == 200_000_000
    assert settings.seed is Seed.TRUE
    assert settings.data_dir.is_absolute()
    assert settings.warnings == ()


def test_values_are_read_in_their_own_kind() -> None:
    settings = load_settings(
        {
            "TRUCEWATCH_ALERT_MAX_AGE": "1d12h",
            "TRUCEWATCH_MIN_FREE_BYTES": "1.5GiB",
            "TRUCEWATCH_ALLOW_PRIVATE": "10.0.0.0/8, ::1\n192.168.0.0/16",
            "TRUCEWATCH_CONFLICTS": "russia-ukraine israel-hamas",
            "TRUCEWATCH_WEBHOOK_SECRETS": "one,comma two",
            "TRUCEWATCH_WEBHOOKS": "https://example.org/hook",
            "TRUCEWATCH_FULL_TEXT": "no",
            "TRUCEWATCH_WEB_URL": "https://watch.example.org/",
        }
    )
    assert settings.alert_max_age == timedelta(hours=36)
    assert settings.min_free_bytes == 3 * 2**29
    assert settings.allow_private == (ip_network("10.0.0.0/8"), ip_network("::1"), ip_network("192.168.0.0/16"))
    assert settings.conflicts == ("russia-ukraine", "israel-hamas")
    assert [secret.get_secret_value() for secret in settings.webhook_secrets] == ["one,comma", "two"]
    assert settings.full_text is False
    assert settings.web_base_url == "https://watch.example.org"


def test_an_empty_variable_counts_as_unset() -> None:
    assert load_settings({"TRUCEWATCH_WEB_PORT": "", "TRUCEWATCH_WEB_TOKEN": "  "}) == load_settings({})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings({}).web_port = 1


def test_a_servers_authority_goes_into_its_address_once(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    given = {"TRUCEWATCH_REDIS_URL": "rediss://one:6380/0", "TRUCEWATCH_REDIS_CA_FILE": str(authority)}
    url = load_settings(given).store_url
    assert url == f"rediss://one:6380/0?ssl_ca_certs={quote(str(authority), safe='')}"
    assert load_settings(given | {"TRUCEWATCH_REDIS_URL": url}).store_url == url  # as workers are given it
    (problem,) = problems_of(given | {"TRUCEWATCH_REDIS_CA_FILE": str(tmp_path / "none.pem")})
    assert "cannot be read; allowed is a PEM file" in problem


@pytest.mark.parametrize(
    "url", ["redis+sentinel://us:p@one:26379,two/ours/1", "rediss+sentinel://[::1]:26379/ours?x=1"]
)
def test_addresses_of_sentinels_are_allowed_and_masked(url: str) -> None:
    settings = load_settings({"TRUCEWATCH_REDIS_URL": url})
    assert settings.store_url == url
    shown = next(row.value for row in describe(settings) if row.variable == "TRUCEWATCH_REDIS_URL")
    assert "us:p" not in shown
    assert "/ours" in shown


def test_the_data_folder_follows_xdg(tmp_path: Path) -> None:
    assert load_settings({"XDG_DATA_HOME": str(tmp_path)}).data_dir == tmp_path / "trucewatch"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WEB_PORT", "99999", "'99999' is not right; allowed is a whole number, 1 to 65535"),
        ("WEB_PORT", "tcp://10.0.0.1:80", "enableServiceLinks"),
        ("ALERT_MAX_AGE", "72", "'72' has no unit; allowed is a duration such as 90m, 72h, 3d"),
        ("RETENTION", "forever", "'forever' is no duration"),
        ("RETENTION", "99999w", "longer than a hundred years"),
        ("MIN_FREE_BYTES", "much", "'much' is no size"),
        ("FETCH_MAX_BYTES", "1kB", "10kB to 100MB"),
        ("ALLOW_PRIVATE", "10.0.0.0/8 home", "'home', which is no network"),
        ("LEAST_CONFIDENCE", "1.5", "'1.5' is not right; allowed is a number, 0 to 1"),
        ("LEAST_CONFIDENCE", "nan", "allowed is a number, 0 to 1"),
        ("SEED", "maybe", "allowed is `true` or `false` or `live`"),
        ("FULL_TEXT", "perhaps", "allowed is `true` or `false`"),
        ("LOG_LEVEL", "loud", "allowed is `debug` or `info` or `warning` or `error`"),
        ("POLL_INTERVAL_S", "0", "a whole number of seconds, 1 to 86400"),
        ("CONTACT", "a\r\nHost: x", "cannot be sent in a header"),
        ("WEB_URL", "watch.example.org", "does not begin with http:// or https://"),
        ("REDIS_URL", "http://localhost", "does not begin with redis:// or rediss:// or unix://"),
        ("REDIS_URL", "redis://h:99999", "is no readable address"),
        ("REDIS_URL", "redis+sentinel://one,two", "does not read host[:port]"),
        ("REDIS_URL", "redis+sentinel://one two/ours", "does not read host[:port]"),
        ("REDIS_CA_FILE", "/etc/ca.pem", "set without TLS"),
        ("REDIS_URL", "redis://h/first", "no database number"),
        ("REDIS_URL", "unix://socket", "no absolute path"),
        ("PROXY", "socks5://h:1", "does not begin with http:// or https://"),
        ("SPACY_MODEL", "../model", "the name of a package"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str, words: str) -> None:
    (problem,) = problems_of({f"TRUCEWATCH_{name}": value})
    assert problem.startswith(f"TRUCEWATCH_{name}: ")
    assert words in problem


def test_every_problem_is_told_at_once() -> None:
    found = problems_of(
        {
            "TRUCEWATCH_WEB_PORT": "x",
            "TRUCEWATCH_SEED": "y",
            "TRUCEWATCH_UNHEARD_OF": "z",
            "TRUCEWATCH_WEB_HOST": "0.0.0.0",  # noqa: S104
            "TRUCEWATCH_PROXY_FILE": "/nowhere/proxy",
        }
    )
    assert len(found) == 5
    assert [words for words in found if words.startswith("TRUCEWATCH_WEB_TOKEN: not set")]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "watch.example.org"])  # noqa: S104
def test_listening_beyond_loopback_needs_a_token(host: str) -> None:
    (problem,) = problems_of({"TRUCEWATCH_WEB_HOST": host})
    assert "TRUCEWATCH_WEB_TOKEN" in problem
    assert load_settings({"TRUCEWATCH_WEB_HOST": host, "TRUCEWATCH_WEB_TOKEN": "0123456789abcdef"}).web_host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert load_settings({"TRUCEWATCH_WEB_HOST": host}).web_token is None


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    (problem,) = problems_of({"TRUCEWATCH_POL_INTERVAL_S": "900"})
    assert problem == "TRUCEWATCH_POL_INTERVAL_S: no such setting; did you mean TRUCEWATCH_POLL_INTERVAL_S?"


def test_a_name_in_small_letters_is_refused() -> None:
    (problem,) = problems_of({"trucewatch_web_port": "900"})
    assert "did you mean TRUCEWATCH_WEB_PORT?" in problem


def test_a_kubernetes_service_link_is_recognised() -> None:
    (problem,) = problems_of({"TRUCEWATCH_PORT_8088_TCP_ADDR": "10.0.0.1"})
    assert "enableServiceLinks" in problem


def test_a_secret_comes_from_a_file_without_its_newline(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("0123456789abcdef\n")
    file.chmod(0o600)
    settings = load_settings({"TRUCEWATCH_WEB_TOKEN_FILE": str(file)})
    assert settings.web_token is not None
    assert settings.web_token.get_secret_value() == "0123456789abcdef"
    assert settings.warnings == ()


def test_a_secret_file_that_everybody_may_read_is_warned_about(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("0123456789abcdef")
    file.chmod(0o644)
    (warning,) = load_settings({"TRUCEWATCH_WEB_TOKEN_FILE": str(file)}).warnings
    assert str(file) in warning


def test_a_secret_and_its_file_exclude_each_other(tmp_path: Path) -> None:
    found = problems_of({"TRUCEWATCH_WEBHOOKS": "https://a", "TRUCEWATCH_WEBHOOKS_FILE": str(tmp_path / "x")})
    assert found == ("TRUCEWATCH_WEBHOOKS and TRUCEWATCH_WEBHOOKS_FILE are both set; allowed is one of them",)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe", b"x" * 1_000_001])
def test_a_secret_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "proxy"
    if content is not None:
        file.write_bytes(content)
    (problem,) = problems_of({"TRUCEWATCH_PROXY_FILE": str(file)})
    assert str(file) in problem


def test_no_message_repeats_a_secret() -> None:
    secret = "hunter2hunter2"
    found = problems_of(
        {
            "TRUCEWATCH_REDIS_URL": f"http://user:{secret}@host",
            "TRUCEWATCH_PROXY": secret,
            "TRUCEWATCH_WEB_TOKEN": secret,
            "TRUCEWATCH_WEBHOOK_SECRETS": secret,
        }
    )
    assert len(found) == 4
    assert secret not in "\n".join(found)


def test_a_hostile_value_does_not_steer_the_terminal() -> None:
    (problem,) = problems_of({"TRUCEWATCH_SEED": "\x1b[2Jx" + "y" * 500})
    assert "\x1b" not in problem
    assert len(problem) < 250


def test_quick_polls_are_allowed_with_a_warning() -> None:
    (warning,) = load_settings({"TRUCEWATCH_POLL_INTERVAL_S": "1"}).warnings
    assert "TRUCEWATCH_POLL_INTERVAL_S" in warning


def test_the_effective_settings_hide_secrets() -> None:
    settings = load_settings(
        {
            "TRUCEWATCH_REDIS_URL": "redis://user:pass-word@store.example.org/2",
            "TRUCEWATCH_WEBHOOKS": "https://hooks.example.org/services/T0/B0/secret-path",
            "TRUCEWATCH_WEBHOOK_SECRETS": "whsec_aaaa whsec_bbbb",
            "TRUCEWATCH_FEEDS": "https://me:my-password@feeds.example.org/rss?apikey=my-key&page=1",
        }
    )
    values = {row.variable: row.value for row in describe(settings)}
    assert values["TRUCEWATCH_REDIS_URL"] == "redis://***@store.example.org/2"
    assert values["TRUCEWATCH_WEBHOOKS"] == "https://hooks.example.org/***"
    assert values["TRUCEWATCH_WEBHOOK_SECRETS"] == "*** ***"
    assert values["TRUCEWATCH_FEEDS"] == "https://***@feeds.example.org/rss?apikey=***&page=1"
    assert "pass-word" in settings.secret_values()
    assert "secret-path" not in repr(settings)


def test_every_rendered_value_can_be_set_again() -> None:
    given = load_settings({"TRUCEWATCH_ALLOW_PRIVATE": "10.0.0.0/8 ::1/128", "TRUCEWATCH_CONFLICTS": "a b"})
    rows = describe(given, masked=False)
    assert load_settings({row.variable: row.value for row in rows}) == given


def test_every_setting_is_described_in_one_section() -> None:
    listed = [name for _, names in SECTIONS for name in names]
    assert sorted(listed) == sorted(setting_fields())
    assert all(field.description for field in setting_fields().values())


@pytest.mark.parametrize(
    ("path", "text"), [("docs/settings.md", settings_markdown()), ("deploy/env.example", settings_env())]
)
def test_the_generated_files_are_current(path: str, text: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == text, "run `make docs`"


def test_links_that_lead_nowhere_are_warned_about() -> None:
    everywhere = {"TRUCEWATCH_WEB_HOST": "0.0.0.0", "TRUCEWATCH_WEB_TOKEN": "a token of enough letters"}  # noqa: S104
    (warning,) = load_settings(everywhere).warnings
    assert "TRUCEWATCH_WEB_URL is not set: the links in alerts begin with http://0.0.0.0:8088" in warning
    assert load_settings(everywhere | {"TRUCEWATCH_WEB_URL": "https://watch.example"}).warnings == ()
