"""CAMARA's definitions, where they are at hand: beside the checkout, or where ``FEDGE_SHARED`` says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("FEDGE_SHARED", Path(__file__).resolve().parents[4] / "shared"))
FILES = {"/quality-on-demand/v1": "quality-on-demand.yaml", "/qos-profiles/v1": "qos-profiles.yaml"}

LOCATION_FILES = {
    "/location-verification/v3": "location-verification.yaml",
    "/location-retrieval/v0.5": "location-retrieval.yaml",
    "/geofencing-subscriptions/v0.5": "geofencing-subscriptions.yaml",
    "/simple-edge-discovery/v2": "simple-edge-discovery.yaml",
}


def definition(base: str) -> Path:
    """Skips the test where the file is absent."""
    found = SHARED / "specs" / "camara" / (FILES | LOCATION_FILES)[base]
    if not found.is_file():
        pytest.skip(f"CAMARA's definition {found.name} is not beside this checkout")
    return found
