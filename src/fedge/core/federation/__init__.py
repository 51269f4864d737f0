"""Sites: who is in the federation, whether they were heard lately, and what they can take."""

from fedge.core.federation.sites import LOST_AFTER, SUSPECT_AFTER, Site, SiteView, health

__all__ = ["LOST_AFTER", "SUSPECT_AFTER", "Site", "SiteView", "health"]
