"""Kubernetes quantities: ``500m`` of a CPU, ``128Mi`` of memory.

Source: k8s.io/apimachinery/pkg/api/resource, Quantity: a decimal number and one suffix of n, u, m, k, M, G,
T, P, E, Ki, Mi, Gi, Ti, Pi, Ei, or an exponent. Sums are exact; what is finer than a thousandth of a CPU or
a byte is rounded up, as there.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil

Quantity = str | int | float

_FORM = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,2})|([numkMGTPE]|[KMGTPE]i)?)")
_SUFFIX = {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "k": Fraction(1000)}
_SUFFIX |= {letter: Fraction(10 ** (3 * power)) for power, letter in enumerate("MGTPE", start=2)}
_SUFFIX |= {f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", start=1)}


class NotAQuantity(ValueError):
    """The text is not a Kubernetes quantity, or it is negative."""


def _amount(text: Quantity) -> Fraction:
    found = _FORM.fullmatch(str(text).strip())
    if found is None:
        raise NotAQuantity(f"{text!r} is not a quantity such as 500m, 2 or 128Mi")
    digits, exponent, suffix = found.groups()
    scale = Fraction(10) ** int(exponent) if exponent else _SUFFIX[suffix] if suffix else Fraction(1)
    return Fraction(digits) * scale


def cpu_millis(text: Quantity) -> int:
    """Thousandths of a CPU: ``"0.5"`` and ``"500m"`` are 500. Raises ``NotAQuantity``."""
    return ceil(_amount(text) * 1000)


def memory_bytes(text: Quantity) -> int:
    """Bytes: ``"128Mi"`` is 134217728. Raises ``NotAQuantity``."""
    return ceil(_amount(text))
