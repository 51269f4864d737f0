"""Which sinks are taken, with which credentials, and what is sent to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from fedge.adapters.notifications import Notifications
from fedge.api.camara.errors import CamaraError
from fedge.api.camara.sinks import SinkCredential, cloud_event, sink_of
from fedge.core.messages import Sink

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
URL = "https://127.0.0.1:8443/sink"
TOKEN = {
    "credentialType": "ACCESSTOKEN",
    "accessToken": "abc.def",
    "accessTokenExpiresUtc": "2026-01-01T01:00:00Z",
    "accessTokenType": "bearer",
}


def read(url: str | None, credential: dict[str, Any] | None) -> Sink | None:
    shape = msgspec.convert(credential, SinkCredential) if credential is not None else None
    return sink_of(url, shape, Notifications(), NOW)


def test_a_sink_and_its_token() -> None:
    assert read(None, None) is None
    assert read(URL, None) == Sink(URL)
    assert read(URL, TOKEN) == Sink(URL, "abc.def", NOW + 3600)
    assert read(URL, {**TOKEN, "accessTokenType": "Bearer"}) == Sink(URL, "abc.def", NOW + 3600)


@pytest.mark.parametrize(
    ("url", "credential", "code"),
    [
        ("http://127.0.0.1/sink", None, "INVALID_SINK"),
        ("https://", None, "INVALID_SINK"),
        ("https://192.0.2.1/sink", None, "INVALID_SINK"),
        ("https://169.254.169.254/latest", None, "INVALID_SINK"),
        ("https://studio.example/sink", None, "INVALID_SINK"),
        ("https://user:word@127.0.0.1/sink", None, "INVALID_SINK"),
        ("https://127.0.0.1:0/sink", None, "INVALID_SINK"),
        ("https://127.0.0.1/" + "x" * 3000, None, "INVALID_SINK"),
        (None, TOKEN, "INVALID_SINK"),
        (URL, {"credentialType": "PLAIN"}, "INVALID_CREDENTIAL"),
        (URL, {**TOKEN, "credentialType": "REFRESHTOKEN"}, "INVALID_CREDENTIAL"),
        (URL, {**TOKEN, "accessTokenType": "mac"}, "INVALID_TOKEN"),
        (URL, {**TOKEN, "accessToken": "a\r\nx-more: b"}, "INVALID_TOKEN"),
        (URL, {**TOKEN, "accessToken": "x" * 9000}, "INVALID_TOKEN"),
        (URL, {**TOKEN, "accessTokenExpiresUtc": "2025-12-31T23:59:59Z"}, "INVALID_TOKEN"),
        (URL, {**TOKEN, "accessTokenExpiresUtc": "2026-01-01T01:00:00"}, "INVALID_TOKEN"),
        (URL, {"credentialType": "ACCESSTOKEN", "accessTokenType": "bearer"}, "INVALID_TOKEN"),
    ],
)
def test_what_is_wrong_with_a_sink_has_its_code(
    url: str | None, credential: dict[str, Any] | None, code: str
) -> None:
    with pytest.raises(CamaraError) as refused:
        read(url, credential)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_an_event_is_a_cloud_event() -> None:
    event = cloud_event("one", "/sessions/1", "org.example.v1.changed", NOW, {"sessionId": "1"})
    assert msgspec.json.decode(event) == {
        "id": "one",
        "source": "/sessions/1",
        "type": "org.example.v1.changed",
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "time": "2026-01-01T00:00:00.000Z",
        "data": {"sessionId": "1"},
    }
