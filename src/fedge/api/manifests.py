"""Manifests in, accepted objects out: Kubernetes' and Karmada's YAML, refused with the path of the wrong field.

`read_objects` is the whole door: it reads every object strictly into the shapes of `core/applications` and
`core/placement`, checks each one alone and the set against what exists (`manifest_checks.py`, and for policies, overrides,
tenants and ports the files named so), and raises `Invalid` for the first thing wrong, so that a set is
applied whole or not at all. `manifest_files.py` reads the YAML; the control plane stores the raw objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal

import msgspec
from msgspec import Struct

from fedge.api import manifest_checks, override_checks, policy_checks, port_checks, tenant_checks
from fedge.api.manifest_checks import FieldError
from fedge.core.applications.deployment import Deployment
from fedge.core.applications.objects import ObjectKey, Raw, key_of
from fedge.core.applications.qos import QoSPolicy
from fedge.core.applications.service import Service
from fedge.core.applications.tenant import Tenant
from fedge.core.placement.overrides import ClusterOverridePolicy, OverridePolicy
from fedge.core.placement.policy import ClusterPropagationPolicy, PriorityClass, PropagationPolicy

Manifest = (
    Deployment
    | Service
    | PropagationPolicy
    | ClusterPropagationPolicy
    | OverridePolicy
    | ClusterOverridePolicy
    | PriorityClass
    | QoSPolicy
    | Tenant
)
Engine = Literal["embedded", "karmada"]

KINDS: dict[str, type[Manifest]] = {
    "Deployment": Deployment,
    "Service": Service,
    "PropagationPolicy": PropagationPolicy,
    "ClusterPropagationPolicy": ClusterPropagationPolicy,
    "OverridePolicy": OverridePolicy,
    "ClusterOverridePolicy": ClusterOverridePolicy,
    "PriorityClass": PriorityClass,
    "QoSPolicy": QoSPolicy,
    "Tenant": Tenant,
}
PLURALS = {
    "deployments": "Deployment",
    "services": "Service",
    "propagationpolicies": "PropagationPolicy",
    "clusterpropagationpolicies": "ClusterPropagationPolicy",
    "overridepolicies": "OverridePolicy",
    "clusteroverridepolicies": "ClusterOverridePolicy",
    "priorityclasses": "PriorityClass",
    "qospolicies": "QoSPolicy",
    "tenants": "Tenant",
}
"""The kinds as the API's paths spell them."""

MOST_DEPTH = 64


class Invalid(ValueError):
    """A manifest that is refused. ``object`` is ``Deployment/arena``, ``field`` is ``spec.replicas``
    (empty: the object itself).
    """

    def __init__(self, object: str, field: str, message: str) -> None:
        self.object, self.field, self.message = object, field, message
        super().__init__(f"{object}: {field}: {message}" if field else f"{object}: {message}")


class Parsed(Struct, frozen=True):
    """An accepted object. ``raw`` is what is stored; ``notices`` name fields that the embedded engine
    records and ignores.
    """

    key: ObjectKey
    raw: dict[str, Any]
    manifest: Manifest
    notices: tuple[str, ...] = ()


def read_objects(
    objects: Iterable[Any],
    known: Mapping[ObjectKey, Raw],
    engine: Engine = "embedded",
    sites: Iterable[str] = (),
    taken: frozenset[port_checks.Port] = frozenset(),
) -> list[Parsed]:
    """All of ``objects``, accepted, or ``Invalid`` for the first that is not.

    ``known`` are the objects that exist: an applied one replaces that of the same key; references may point
    to either. ``sites`` that exist: overrides are tried for each. ``taken``: ports of applications that are not in ``known``.
    """
    read = [_read(raw, number, engine) for number, raw in enumerate(objects)]
    seen: set[ObjectKey] = set()
    for parsed in read:
        if parsed.key in seen:
            raise Invalid(str(parsed.key), "metadata.name", "appears twice in what is applied")
        seen.add(parsed.key)
    existing = {key: msgspec.convert(raw, KINDS[key.kind]) for key, raw in known.items() if key.kind in KINDS}
    together = existing | {parsed.key: parsed.manifest for parsed in read}
    for parsed in read:
        _checked(
            str(parsed.key),
            partial(manifest_checks.together, parsed.key, parsed.manifest, together, existing),
        )
        _checked(
            str(parsed.key), partial(policy_checks.together, parsed.key, parsed.manifest, together, engine)
        )
    after = dict(known) | {parsed.key: parsed.raw for parsed in read}
    fresh = [parsed.key for parsed in read]
    for key, field, message in (
        *(override_checks.misfits(after, sites, fresh) if engine == "embedded" else ()),
        *(tenant_checks.scheduled_elsewhere(after, fresh) if engine == "karmada" else ()),
        *tenant_checks.raised_by_overrides(after, fresh),
        *tenant_checks.beyond_quota(known, after, fresh),
        *port_checks.clashes(after, fresh, taken),
    ):
        raise Invalid(str(key), field, message)
    return read


