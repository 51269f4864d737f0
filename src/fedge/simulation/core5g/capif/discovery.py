"""Which published APIs an invoker is shown (TS 29.222, 8.1): those that match every query parameter. Pure.

An answer's description has the matching AEF profiles, and of each the matching versions, only. ``preferred-aef-loc`` puts what is
at that place first and leaves nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.simulation.core5g.capif.places import AefLocation
from fedge.simulation.core5g.capif.published import (
    AefProfile,
    ServiceAPIDescription,
    Version,
    profiles,
)
from fedge.simulation.core5g.nef.problem import InvalidParam, incorrect

_FEATURES = re.compile(r"[A-Fa-f0-9]{0,64}")


class Wanted(Struct, frozen=True):
    """Empty: any."""

    name: str = ""
    version: str = ""
    comm_type: str = ""
    protocol: str = ""
    aef: str = ""
    data_format: str = ""
    category: str = ""
    features: int = 0
    near: AefLocation | None = None


def wanted(query: Mapping[str, str]) -> Wanted:
    """Raises ``Problem`` 400."""
    for name in ("supported-features", "api-supported-features"):
        if not _FEATURES.fullmatch(query.get(name, "")):
            raise incorrect(False, InvalidParam(name, "must be hexadecimal"))
    if "api-supported-features" in query and "api-name" not in query:
        raise incorrect(False, InvalidParam("api-supported-features", "goes with api-name only"))
    near = None
    if "preferred-aef-loc" in query:
        try:
            near = msgspec.json.decode(query["preferred-aef-loc"], type=AefLocation)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise incorrect(False, InvalidParam("preferred-aef-loc", str(error))) from None
    return Wanted(
        name=query.get("api-name", ""),
        version=query.get("api-version", ""),
        comm_type=query.get("comm-type", ""),
        protocol=query.get("protocol", ""),
        aef=query.get("aef-id", ""),
        data_format=query.get("data-format", ""),
        category=query.get("api-cat", ""),
        features=int(query.get("api-supported-features") or "0", 16),
        near=near,
    )


def found(apis: Iterable[ServiceAPIDescription], wanted: Wanted) -> list[ServiceAPIDescription]:
    """Those that match, as they are shown."""
    shown = []
    for api in apis:
        features = int(api.api_supp_feats or "0", 16) if api.api_supp_feats is not UNSET else 0
        if wanted.name not in ("", api.api_name) or wanted.category not in ("", api.service_api_category):
            continue
        if wanted.features & ~features:
            continue
        if not _narrow(wanted):
            shown.append(api)
            continue
        matching = [profile for one in profiles(api) if (profile := _matching(one, wanted)) is not None]
        if matching:
            shown.append(replace(api, aef_profiles=matching))
    if wanted.near is None:
        return shown
    return sorted(shown, key=lambda api: all(one.aef_location != wanted.near for one in profiles(api)))


def _narrow(wanted: Wanted) -> bool:
    """Is anything asked for that profiles have?"""
    return any((wanted.version, wanted.comm_type, wanted.protocol, wanted.aef, wanted.data_format))


def _matching(profile: AefProfile, wanted: Wanted) -> AefProfile | None:
    if (
        wanted.aef not in ("", profile.aef_id)
        or wanted.protocol not in ("", profile.protocol)
        or wanted.data_format not in ("", profile.data_format)
    ):
        return None
    versions = [
        one
        for one in profile.versions
        if wanted.version in ("", one.api_version)
        and (not wanted.comm_type or wanted.comm_type in _comm_types(one))
    ]
    return replace(profile, versions=versions) if versions else None


def _comm_types(version: Version) -> set[str]:
    resources = [] if version.resources is UNSET else version.resources
    operations = [] if version.cust_operations is UNSET else version.cust_operations
    return {one.comm_type for one in resources} | {one.comm_type for one in operations}
