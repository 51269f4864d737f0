"""The game that the demo deploys: its manifests, with the state size and the mobility that a run was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fedge.api.manifest_files import read_manifests

SLOWEST_COPY_BYTES_PER_MS = 10_000
"""A larger state gets a later deadline: so slow a copy is still allowed."""


def arena_folder() -> Path:
    """The game's manifests, in the checkout that this program was installed from."""
    folder = Path(__file__).resolve().parents[3] / "examples" / "arena"
    if not folder.is_dir():
        raise FileNotFoundError(
            "the demo plays examples/arena, which is only in a checkout of the repository"
        )
    return folder


def arena_objects(state_bytes: int, stays: bool) -> list[dict[str, Any]]:
    """``stays``: no session moves."""
    objects = []
    for found in read_manifests(arena_folder()):
        raw = found.object
        if raw["kind"] == "QoSPolicy":
            raw["spec"]["state"]["bytes"] = state_bytes
            raw["spec"]["mobility"]["deadlineMs"] += state_bytes / SLOWEST_COPY_BYTES_PER_MS
            if stays:
                raw["spec"]["mobility"]["mode"] = "stay"
        objects.append(raw)
    return objects
