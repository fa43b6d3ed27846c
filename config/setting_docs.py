"""Show the settings: the effective ones for `trucewatch config`, all of them for docs/settings.md and env.example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.masking import MASK, mask_url, mask_urls_in, urls_in
from config.setting_sources import variable
from config.setting_words import allowed_words, is_secret, render_setting
from config.settings import Settings, setting_fields

SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Store", ("redis_url", "redis_ca_file", "data_dir", "min_free_bytes")),
    ("What is watched", ("feeds", "catalogue", "conflicts", "seed")),
    ("Reading", ("spacy_model", "full_text")),
    (
        "Positions",
        (
            "least_confidence",
            "least_confidence_leader",
            "least_confidence_act",
            "least_confidence_neutral",
            "corroboration_window",
            "alert_max_age",
            "late_after",
            "flip_window",
            "hold",
            "retention",
        ),
    ),
    (
        "Polling",
        (
            "poll_interval_s",
            "fetch_timeout_s",
            "fetch_max_bytes",
            "fetches_at_once",
            "contact",
            "proxy",
            "allow_private",
        ),
    ),
    (
        "Alerts",
        (
            "webhooks",
            "webhook_secrets",
            "webhook_allow_private",
            "webhook_ca_file",
            "webhook_client_cert",
            "webhook_client_key",
        ),
    ),
    ("Processes", ("article_workers", "alert_workers", "job_timeout_s", "stop_grace_s", "alive_file")),
    ("Web pages", ("web_host", "web_port", "web_token", "web_url")),
    ("Log", ("log_level", "log_format")),
)

_INTRODUCTION = """\
# Settings

Every setting is an environment variable. A wrong value or an unknown `TRUCEWATCH_` name stops the start, and the
message names every problem at once. An empty variable counts as unset. `.env` files are not read by the program itself.

A variable marked *secret* may instead be read from a file: `TRUCEWATCH_WEB_TOKEN_FILE=/run/secrets/token` names the
file that holds the value of `TRUCEWATCH_WEB_TOKEN`. Setting both is an error.

`trucewatch config` shows the values in effect, `trucewatch check` tries them out. This page is generated from
`config/settings.py` by `make docs`.
"""

_ENV_INTRODUCTION = """\
# Every setting of trucewatch with its default. Generated from config/settings.py by `make docs`.
# For `docker run --env-file`, compose's `env_file` and systemd's `EnvironmentFile`; the program reads no file itself.
"""


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One variable as it is in effect. `value` is empty when nothing is set; `is_default` tells whether it was not."""

    variable: str
    value: str
    is_default: bool
    description: str


def describe(settings: Settings, *, masked: bool = True) -> tuple[EffectiveSetting, ...]:
    """List every setting in effect, in the order of the documentation; secrets are masked unless `masked` is False."""
    return tuple(
        EffectiveSetting(
            variable=variable(name),
            value=_effective_text(name, field, getattr(settings, name), masked=masked),
            is_default=name not in settings.model_fields_set,
            description=field.description or "",
        )
        for name, field in setting_fields().items()
    )


def settings_markdown() -> str:
    """Write the page docs/settings.md."""
    fields = setting_fields()
    parts = [_INTRODUCTION]
    for title, names in SECTIONS:
        parts.append(f"\n## {title}\n\n| variable | default | allowed | what it does |\n|---|---|---|---|\n")
        parts += [_markdown_row(name, fields[name]) for name in names]
    return "".join(parts)


def settings_env() -> str:
    """Write the file deploy/env.example: every variable, commented out, with its default."""
    fields = setting_fields()
    parts = [_ENV_INTRODUCTION]
    for title, names in SECTIONS:
        parts.append(f"\n# --- {title} ---\n")
        parts += [_env_lines(name, fields[name]) for name in names]
    return "".join(parts)


def _effective_text(name: str, field: FieldInfo, value: object, *, masked: bool) -> str:
    if not masked or value is None:
        return render_setting(field, value)
    if name == "webhooks" and isinstance(value, SecretStr):
        return " ".join(mask_url(address, whole=True) for address in urls_in(value.get_secret_value())) or MASK
    if name in {"redis_url", "proxy"} and isinstance(value, SecretStr):
        return mask_url(value.get_secret_value())
    if is_secret(field):
        return " ".join([MASK] * len(value)) if isinstance(value, tuple) else MASK
    return mask_urls_in(render_setting(field, value))


def _markdown_row(name: str, field: FieldInfo) -> str:
    default = render_setting(field, field.default)
    description = (field.description or "") + (" *Secret.*" if is_secret(field) else "")
    cells = (f"`{variable(name)}`", f"`{default}`" if default else "unset", allowed_words(field), description)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _env_lines(name: str, field: FieldInfo) -> str:
    file_words = f" Or {variable(name)}_FILE, a file that holds it." if is_secret(field) else ""
    words = allowed_words(field).replace("`", "")
    comment = f"# {(field.description or '').replace('`', '')}{file_words}\n# Allowed: {words}.\n"
    return f"{comment}#{variable(name)}={render_setting(field, field.default)}\n"
