"""Which request is answered: the API gives each a number of its own (`runtime/loop.py`)."""

from __future__ import annotations

RequestId = int
