"""What subscribers are posted: the core's `Notify` in the words of ETSI GS MEC 011 (7.1.4, 8.1.4) and MEC 021 (7.4)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from fedge.api.mec import app_mobility, app_support, service_management
from fedge.api.mec.instances import instances
from fedge.core.control import Knowledge, Notify
from fedge.core.enablement import Subscription


def href(one: Subscription, base: str) -> str:
    """The URI of a subscription, under whichever API it was made."""
    owned = f"/applications/{one.owner}/subscriptions/{one.id}"
    match one.topic:
        case "termination":
            return f"{base}{app_support.BASE}{owned}"
        case "availability":
            return f"{base}{service_management.BASE}{owned}"
        case _:
            return f"{base}{app_mobility.BASE}/subscriptions/{one.id}"


def notification(notify: Notify, known: Knowledge, base: str) -> bytes:
    """The body to post to ``notify.subscription.callback``."""
    one = notify.subscription
    body = _BODIES[notify.event](notify, known, base)
    links = {**body.pop("_links", {}), "subscription": {"href": href(one, base)}}
    return msgspec.json.encode({**body, "_links": links})


def _stamp() -> dict[str, int]:
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return {"seconds": seconds, "nanoSeconds": nanos}


def _termination(notify: Notify, known: Knowledge, base: str) -> dict[str, Any]:
    confirm = f"{base}{app_support.BASE}/applications/{notify.subscription.owner}/confirm_termination"
    return {
        "notificationType": "AppTerminationNotification",
        "operationAction": "TERMINATING",
        "maxGracefulTimeout": notify.facts["within_s"],
        "_links": {"confirmTermination": {"href": confirm}},
    }


def _availability(notify: Notify, known: Knowledge, base: str) -> dict[str, Any]:
    facts = notify.facts
    reference = {
        "serName": facts["name"],
        "serInstanceId": facts["id"],
        "state": facts["state"],
        "changeType": facts["change"],
    }
    if facts["change"] != "REMOVED":
        own = notify.subscription.namespace in ("", facts["namespace"])
        link = service_management.service_href(base, facts["id"], facts["owner"] if own else None)
        reference["link"] = {"href": link}
    return {"notificationType": "SerAvailabilityNotification", "serviceReferences": [reference]}


def _mobility(notify: Notify, known: Knowledge, base: str) -> dict[str, Any]:
    facts = notify.facts
    body = {
        "notificationType": "MobilityProcedureNotification",
        "timeStamp": _stamp(),
        "associateId": facts["associate_ids"],
        "mobilityStatus": facts["status"],
    }
    at_target = [one for one in instances(known) if (one.site, one.app) == (facts["to"], facts["app"])]
    target = next((one for one in at_target if one.ready), at_target[0] if at_target else None)
    if target is not None:
        interface = app_mobility.comm_interface(known.state.sites[target.site].gateway)
        body["targetAppInfo"] = {"appInstanceId": target.id, "commInterface": interface}
    return body


def _adjacent(notify: Notify, known: Knowledge, base: str) -> dict[str, Any]:
    """MEC 021, 7.4.3: the definition names the type and does not have it."""
    sites = known.state.sites
    listed = [
        {"appInstanceId": one.id, "commInterface": app_mobility.comm_interface(sites[one.site].gateway)}
        for one in instances(known)
        if one.id in notify.facts["instances"]
    ]
    return {
        "notificationType": "AdjacentAppInfoNotification",
        "timeStamp": _stamp(),
        "adjacentAppInfo": listed,
    }


def _expiry(notify: Notify, known: Knowledge, base: str) -> dict[str, Any]:
    deadline = notify.subscription.told.get("expiryDeadline")
    return {"notificationType": "ExpiryNotification", "timeStamp": _stamp(), "expiryDeadline": deadline}


def _test(notify: Notify, known: Knowledge, base: str) -> dict[str, Any]:
    return {"notificationType": "TestNotification"}


_BODIES: dict[str, Callable[[Notify, Knowledge, str], dict[str, Any]]] = {
    "termination": _termination,
    "availability": _availability,
    "mobility": _mobility,
    "adjacent": _adjacent,
    "expiry": _expiry,
    "test": _test,
}
