"""CAMARA's form of an error: ``{status, code, message}``, with ``x-correlator`` sent back."""

from __future__ import annotations

from collections.abc import Mapping


class CamaraError(Exception):
    """A refusal with the HTTP status and the code that CAMARA's definitions give it; ``headers`` go with the answer."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers
