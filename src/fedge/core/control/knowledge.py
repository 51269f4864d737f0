"""What the centre knows: the durable state, the volatile views, and what follows from the stored manifests."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.access import AccessView
from fedge.core.applications import Application, applications_of
from fedge.core.applications.tenant import Tenant, tenants_of
from fedge.core.applications.traffic_rules import dns_rules_of, rules_of
from fedge.core.control.events.location import AskedPlace
from fedge.core.control.per_site import PerSite
from fedge.core.control.state import Session, State
from fedge.core.enablement import Farewell
from fedge.core.federation import SiteView
from fedge.core.messages import DnsRule, EngineBound, LeadPlain, OperatorOffers, TrafficRule
from fedge.core.model import Address, AppId, AppInstanceId, Nanoseconds, SessionId, SiteId, UeId
from fedge.core.placement import Picture, Placement, Policy, SiteFacts, Wanted, policies_of
from fedge.core.quality import QualitySession, Watch, Way


class ControlSettings(Struct, frozen=True):
    """``policy``: follow, or stay (nobody moves unless ordered). ``services``: each application's stable address.
    ``site_services``: each site's own, for clients that the core network does not steer.

    ``engine`` karmada: its scheduler places applications, and its bindings say where; embedded: the control plane does.
    """

    policy: str = "follow"
    engine: Literal["embedded", "karmada"] = "embedded"
    clusters: dict[SiteId, str] = {}
    """On Karmada: the member cluster that each site is."""
    services: dict[AppId, str] = {}
    site_services: dict[SiteId, Address] = {}
    started_at: Nanoseconds = 0
    default_service: str = ""
    udp_ports: frozenset[int] = frozenset()
    """What the network carries to the sites' own addresses beside the shared port: simulated networks carry few."""
    ue_addresses: dict[UeId, str] = {}
    """Each UE's IPv4 address, as far as the network told: a gateway knows UEs of applications without the SDK by nothing else."""


class Asked(Struct, frozen=True):
    """A question that placement was asked."""

    application: Application
    policy: Policy | None
    sites: tuple[SiteFacts, ...]
    wanted: Wanted | None


class PlaceAsked(Struct, frozen=True):
    """A question that waits for the operator's answer."""

    event: AskedPlace
    until: Nanoseconds


class QualitySaid(Struct, frozen=True):
    """``ways``: from which the ``servers`` follow. ``seconds``: how long it lasts in all."""

    ways: tuple[Way, ...]
    servers: tuple[str, ...]
    seconds: int


