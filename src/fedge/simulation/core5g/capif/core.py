"""The CAPIF core function as one thing: its registry on disk, the operations, and what each of them makes others be told.

``api`` is HTTP around it. What was answered is on disk: a registry that was killed is found again as it was.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import UnsetType

from fedge.simulation.core5g.capif import events, negotiation, scopes, tokens
from fedge.simulation.core5g.capif.contexts import OAUTH, Context, Contexts, Grant, read_revocation
from fedge.simulation.core5g.capif.data_types import SecurityNotification
from fedge.simulation.core5g.capif.events import EventSubscriptions, EventsWanted, Happening
from fedge.simulation.core5g.capif.gate import Gate
from fedge.simulation.core5g.capif.granting import granted_scope
from fedge.simulation.core5g.capif.invokers import Invoker, Invokers
from fedge.simulation.core5g.capif.ledger import Ledger, Signer
from fedge.simulation.core5g.capif.providers import Domain, Providers
from fedge.simulation.core5g.capif.publications import Publication, Publications
from fedge.simulation.core5g.capif.published import profiles
from fedge.simulation.core5g.faults import Faults
from fedge.simulation.core5g.nef.data_types import TestNotification
from fedge.simulation.core5g.nef.destinations import LOOPBACK
from fedge.simulation.core5g.nef.operator import common_features
from fedge.simulation.core5g.nef.outbox import Letter
from fedge.simulation.core5g.nef.problem import Problem
from fedge.simulation.core5g.shelf import Disk

PROVIDERS_BASE = "/api-provider-management/v1"
PUBLISH_BASE = "/published-apis/v1"
DISCOVER_BASE = "/service-apis/v1"
INVOKERS_BASE = "/api-invoker-management/v1"
SECURITY_BASE = "/capif-security/v1"
EVENTS_BASE = "/capif-events/v1"
CERTIFICATE_S = 86_400.0
"""For how long a certificate is good."""


class CapifCore:
    """``root``: the scheme and authority under which it is reached. ``post``: notifications, out. ``now_s()``: Unix seconds.

    ``customers``: whose each onboarding credential is, given to them out of band.
    """

    def __init__(
        self,
        root: str,
        disk: Disk,
        signer: Signer,
        token_key: ec.EllipticCurvePrivateKey,
        customers: Mapping[str, str],
        post: Callable[[Letter], None],
        now_s: Callable[[], float],
        networks: Sequence[str] = LOOPBACK,
    ) -> None:
        self.root, self.customers, self.now_s, self._post = root, customers, now_s, post
        self.ledger = Ledger(disk, signer, now_s, CERTIFICATE_S)
        self.signatures = tokens.Signatures(token_key)
        self.providers = Providers(disk, self.ledger, new_id)
        self.publications = Publications(disk, new_id)
        shown = self.publications
        self.invokers = Invokers(disk, self.ledger, new_id, lambda: [one.says for one in shown], networks)
        self.contexts = Contexts(disk, shown, networks)
        self.subscriptions = EventSubscriptions(disk, new_id, networks, now_s)

    def gate(self, aef: str) -> Gate:
        """The check of an exposing function of the operator's own."""
        return Gate(aef, self.ledger, self.invokers, self.contexts, self.signatures, self.now_s)

    def strike(self, faults: Faults) -> None:
        """These faults from now on."""
        self.ledger.valid_s = faults.certificate_s or CERTIFICATE_S

    # --- providers and what they publish ------------------------------------------------------------------------------------

    def leave(self, domain: str) -> None:
        """The provider domain goes, with everything that it published and subscribed to."""
        found = self.providers.read(domain)
        for apf in found.ids("APF"):
            for one in self.publications.list(apf):
                self.withdraw(apf, one.id)
        self.providers.remove(domain)
        for function in found.functions():
            self.subscriptions.drop(str(function.api_prov_func_id))

    def update_domain(self, id: str, body: bytes, patch: bool) -> Domain:
        """What a function that goes had published, or exposes, goes with it."""
        before = self.providers.read(id)
        after = self.providers.patch(id, body) if patch else self.providers.replace(id, body)
        apfs, aefs = set(after.ids("APF")), set(after.ids("AEF"))
        for apf in before.ids("APF"):
            for one in self.publications.list(apf):
                if apf not in apfs or any(profile.aef_id not in aefs for profile in profiles(one.says)):
                    self.withdraw(apf, one.id)
        left = {one.api_prov_func_id for one in after.functions()}
        for function in before.functions():
            if function.api_prov_func_id not in left:
                self.subscriptions.drop(str(function.api_prov_func_id))
        return after

    def publish(self, apf: str, domain: str, body: bytes) -> Publication:
        aefs = self.providers.read(domain).ids("AEF")
        return self._shown(events.AVAILABLE, self.publications.publish(apf, domain, aefs, body))

    def republish(self, apf: str, domain: str, id: str, body: bytes) -> Publication:
        aefs = self.providers.read(domain).ids("AEF")
        return self._shown(events.UPDATED, self.publications.replace(apf, id, aefs, body))

    def amend(self, apf: str, domain: str, id: str, body: bytes) -> Publication:
        aefs = self.providers.read(domain).ids("AEF")
        return self._shown(events.UPDATED, self.publications.patch(apf, id, aefs, body))

    def withdraw(self, apf: str, id: str) -> None:
        self._shown(events.UNAVAILABLE, self.publications.withdraw(apf, id))

    def _shown(self, event: str, one: Publication) -> Publication:
        self._happened(Happening(event, api=one.says))
        return one

    # --- invokers -----------------------------------------------------------------------------------------------------------

    def onboard(self, customer: str, body: bytes) -> Invoker:
        """Who let its certificate expire, and onboards again, leaves nothing of the former invoker behind."""
        for one in self.invokers:
            if one.customer == customer and self.ledger.lapsed(one.id):
                self.offboard(one.id)
        made = self._invoker(events.ONBOARDED, self.invokers.onboard(customer, body))
        says = made.says
        self._test(
            made.id, says.request_test_notification, says.supported_features, negotiation.INVOKERS,
            says.notification_destination, self.invoker_uri(made.id),
        )  # fmt: skip
        return made

    def update_invoker(self, id: str, body: bytes, patch: bool) -> Invoker:
        changed = self.invokers.patch(id, body) if patch else self.invokers.replace(id, body)
        return self._invoker(events.CHANGED, changed)

    def offboard(self, id: str) -> None:
        """The invoker goes, and with it its certificate, its security context and its subscriptions."""
        gone = self.invokers.offboard(id)
        self.contexts.drop(id)
        self.subscriptions.drop(id)
        self._invoker(events.OFFBOARDED, gone)

    def _invoker(self, event: str, one: Invoker) -> Invoker:
        self._happened(Happening(event, invoker=one.id))
        return one

    def invoker_uri(self, id: str) -> str:
        return f"{self.root}{INVOKERS_BASE}/onboardedInvokers/{id}"

    # --- security -----------------------------------------------------------------------------------------------------------

    def secure(self, invoker: str, body: bytes, update: bool) -> Context:
        """The security context, made anew, or updated."""
        self.invokers.read(invoker)
        made = self.contexts.update(invoker, body) if update else self.contexts.put(invoker, body)
        says = made.says
        self._test(
            invoker, says.request_test_notification, says.supported_features, negotiation.SECURITY,
            says.notification_destination, self.context_uri(invoker),
        )  # fmt: skip
        return made

    def context_uri(self, invoker: str) -> str:
        return f"{self.root}{SECURITY_BASE}/trustedInvokers/{invoker}"

    def revoke(self, invoker: str, aef: str, body: bytes) -> None:
        """An exposing function takes back what an invoker may call of it; the invoker is told."""
        context = self.contexts.read(invoker)
        said = read_revocation(invoker, body)
        taken = self.contexts.revoke(invoker, lambda grant: grant.aef == aef and grant.api in said.api_ids)
        if not taken:
            raise Problem(404, "SECURITY_CONTEXT_NOT_FOUND", "nothing of that is granted at this function")
        self._revoked(context, aef, taken, said.cause)

    def revoke_all(self, invoker: str, aef: str) -> None:
        """An exposing function takes back everything that an invoker may call of it."""
        context = self.contexts.read(invoker)
        taken = self.contexts.revoke(invoker, lambda grant: grant.aef == aef)
        if not taken:
            raise Problem(403, "REQUEST_NOT_AUTHORIZED", "the security context is none of this function's")
        self._revoked(context, aef, taken, "UNEXPECTED_REASON")

    def end_context(self, invoker: str) -> None:
        """The invoker gives back everything."""
        context = self.contexts.read(invoker)
        self.contexts.drop(invoker)
        granted = context.grants
        happening = Happening(
            events.REVOKED,
            invoker=invoker,
            apis=tuple(dict.fromkeys(grant.api for grant in granted)),
            aefs=tuple(dict.fromkeys(grant.aef for grant in granted)),
        )
        self._happened(happening)

    def token(self, invoker: str, thumbprint: str, form: Mapping[str, str]) -> dict[str, object]:
        """An access token for ``invoker``, who showed the certificate of ``thumbprint``. Raises ``OAuthError``, ``Problem``."""
        known = self.invokers.read(invoker).says.onboarding_information.onboarding_secret
        scope = granted_scope(invoker, str(known), form, lambda: self._by_token(invoker))
        until_s = int(self.now_s()) + tokens.LIFETIME_S
        return {
            "access_token": self.signatures.token(
                tokens.Claims(invoker, scope, until_s, tokens.bound_to(thumbprint))
            ),
            "token_type": "Bearer",
            "expires_in": tokens.LIFETIME_S,
            "scope": scope,
        }

    def _by_token(self, invoker: str) -> scopes.Scope:
        """What the invoker may have tokens for. Raises ``Problem`` 404."""
        self.contexts.read(invoker)
        granted = self.contexts.granted(invoker)
        return frozenset((one.aef, one.name) for one in granted if one.method == OAUTH)

    def _revoked(self, context: Context, aef: str, taken: Sequence[Grant], cause: str) -> None:
        apis = list(dict.fromkeys(grant.api for grant in taken))
        told = SecurityNotification(context.invoker, apis, cause, aef)
        self._send(context.invoker, context.says.notification_destination, told)
        self._happened(Happening(events.REVOKED, invoker=context.invoker, apis=tuple(apis), aefs=(aef,)))

    # --- events -------------------------------------------------------------------------------------------------------------

    def subscribe(self, subscriber: str, is_invoker: bool, body: bytes) -> EventsWanted:
        made = self.subscriptions.create(subscriber, is_invoker, body)
        says = made.says
        self._test(
            made.id, says.request_test_notification, says.supported_features, negotiation.EVENTS,
            says.notification_destination, self.subscription_uri(made),
        )  # fmt: skip
        return made

    def subscription_uri(self, one: EventsWanted) -> str:
        return f"{self.root}{EVENTS_BASE}/{one.subscriber}/subscriptions/{one.id}"

    def _happened(self, happening: Happening) -> None:
        for told in self.subscriptions.told(happening):
            self._send(told.subscription, told.url, told.what)

    def _test(
        self, lane: str, wanted: bool | UnsetType, asked: str | UnsetType, ours: int, url: str, resource: str
    ) -> None:
        """TS 29.222, 7.6: shows whether notifications arrive."""
        if wanted is True and common_features(asked, ours) & negotiation.TEST_EVENT:
            self._send(lane, url, TestNotification(resource))

    def _send(self, lane: str, url: str, what: object) -> None:
        self._post(Letter((f"capif {lane}", ""), url, msgspec.json.encode(what)))


def new_id(prefix: str) -> str:
    """Cannot be guessed, and never was."""
    return f"{prefix}-{secrets.token_hex(12)}"
