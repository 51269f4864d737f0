"""Which operations of an API were answered with a success, held against its definition where that is at hand.

CAMARA's and ETSI's definitions lie beside the checkout (`tests/api/*/definitions.py`); 3GPP's may be put into a folder that
``FEDGE_3GPP`` names (the YAML of TS 29.122, 29.222, 29.522 and what they refer to, Rel-17).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator
from starlette.routing import BaseRoute, Mount, Route

Operation = tuple[str, str]
"""Method and path below the API's base, without the names of parameters: ("GET", "/subscriptions/{}")."""
METHODS = ("get", "put", "post", "patch", "delete")


def nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def served(routes: Iterable[BaseRoute], base: str) -> set[Operation]:
    """The operations under ``base``, of the routes themselves."""
    found: set[Operation] = set()
    for route in routes:
        if isinstance(route, Mount) and route.path == base:
            found |= served(route.routes, "")
        elif isinstance(route, Route) and route.path.startswith(f"{base}/"):
            path = nameless(route.path.removeprefix(base))
            found |= {(method, path) for method in route.methods or () if method != "HEAD"}
    return found


@cache
def of_3gpp(name: str) -> Definition | None:
    """``name``: such as ``TS29522_TrafficInfluence``. None where the folder is not named."""
    folder = os.environ.get("FEDGE_3GPP")
    return Definition(Path(folder) / f"{name}.yaml") if folder else None


@cache
def _parsed(file: Path) -> Any:
    return yaml.load(file.read_text(), yaml.CSafeLoader)


class Definition:
    """An OpenAPI file and those that it refers to, as they are: examples and discriminators, which refer too, left out."""

    def __init__(self, file: Path) -> None:
        self._folder, self._files = file.parent, dict[str, Any]()
        self._forms: dict[tuple[Operation, int], Any] = {}
        paths = self._file(file.name)["paths"]
        self._responses: dict[Operation, dict[str, Any]] = {
            (method.upper(), nameless(path)): item[method]["responses"]
            for path, item in paths.items()
            for method in METHODS
            if method in item
        }

    @property
    def operations(self) -> set[Operation]:
        return set(self._responses)

    def complaint(self, operation: Operation, status: int, body: Any) -> str:
        """What is wrong with this answer, ``body`` None for an empty one; empty where nothing is."""
        if str(status) not in self._responses[operation]:
            return f"{operation}: {status} is not documented"
        form = self._form(operation, status)
        wrong = next(form.iter_errors(body), None) if form is not None else None
        return f"{operation}: {status}: {wrong.message[:300]}" if wrong is not None else ""

    def _form(self, operation: Operation, status: int) -> Any:
        """The validator of a body; None where there is none to look at."""
        if (operation, status) not in self._forms:
            content = self._at(self._responses[operation][str(status)]).get("content", {})
            form = content.get("application/json", {}).get("schema")
            has_body = (
                form is not None and status != 204
            )  # some definitions give a 204 one, which HTTP does not have
            self._forms[operation, status] = Draft202012Validator(self._whole(form)) if has_body else None
        return self._forms[operation, status]

    def _file(self, name: str) -> Any:
        if name not in self._files:
            said = _parsed(self._folder / name)
            self._files[name] = self._here(said, name, keep=str(said.get("openapi")) >= "3.1")
        return self._files[name]

    def _here(self, node: Any, file: str, keep: bool) -> Any:
        """With references into one document. ``keep``: what stands beside a reference counts (from OpenAPI 3.1 on)."""
        if isinstance(node, list):
            return [self._here(one, file, keep) for one in node]
        if not isinstance(node, dict):
            return str(node) if hasattr(node, "isoformat") else node
        if isinstance(node.get("$ref"), str):
            other, _, pointer = node["$ref"].partition("#")
            more = {name: self._here(one, file, keep) for name, one in node.items()} if keep else {}
            name = f"{other or file}{pointer}".replace("~", "~0").replace("/", "~1")
            return more | {"$ref": f"#/$defs/{name}"}
        left_out = ("example", "examples", "discriminator")
        said = {str(name): self._here(one, file, keep) for name, one in node.items() if name not in left_out}
        return {"anyOf": [said, {"type": "null"}]} if said.pop("nullable", False) is True else said

    def _whole(self, form: Any) -> dict[str, Any]:
        """With all that it refers to, and no more: the files are large."""
        found: dict[str, Any] = {}
        wanted = [form]
        while wanted:
            node = wanted.pop()
            if isinstance(node, dict):
                reference = node.get("$ref")
                if isinstance(reference, str) and reference not in found:
                    found[reference] = self._named(reference)
                    wanted.append(found[reference])
                wanted += node.values()
            elif isinstance(node, list):
                wanted += node
        definitions = {
            reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~"): node
            for reference, node in found.items()
        }
        return {"allOf": [form], "$defs": definitions}

    def _named(self, reference: str) -> Any:
        file, *parts = reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~").split("/")
        found = self._file(file)
        for part in parts:
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found

    def _at(self, node: Any) -> Any:
        while "$ref" in node:
            node = self._named(node["$ref"])
        return node


class Seen:
    """``hear`` is a client's hook for responses: what succeeds under ``base`` is an operation seen, if its form is right.

    ``text``: successes that only the standard's text has, by operation.
    """

    def __init__(
        self,
        base: str,
        definition: Definition | None,
        operations: Iterable[Operation] = (),
        text: Mapping[Operation, int] = MappingProxyType({}),
    ) -> None:
        self.base, self._definition, self._text = base, definition, text
        self.operations = set(operations) | (definition.operations if definition is not None else set())
        self.wrong: list[str] = []
        self._seen: set[Operation] = set()

    def hear(self, response: Any) -> None:
        path = response.request.url.path.partition(self.base)[2]
        if not response.is_success or not path:
            return
        response.read()
        for method, template in self.operations:
            pattern = re.escape(template).replace(r"\{\}", "[^/]+")
            if method != response.request.method or not re.fullmatch(pattern, path):
                continue
            complaint = self._complaint((method, template), response)
            self.wrong += [complaint] if complaint else []
            self._seen |= {(method, template)} if not complaint else set()

    def _complaint(self, operation: Operation, response: Any) -> str:
        if self._definition is None or self._text.get(operation) == response.status_code:
            return ""
        body = response.json() if response.content else None
        return self._definition.complaint(operation, response.status_code, body)

    @property
    def missing(self) -> set[Operation]:
        return self.operations - self._seen