class Knowledge:
    """``state`` is durable; everything else here is rebuilt from what agents and the access network say."""

    def __init__(self, settings: ControlSettings, state: State | None = None) -> None:
        self.settings = settings
        self.state = state if state is not None else State()
        self.access = AccessView()
        self.sites: dict[SiteId, SiteView] = {}
        self.applications: dict[AppId, Application] = {}
        self.policies: dict[AppId, Policy] = {}
        self.bound: dict[AppId, EngineBound] = {}
        self.leaving: dict[tuple[AppId, SiteId], Nanoseconds] = {}
        self.waiting: dict[str, list[tuple[int, bool]]] = {}
        self.silent_ms: dict[tuple[UeId, int], float] = {}
        self.heartbeats: dict[str, Nanoseconds] = {}
        self.absent: dict[AppInstanceId, Nanoseconds] = {}
        self.neighbours: dict[AppId, frozenset[AppInstanceId]] = {}
        self.expiry_told: set[str] = set()
        self.farewells: dict[tuple[AppId, SiteId], Farewell] = {}
        self.picture: Picture | None = None
        """Where the players are, as placement decides by it; None: nobody has been seen yet."""
        self.pictured_at: Nanoseconds = 0
        self.answered: dict[AppId, tuple[Asked, Placement]] = {}
        """What placement was last asked for each application, and its answer."""
        self.offers: OperatorOffers | None = None
        """What the operator's exposure functions offer; None: it has not been heard, or there is none."""
        self.places_asked: dict[int, PlaceAsked] = {}
        self.quality_said: dict[str, QualitySaid] = {}
        """What the operator was last asked for each quality session."""
        self.quality_watch = Watch(self.state.quality.sessions.values())
        self.fences_turn = 0
        self.postponed: dict[int, None] = {}
        """Events for sinks, by their number in the outbox, that there was no room to send: who has waited longest first."""
        self.unfulfilled: set[str] = set()
        """Quality sessions whose guaranteed rate cannot be kept now."""
        self.visited_at: dict[SessionId, Nanoseconds] = {}
        """When a visit was last heard of, by its client or a gateway."""
        self.used_at: dict[SessionId, dict[SiteId, Nanoseconds]] = {}
        """When gateways that a visit was led away from last had something of it."""
        self.led: dict[tuple[SiteId, AppId], LeadPlain | None] = {}
        """What gateways were told in all; None: that is not known."""
        self.visits_changed = False
        """Something that gateways are told may have changed since; what is not noted here is found out twice a second."""
        self.without_instance: dict[tuple[AppId, SiteId], Nanoseconds] = {}
        """Since when no instance of an application without the SDK is ready at a site that it has a place at."""
        self.visits_swept = 0
        self.ue_at: dict[str, UeId] = {host: ue for ue, host in settings.ue_addresses.items()}
        self.repeated_at: Nanoseconds = 0
        self.swept = 0
        self.read_objects()

    def read_objects(self) -> None:
        """Derive applications, policies and tenants from the stored manifests."""
        objects = tuple(self.state.objects.values())
        self.applications = {
            app: replace(application, rules=self._rules(application))
            for app, application in applications_of(objects).items()
        }
        self.policies = policies_of(objects, self.applications)
        self.tenants: dict[str, Tenant] = tenants_of(objects)
        overriding = objects if self.settings.engine == "embedded" else ()
        self.per_site = PerSite(overriding, self.applications)

    def _rules(self, application: Application) -> tuple[TrafficRule, ...]:
        """The manifest's rules, as updates have left them."""
        updated = self.state.enablement.traffic_rules.get(application.app, {})
        derived = rules_of(
            application,
            Address(self.service_of(application.app)),
            *self.settings.site_services.values(),
        )
        return tuple(updated.get(one.traffic_rule_id, one) for one in derived)

    def traffic_rules(self, app: AppId) -> tuple[TrafficRule, ...]:
        return self.applications[app].rules if app in self.applications else ()

    def dns_rules(self, app: AppId) -> tuple[DnsRule, ...]:
        if app not in self.applications:
            return ()
        updated = self.state.enablement.dns_rules.get(app, {})
        derived = dns_rules_of(self.applications[app], Address(self.service_of(app)))
        return tuple(updated.get(one.dns_rule_id, one) for one in derived)

    def service_of(self, app: AppId) -> str:
        """The application's stable address."""
        return self.settings.services.get(app, self.settings.default_service)

    @property
    def references(self) -> tuple[str, ...]:
        """The QoS references that the operator serves now."""
        return self.offers.references if self.offers is not None and self.offers.quality else ()

    def qualities_of(self, ue: UeId) -> list[QualitySession]:
        """A UE's quality sessions, oldest first."""
        kept = self.state.quality.sessions
        return [kept[name] for name in self.quality_watch.of_ue(ue) if name in kept]

    def reach(self, session: Session) -> dict[str, Any]:
        """In the attach answer: where its client is to send, and every address that it may be redirected to.

        Before it is told which, a site's own address is right: it is reached from any access.
        """
        stable, own = self.service_of(session.app), self.settings.site_services
        service = session.service or own.get(session.site, stable)
        return {"service": service, "services": [stable, *own.values()]} if own else {"service": stable}
