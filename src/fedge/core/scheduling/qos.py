"""What the applications' QoSPolicies and the control plane's figures add to the bindings' questions; without them: nothing.

Neighbours: `scheduler.py` asks for each binding it looks at; `core/placement/wish.py` says what a policy means.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from fedge.core.placement import Cluster, Picture, Question, border_of, wanted_of
from fedge.core.scheduling.binding import Binding, BindingKey
from fedge.core.scheduling.events import PolicySeen


class Qualities:
    """QoSPolicies by the application that they are about. Of several the first name counts."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.overloaded: frozenset[str] = frozenset()
        self._policies: dict[BindingKey, PolicySeen] = {}
        self._about: dict[tuple[str, str], set[BindingKey]] = {}

    def seen(self, event: PolicySeen) -> bool:
        """Is it new, or another than before?"""
        before = self.gone(event.key)
        self._policies[event.key] = event
        self._about.setdefault((event.key.namespace, event.target), set()).add(event.key)
        return before != event

    def gone(self, key: BindingKey) -> PolicySeen | None:
        before = self._policies.pop(key, None)
        if before is not None:
            self._about[key.namespace, before.target].discard(key)
        return before

    def of(self, binding: Binding) -> PolicySeen | None:
        question = binding.question
        if question is None or (question.api_version, question.kind) != ("apps/v1", "Deployment"):
            return None
        about = self._about.get(binding.application)
        return self._policies[min(about)] if about else None

    def asked(self, binding: Binding, clusters: Mapping[str, Cluster], may_move: bool) -> Binding:
        """The binding with what its QoS asks for. A policy that cannot be read is the binding's trouble: it may have a border."""
        policy = self.of(binding)
        if policy is None or binding.question is None:
            return binding
        if policy.spec is None:
            return replace(binding, question=None, trouble=policy.trouble)
        return replace(binding, question=self._with(policy, binding.question, clusters, may_move))

    def _with(
        self, policy: PolicySeen, question: Question, clusters: Mapping[str, Cluster], may_move: bool
    ) -> Question:
        spec = policy.spec
        assert spec is not None
        regions = {name: each.region for name, each in clusters.items()}
        return replace(
            question,
            wanted=wanted_of(spec.latency, spec.standby, self.picture, regions),
            border=border_of(spec.border) if spec.border is not None else None,
            overloaded=self.overloaded,
            may_move=may_move,
        )
