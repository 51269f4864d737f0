"""What an application function is told of a path change: an ``EventNotification`` (TS 29.522, 5.4.3.3.4). Pure."""

from __future__ import annotations

from msgspec import UNSET

from fedge.core.messages.user_plane import Subscriber
from fedge.simulation.core5g.nef.influence.data_types import (
    UP_PATH_CHANGE,
    EventNotification,
    RouteInformation,
    RouteToLocation,
)
from fedge.simulation.core5g.nef.influence.subscriptions import Subscription
from fedge.simulation.core5g.words import Notify, Route


def event_notification(
    notify: Notify, subscription: Subscription, subscriber: Subscriber, ack_base: str
) -> EventNotification:
    """``ack_base``: the URI below which acknowledgements are taken."""
    return EventNotification(
        dnai_chg_type=notify.stage,
        subscribed_event=UP_PATH_CHANGE,
        af_trans_id=subscription.says.af_trans_id,
        source_dnai=notify.source.site if notify.source is not None else UNSET,
        target_dnai=notify.target.site,
        source_traffic_route=_location(notify.source) if notify.source is not None else UNSET,
        target_traffic_route=_location(notify.target),
        gpsi=subscriber.gpsi,
        src_ue_ipv4_addr=subscriber.ipv4 if notify.source is not None else UNSET,
        tgt_ue_ipv4_addr=subscriber.ipv4,
        af_ack_uri=f"{ack_base}/{notify.transaction}" if notify.transaction else UNSET,
    )


def _location(route: Route) -> RouteToLocation:
    host, _, port = route.n6.rpartition(":")
    return RouteToLocation(route.site, RouteInformation(int(port), ipv4_addr=host))
