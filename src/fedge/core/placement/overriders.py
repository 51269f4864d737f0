"""What an override does to an object: image, command and args, and JSON pointers, on the object as it was written.

Each function returns a changed copy, or raises ``Unfit`` with the field of the overrider that cannot be carried out.
Source: Karmada's pkg/util/overridemanager (overridemanager.go: the order; imageoverride.go, commandargsoverride.go) and
pkg/util/imageparser (parts of an image's name); RFC 6901 and RFC 6902 for ``plaintext``.
"""

from __future__ import annotations

import copy
import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from fedge.core.applications.objects import Part

CONTAINERS = "/spec/template/spec/containers"
Pointer = Annotated[str, Meta(pattern="^/")]
Object = dict[str, Any]


class Unfit(Exception):
    """``field`` of the overriders cannot be carried out on this object, and why."""

    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(f"{field}: {message}")


class Plaintext(Part, frozen=True, kw_only=True):
    path: Pointer
    operator: Literal["add", "replace", "remove"]
    value: Any | UnsetType = UNSET


class ImagePredicate(Part, frozen=True, kw_only=True):
    path: Pointer


class ImageOverrider(Part, frozen=True, kw_only=True):
    component: Literal["Registry", "Repository", "Tag"]
    operator: Literal["add", "replace", "remove"]
    value: str = ""
    predicate: ImagePredicate | None = None


class WordsOverrider(Part, frozen=True, kw_only=True):
    """Of a container's ``command`` or ``args``."""

    container_name: str
    operator: Literal["add", "remove"]
    value: tuple[str, ...] = ()


class Overriders(Part, frozen=True, kw_only=True):
    """The fields typed ``Any`` are Karmada's alone: the embedded engine refuses them by name."""

    plaintext: tuple[Plaintext, ...] = ()
    image_overrider: tuple[ImageOverrider, ...] = ()
    command_overrider: tuple[WordsOverrider, ...] = ()
    args_overrider: tuple[WordsOverrider, ...] = ()
    labels_overrider: Any = None
    annotations_overrider: Any = None
    field_overrider: Any = None


KARMADA_ALONE = ("labelsOverrider", "annotationsOverrider", "fieldOverrider")


def overridden(raw: Object, overriders: Overriders) -> Object:
    """A changed copy, in Karmada's order: images, commands, args, then plaintext. Raises ``Unfit``."""
    changed = copy.deepcopy(raw)
    for number, image in enumerate(overriders.image_overrider):
        _image(changed, image, f"imageOverrider[{number}]")
    for words in overriders.command_overrider:
        _words(changed, words, "command")
    for words in overriders.args_overrider:
        _words(changed, words, "args")
    for number, patch in enumerate(overriders.plaintext):
        _patch(changed, patch, f"plaintext[{number}]")
    return changed


# --- images ------------------------------------------------------------------------------------------------------------------

_IMAGE = re.compile(
    r"(?P<name>[^@\s]+?)(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[\w+.-]+:[0-9a-fA-F]{32,}))?"
)
_TAG = re.compile(r"\w[\w.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")


class ImageName(Struct, frozen=True):
    """``[registry/]repository[:tag]`` or ``…@digest``; a tag and a digest together count as the tag."""

    registry: str
    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        name = f"{self.registry}/{self.repository}" if self.registry else self.repository
        return f"{name}:{self.tag}" if self.tag else f"{name}@{self.digest}" if self.digest else name


def image_name(text: str) -> ImageName | None:
    """None: not the name of an image."""
    found = _IMAGE.fullmatch(text)
    if found is None:
        return None
    first, slash, rest = found["name"].partition("/")
    registry = first if slash and (first == "localhost" or "." in first or ":" in first) else ""
    return ImageName(registry, rest if registry else found["name"], found["tag"] or "", found["digest"] or "")


def _image(raw: Object, how: ImageOverrider, field: str) -> None:
    if how.predicate is not None:
        paths = [how.predicate.path]
    else:
        paths = [f"{CONTAINERS}/{n}/image" for n in range(len(_at(raw, CONTAINERS, field)))]
    for path in paths:
        text = _at(raw, path, f"{field}.predicate.path" if how.predicate is not None else field)
        name = image_name(text) if isinstance(text, str) else None
        if name is None:
            raise Unfit(field, f"{path} is {text!r}, not the name of an image")
        _patch(raw, Plaintext(path=path, operator="replace", value=str(_renamed(name, how))), field)


def _renamed(name: ImageName, how: ImageOverrider) -> ImageName:
    before = {"Registry": name.registry, "Repository": name.repository, "Tag": name.tag or name.digest}
    value = "" if how.operator == "remove" else how.value
    if how.operator == "add":
        value = before[how.component] + value
    if how.component == "Registry":
        return msgspec.structs.replace(name, registry=value)
    if how.component == "Repository":
        return msgspec.structs.replace(name, repository=value)
    if how.operator == "remove" or _TAG.fullmatch(value):
        return msgspec.structs.replace(name, tag=value, digest="")
    return msgspec.structs.replace(name, tag="", digest=value) if _DIGEST.fullmatch(value) else name


# --- command and args --------------------------------------------------------------------------------------------------------


def _words(raw: Object, how: WordsOverrider, which: str) -> None:
    """Containers of another name are left alone, as there."""
    for container in raw["spec"]["template"]["spec"]["containers"]:
        if container.get("name") == how.container_name:
            words = list(container.get(which) or ())
            if how.operator == "add":
                container[which] = [*words, *how.value]
            else:
                container[which] = [word for word in words if word not in how.value]


# --- JSON pointers -----------------------------------------------------------------------------------------------------------


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _at(raw: Any, path: str, field: str) -> Any:
    """What the pointer points to. Raises ``Unfit``."""
    found = raw
    for step in _steps(path):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            raise Unfit(field, f"there is nothing at {path}")
    return found


def _patch(raw: Object, patch: Plaintext, field: str) -> None:
    *_, last = _steps(patch.path)
    holder = _at(raw, patch.path.rpartition("/")[0], f"{field}.path")
    if patch.operator != "add":
        _at(raw, patch.path, f"{field}.path")
    value = copy.deepcopy(patch.value)
    if isinstance(holder, dict):
        if patch.operator == "remove":
            del holder[last]
        else:
            holder[last] = value
    elif isinstance(holder, list):
        _patch_list(holder, last, patch, value, field)
    else:
        raise Unfit(f"{field}.path", f"{patch.path.rpartition('/')[0]} holds nothing that could be changed")


def _patch_list(holder: list[Any], last: str, patch: Plaintext, value: Any, field: str) -> None:
    if patch.operator == "remove":
        del holder[int(last)]
    elif patch.operator == "replace":
        holder[int(last)] = value
    elif last == "-":
        holder.append(value)
    elif last.isdecimal() and int(last) <= len(holder):
        holder.insert(int(last), value)
    else:
        raise Unfit(f"{field}.path", f"{patch.path} is no place in a list of {len(holder)}")
