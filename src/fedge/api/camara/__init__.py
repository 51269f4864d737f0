"""What studios call commercially: CAMARA's APIs, in CAMARA's words. Translation only."""

from fedge.api.camara.device import Device, Subscribers
from fedge.api.camara.simple_edge_discovery import simple_edge_discovery

__all__ = ["Device", "Subscribers", "simple_edge_discovery"]
