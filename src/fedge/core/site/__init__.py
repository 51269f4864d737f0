"""What one site decides for itself, with or without the centre."""

from fedge.core.site.agent import SiteAgent, SiteSettings

__all__ = ["SiteAgent", "SiteSettings"]
