"""The web dashboard: static files only, no build step.

Purpose: tell the control plane where the page's files are. The control plane serves `INDEX` at `/` and `STATIC_DIR` at
`/static/`, with `CONTENT_SECURITY_POLICY`; the page then reads `/api/v1/view` and `/api/v1/view/stream`.
Neighbours: `static/index.html` (the page), the control plane's HTTP program (serves it).
Source: design page "The dashboard".
"""

from pathlib import Path

STATIC_DIR: Path = Path(__file__).resolve().parent / "static"
"""Directory of the page's files; ES modules need the media type `text/javascript`."""

INDEX: Path = STATIC_DIR / "index.html"
"""The one HTML document."""

CONTENT_SECURITY_POLICY: str = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy the page is written for: nothing inline, nothing from another origin."""

__all__ = ["CONTENT_SECURITY_POLICY", "INDEX", "STATIC_DIR"]
