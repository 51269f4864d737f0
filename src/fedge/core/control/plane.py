"""The control plane's core: dispatch only. Decided events go to ``state``, figures to the views, questions to ``deciding``.

``handle(event, now) -> effects``. What is decided from volatile figures comes back as a ``Propose`` effect, which the shell
journals and hands in again: so replaying the journal needs none of the figures (invariant 6).
"""

from __future__ import annotations

from collections.abc import Callable

from fedge.core.control import (
    asking,
    consenting,
    deciding,
    enabling,
    endings,
    farewells,
    fencing,
    locating,
    notices,
    outbox,
    paths,
    placing,
    quality,
    quality_by_policy,
    quality_flows,
    reconcile,
    sessions,
    tenancy,
    ue_move,
    visits,
)
from fedge.core.control.apart import Faulty, apart, raised
from fedge.core.control.effects import Effect, Propose, Reply, ToAccess, ToSite
from fedge.core.control.events import (
    AccessTokenEnded,
    AskedApply,
    AskedAsking,
    AskedAskingEnd,
    AskedAttach,
    AskedClose,
    AskedCode,
    AskedConfirmation,
    AskedConsent,
    AskedDrain,
    AskedFence,
    AskedFenceEnd,
    AskedHeartbeat,
    AskedHold,
    AskedMove,
    AskedPlace,
    AskedProfileMark,
    AskedQuality,
    AskedQualityEnd,
    AskedQualityExtension,
    AskedRedemption,
    AskedResource,
    AskedRule,
    AskedToken,
    AskedTokenEnd,
    AskedWithdrawal,
    AskedWithdrawnConsent,
    AskingEnded,
    ClientAttached,
    CodeGiven,
    CodeUsed,
    ConsentGiven,
    ConsentWithdrawn,
    EpochRaised,
    FenceCrossed,
    FenceEnded,
    FenceMade,
    HandoverDone,
    MobilityAsked,
    MoveExpired,
    MoveOverdue,
    MovePlanned,
    MovesHeld,
    MoveWaived,
    ObjectsChanged,
    Placed,
    ProfileMarked,
    QualityDropped,
    QualityEnded,
    QualityExtended,
    QualityOpened,
    QualityStarted,
    ResourceGone,
    ResourceKept,
    RuleUpdated,
    SessionClosing,
    SessionPlaced,
    SinkAnswered,
    SiteMarked,
    SubscriberAsked,
    TokenIssued,
    TokensRevoked,
    VisitBegan,
    VisitEnded,
    VisitLed,
)
from fedge.core.control.knowledge import Knowledge
from fedge.core.federation import SiteView
from fedge.core.messages import (
    AccessHello,
    AskInventory,
    CellChanged,
    ClientHeard,
    EngineBound,
    EngineUnbound,
    EpochVoided,
    ExpectClient,
    HandoverPredicted,
    HopFigures,
    LocationTold,
    Message,
    MoveAborted,
    MoveActivated,
    MoveFrozen,
    OperatorOffers,
    PathChangeAsked,
    QualityForgotten,
    QualityGranted,
    QualityKept,
    QualityLost,
    QualityRefused,
    RedirectClient,
    RouteActivated,
    RouteInstalled,
    RouteRefused,
    RoutesForgotten,
    RoutesTold,
    SessionClosed,
    SessionDiscarded,
    SessionLost,
    SessionOpened,
    SessionRefused,
    SiteHello,
    SiteReport,
    SourceReleased,
    TargetRefused,
    TargetWarmed,
    UesSighted,
    UplinkSeen,
    WriterChanged,
)
from fedge.core.model import SECOND, Nanoseconds