def _read(raw: Any, number: int, engine: Engine) -> Parsed:
    """One object, checked alone."""
    if not isinstance(raw, Mapping):
        raise Invalid(
            f"object {number + 1}",
            "",
            f"must be a mapping with apiVersion and kind, not {type(raw).__name__}",
        )
    title = _title(raw, number)
    try:
        raw = _kept(raw)
    except FieldError as error:
        raise Invalid(title, error.field, error.message) from None
    kind = raw.get("kind")
    shape = KINDS.get(kind) if isinstance(kind, str) else None
    if shape is None:
        message = (
            f"Fedge does not know the kind {kind!r}; it knows {', '.join(KINDS)}" if kind else "is required"
        )
        raise Invalid(title, "kind", message)
    try:
        manifest = msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        raise Invalid(title, *_located(str(error), raw)) from None
    _checked(title, partial(manifest_checks.alone, manifest, engine))
    _checked(title, partial(policy_checks.alone, manifest, engine))
    _checked(title, partial(override_checks.alone, manifest, engine))
    _checked(title, partial(tenant_checks.alone, manifest))
    return Parsed(key_of(raw), raw, manifest, tuple(manifest_checks.notices(raw, engine)))


def _kept(value: Any, path: str = "", depth: int = 0) -> Any:
    """What is stored. A field that is written without a value (``labels:``) is absent, as Kubernetes has it. Raises
    ``FieldError`` for what JSON can say and the journal (MessagePack) cannot keep.
    """
    if depth > MOST_DEPTH:
        raise FieldError(path, f"is nested more than {MOST_DEPTH} deep")
    if isinstance(value, Mapping):
        within = {key: manifest_checks.entry(path, str(key)) if path else str(key) for key in value}
        return {key: _kept(each, within[key], depth + 1) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_kept(each, f"{path}[{place}]", depth + 1) for place, each in enumerate(value)]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise FieldError(path, "is a number of more than 64 bits")
    return value


def _checked(title: str, check: Callable[[], None]) -> None:
    try:
        check()
    except FieldError as error:
        raise Invalid(title, error.field, error.message) from None


def _title(raw: Mapping[str, Any], number: int) -> str:
    """What to call an object that may be wrong in any way."""
    metadata = raw.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    kind = raw.get("kind")
    if isinstance(kind, str) and isinstance(name, str):
        namespace = metadata.get("namespace") if isinstance(metadata, Mapping) else None
        return str(ObjectKey(kind, namespace if isinstance(namespace, str) else "default", name))
    return f"{kind if isinstance(kind, str) else 'object'} ({number + 1} of what is applied)"


# --- msgspec's words into a path and a sentence
# ---------------------------------------------------------------------------

_WHERE = re.compile(r" - at `(?P<key>key` in `)?\$(?P<path>[^`]*)`$")
_FIELD = re.compile(r"^Object (?P<what>contains unknown|missing required) field `(?P<name>[^`]*)`")
_NAME_RULE = "must be lower case letters, digits, '-' and '.', starting and ending with a letter or a digit"


def _located(error: str, raw: Mapping[str, Any]) -> tuple[str, str]:
    """(path of the field, what is wrong with it) from a ``msgspec.ValidationError``."""
    where = _WHERE.search(error)
    path = where["path"].lstrip(".") if where else ""
    words = error[: where.start()] if where else error
    field = _FIELD.match(words)
    if field is not None:
        path = f"{path}.{field['name']}" if path else field["name"]
        return path, "is required" if field["what"] == "missing required" else _unknown(field["name"])
    if where is not None and where["key"]:
        return path, f"has a key that is not text: {words[0].lower()}{words[1:]}"
    path = _with_keys(path, words, raw)
    if "matching regex" in words and path.endswith("name"):
        return path, _NAME_RULE
    return path, _plain(words)


_WORDS = {
    "array": "a list",
    "object": "a mapping",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}


def _plain(words: str) -> str:
    """``Expected `array`, got `str` `` as a person would say it."""

    def say(found: re.Match[str]) -> str:
        return " or ".join(_WORDS.get(word, word) for word in found[1].split(" | "))

    return words[0].lower() + re.sub(r"`([^`]*)`", say, words[1:])


def _unknown(name: str) -> str:
    near = get_close_matches(name, _FIELDS, n=1, cutoff=0.75)
    if near and near[0] != name:
        return f"is not a field that Fedge supports here; did you mean {near[0]}?"
    return "is not a field that Fedge supports here"


def _with_keys(path: str, words: str, raw: Any) -> str:
    """msgspec writes ``[...]`` for a mapping's value: find the first entry that is not text or a number,
    and name it.
    """
    if "[...]" not in path:
        return path
    before, after = path.split("[...]", 1)
    at = raw
    for step in re.findall(r"[^.\[\]]+", before):
        at = at[int(step)] if isinstance(at, list | tuple) else at[step]
    wrong = [key for key, value in at.items() if not isinstance(value, str)]
    if "int" in words.split(",")[0]:
        wrong = [
            key
            for key, value in at.items()
            if not isinstance(value, str | int | float) or isinstance(value, bool)
        ]
    return manifest_checks.entry(before, wrong[0]) + after if wrong else before + after


def _all_fields() -> list[str]:
    """Every field name that some manifest has, for suggestions."""
    names: set[str] = set()
    waiting: list[Any] = list(KINDS.values())
    done: set[type] = set()
    while waiting:
        shape = waiting.pop()
        if isinstance(shape, type) and issubclass(shape, Struct) and shape not in done:
            done.add(shape)
            names |= {each.encode_name for each in msgspec.structs.fields(shape)}
            waiting.extend(each.type for each in msgspec.structs.fields(shape))
        waiting.extend(getattr(shape, "__args__", ()))
    return sorted(names)


_FIELDS = _all_fields()
