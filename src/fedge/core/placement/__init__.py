"""Placement: which sites run how many replicas of an application, under Karmada's policies and the application's QoS.

Read `solve.py` first; then `feasible.py` (who could), `rank.py` (who should), `divide.py` (how many each),
`policy.py` (the rules).
"""

from fedge.core.placement.explain import explanation
from fedge.core.placement.facts import Demand, Placement, Refusal, SiteFacts, Taint
from fedge.core.placement.policy import Policy, policies_of, policy_of_placement
from fedge.core.placement.solve import place

__all__ = [
    "Demand",
    "Placement",
    "Policy",
    "Refusal",
    "SiteFacts",
    "Taint",
    "explanation",
    "place",
    "policies_of",
    "policy_of_placement",
]
