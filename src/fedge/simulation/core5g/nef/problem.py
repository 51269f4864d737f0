"""Every refusal in 3GPP's form: ``application/problem+json`` with ``cause`` and ``invalidParams`` (TS 29.122, 5.2.1.2.12).

Causes are those of TS 29.500, table 5.2.7.2-1, and TS 29.514, 5.7, where one fits.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    414: "URI Too Long",
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


def exactly_one(there: set[str], names: tuple[str, ...]) -> None:
    """Raises ``Problem`` 400 unless one of these attributes is there, and only one."""
    found = [name for name in names if name in there]
    if len(found) != 1:
        reason = f"exactly one of {', '.join(names)} is needed; there are {len(found)}"
        cause = "MANDATORY_IE_INCORRECT" if found else "MANDATORY_IE_MISSING"
        raise Problem(400, cause, reason, *(InvalidParam(f"/{name}", reason) for name in found or names))


def no_such_subscription(id: str) -> Problem:
    """Another's is as unknown as one that never was."""
    return Problem(404, "SUBSCRIPTION_NOT_FOUND", f"there is no subscription {id[:64]!r} here")


def too_many(most: int) -> Problem:
    return Problem(403, "OPERATION_PROHIBITED", f"at most {most} subscriptions")


def refuse_changes(names: Iterable[str]) -> None:
    """Raises ``Problem`` 403 where there are any: these attributes cannot be changed."""
    invalid = [InvalidParam(f"/{name}", "cannot be changed") for name in names]
    if invalid:
        said = ", ".join(one.param[1:] for one in invalid)
        raise Problem(403, "MODIFICATION_NOT_ALLOWED", f"cannot be changed: {said}", *invalid)
