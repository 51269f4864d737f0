"""Discovery: the serving site for one UE and one application, and the reason for it.

Read `decide.py` first; `load.py` has the load term and what old figures count for.
"""

from fedge.core.discovery.decide import Decision, Ranked, decide
from fedge.core.discovery.explain import explanation
from fedge.core.discovery.facts import SiteFacts, UeFacts

__all__ = ["Decision", "Ranked", "SiteFacts", "UeFacts", "decide", "explanation"]