class ControlPlane(Knowledge):
    """One event in, effects out; what it knows is ``Knowledge``."""

    # --- one event ---------------------------------------------------------------------------------------------------------

    def handle(self, event: Message, now: Nanoseconds) -> list[Effect]:
        quality_flows.stir(self, event)
        effects = self._decided(event, now)
        if effects:
            effects = outbox.kept(self.state.outbox, effects, now)
            return effects + notices.of_moves(self.state, effects)
        if effects is None:
            effects = self._figures(event, now)
        if effects is None:
            effects = self._asked(event, now)
        return effects or []

    def _decided(self, event: Message, now: Nanoseconds) -> list[Effect] | None:
        state = self.state
        match event:
            case MovePlanned():
                return ue_move.planned(state, event, now)
            case TargetWarmed():
                return ue_move.warmed(state, event, now)
            case RouteInstalled():
                return ue_move.route_installed(state, event, now)
            case HandoverDone():
                return ue_move.handover_done(state, event, now)
            case MoveFrozen():
                return ue_move.frozen(state, event, now)
            case MoveActivated():
                return ue_move.activated(state, event, now)
            case RouteActivated():
                return self._route_activated(event, now)
            case UplinkSeen():
                return ue_move.uplink_seen(state, event, now)
            case SourceReleased():
                return ue_move.released(state, event, now)
            case TargetRefused():
                return [
                    *endings.refused(state, event, now),
                    *reconcile.lost_after_all(state, event.move, now),
                ]
            case MoveAborted() if event.move in state.moves and state.moves[event.move].ended:
                return reconcile.gone_on_late(state, event, now)
            case MoveAborted():
                return endings.aborted(state, event, now)
            case MoveExpired():
                return endings.expired(state, event, now)
            case MoveOverdue():
                return endings.overdue(state, event, now)
            case MoveWaived():
                return ue_move.waived(state, event, now)
            case _:
                return self._decided_on_sessions(event, now)

    def _decided_on_sessions(self, event: Message, now: Nanoseconds) -> list[Effect] | None:
        state = self.state
        match event:
            case SessionPlaced():
                return sessions.placed(state, event, now)
            case SessionOpened():
                return sessions.opened(state, event, now)
            case SessionRefused():
                return [*sessions.refused(state, event, now), *self._answer_refused(event)]
            case ClientAttached():
                session = state.sessions.get(event.session)
                return sessions.attached(state, event, self.reach(session) if session is not None else {})
            case SessionClosing():
                return sessions.closing(state, event, now)
            case SessionClosed():
                return sessions.closed(state, event, now)
            case SessionDiscarded():
                session = state.sessions.get(event.session)
                move = session.move if session is not None else None
                gone = sessions.discarded(state, event, now)
                return gone if move is None else [*gone, *reconcile.lost_after_all(state, move, now)]
            case SessionLost():
                return reconcile.session_lost(state, event, now)
            case SiteHello():
                self.sites.setdefault(event.site, SiteView()).heard_at = now
                self.sites[event.site].instances = event.instances
                visits.forgotten(self, event.site)
                return reconcile.site_hello(state, self.per_site, event, now)
            case EpochRaised():
                return reconcile.epoch_raised(state, event)
            case MovesHeld():
                state.hold_moves = event.hold
                return []
            case SiteMarked():
                return reconcile.site_marked(state, event, now)
            case ObjectsChanged():
                told = placing.objects_changed(self, event, now)
                self.read_objects()
                orders = [
                    order
                    for site in state.sites.values()
                    for order in reconcile.run_orders(site, self.per_site)
                ]
                return [*told, *orders, *sessions.without_application(state, self.applications, now)]
            case TokenIssued():
                tenancy.issued(state, event)
                return []
            case TokensRevoked():
                tenancy.revoked(state, event.tenant)
                return []
            case ConsentGiven():
                consenting.given(state, event)
                return []
            case ConsentWithdrawn():
                consenting.withdrawn(state, event)
                return []
            case AccessTokenEnded():
                consenting.token_ended(state, event, now)
                return []
            case SubscriberAsked():
                asking.subscriber_asked(state, event, now)
                return []
            case AskingEnded():
                asking.ended(state, event)
                return []
            case CodeGiven():
                asking.given(state, event, now)
                return []
            case CodeUsed():
                asking.used(state, event, now)
                return []
            case FenceMade():
                return fencing.made(state, event)
            case FenceCrossed():
                return fencing.crossed(state, event)
            case FenceEnded():
                return fencing.ended(state, event)
            case SinkAnswered():
                return outbox.answered(state.outbox, event.line, event.number, event.outcome)
            case Placed():
                self.visits_changed = True
                return placing.placed(state, self.per_site, event, now)
            case ResourceKept():
                return enabling.kept(state, event)
            case ResourceGone():
                return enabling.gone(state, event)
            case RuleUpdated():
                return enabling.rule_updated(self, event, now)
            case MobilityAsked():
                return enabling.mobility_asked(state, event, now)
            case VisitBegan():
                return visits.began(self, event, now)
            case VisitLed():
                return visits.led(self, event, now)
            case VisitEnded():
                visits.ended(self, event)
                return []
            case _:
                return self._decided_on_quality(event, now)

    def _decided_on_quality(self, event: Message, now: Nanoseconds) -> list[Effect] | None:
        match event:
            case QualityOpened():
                return quality.opened(self, event, now)
            case QualityStarted():
                return quality.begun(self, event, now)
            case QualityExtended():
                return quality.lengthened(self, event, now)
            case QualityEnded():
                return quality.over(self, event, now)
            case QualityDropped():
                quality.dropped(self, event)
                return []
            case ProfileMarked():
                quality.marked(self, event)
                return []
            case _:
                return None

    def _route_activated(self, event: RouteActivated, now: Nanoseconds) -> list[Effect]:
        session = self.state.sessions.get(event.session)
        if session is None or event.generation < session.generation:
            return []
        if event.generation == session.generation:
            sessions.steered(session, event)
        effects = ue_move.steered(self.state, event, now)
        for request, fresh in self.waiting.pop(event.session, []):
            answer = sessions.attach_answer(self.state, session, request, self.reach(session))
            if answer is not None and fresh:
                effects.append(Reply(request, answer.status, {**answer.body, "fresh": True}))
            elif answer is not None:
                effects.append(Propose(ClientAttached(request, session.session)))
        return effects

    def _answer_refused(self, event: SessionRefused) -> list[Effect]:
        waiting = self.waiting.pop(event.session, [])
        body = {"code": "NO_SITE", "message": f"{event.site} refused: {event.reason}; ask again"}
        return [Reply(request, 503, body) for request, _ in waiting]

    # --- figures -----------------------------------------------------------------------------------------------------------

    def _figures(self, event: Message, now: Nanoseconds) -> list[Effect] | None:
        match event:
            case UesSighted():
                self.access.sighted(event)
            case SiteReport():
                return self._reported(event, now)
            case HopFigures():
                self.access.measured(event, (now - self.settings.started_at) // SECOND)
            case WriterChanged():
                self.silent_ms[event.ue, event.epoch] = event.gap_ms
            case CellChanged():
                self.access.changed_cell(event)
                return deciding.cell_changed(self, event, now)
            case HandoverPredicted():
                return deciding.handover_predicted(self, event, now)
            case AccessHello():
                self.access.hello(event, now)
                return reconcile.every_route(self.state)
            case LocationTold():
                return locating.told(self, event)
            case PathChangeAsked():
                return paths.path_change_asked(self, event, now)
            case RouteRefused():
                return paths.route_refused(self, event)
            case RoutesForgotten():
                return [*reconcile.every_route(self.state), ToAccess(RoutesTold())]
            case QualityForgotten():
                return quality_flows.told_again(self, event, now)
            case QualityGranted() | QualityRefused() | QualityLost() | QualityKept():
                return quality_flows.heard(self, event, now)
            case OperatorOffers():
                self.offers = event
            case EngineBound():
                self.bound[event.app] = event
            case EngineUnbound():
                self.bound.pop(event.app, None)
            case EpochVoided():
                return reconcile.epoch_voided(self.state, event)
            case ClientHeard():
                return [ToAccess(event)]
            case RedirectClient() | ExpectClient():
                return [ToSite(event.site, event)]
            case _:
                return None
        return []

    def _reported(self, event: SiteReport, now: Nanoseconds) -> list[Effect]:
        view = self.sites.setdefault(event.site, SiteView())
        before = visits.offered(view)
        view.heard_at, view.load, view.sessions = now, event.load, event.sessions
        view.instances, view.gateway = event.instances, event.gateway
        view.driver, view.plain = event.driver, event.plain
        site = self.state.sites.get(event.site)
        if site is not None and site.marked == "lost":
            return [
                Propose(SiteMarked(event.site, "ready", "it is heard again")),
                ToSite(event.site, AskInventory()),
            ]
        self.visits_changed |= visits.offered(view) != before
        return visits.heard(self, event, now)

    # --- questions ---------------------------------------------------------------------------------------------------------

    def _asked(self, event: Message, now: Nanoseconds) -> list[Effect] | None:
        match event:
            case AskedAttach():
                return deciding.attach(self, event, now)
            case AskedClose():
                return deciding.close(self, event)
            case AskedMove():
                return deciding.move(self, event, now)
            case AskedDrain():
                return deciding.drain(self, event, now)
            case AskedHold():
                return deciding.hold(self, event)
            case AskedApply():
                return placing.asked(self.state, event)
            case AskedResource():
                return enabling.resource(self, event)
            case AskedWithdrawal():
                return enabling.withdrawal(self, event)
            case AskedRule():
                return enabling.rule(self, event)
            case AskedHeartbeat():
                return enabling.heartbeat(self, event, now)
            case AskedConfirmation():
                return farewells.confirmed(self, event)
            case AskedToken():
                return tenancy.asked(self, event)
            case AskedConsent():
                return consenting.asked(self, event, now)
            case AskedWithdrawnConsent():
                return consenting.withdrawal(self, event)
            case AskedAsking():
                return asking.asked(self, event, now)
            case AskedAskingEnd():
                return asking.end(self, event)
            case AskedCode():
                return asking.code(self, event, now)
            case AskedRedemption():
                return asking.redemption(self, event, now)
            case AskedTokenEnd():
                return consenting.token_end(self, event, now)
            case AskedPlace():
                return locating.asked(self, event, now)
            case AskedFence():
                return fencing.asked(self, event)
            case AskedFenceEnd():
                return fencing.end_asked(self, event)
            case AskedQuality():
                return quality.asked(self, event, now)
            case AskedQualityExtension():
                return quality.asked_extension(self, event)
            case AskedQualityEnd():
                return quality.asked_end(self, event)
            case AskedProfileMark():
                return quality.asked_mark(self, event)
            case _:
                return None

    # --- time --------------------------------------------------------------------------------------------------------------

    def wake(self, now: Nanoseconds, faulty: Faulty = raised) -> list[Effect]:
        """Called several times a second: deadlines, repeated orders, leases, and the regular look at every session.

        ``faulty``: told of a look that raises; the others are taken all the same.
        """
        looks: dict[str, Callable[[], list[Effect]]] = {
            "deadlines": lambda: deciding.deadlines(self, now),
            "leases": lambda: deciding.leases(self, now),
            "quality": lambda: quality_flows.sweep(self, now, faulty),
        }
        if now - self.repeated_at >= SECOND // 2:
            self.repeated_at = now
            self.visits_changed = True
            self.quality_watch.stir_next()
            looks |= {
                "repeated orders": lambda: reconcile.repeat(self.state, now),
                "placement": lambda: placing.place_all(self, now),
                "MEC resources": lambda: enabling.sweep(self, now),
                "places asked": lambda: locating.sweep(self, now),
                "quality by policy": lambda: quality_by_policy.sweep(self, now),
            }
        looks |= {
            "fences": lambda: fencing.sweep(self, now, faulty),
            "sessions": lambda: deciding.sweep(self, now),
            "visits": lambda: visits.sweep(self, now),
            "visits told": lambda: visits.tell(self),
        }
        return apart(looks, lambda name: looks[name](), str, faulty)
