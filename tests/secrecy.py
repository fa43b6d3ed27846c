"""The one assertion that nothing shown or stored gives a credential away."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from workers.delivery.endpoints import Endpoint, secret_key


def assert_leaks_no_secret(shown: object, endpoints: Iterable[Endpoint]) -> None:
    """No secret of these endpoints, nor the path or query of an address, stands in what is shown."""
    text = f"{shown} {shown!r}"
    for endpoint in endpoints:
        parts = urlsplit(endpoint.url)
        hidden = [endpoint.url, parts.path.strip("/"), parts.query, *endpoint.secrets]
        hidden += [secret.removeprefix("whsec_") for secret in endpoint.secrets]
        hidden += [repr(secret_key(secret)) for secret in endpoint.secrets]
        for credential in hidden:
            assert not credential or credential not in text
