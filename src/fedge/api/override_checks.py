"""What is wrong with overrides: what the embedded engine cannot do, and what they would make of the Deployments they select.

`manifests.py` asks; `core/placement/overrides.py` carries overrides out. A rule that fits no site that is known yet is tried
for the sites that it names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import UNSET

from fedge.api.manifest_checks import FieldError
from fedge.core.applications.objects import ObjectKey, Raw
from fedge.core.model import SITE_LABEL
from fedge.core.placement.overriders import KARMADA_ALONE, ImageOverrider, Overriders, Plaintext
from fedge.core.placement.overrides import (
    ClusterOverridePolicy,
    Misfit,
    OverridePolicy,
    applied,
    overrides_of,
    selected,
)


def alone(manifest: object, engine: str) -> None:
    """Rules within one policy. Raises ``FieldError``."""
    if not isinstance(manifest, OverridePolicy | ClusterOverridePolicy):
        return
    spec = manifest.spec
    if engine == "embedded":
        for name, value in (("targetCluster", spec.target_cluster), ("overriders", spec.overriders)):
            if value:
                raise FieldError(f"spec.{name}", "was deprecated by Karmada 1.0: write it into overrideRules")
        for number, selector in enumerate(spec.resource_selectors):
            if (selector.kind, selector.api_version) != ("Deployment", "apps/v1"):
                raise FieldError(
                    f"spec.resourceSelectors[{number}].kind",
                    "the embedded engine overrides Deployments of apps/v1 only",
                )
    for number, rule in enumerate(spec.override_rules):
        _overriders(rule.overriders, f"spec.overrideRules[{number}].overriders", engine)


def _overriders(overriders: Overriders, path: str, engine: str) -> None:
    values = (overriders.labels_overrider, overriders.annotations_overrider, overriders.field_overrider)
    for name, value in zip(KARMADA_ALONE, values, strict=True):
        if engine == "embedded" and value is not None:
            raise FieldError(
                f"{path}.{name}",
                "the embedded engine knows plaintext, imageOverrider, commandOverrider and argsOverrider",
            )
    for number, image in enumerate(overriders.image_overrider):
        _image(image, f"{path}.imageOverrider[{number}]")
    for number, patch in enumerate(overriders.plaintext):
        _plaintext(patch, f"{path}.plaintext[{number}]", engine)


def _image(image: ImageOverrider, path: str) -> None:
    if image.operator != "remove" and not image.value:
        raise FieldError(f"{path}.value", f"is required where the operator is {image.operator}")


def _plaintext(patch: Plaintext, path: str, engine: str) -> None:
    if patch.operator == "remove" and patch.value is not UNSET:
        raise FieldError(f"{path}.value", "must be absent where the operator is remove")
    if patch.operator != "remove" and patch.value is UNSET:
        raise FieldError(f"{path}.value", f"is required where the operator is {patch.operator}")
    if engine == "embedded" and patch.path == "/spec/replicas":
        raise FieldError(f"{path}.path", "how many replicas run at a site is the placement's to say")


def misfits(
    objects: Mapping[ObjectKey, Raw], sites: Iterable[str], fresh: Collection[ObjectKey]
) -> Iterator[tuple[ObjectKey, str, str]]:
    """(policy, field, message) of each override that breaks a Deployment it selects, where one of both is ``fresh``."""
    known = tuple(sites)
    for key, raw in objects.items():
        if key.kind != "Deployment":
            continue
        overrides = overrides_of(objects.values(), raw)
        named = {name for each in overrides if each.target for name in each.target.cluster_names}
        for site in dict.fromkeys((*known, *sorted(named), "")):
            try:
                applied(raw, selected(overrides, site, {SITE_LABEL: site} if site else {}))
            except Misfit as error:
                if key not in fresh and error.policy not in fresh:
                    continue
                where = f" (at {site})" if site else ""
                yield error.policy, error.field, f"{error.message}{where}"
