"""What one site decides for itself, with or without the centre. Read ``agent.py`` first."""

from fedge.core.site.agent import SiteAgent
from fedge.core.site.holdings import SiteSettings

__all__ = ["SiteAgent", "SiteSettings"]
