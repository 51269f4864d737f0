"""Where an exposing function is: ``AefLocation`` (TS 29.222, 8.2.4.2.10), with the shapes of TS 29.572, 6.1.6.2. Pure."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from fedge.simulation.core5g.nef.data_types import Data, Text

Degrees = Annotated[int, Meta(ge=0, le=360)]
CIVIC = (
    "country", "A1", "A2", "A3", "A4", "A5", "A6", "PRD", "POD", "STS", "HNO", "HNS", "LMK", "LOC",
    "NAM", "PC", "BLD", "UNIT", "FLR", "ROOM", "PLC", "PCN", "POBOX", "ADDCODE", "SEAT", "RD", "RDSEC",
    "RDBR", "RDSUBBR", "PRM", "POM", "usageRules", "method", "providedBy",
)  # fmt: skip
"""The attributes of ``CivicAddress``, all of them texts."""
Metres = Annotated[float, Meta(ge=0)]


class GeographicalCoordinates(Data, frozen=True):
    """Degrees."""

    lon: Annotated[float, Meta(ge=-180, le=180)]
    lat: Annotated[float, Meta(ge=-90, le=90)]


class UncertaintyEllipse(Data, frozen=True):
    semi_major: Metres
    semi_minor: Metres
    orientation_major: Annotated[int, Meta(ge=0, le=180)]


class GeographicArea(Data, frozen=True):
    """Every shape has a point, but a polygon, which has a list of them; the other attributes are one shape's or another's."""

    shape: Text
    point: GeographicalCoordinates | UnsetType = UNSET
    point_list: Annotated[list[GeographicalCoordinates], Meta(min_length=3, max_length=15)] | UnsetType = (
        UNSET
    )
    altitude: Annotated[float, Meta(ge=-32767, le=32767)] | UnsetType = UNSET
    uncertainty: Metres | UnsetType = UNSET
    uncertainty_altitude: Metres | UnsetType = UNSET
    uncertainty_ellipse: UncertaintyEllipse | UnsetType = UNSET
    uncertainty_radius: Metres | UnsetType = UNSET
    inner_radius: Annotated[int, Meta(ge=0, le=327675)] | UnsetType = UNSET
    offset_angle: Degrees | UnsetType = UNSET
    included_angle: Degrees | UnsetType = UNSET
    confidence: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.point is UNSET and self.point_list is UNSET:
            raise ValueError("needs point or pointList")


class AefLocation(Data, frozen=True):
    civic_addr: dict[Text, Any] | UnsetType = UNSET
    geo_area: GeographicArea | UnsetType = UNSET
    dc_id: Text | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.civic_addr is not UNSET:
            wrong = [name for name in CIVIC if not isinstance(self.civic_addr.get(name, ""), str)]
            if wrong:
                raise ValueError(f"{wrong[0]} of civicAddr must be a string")
