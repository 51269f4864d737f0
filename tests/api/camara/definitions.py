"""CAMARA's definitions, where they are at hand: beside the checkout, or where ``FEDGE_SHARED`` says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("FEDGE_SHARED", Path(__file__).resolve().parents[4] / "shared"))
FILES = {"/quality-on-demand/v1": "quality-on-demand.yaml", "/qos-profiles/v1": "qos-profiles.yaml"}


def definition(base: str) -> Path:
    """Skips the test where the file is absent."""
    found = SHARED / "specs" / "camara" / FILES[base]
    if not found.is_file():
        pytest.skip(f"CAMARA's definition {found.name} is not beside this checkout")
    return found
