"""The programs of the bench, built from the two Go modules beside this file into a cache: one folder for each set of pins.

Versions and checksums are in ``*/go.mod`` and ``*/go.sum``; the Go toolchain is the one that ``go.mod`` names.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
KARMADA = "github.com/karmada-io/karmada"
PROGRAMS = {
    "etcd": ("kubernetes", "go.etcd.io/etcd/server/v3"),
    **{
        name: ("kubernetes", f"k8s.io/kubernetes/cmd/{name}")
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    },
    **{
        f"karmada-{name}": ("karmada", f"{KARMADA}/cmd/{name}")
        for name in ("controller-manager", "webhook", "aggregated-apiserver", "agent", "scheduler")
    },
    "karmadactl": ("karmada", f"{KARMADA}/cmd/karmadactl"),
}
ORACLE = ("karmada", "./oracle")
"""Karmada's scheduling algorithm as a program of ours: questions in, answers out (`karmada/oracle`)."""


class NoGo(RuntimeError):
    """Neither Go nor a finished build is here."""


def version(module: str, required: str) -> str:
    """What ``go.mod`` of a module pins."""
    found = re.search(rf"^\s*(?:require )?{re.escape(required)} (v\S+)", _mod(module), re.MULTILINE)
    return found[1] if found else "unknown"


def toolchain(module: str) -> str:
    found = re.search(r"^go (\S+)$", _mod(module), re.MULTILINE)
    return f"go{found[1]}" if found else "local"


def _mod(module: str) -> str:
    return (HERE / module / "go.mod").read_text()


def cache() -> Path:
    """``$FEDGE_TESTBENCH_CACHE``, else in the user's cache folder; named by what the pins hash to."""
    told = os.environ.get("FEDGE_TESTBENCH_CACHE")
    base = (
        Path(told)
        if told
        else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "fedge-testbench")
    )
    digest = hashlib.sha256()
    for module in ("kubernetes", "karmada"):
        for name in ("go.mod", "go.sum"):
            digest.update((HERE / module / name).read_bytes())
    return base / digest.hexdigest()[:16]


def missing(folder: Path) -> list[str]:
    return [name for name in PROGRAMS if not (folder / name).exists()]


def go_environment(module: str) -> dict[str, str]:
    return {**os.environ, "GOTOOLCHAIN": toolchain(module), "CGO_ENABLED": "0"}


def build_one(folder: Path, name: str, module: str, package: str) -> None:
    fresh = folder / f".{name}.{os.getpid()}"
    command = ["go", "build", "-mod=readonly", "-ldflags=-s -w", "-o", str(fresh), package]
    done = subprocess.run(
        command, cwd=HERE / module, env=go_environment(module), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"building {name} failed:\n{done.stderr[-3000:]}")
    fresh.replace(folder / name)


def build() -> Path:
    """The folder with every program; builds what is missing. Raises ``NoGo``; ``RuntimeError`` where a build fails."""
    folder = cache()
    lacking = missing(folder)
    if lacking and shutil.which("go") is None:
        raise NoGo(f"Go is not installed, and {folder} lacks {', '.join(lacking)}")
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        jobs = {name: pool.submit(build_one, folder, name, *PROGRAMS[name]) for name in lacking}
        for name, job in jobs.items():
            job.result()
            print(f"built {name}", flush=True)
    return folder


def oracle() -> Path:
    """The program that answers as Karmada's scheduling algorithm does; built when its source is newer."""
    folder = cache()
    made, source = folder / "oracle", HERE / "karmada" / "oracle" / "main.go"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        if shutil.which("go") is None:
            raise NoGo("Go is not installed, and the oracle is not built")
        folder.mkdir(parents=True, exist_ok=True)
        build_one(folder, "oracle", *ORACLE)
    return made


def module_folder(module: str, path: str) -> Path:
    """Where Go keeps a dependency's source: its CRDs are read there, none is copied."""
    done = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", path],
        cwd=HERE / module, env=go_environment(module), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(done.stdout.strip())


def definitions(folder: Path) -> Path:
    """Karmada's CRDs, kept beside the built programs, so that a cached bench needs no Go."""
    kept = folder / "crds"
    if not kept.exists():
        source = module_folder("karmada", KARMADA) / "charts" / "karmada" / "_crds" / "bases"
        fresh = folder / f".crds.{os.getpid()}"
        fresh.mkdir()
        for file in source.rglob("*.yaml"):
            shutil.copyfile(file, fresh / file.name)
        fresh.replace(kept)
    return kept
