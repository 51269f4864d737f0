"""Manifests on disk: a YAML or JSON file, or a folder of them, into decoded objects.

Several documents a file and Kubernetes' ``List`` are taken apart. A Deployment is told the folder that it
was read from (an annotation), because on the embedded engine a command's relative paths start there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from fedge.core.applications.deployment import BASE_DIR

SUFFIXES = (".yaml", ".yml", ".json")


class Unreadable(ValueError):
    """A file that cannot be read or is not YAML; the text says which, and where in it."""


class Found(Struct, frozen=True):
    """An object and the file that it was found in."""

    file: Path
    object: Any


def read_manifests(path: Path) -> list[Found]:
    """All objects under ``path``, files of a folder in the order of their names. Raises ``Unreadable``."""
    if not path.exists():
        raise Unreadable(f"{path}: no such file or folder")
    files = sorted(each for each in path.iterdir() if each.suffix in SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise Unreadable(f"{path}: no {', '.join(SUFFIXES)} file in this folder")
    found = [Found(file, each) for file in files for each in _objects(file)]
    if not found:
        raise Unreadable(f"{path}: no object in it")
    return found


def _objects(file: Path) -> Iterator[Any]:
    try:
        documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{file}: {error}") from None
    except yaml.YAMLError as error:
        raise Unreadable(f"{file} is not YAML: {error}") from None
    for document in documents:
        if document is None:
            continue
        if isinstance(document, dict) and document.get("kind") == "List":
            for item in document.get("items") or ():
                yield _placed(item, file)
        else:
            yield _placed(document, file)


def _placed(document: Any, file: Path) -> Any:
    """A Deployment with the folder it was read from, unless it says one itself; anything else as it is."""
    if not isinstance(document, dict) or document.get("kind") != "Deployment":
        return document
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return document
    annotations = metadata.get("annotations") or {}
    if not isinstance(annotations, dict) or BASE_DIR in annotations:
        return document
    folder = str(file.resolve().parent)
    return {**document, "metadata": {**metadata, "annotations": {**annotations, BASE_DIR: folder}}}
