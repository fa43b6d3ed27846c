from __future__ import annotations

import base64
import json

import pytest

from config.masking import mask_url, secret_parts
from tests.secrecy import assert_leaks_no_secret
from workers.assets import bundled_text, toml_of
from workers.delivery.chat_services import EndpointFormat, parse_services
from workers.delivery.endpoints import Endpoint, EndpointsError, parse_endpoints

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
SERVICES = parse_services(toml_of(bundled_text("config", "chat.toml"), "chat.toml"))


def parsed(value: object) -> Endpoint:
    text = value if isinstance(value, str) else json.dumps([value])
    (endpoint,) = parse_endpoints(text, (SECRET,), (), (), SERVICES)
    return endpoint


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://hooks.slack.com/services/T0/B1/tokentoken", EndpointFormat.SLACK),
        ("https://HOOKS.slack.com./services/T0/B1/tokentoken", EndpointFormat.SLACK),
        ("https://discord.com/api/webhooks/1/tokentoken", EndpointFormat.DISCORD),
        ("https://canary.discord.com/api/webhooks/1/tokentoken", EndpointFormat.DISCORD),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=tokentoken", EndpointFormat.TEAMS),
        ("https://a.environment.api.powerplatform.com/workflows/x?sig=tokentoken", EndpointFormat.TEAMS),
        ("https://chat.googleapis.com/v1/spaces/A/messages?key=tokentoken", EndpointFormat.GOOGLE_CHAT),
        ("https://ntfy.sh/tokentoken", EndpointFormat.NTFY),
        ("mattermost+https://chat.example/hooks/tokentoken", EndpointFormat.MATTERMOST),
        ("ntfy+http://ntfy.example:8080/tokentoken", EndpointFormat.NTFY),
        ("slack+https://rocket.example/hooks/tokentoken", EndpointFormat.SLACK),
        ("cloudevents+https://a.example/tokentoken", EndpointFormat.CLOUDEVENTS),
        ("apprise+tgram://tokentoken/chat", EndpointFormat.APPRISE),
        ("https://discord.com/channels/1", EndpointFormat.STANDARD),
        ("https://hooks.slack.com.evil.example/services/x", EndpointFormat.STANDARD),
        ("https://evilpowerplatform.com/x", EndpointFormat.STANDARD),
        ("https://a.example/hooks.slack.com/", EndpointFormat.STANDARD),
    ],
)
def test_the_address_tells_the_format(url: str, kind: EndpointFormat) -> None:
    endpoint = parsed(url)
    assert endpoint.format is kind
    assert endpoint.unsigned is not kind.for_machines
    assert bool(endpoint.secrets) is kind.for_machines
    prefix, plus, rest = url.partition("+")
    assert endpoint.url == (rest if plus else prefix)
    assert_leaks_no_secret([endpoint, endpoint.name, endpoint.host], [Endpoint("x", "https://x/tokentoken")])


def test_the_operator_may_name_the_format() -> None:
    assert parsed({"url": "https://a.example/x", "format": "cloudevents"}).secrets == (SECRET,)
    assert parsed({"url": "https://hooks.slack.com/x", "format": "standard"}).secrets == (SECRET,)
    assert parsed({"url": "https://a.example/x", "format": "mattermost"}).unsigned


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ({"url": "https://hooks.slack.com/x", "secrets": [SECRET]}, "slack checks no signature"),
        ({"url": "apprise+tgram"}, "an address that apprise knows"),
        ({"url": "apprise+tgram://a b"}, "an address that apprise knows"),
        ({"url": "https://a.example/", "format": "apprise"}, "go together"),
        ({"url": "apprise+json://a.example/", "format": "slack"}, "go together"),
        ({"url": "gopher+https://a.example/"}, "http or https"),
        ({"url": "mattermost+ftp://a.example/"}, "http or https"),
    ],
)
def test_what_does_not_fit_together_is_refused(listed: object, said: str) -> None:
    with pytest.raises(EndpointsError) as caught:
        parsed(listed)
    assert len(caught.value.problems) == 1
    assert said in caught.value.problems[0]


def test_addresses_with_a_prefix_are_masked_with_and_without_it() -> None:
    assert mask_url("apprise+tgram://token/chat", whole=True) == "apprise+tgram://***"
    assert mask_url("mattermost+https://a.example/hooks/x", whole=True) == "mattermost+https://a.example/***"
    assert "https://a.example/hooks/x" in secret_parts("mattermost+https://a.example/hooks/x")
