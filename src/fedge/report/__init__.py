"""What a run was like, from its directory alone: figures, integrity checks, and the summary that a person reads.

Pure functions over files that other programs wrote; nothing here runs while players play. Reading order: ``make.py`` (the
report), ``windows.py`` (what an interruption is), ``session_logs.py`` (which history survives), ``history.py``, ``belief.py`` and
``replay.py`` (the offline checker), ``summary.py``. Figures and definitions: ``README.md``.
"""

from fedge.report.make import Report, make_report
from fedge.report.summary import compare, passed, summary

__all__ = ["Report", "compare", "make_report", "passed", "summary"]
