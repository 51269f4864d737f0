"""No kubelet here: the test starts a Pod's process and writes its status as a kubelet would. Named so wherever it is used."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightkube import Client
from lightkube.resources.core_v1 import Pod, PodStatus, Secret
from lightkube.types import PatchType

from fedge.core.applications.application import expanded
from fedge.core.site.pods import INSTANCE_LABEL, PodState, read_pod, status_of


class PlayedKubelet:
    """Of one member cluster. ``services``: what the cluster's DNS would answer; there is none on this machine either."""

    def __init__(
        self, client: Client, folder: Path, pod_ip: str, services: Mapping[str, str], working_dir: Path
    ) -> None:
        self._client, self._folder, self._ip = client, folder, pod_ip
        self._services, self._working_dir = services, working_dir
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def pods(self) -> list[dict[str, Any]]:
        """Pods of games that nobody wants to end."""
        found = self._client.list(Pod, namespace="default", labels={INSTANCE_LABEL: "true"})
        raws = [one.to_dict() for one in found]
        return [raw for raw in raws if not raw["metadata"].get("deletionTimestamp")]

    def start(self, raw: dict[str, Any]) -> str:
        """Run the Pod's one container as a process, and say that it runs. Its name."""
        pod = read_pod(raw, self._ip)
        site_dir = (
            self._folder / pod.uid
        )  # its emptyDir: gone with the Pod, kept over a restart of the container
        site_dir.mkdir(parents=True, exist_ok=True)
        env = self._env(raw, pod.env) | {"FEDGE_SITE_DIR": str(site_dir)}
        command = [sys.executable if word == "python3" else word for word in pod.command]
        with (site_dir / "output").open("ab") as out:
            self.running[pod.name] = subprocess.Popen(
                command, env=env, cwd=self._working_dir, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self._report(raw, PodState("running", ready=True, address=self._ip))
        return pod.name

    def crash(self, name: str) -> dict[str, Any]:
        """The container ends; it waits to be started again. The Pod, for ``start``."""
        self.end(name)
        raw = self._client.get(Pod, name, namespace="default").to_dict()
        self._report(raw, PodState("waiting", why="CrashLoopBackOff", restarts=1, address=self._ip))
        return raw

    def delete(self, name: str) -> None:
        """The Pod is deleted: its process and its files go."""
        self.end(name)
        self._client.delete(Pod, name, namespace="default", grace_period=0)

    def end(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for name in tuple(self.running):
            self.end(name)

    def _env(self, raw: dict[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
        """As a kubelet resolves it: in order, by value, field or secret, references to what stands before."""
        env: dict[str, str] = {}
        for one in raw["spec"]["containers"][0]["env"]:
            secret = (one.get("valueFrom") or {}).get("secretKeyRef")
            if secret is not None:
                kept = self._client.get(Secret, secret["name"], namespace="default").data or {}
                env[one["name"]] = base64.b64decode(kept[secret["key"]]).decode()
            else:
                env[one["name"]] = expanded(fields[one["name"]], env)
        return {name: self._services.get(value, value) for name, value in env.items()}

    def _report(self, raw: dict[str, Any], state: PodState) -> None:
        pod = read_pod(raw, self._ip)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body = {"metadata": {"uid": pod.uid}, "status": status_of(pod, state, now)}
        self._client.patch(PodStatus, pod.name, body, namespace="default", patch_type=PatchType.MERGE)
