"""Where devices are, as far as somebody may know it: places on the earth, areas, and who consented to what.

Read `consent.py` first.
"""

from fedge.core.location.consent import NETWORK_OPERATION, Consent, Consents, consent_to

__all__ = ["NETWORK_OPERATION", "Consent", "Consents", "consent_to"]
