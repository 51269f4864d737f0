"""Overrides: in Karmada's order, at the sites they are for, and what is left when one does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.core.applications.deployment import Container
from fedge.core.placement.overriders import image_name
from fedge.core.placement.overrides import Misfit, applied, overrides_of, selected
from tests.core.applications.objects import deployment

CONTAINER = "/spec/template/spec/containers/0"


def override(name: str = "arena", *rules: dict[str, Any], wide: bool = False, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "ClusterOverridePolicy" if wide else "OverridePolicy",
        "metadata": {"name": name},
        "spec": {
            "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "arena"}],
            "overrideRules": list(rules),
            **spec,
        },
    }


def rule(target: dict[str, Any] | None = None, **overriders: Any) -> dict[str, Any]:
    return {"overriders": overriders} | ({"targetCluster": target} if target is not None else {})


def patch(path: str, operator: str, *value: Any) -> dict[str, Any]:
    return {"path": path, "operator": operator} | ({"value": value[0]} if value else {})


def container_at(site: str, *policies: dict[str, Any]) -> Container:
    raw = deployment()
    found = selected(overrides_of([raw, *policies], raw), site, {"fedge.dev/site": site})
    return applied(raw, found).container


def test_each_overrider_does_its_part_and_plaintext_comes_last() -> None:
    policy = override(
        "arena",
        rule(
            plaintext=[patch(f"{CONTAINER}/args/0", "replace", "--udp-port")],
            argsOverrider=[{"containerName": "game", "operator": "add", "value": ["--fast"]}],
            commandOverrider=[{"containerName": "game", "operator": "add", "value": ["-O"]}],
            imageOverrider=[{"component": "Registry", "operator": "replace", "value": "near.example"}],
        ),
    )
    found = container_at("harbour", policy)
    assert found.command == ("python3", "game.py", "-O")
    assert found.args == ("--udp-port", "$(PORT)", "--fast")
    assert found.image == "near.example/game:1"


def test_a_rule_is_for_the_sites_it_targets() -> None:
    only = override("arena", rule({"clusterNames": ["harbour"]}, argsOverrider=[
        {"containerName": "game", "operator": "remove", "value": ["--port"]}]))  # fmt: skip
    assert container_at("harbour", only).args == ("$(PORT)",)
    assert container_at("market", only).args == ("--port", "$(PORT)")
    labelled = {"labelSelector": {"matchLabels": {"fedge.dev/site": "market"}}}
    by_label = override("arena", rule(labelled, argsOverrider=[
        {"containerName": "game", "operator": "add", "value": ["--far"]}]))  # fmt: skip
    assert container_at("market", by_label).args[-1] == "--far"
    assert container_at("harbour", by_label).args[-1] == "$(PORT)"
    but = override("arena", rule({"exclude": ["market"]}, argsOverrider=[
        {"containerName": "game", "operator": "add", "value": ["--near"]}]))  # fmt: skip
    assert container_at("harbour", but).args[-1] == "--near"
    assert container_at("market", but).args[-1] == "$(PORT)"


def words(*said: str) -> dict[str, Any]:
    return rule(argsOverrider=[{"containerName": "game", "operator": "add", "value": list(said)}])


def test_cluster_wide_policies_apply_first_then_the_loosest_selector_then_the_first_name() -> None:
    by_label = {"resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment",
                                       "labelSelector": {"matchLabels": {"tier": "game"}}}]}  # fmt: skip
    policies = [
        override("b", words("5")),
        override("a", words("4")),
        override("z", words("3"), **by_label),
        override("y", words("2"), resourceSelectors=[]),
        override("x", words("1"), wide=True),
    ]
    assert container_at("harbour", *policies).args[2:] == ("1", "2", "3", "4", "5")


def test_a_policy_of_another_namespace_or_for_something_else_does_nothing() -> None:
    elsewhere = override("arena", words("no"))
    elsewhere["metadata"]["namespace"] = "rival"
    other = override("arena", words("no"), resourceSelectors=[
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chess"}])  # fmt: skip
    assert container_at("harbour", elsewhere, other).args == ("--port", "$(PORT)")


@pytest.mark.parametrize(
    ("image", "component", "operator", "value", "becomes"),
    [
        ("registry.example/game:1", "Registry", "remove", "", "game:1"),
        ("registry.example/game:1", "Registry", "add", ":5000", "registry.example:5000/game:1"),
        ("game", "Registry", "replace", "near.example", "near.example/game"),
        ("studio/game:1", "Repository", "add", "-lite", "studio/game-lite:1"),
        ("localhost/studio/game:1", "Repository", "replace", "other", "localhost/other:1"),
        ("game:1", "Tag", "replace", "2", "game:2"),
        ("game:1", "Tag", "remove", "", "game"),
        ("game:1", "Tag", "add", "-arm64", "game:1-arm64"),
        ("game:1", "Tag", "replace", f"sha256:{'a' * 64}", f"game@sha256:{'a' * 64}"),
        (f"game@sha256:{'a' * 64}", "Tag", "replace", "1", "game:1"),
        ("game:1", "Tag", "replace", "not a tag", "game:1"),
    ],
)
def test_parts_of_an_image_s_name(
    image: str, component: str, operator: str, value: str, becomes: str
) -> None:
    """As Karmada's pkg/util/imageparser has them."""
    raw = deployment()
    raw["spec"]["template"]["spec"]["containers"][0]["image"] = image
    how = {"component": component, "operator": operator} | ({"value": value} if value else {})
    assert (
        applied(raw, overrides_of([override("a", rule(imageOverrider=[how]))], raw)).container.image
        == becomes
    )


