"""Placement: which sites run how many replicas of an application, under Karmada's policies and the application's QoS.

Read `question.py` (what is asked), then `decide.py` (the answer: filter, score, select, divide), the same on both engines.
`place.py` asks it for the embedded engine's sites; `read.py` for Karmada's bindings.

Where a QoS asks: `objective.py` (what is good), `assign.py` (players to sites), `serve.py` (replicas by players), `demand.py` and
`wish.py` (where players are), `mend.py` (what does not fit).
"""

from fedge.core.placement.decide import decide as place_binding
from fedge.core.placement.demand import CellDemand, Picture, settled
from fedge.core.placement.explain import explanation
from fedge.core.placement.facts import Placement, Refusal, SiteFacts, Taint
from fedge.core.placement.filters import outside, refusals
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.mend import mend
from fedge.core.placement.place import place
from fedge.core.placement.policy import Policy, policies_of
from fedge.core.placement.question import Cluster, Decision, Question, Wanted
from fedge.core.placement.read import cluster_of, clusters_of, question_of
from fedge.core.placement.spread import divided
from fedge.core.placement.wish import border_of, wanted_of

__all__ = [
    "CellDemand",
    "Cluster",
    "Decision",
    "Fleet",
    "Picture",
    "Placement",
    "Policy",
    "Question",
    "Refusal",
    "SiteFacts",
    "Taint",
    "Wanted",
    "border_of",
    "cluster_of",
    "clusters_of",
    "divided",
    "explanation",
    "mend",
    "outside",
    "place",
    "place_binding",
    "policies_of",
    "question_of",
    "refusals",
    "settled",
    "wanted_of",
]
