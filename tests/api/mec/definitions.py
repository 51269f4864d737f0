"""ETSI's definitions, where they are at hand: beside the checkout, or where ``FEDGE_SHARED`` says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("FEDGE_SHARED", Path(__file__).resolve().parents[4] / "shared"))
ETSI = SHARED / "specs" / "etsi"
FILES = {
    "/mec_app_support/v1": "MecAppSupportApi.yaml",
    "/mec_service_mgmt/v1": "MecServiceMgmtApi.yaml",
    "/amsi/v1": "MEC021_AppMobilityService.yaml",
}


def definition(base: str) -> Path:
    """Skips the test where the file is absent."""
    found = ETSI / FILES[base]
    if not found.is_file():
        pytest.skip(f"ETSI's definition {found.name} is not beside this checkout")
    return found
