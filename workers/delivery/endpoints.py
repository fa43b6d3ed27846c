"""The endpoints of the setting TRUCEWATCH_WEBHOOKS: where alerts go, signed with what, and which of them.

Addresses and secrets are kept out of every representation and message: the path of a chat webhook is a credential.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from workers.delivery.chat_services import APPRISE_PREFIX, ChatService, EndpointFormat, told_by_address
from workers.delivery.filters import Filter, parse_filter, shown, unknown_keys

SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin, not one of them
SECRET_BYTES = range(24, 65)  # 192 to 512 bits: Standard Webhooks 1.0.0, "Signature scheme"
MAX_SECRETS = 10  # of one endpoint, so that the header of signatures stays below half a kilobyte; Svix keeps as many
MAX_URL = 2_048

# Names become part of RQ job ids, which may have no dot; with no underscore either, no two lanes get one job id.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_HOST_IN_NAME = 40
_KEYS = frozenset({"name", "url", "secrets", "unsigned", "format", "filter"})
_APPRISE = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_SECRET_RULE = f"must be {SECRET_PREFIX} and base64 of {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where alerts are sent. `name` is unique and survives a change of address or secrets when the operator gives it.

    `secrets` are `whsec_` secrets, newest first; the request has one signature for each. None at all means that the
    operator has asked for unsigned requests, or that a chat service reads them, which would not look at a signature.
    """

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    unsigned: bool = False
    format: EndpointFormat = EndpointFormat.STANDARD
    filter: Filter = field(default_factory=Filter)

    @property
    def host(self) -> str:
        """The part of the address that may be shown; of an apprise address its scheme, as the host may be a token."""
        if self.format is EndpointFormat.APPRISE:
            return self.url.partition("://")[0]
        return urlsplit(self.url).hostname or ""


class EndpointsError(ValueError):
    """The setting names endpoints that cannot be used. `problems` has one line for each fault, without secrets."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def parse_endpoints(
    value: str,
    default_secrets: Sequence[str],
    known_actor_ids: Collection[str],
    known_conflict_ids: Collection[str],
    services: Sequence[ChatService] = (),
) -> tuple[Endpoint, ...]:
    """Read addresses parted by white space, or a JSON array of objects, into endpoints in the order given.

    `default_secrets` sign for each machine endpoint that neither has secrets of its own nor is `unsigned`. `services`
    tell chat services by their addresses. Raises EndpointsError with every fault at once.
    """
    problems = [
        f"secret {number} of TRUCEWATCH_WEBHOOK_SECRETS {_SECRET_RULE}"
        for number, secret in enumerate(default_secrets, 1)
        if not is_secret(secret)
    ]
    found: list[Endpoint] = []
    for number, listed in enumerate(_listed(value), 1):
        read = _Reading(listed, number, tuple(default_secrets), (known_actor_ids, known_conflict_ids), services)
        problems += read.problems
        found.append(read.endpoint)
    problems += _repeated(endpoint.name for endpoint in found)
    if problems:
        raise EndpointsError(problems)
    return tuple(found)


def is_secret(text: str) -> bool:
    """Tell whether this is a signing secret: `whsec_` and the base64 of 24 to 64 bytes."""
    if not text.startswith(SECRET_PREFIX):
        return False
    try:
        return len(secret_key(text)) in SECRET_BYTES
    except (binascii.Error, ValueError):
        return False


def secret_key(secret: str) -> bytes:
    """Decode a secret to the bytes that sign; missing padding is forgiven. Raises binascii.Error on other faults."""
    encoded = secret.removeprefix(SECRET_PREFIX)
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)


def _listed(value: str) -> list[object]:
    """Split the setting into its addresses or objects. Raises EndpointsError when it is neither."""
    text = value.strip()
    if not text.startswith(("[", "{")):
        return [{"url": address} for address in text.split()]
    try:
        listed = json.loads(text, object_pairs_hook=_unrepeated)
    except EndpointsError:
        raise
    except json.JSONDecodeError as error:
        raise EndpointsError([f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"]) from None
    except (RecursionError, ValueError):
        raise EndpointsError(["not JSON that can be read: nested too deep, or a number too long"]) from None
    if not isinstance(listed, list):
        raise EndpointsError(["must be addresses parted by white space, or a JSON array of objects"])
    return listed


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build a JSON object, in which a key may stand once: of two filters the first would be lost unseen."""
    keys = [key for key, _ in pairs]
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    if repeated:
        raise EndpointsError([f"the key {shown(key)} stands twice in one object" for key in repeated])
    return dict(pairs)


