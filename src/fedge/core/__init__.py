"""Decisions only: no I/O, no clock, no randomness, no async. Read ``README.md`` beside this file first."""
