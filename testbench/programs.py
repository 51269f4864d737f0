"""Every program of the bench as a command line: the flags of Karmada's own manifests, on loopback, without leader election."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from testbench.certs import Authority, signing_pair

HOSTS = ("127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1")
AGGREGATED = "karmada-aggregated-apiserver"
MEMBERS = ("member1", "member2", "member3")
PULLED = "member3"
"""This member joins through karmada-agent; the others are pushed to."""
SUBSET = (
    "namespace,garbagecollector,serviceaccount-token,ttl-after-finished,bootstrapsigner,tokencleaner,csrcleaner,csrsigning,"
    "clusterrole-aggregation"
)
MEMBER_CONTROLLERS = (
    "deployment,replicaset,endpointslice,namespace,garbagecollector,serviceaccount,serviceaccount-token,"
    "root-ca-certificate-publisher-controller,nodelifecycle,taint-eviction-controller,podgc,clusterrole-aggregation"
)


@dataclass(frozen=True)
class Timing:
    """Seconds. The bench may be quicker than a fleet would be."""

    node_grace_s: int = 50
    cluster_grace_s: int = 40
    cluster_failure_s: int = 30
    status_every_s: int = 5


@dataclass
class Layout:
    """Where everything is: folders, ports, certificate authorities."""

    home: Path
    bin: Path
    ports: dict[str, int]
    timing: Timing = field(default_factory=Timing)

    def __post_init__(self) -> None:
        self.ca = {name: Authority(self.home / "pki" / name, f"{name}-ca") for name in ("karmada", *MEMBERS)}
        self.front = Authority(self.home / "pki" / "front-proxy", "front-proxy-ca")

    def server(self, cluster: str) -> str:
        return f"https://127.0.0.1:{self.ports[f'{cluster}-apiserver']}"

    def admin(self, cluster: str) -> Path:
        return self.ca[cluster].kubeconfig("admin", self.server(cluster), "admin", "system:masters")

    def node(self, cluster: str) -> tuple[str, Path]:
        name = f"{cluster}-node"
        kubeconfig = self.ca[cluster].kubeconfig(
            name, self.server(cluster), f"system:node:{name}", "system:nodes"
        )
        return name, kubeconfig


def port_names() -> list[str]:
    names = ["etcd", "etcd-peer", AGGREGATED, "karmada-webhook"]
    for cluster in ("karmada", *MEMBERS):
        names += [f"{cluster}-apiserver", f"{cluster}-kcm"]
    return [*names, *(f"{member}-scheduler" for member in MEMBERS)]


def commands(at: Layout) -> dict[str, list[str]]:
    """Name → command line, in the order of starting."""
    lines = {"etcd": _etcd(at)}
    for cluster in ("karmada", *MEMBERS):
        lines[f"{cluster}-apiserver"] = _apiserver(at, cluster)
    lines["karmada-kube-controller-manager"] = _kcm(at, "karmada", SUBSET)
    for member in MEMBERS:
        lines[f"{member}-controller-manager"] = _kcm(at, member, MEMBER_CONTROLLERS)
        lines[f"{member}-scheduler"] = _member_scheduler(at, member)
    lines[AGGREGATED] = _aggregated(at)
    lines["karmada-webhook"] = _webhook(at)
    lines["karmada-controller-manager"] = _karmada_controllers(at)
    lines["karmada-scheduler"] = _scheduler(at)
    lines[f"karmada-agent-{PULLED}"] = _agent(at, PULLED)
    return lines


def _etcd(at: Layout) -> list[str]:
    client, peer = (f"http://127.0.0.1:{at.ports[name]}" for name in ("etcd", "etcd-peer"))
    return [
        str(at.bin / "etcd"), f"--data-dir={at.home / 'etcd'}", f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}", "--log-level=warn", "--unsafe-no-fsync", "--quota-backend-bytes=4294967296",
    ]  # fmt: skip


def _apiserver(at: Layout, cluster: str) -> list[str]:
    ca = at.ca[cluster]
    crt, key = ca.sign("apiserver", "kube-apiserver", hosts=HOSTS)
    public, private = signing_pair(ca.folder)
    line = [
        str(at.bin / "kube-apiserver"), "--advertise-address=127.0.0.1", "--bind-address=127.0.0.1",
        "--endpoint-reconciler-type=none", f"--secure-port={at.ports[f'{cluster}-apiserver']}",
        f"--etcd-servers=http://127.0.0.1:{at.ports['etcd']}", f"--etcd-prefix=/{cluster}",
        "--authorization-mode=Node,RBAC", f"--client-ca-file={ca.crt}", f"--tls-cert-file={crt}",
        f"--tls-private-key-file={key}", "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={public}", f"--service-account-signing-key-file={private}",
        "--service-cluster-ip-range=10.96.0.0/16", "--profiling=false", "--v=1",
    ]  # fmt: skip
    if cluster == "karmada":
        proxy_crt, proxy_key = at.front.sign("front-proxy-client", "front-proxy-client")
        return [
            *line, "--disable-admission-plugins=StorageObjectInUseProtection,ServiceAccount",
            f"--proxy-client-cert-file={proxy_crt}", f"--proxy-client-key-file={proxy_key}",
            f"--requestheader-client-ca-file={at.front.crt}", "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User", "--enable-bootstrap-token-auth=true",
        ]  # fmt: skip
    kubelet_crt, kubelet_key = ca.sign("kubelet-client", "kube-apiserver-kubelet-client", "system:masters")
    return [
        *line, "--enable-admission-plugins=NodeRestriction", f"--kubelet-client-certificate={kubelet_crt}",
        f"--kubelet-client-key={kubelet_key}", "--kubelet-preferred-address-types=ExternalIP,InternalIP",
    ]  # fmt: skip


def _kcm(at: Layout, cluster: str, controllers: str) -> list[str]:
    ca, admin = at.ca[cluster], at.admin(cluster)
    _, private = signing_pair(ca.folder)
    grace = at.timing.node_grace_s
    return [
        str(at.bin / "kube-controller-manager"), f"--kubeconfig={admin}", "--bind-address=127.0.0.1",
        f"--secure-port={at.ports[f'{cluster}-kcm']}", f"--controllers={controllers}", "--leader-elect=false",
        f"--root-ca-file={ca.crt}", f"--service-account-private-key-file={private}",
        f"--cluster-signing-cert-file={ca.crt}", f"--cluster-signing-key-file={ca.key}", "--use-service-account-credentials=true",
        "--kube-api-qps=200", "--kube-api-burst=400",
        *([f"--node-monitor-grace-period={grace}s", "--node-monitor-period=2s"] if cluster != "karmada" else []),
    ]  # fmt: skip


def _member_scheduler(at: Layout, member: str) -> list[str]:
    return [
        str(at.bin / "kube-scheduler"), f"--kubeconfig={at.admin(member)}", "--bind-address=127.0.0.1",
        f"--secure-port={at.ports[f'{member}-scheduler']}", "--leader-elect=false",
    ]  # fmt: skip


def _aggregated(at: Layout) -> list[str]:
    admin = at.admin("karmada")
    crt, key = at.ca["karmada"].sign(
        AGGREGATED, AGGREGATED, hosts=(f"{AGGREGATED}.karmada-system.svc", "localhost", "127.0.0.1")
    )
    return [
        str(at.bin / AGGREGATED), f"--kubeconfig={admin}", f"--authentication-kubeconfig={admin}",
        f"--authorization-kubeconfig={admin}", f"--etcd-servers=http://127.0.0.1:{at.ports['etcd']}",
        "--etcd-prefix=/karmada-aggregated", f"--tls-cert-file={crt}", f"--tls-private-key-file={key}",
        "--bind-address=127.0.0.1", f"--secure-port={at.ports[AGGREGATED]}", "--audit-log-path=-", "--audit-log-maxage=0",
        "--audit-log-maxbackup=0", "--kube-api-qps=1000", "--kube-api-burst=2000",
    ]  # fmt: skip


def _webhook(at: Layout) -> list[str]:
    crt, _ = at.ca["karmada"].sign("webhook", "karmada-webhook", hosts=HOSTS)
    return [
        str(at.bin / "karmada-webhook"), f"--kubeconfig={at.admin('karmada')}", "--bind-address=127.0.0.1",
        f"--secure-port={at.ports['karmada-webhook']}", f"--cert-dir={crt.parent}", "--tls-cert-file-name=webhook.crt",
        "--tls-private-key-file-name=webhook.key", "--metrics-bind-address=0", "--health-probe-bind-address=0",
        "--allow-no-execute-taint-policy=true", "--feature-gates=AllAlpha=true,AllBeta=true", "--kube-api-qps=1000",
        "--kube-api-burst=2000",
    ]  # fmt: skip


def _karmada_controllers(at: Layout) -> list[str]:
    timing = at.timing
    return [
        str(at.bin / "karmada-controller-manager"), f"--kubeconfig={at.admin('karmada')}", "--leader-elect=false",
        "--metrics-bind-address=0", "--health-probe-bind-address=0", "--feature-gates=Failover=true,GracefulEviction=true",
        "--enable-no-execute-taint-eviction=true", "--resource-eviction-rate=10",
        f"--cluster-status-update-frequency={timing.status_every_s}s",
        f"--cluster-monitor-grace-period={timing.cluster_grace_s}s",
        f"--cluster-failure-threshold={timing.cluster_failure_s}s", "--cluster-success-threshold=5s",
        "--cluster-monitor-period=2s", "--kube-api-qps=1000", "--kube-api-burst=2000",
        "--cluster-api-qps=500", "--cluster-api-burst=1000",
    ]  # fmt: skip


def _scheduler(at: Layout) -> list[str]:
    return [
        str(at.bin / "karmada-scheduler"), f"--kubeconfig={at.admin('karmada')}", "--leader-elect=false",
        "--metrics-bind-address=0", "--health-probe-bind-address=0", "--enable-scheduler-estimator=false",
    ]  # fmt: skip


def _agent(at: Layout, member: str) -> list[str]:
    timing = at.timing
    return [
        str(at.bin / "karmada-agent"), f"--kubeconfig={at.admin(member)}", f"--karmada-kubeconfig={at.admin('karmada')}",
        f"--cluster-name={member}", f"--cluster-api-endpoint={at.server(member)}", "--leader-elect=false",
        "--metrics-bind-address=0", "--health-probe-bind-address=0", f"--cluster-region=region-{member}",
        f"--cluster-status-update-frequency={timing.status_every_s}s", f"--cluster-failure-threshold={timing.cluster_failure_s}s",
        "--cluster-success-threshold=5s", "--kube-api-qps=500", "--kube-api-burst=1000", "--cluster-api-qps=500",
        "--cluster-api-burst=1000",
    ]  # fmt: skip
