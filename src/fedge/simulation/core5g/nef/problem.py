"""Every refusal in 3GPP's form: ``application/problem+json`` with ``cause`` and ``invalidParams`` (TS 29.122, 5.2.1.2.12).

Causes are those of TS 29.500, table 5.2.7.2-1, and TS 29.514, 5.7, where one fits.
"""

from __future__ import annotations

from msgspec import Struct

from fedge.simulation.core5g.nef.data_types import Data


class InvalidParam(Struct, frozen=True):
    """``param``: a JSON pointer into the body, or a header's name."""

    param: str
    reason: str


class ProblemDetails(Data, frozen=True):
    title: str
    status: int
    detail: str
    cause: str
    invalid_params: tuple[InvalidParam, ...] = ()
    supported_features: str = ""


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    411: "Length Required",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


class Problem(Exception):
    """A refusal. ``headers`` go with the answer."""

    def __init__(
        self,
        status: int,
        cause: str,
        detail: str,
        *invalid: InvalidParam,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.cause, self.detail, self.invalid = status, cause, detail, invalid
        self.headers = headers or {}

    def details(self, features: str = "") -> ProblemDetails:
        return ProblemDetails(
            TITLES[self.status], self.status, self.detail, self.cause, self.invalid, features
        )


def incorrect(mandatory: bool, *invalid: InvalidParam) -> Problem:
    """400 for attributes of the body that are wrong."""
    cause = "MANDATORY_IE_INCORRECT" if mandatory else "OPTIONAL_IE_INCORRECT"
    said = "; ".join(f"{one.param}: {one.reason}" for one in invalid)
    return Problem(400, cause, said, *invalid)
