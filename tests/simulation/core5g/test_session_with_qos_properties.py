"""Sessions with a quality against an access network that answers late, fills up, restarts and loses its link.

Once all is quiet: the radio holds exactly what the sessions say that it holds, and what an application function was told last of
its session is how it is.
"""

from __future__ import annotations

import json
from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fedge.core.messages import Message
from fedge.core.messages.user_plane import (
    InstallQos,
    QosFulfilled,
    QosInstalled,
    QosRefused,
    RanHello,
    RemoveQos,
    Subscriber,
)
from fedge.core.model import Address, UeId
from fedge.simulation.core5g.nef.effects import Post
from fedge.simulation.core5g.nef.operator import Operator
from fedge.simulation.core5g.nef.qos_references import QOS_REFERENCES
from fedge.simulation.core5g.nef.quality.data_types import UserPlaneNotificationData
from fedge.simulation.core5g.nef.quality.sessions import Sessions
from fedge.simulation.core5g.words import RanLost, ToRan
from tests.simulation.core5g.test_session_with_qos import body

ADDRESSES = {f"127.9.200.{number}": UeId(f"ue-{number}") for number in (1, 2)}
REFERENCES = sorted(QOS_REFERENCES)
GOOD = {"SUCCESSFUL_RESOURCES_ALLOCATION", "QOS_GUARANTEED"}


class QualityWorld(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sessions = Sessions(Operator(frozenset(), {}, ADDRESSES), QOS_REFERENCES, "https://nef")
        self.ids: list[str] = []
        self.told: dict[str, str] = {}
        self.up = False
        self.held: dict[str, InstallQos] = {}
        self.kept: dict[str, bool] = {}
        self.down: deque[Message] = deque()
        self.answers: deque[Message] = deque()
        self.room = set(REFERENCES)
        self.created = 0
        self.restart(set(ADDRESSES))
        self.create("127.9.200.1", REFERENCES, 1)

    def carry_out(self) -> None:
        for effect in self.sessions.take():
            if isinstance(effect, ToRan) and self.up:
                self.down.append(effect.message)
            elif isinstance(effect, Post):
                assert isinstance(effect.body, UserPlaneNotificationData)
                self.told[effect.id] = effect.body.event_reports[0].event

    def hear(self, event: Message | RanLost) -> None:
        self.sessions.handle(event, 0.0)
        self.carry_out()

    @rule(
        address=st.sampled_from(sorted(ADDRESSES)),
        references=st.permutations(REFERENCES),
        some=st.integers(0, 2),
    )
    def create(self, address: str, references: list[str], some: int) -> None:
        self.created += 1
        more = {"altQoSReferences": references[1 : 1 + some]} if some else {}
        said = body(ueIpv4Addr=address, qosReference=references[0], **more)
        self.sessions.create("af", str(self.created), json.dumps(said).encode(), 0.0)
        self.ids.append(str(self.created))
        self.carry_out()

    @precondition(lambda self: self.ids)
    @rule(draw=st.data(), reference=st.sampled_from(REFERENCES), port=st.integers(1, 3))
    def change(self, draw: st.DataObject, reference: str, port: int) -> None:
        flow = {"flowId": 1, "flowDescriptions": [f"permit out 17 from 127.9.1.1 {port} to any"]}
        said = json.dumps({"qosReference": reference, "flowInfo": [flow]}).encode()
        self.sessions.patch("af", draw.draw(st.sampled_from(self.ids)), said, 0.0)
        self.carry_out()

    @precondition(lambda self: self.ids)
    @rule(draw=st.data())
    def delete(self, draw: st.DataObject) -> None:
        gone = draw.draw(st.sampled_from(self.ids))
        self.ids.remove(gone)
        self.told.pop(gone, None)
        self.sessions.delete("af", gone, 0.0)
        self.carry_out()

    @rule(here=st.sets(st.sampled_from(sorted(ADDRESSES)), min_size=1))
    def restart(self, here: set[str]) -> None:
        """The access network, with these UEs; it forgets everything."""
        self.lose()
        self.up = True
        ues = [Subscriber(ADDRESSES[address], "", address, "nr") for address in sorted(here)]
        self.hear(RanHello(Address("127.9.0.3:2152"), tuple(ues)))

    @precondition(lambda self: self.up)
    @rule(really=st.integers(0, 3))
    def lose(self, really: int = 0) -> None:
        if really:
            return
        self.up = False
        self.held.clear()
        self.down.clear()
        self.answers.clear()
        self.hear(RanLost())

    @rule(room=st.sets(st.sampled_from(REFERENCES)))
    def other_room(self, room: set[str]) -> None:
        self.room = room

    @precondition(lambda self: self.down)
    @rule()
    def obey(self) -> None:
        order = self.down.popleft()
        if isinstance(order, RemoveQos):
            self.held.pop(order.flow, None)
        elif isinstance(order, InstallQos):
            again = self.held.get(order.flow) == order
            if again or order.quality in [QOS_REFERENCES[name] for name in self.room]:
                if not again:
                    self.held[order.flow], self.kept[order.flow] = order, True
                self.answers.append(QosInstalled(order.flow, order.ue))
                if not self.kept[order.flow]:
                    self.answers.append(QosFulfilled(order.flow, order.ue, False))
            else:
                self.answers.append(QosRefused(order.flow, order.ue, "RES_ALLO_FAIL"))

    @precondition(lambda self: self.answers)
    @rule()
    def answer(self) -> None:
        self.hear(self.answers.popleft())

    @precondition(lambda self: self.held)
    @rule(draw=st.data(), fulfilled=st.booleans())
    def fulfil(self, draw: st.DataObject, fulfilled: bool) -> None:
        order = self.held[draw.draw(st.sampled_from(sorted(self.held)))]
        self.kept[order.flow] = fulfilled
        self.answers.append(QosFulfilled(order.flow, order.ue, fulfilled))

    @invariant()
    def quiet_means_agreed(self) -> None:
        if not self.up or self.down or self.answers:
            return
        known = {one.id: one for one in self.sessions.all()}
        assert {
            id: (one.held.filters, QOS_REFERENCES[one.held.reference])
            for id, one in known.items()
            if one.held
        } == {id: (order.filters, order.quality) for id, order in self.held.items()}
        for id, one in known.items():
            told = self.told.get(id, "")
            if one.state == "granted":
                assert one.held is not None
                assert (told in GOOD) == self.kept[id]
            elif one.state == "failed":
                assert one.held is not None or told == "FAILED_RESOURCES_ALLOCATION"
            elif one.state == "ended":
                assert told == "SESSION_TERMINATION"

    @precondition(lambda self: self.down or self.answers)
    @rule()
    def settle(self) -> None:
        while self.down or self.answers:
            (self.obey if self.down else self.answer)()

    def teardown(self) -> None:
        self.settle()
        self.quiet_means_agreed()


QualityWorld.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestQualityWorld = QualityWorld.TestCase