class _Reading:
    """One address or object of the setting while it is read: the endpoint, and all that is wrong with it.

    `endpoint` stands for the real one as well as it can when there are problems.
    """

    def __init__(
        self,
        listed: object,
        number: int,
        default_secrets: tuple[str, ...],
        known_ids: tuple[Collection[str], Collection[str]],
        services: Sequence[ChatService],
    ) -> None:
        self._faults: list[str] = []
        self._services = services
        if isinstance(listed, dict):
            self.endpoint = self._read(listed, number, default_secrets, known_ids)
        else:
            self._faults.append("must be an object with at least a url")
            self.endpoint = Endpoint(str(number), "")
        self.problems = [f"endpoint {self.endpoint.name}: {fault}" for fault in self._faults]

    def _read(
        self,
        settings: Mapping[str, object],
        number: int,
        default_secrets: tuple[str, ...],
        known_ids: tuple[Collection[str], Collection[str]],
    ) -> Endpoint:
        self._faults += unknown_keys("it", settings, _KEYS)
        url, told = self._url(settings)
        kind = self._format(settings, told)
        name = self._name(settings, url, kind, number)
        chosen, faults = parse_filter(settings.get("filter", {}), *known_ids)
        self._faults += faults
        unsigned = self._unsigned(settings)
        secrets = self._secrets(settings, default_secrets, kind, unsigned=unsigned)
        return Endpoint(name, url, secrets, unsigned or not kind.for_machines, kind, chosen)

    def _url(self, settings: Mapping[str, object]) -> tuple[str, EndpointFormat | None]:
        """The address to send to, and the format that it tells."""
        given = settings.get("url")
        url, told = told_by_address(given, self._services) if isinstance(given, str) else ("", None)
        if told is EndpointFormat.APPRISE:
            if not _APPRISE.fullmatch(url) or len(url) > MAX_URL or not url.isprintable():
                self._faults.append(f"url must be {APPRISE_PREFIX} and an address that apprise knows")
                return "", told
            return url, told
        if _split(url) is None:
            self._faults.append(f"url must be an http or https address of at most {MAX_URL} characters")
            return "", told
        if "@" in urlsplit(url).netloc:
            self._faults.append("url must not carry a user name or password")
        return url, told

    def _name(self, settings: Mapping[str, object], url: str, kind: EndpointFormat, number: int) -> str:
        if "name" not in settings:
            return _derived_name(url, kind) if url else str(number)
        name = settings["name"]
        if isinstance(name, str) and _NAME.fullmatch(name):
            return name
        self._faults.append("name must be 1 to 64 letters, digits or dashes, and begin with a letter or digit")
        return str(number)

    def _unsigned(self, settings: Mapping[str, object]) -> bool:
        unsigned = settings.get("unsigned", False)
        if not isinstance(unsigned, bool):
            self._faults.append("unsigned must be true or false")
        return unsigned is True

    def _secrets(
        self, settings: Mapping[str, object], default_secrets: tuple[str, ...], kind: EndpointFormat, *, unsigned: bool
    ) -> tuple[str, ...]:
        if not kind.for_machines:
            if "secrets" in settings:
                self._faults.append(f"has secrets, and {kind} checks no signature; leave them out")
            return ()
        if "secrets" not in settings:
            if not default_secrets and not unsigned:
                self._faults.append(
                    'has no secret; give it "secrets", set TRUCEWATCH_WEBHOOK_SECRETS, or say "unsigned": true'
                )
            return () if unsigned else default_secrets
        secrets = settings["secrets"]
        if not isinstance(secrets, list) or not 1 <= len(secrets) <= MAX_SECRETS:
            self._faults.append(f"secrets must be a list of 1 to {MAX_SECRETS}")
            return ()
        if unsigned:
            self._faults.append("has both secrets and unsigned; allowed is one of them")
        wrong = [n for n, secret in enumerate(secrets, 1) if not isinstance(secret, str) or not is_secret(secret)]
        self._faults += [f"secret {number} {_SECRET_RULE}" for number in wrong]
        return () if wrong else tuple(secrets)

    def _format(self, settings: Mapping[str, object], told: EndpointFormat | None) -> EndpointFormat:
        """The format that the operator names, else the one that the address tells, else that of machines."""
        if "format" not in settings:
            return told or EndpointFormat.STANDARD
        try:
            named = EndpointFormat(str(settings["format"]))
        except ValueError:
            self._faults.append(f"format must be one of {', '.join(EndpointFormat)}")
            return EndpointFormat.STANDARD
        if EndpointFormat.APPRISE in {named, told} and named is not told:
            self._faults.append(f"format apprise and an address that begins with {APPRISE_PREFIX} go together")
        return named


def _split(url: str) -> SplitResult | None:
    """Take an address apart; None when it is none that a request can go to."""
    if len(url) > MAX_URL or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # raises on an empty or overlong label
        usable = parts.scheme in {"http", "https"} and bool(host) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def _derived_name(url: str, kind: EndpointFormat) -> str:
    """Name an address by its host, and by a hash since one host may have many; the path itself may be a secret."""
    if kind is EndpointFormat.APPRISE:  # whose host may be a secret as well
        return f"apprise-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    host = re.sub(r"[^a-z0-9]+", "-", (urlsplit(url).hostname or "").encode("idna").decode()).strip("-")
    return f"{host[:_HOST_IN_NAME] or 'endpoint'}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def _repeated(names: Iterable[str]) -> list[str]:
    listed = list(names)
    return [f"endpoint {name}: is listed twice" for name in sorted({n for n in listed if listed.count(n) > 1})]
