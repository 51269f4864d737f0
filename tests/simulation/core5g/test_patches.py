"""JSON patch as RFC 6902 (appendix A) and JSON pointers as RFC 6901 (5) have them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.patches import Steps, patched
from fedge.simulation.core5g.nef.problem import Problem


def after(document: Any, *steps: dict[str, Any]) -> Any:
    before = copy.deepcopy(document)
    try:
        return patched(document, reading.read(json.dumps(steps).encode(), Steps))
    finally:
        assert document == before, "the document itself is left alone"


@pytest.mark.parametrize(
    ("document", "step", "then"),
    [
        ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": "qux"}, {"baz": "qux", "foo": "bar"}),
        ({"foo": [1, 3]}, {"op": "add", "path": "/foo/1", "value": 2}, {"foo": [1, 2, 3]}),
        ({"foo": [1]}, {"op": "add", "path": "/foo/-", "value": [2]}, {"foo": [1, [2]]}),
        ({"foo": 1}, {"op": "add", "path": "", "value": {"bar": 2}}, {"bar": 2}),
        ({"foo": 1}, {"op": "add", "path": "/foo", "value": None}, {"foo": None}),
        ({"baz": 1, "foo": 2}, {"op": "remove", "path": "/baz"}, {"foo": 2}),
        ({"foo": [1, 2, 3]}, {"op": "remove", "path": "/foo/1"}, {"foo": [1, 3]}),
        ({"foo": [1, 2, 3]}, {"op": "replace", "path": "/foo/1", "value": 5}, {"foo": [1, 5, 3]}),
        ({"a": {"b": 1}, "c": {}}, {"op": "move", "from": "/a/b", "path": "/c/d"}, {"a": {}, "c": {"d": 1}}),
        ({"foo": [1, 2, 3]}, {"op": "move", "from": "/foo/1", "path": "/foo/2"}, {"foo": [1, 3, 2]}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"a/b": 1, "~": 2, "": 3}, {"op": "test", "path": "/a~1b", "value": 1}, {"a/b": 1, "~": 2, "": 3}),
        ({"~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"~1": 10}),
        ({"": 3}, {"op": "replace", "path": "/", "value": 4}, {"": 4}),
    ],
)
def test_what_a_step_does(document: Any, step: dict[str, Any], then: Any) -> None:
    assert after(document, step) == then


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ({"op": "test", "path": "/foo/0", "value": 2}, 403),
        ({"op": "add", "path": "/none/deep", "value": 1}, 400),
        ({"op": "add", "path": "/foo/9", "value": 1}, 400),
        ({"op": "add", "path": "/foo/01", "value": 1}, 400),
        ({"op": "add", "path": "/foo/-1", "value": 1}, 400),
        ({"op": "remove", "path": "/foo/-"}, 400),
        ({"op": "replace", "path": "/none", "value": 1}, 400),
        ({"op": "move", "from": "/foo", "path": "/foo/0"}, 400),
        ({"op": "copy", "path": "/foo"}, 400),
        ({"op": "add", "path": "/foo/0/x", "value": 1}, 400),
    ],
)
def test_what_cannot_be_done(step: dict[str, Any], status: int) -> None:
    with pytest.raises(Problem) as refused:
        after({"foo": [1]}, step)
    assert refused.value.status == status


def test_one_step_that_fails_undoes_all() -> None:
    with pytest.raises(Problem):
        after({"a": 1}, {"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"})


def test_a_document_that_is_copied_into_itself_stays_small() -> None:
    steps = [{"op": "copy", "from": "", "path": f"/x{number}"} for number in range(200)]
    with pytest.raises(Problem) as refused:
        after({"name": "a" * 100}, *steps)
    assert refused.value.status == 400
    assert "bytes are copied" in str(refused.value.invalid)
