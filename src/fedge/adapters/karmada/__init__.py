"""Karmada from outside: the engine that publishes manifests, and the scheduler's eyes and hands."""
