"""Fedge's own API and what the dashboard reads: translation only, no decisions."""

from fedge.api.admin.centre import Centre, Page
from fedge.api.admin.routes import admin_app
from fedge.api.admin.view import view

__all__ = ["Centre", "Page", "admin_app", "view"]
