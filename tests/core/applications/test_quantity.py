"""Kubernetes quantities, as its own documentation writes them."""

import pytest

from fedge.core.applications.quantity import NotAQuantity, cpu_millis, memory_bytes


@pytest.mark.parametrize(
    ("text", "millis"),
    [("500m", 500), ("0.5", 500), ("2", 2000), (1, 1000), (0.25, 250), ("1e-1", 100), ("1u", 1)],
)
def test_cpu(text: str | float, millis: int) -> None:
    assert cpu_millis(text) == millis


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("128Mi", 134217728),
        ("1Gi", 1 << 30),
        ("129e6", 129_000_000),
        ("129M", 129_000_000),
        ("1k", 1000),
        ("0.5Ki", 512),
    ],
)
def test_memory(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1Mb", "Mi", "1 Mi", "one", "1e", "٣"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(NotAQuantity):
        memory_bytes(text)