def test_what_is_no_image_has_no_parts() -> None:
    assert image_name("") is None
    assert image_name("two words") is None


@pytest.mark.parametrize(
    ("patches", "field", "said"),
    [
        ([patch("/spec/nothing/here", "replace", 1)], "plaintext[0].path", "nothing at"),
        ([patch("/spec/minReadySeconds", "remove")], "plaintext[0].path", "nothing at"),
        ([patch(f"{CONTAINER}/args/9", "add", "x")], "plaintext[0].path", "no place in a list of 2"),
        ([patch(f"{CONTAINER}/name/x", "add", 1)], "plaintext[0].path", "holds nothing"),
        ([patch("/spec/template/spec/containers/-1", "remove")], "plaintext[0].path", "nothing at"),
        ([patch(f"{CONTAINER}/command", "remove")], "", "no command left"),
        ([patch(f"{CONTAINER}/command", "replace", "sh")], "", "Expected `array`"),
        ([patch(f"{CONTAINER}/volumeMounts", "add", [])], "", "volumeMounts"),
    ],
)
def test_what_does_not_fit_names_the_override(patches: list[dict[str, Any]], field: str, said: str) -> None:
    with pytest.raises(Misfit) as caught:
        container_at("harbour", override("arena", rule(), rule(plaintext=patches)))
    assert str(caught.value.policy) == "OverridePolicy/arena"
    assert caught.value.field == f"spec.overrideRules[1].overriders{'.' + field if field else ''}"
    assert said in caught.value.message


def test_a_later_override_may_mend_what_an_earlier_one_broke() -> None:
    broken = override("a", rule(plaintext=[patch(f"{CONTAINER}/command", "remove")]))
    mended = override("b", rule(plaintext=[patch(f"{CONTAINER}/command", "add", ["./game"])]))
    assert container_at("harbour", broken, mended).command == ("./game",)


def test_pointers_escape_and_lists_grow() -> None:
    label = patch("/spec/template/metadata/labels/fedge.dev~1tier", "add", "gold")
    variable = patch(f"{CONTAINER}/env/-", "add", {"name": "SITE", "value": "harbour"})
    first = patch(f"{CONTAINER}/args/0", "add", "--first")
    raw = deployment()
    policy = override("arena", rule(plaintext=[label, variable, first]))
    made = applied(raw, overrides_of([policy], raw))
    assert made.spec.template.metadata.labels["fedge.dev/tier"] == "gold"
    assert [each.name for each in made.container.env] == ["PORT", "SITE"]
    assert made.container.args[0] == "--first"
    assert raw == deployment(), "the manifest itself is not changed"
