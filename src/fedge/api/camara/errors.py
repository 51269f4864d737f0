"""CAMARA's form of an error: ``{status, code, message}``, with ``x-correlator`` sent back."""

from __future__ import annotations


class CamaraError(Exception):
    """A refusal with the HTTP status and the code that CAMARA's definitions give it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
