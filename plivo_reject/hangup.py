"""The XML that rejects a call."""

from __future__ import annotations

REASONS = ("rejected", "busy")
"""What Plivo's ``Hangup`` element takes as its reason."""

CONTENT_TYPE = "text/xml; charset=utf-8"


def hangup_xml(reason: str = "rejected") -> str:
    """Return the answer that makes Plivo hang up without answering the call; raises ``ValueError``."""
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is not one of {', '.join(REASONS)}")
    return f'<Response><Hangup reason="{reason}"/></Response>'
