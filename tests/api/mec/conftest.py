"""A platform of two sites whose ETSI MEC APIs are called without a network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.api.centre import TOKEN
from tests.api.mec.platform import MecCentre, application


@pytest.fixture
def centre() -> MecCentre:
    return MecCentre()


@pytest.fixture
def client(centre: MecCentre) -> Iterator[TestClient]:
    with TestClient(application(centre), headers={"Authorization": f"Bearer {TOKEN}"}) as found:
        yield found
