from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.api.camara.platform import CamaraCentre, application
from tests.api.centre import TOKEN


@pytest.fixture
def centre() -> CamaraCentre:
    return CamaraCentre()


@pytest.fixture
def client(centre: CamaraCentre) -> Iterator[TestClient]:
    with TestClient(application(centre), headers={"Authorization": f"Bearer {TOKEN}"}) as found:
        yield found
