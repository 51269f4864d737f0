"""Before and after a run on Karmada: its custom resource and each member's site label; and everything published, gone again.

Idempotent, by server-side apply and merge patches; the operator of a real fleet applies the same from ``deploy/karmada``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.types import PatchType

from fedge.adapters.karmada.publication import OWNER_LABEL
from fedge.adapters.karmada.resources import KINDS, Cluster, everywhere
from fedge.core.model import SITE_LABEL


def crd_files() -> list[Path]:
    """The definitions in the checkout that this program was installed from."""
    return sorted(Path(__file__).resolve().parents[4].glob("deploy/karmada/**/*crd*.yaml"))


def prepare(kubeconfig: str, sites: Mapping[str, str]) -> None:
    """``sites``: the site of each member cluster. Raises what the API server's client raises; ``FileNotFoundError``."""
    client = Client(KubeConfig.from_file(kubeconfig).get(), field_manager="fedge-prepare")
    files = crd_files()
    if not files:
        raise FileNotFoundError(
            "deploy/karmada with Fedge's custom resources is not beside this program: run from a checkout"
        )
    for file in files:
        for raw in yaml.safe_load_all(file.read_text()):
            if raw["kind"] == "CustomResourceDefinition":
                name = raw["metadata"]["name"]
                client.patch(CustomResourceDefinition, name, raw, patch_type=PatchType.APPLY, force=True)
                client.wait(CustomResourceDefinition, name, for_conditions=["Established"])
    for cluster, site in sites.items():
        body = {"metadata": {"labels": {SITE_LABEL: site}}}
        client.patch(Cluster, cluster, body, patch_type=PatchType.MERGE)


def withdraw(kubeconfig: str, owner: str = "fedge") -> None:
    """Delete everything that a control plane of this owner published: Karmada ends what ran of it. Raises `client.FAILURES`, also
    where the API server has just come back and asks for patience (429); it may be called again.
    """
    client = Client(KubeConfig.from_file(kubeconfig).get(), field_manager="fedge-prepare")
    for name, kind in KINDS.items():
        for one in client.list(kind, labels={OWNER_LABEL: owner}, **everywhere(name)):
            metadata = one.metadata or ObjectMeta()
            try:
                client.delete(kind, metadata.name or "", namespace=metadata.namespace)
            except ApiError as error:
                if error.status.code != 404:
                    raise
