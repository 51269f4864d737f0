"""Placement: which sites run how many replicas of an application, under Karmada's policies and the application's QoS.

Read `question.py` (what is asked), then `decide.py` (the answer: filter, score, select, divide), the same on both engines.
`place.py` asks it for the embedded engine's sites; `read.py` for Karmada's bindings.
"""

from fedge.core.placement.decide import decide as place_binding
from fedge.core.placement.explain import explanation
from fedge.core.placement.facts import Demand, Placement, Refusal, SiteFacts, Taint
from fedge.core.placement.filters import outside, refusals
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.place import place
from fedge.core.placement.policy import Policy, policies_of
from fedge.core.placement.question import Cluster, Decision, Question
from fedge.core.placement.read import cluster_of, question_of
from fedge.core.placement.spread import divided

__all__ = [
    "Cluster",
    "Decision",
    "Demand",
    "Fleet",
    "Placement",
    "Policy",
    "Question",
    "Refusal",
    "SiteFacts",
    "Taint",
    "cluster_of",
    "divided",
    "explanation",
    "outside",
    "place",
    "place_binding",
    "policies_of",
    "question_of",
    "refusals",
]
