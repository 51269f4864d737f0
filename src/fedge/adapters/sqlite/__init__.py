"""The journal on disk."""

from fedge.adapters.sqlite.journal import Entry, SqliteJournal

__all__ = ["Entry", "SqliteJournal"]
