"""Placement: which sites run how many replicas of an application, under Karmada's policies and the application's QoS.

Read `solve.py` first; then `feasible.py` (who could), `rank.py` (who should), `divide.py` (how many each),
`policy.py` (the rules).
"""

from fedge.core.placement.decide import decide as place_binding
from fedge.core.placement.explain import explanation
from fedge.core.placement.facts import Demand, Placement, Refusal, SiteFacts, Taint
from fedge.core.placement.filters import refusals
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.policy import Policy, policies_of
from fedge.core.placement.question import Cluster, Decision, Question
from fedge.core.placement.read import cluster_of, question_of
from fedge.core.placement.solve import place
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
    "place",
    "place_binding",
    "policies_of",
    "question_of",
    "refusals",
]
