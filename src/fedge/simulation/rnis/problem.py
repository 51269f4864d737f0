"""Refusals in the form of ETSI GS MEC 009, 6.15: ``application/problem+json``."""

from __future__ import annotations

from http import HTTPStatus

from fedge.simulation.rnis.data_types import ProblemDetails


class Refusal(Exception):
    """``status``: one that the definition documents for the operation. ``headers`` go with the answer."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def details_of(status: int, detail: str) -> ProblemDetails:
    return ProblemDetails("about:blank", HTTPStatus(status).phrase, status, detail)
