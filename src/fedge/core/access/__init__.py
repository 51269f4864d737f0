"""Where each UE is and what its paths are worth, as last heard. Volatile: never journaled, discounted by its age."""

from fedge.core.access.client import ClientView
from fedge.core.access.view import AccessView, UeView

__all__ = ["AccessView", "ClientView", "UeView"]
