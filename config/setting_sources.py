"""Where settings come from: TRUCEWATCH_* variables, and the files that hold secrets. Foreign names are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from config.secret_files import SecretFileError, is_exposed, read_secret
from config.setting_words import is_secret, shown

PREFIX: Final = "TRUCEWATCH_"
# Names that Kubernetes adds for each Service of a namespace; one called `trucewatch-web` even sets TRUCEWATCH_WEB_PORT.
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?$")
SERVICE_LINK_HINT = "Kubernetes adds it for a Service: set `enableServiceLinks: false` in the pod"


def variable(name: str) -> str:
    """Name the variable of a field: `web_port` is TRUCEWATCH_WEB_PORT."""
    return PREFIX + name.upper()


def read_texts(
    environ: Mapping[str, str], fields: Mapping[str, FieldInfo]
) -> tuple[dict[str, str], list[str], list[str]]:
    """Gather the text of each variable that is set, from the environment or from the file that a secret is in.

    Returns the texts by field name, the problems met (unknown names, unusable files), and the warnings.
    """
    problems, warnings = _unknown_names(environ, fields), list[str]()
    texts = {name: environ[variable(name)] for name in fields if environ.get(variable(name), "").strip()}
    if "data_dir" not in texts and environ.get("XDG_DATA_HOME"):
        texts["data_dir"] = str(Path(environ["XDG_DATA_HOME"]) / "trucewatch")
    for name, field in fields.items():
        if not is_secret(field) or not environ.get(f"{variable(name)}_FILE"):
            continue
        try:
            text, warning = _read_file(name, environ, already=name in texts)
        except ValueError as error:
            problems.append(str(error))
            continue
        texts[name] = text
        warnings += warning
    return texts, problems, warnings


def _read_file(name: str, environ: Mapping[str, str], *, already: bool) -> tuple[str, list[str]]:
    """Read the secret from its file, with what is unwise about it; ValueError says what is wrong."""
    file_name = f"{variable(name)}_FILE"
    if already:
        raise ValueError(f"{variable(name)} and {file_name} are both set; allowed is one of them")
    path = Path(environ[file_name])
    try:
        text = read_secret(path)
    except SecretFileError as error:
        raise ValueError(f"{file_name}: {shown(str(path))} {error.why}; allowed is a readable text file") from None
    exposed = [f"{file_name}: every user of this machine may read {path}; `chmod 600` it"] if is_exposed(path) else []
    return text, exposed


def _unknown_names(environ: Mapping[str, str], fields: Mapping[str, FieldInfo]) -> list[str]:
    known = [variable(name) for name in fields]
    known += [f"{variable(name)}_FILE" for name, field in fields.items() if is_secret(field)]
    strangers = [name for name in environ if name.upper().startswith(PREFIX) and name not in known]
    return [_unknown_name(name, environ[name], known) for name in sorted(strangers)]


def _unknown_name(name: str, text: str, known: list[str]) -> str:
    if _SERVICE_LINK.search(name) or text.startswith("tcp://"):
        return f"{name}: no such setting; {SERVICE_LINK_HINT}"
    near = get_close_matches(name.upper(), known, n=1, cutoff=0.8)
    if near:
        return f"{name}: no such setting; did you mean {near[0]}?"
    return f"{name}: no such setting; `trucewatch config` lists all of them"
