"""Fedge: a federated edge cloud whose sessions follow their players from site to site.

Start reading at `fedge/core/README.md`; ARCHITECTURE.md has the map and the dependency rule.
"""
