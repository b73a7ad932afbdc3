"""Read what Plivo's answers say: pages, errors, ``Retry-After``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = 20
"""The largest page that Plivo's lists serve."""


def meta(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a list page's ``meta``, empty when it has none."""
    found = page.get("meta")
    return found if isinstance(found, dict) else {}


def objects(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a list page's objects, without what is no object."""
    found = page.get("objects")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def following(page: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what asks for the next page: a cursor supersedes an offset, and both together are never sent."""
    link = meta(page).get("next")
    if not link:
        return None
    query = parse_qs(urlsplit(str(link)).query)
    limit = query.get("limit", [str(PAGE)])[0]
    size = int(limit) if limit.isdigit() and 1 <= int(limit) <= PAGE else PAGE
    if cursor := query.get("cursor", [""])[0]:
        return {"limit": size, "cursor": cursor}
    offset = query.get("offset", [""])[0]
    return {"limit": size, "offset": int(offset)} if offset.isdigit() else None


def said(body: object) -> str:
    """Return the text of an error body: ``error`` is a text, or a dict of field to text or texts."""
    error = body.get("error") or body.get("message") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return "; ".join(f"{field}: {_joined(text)}" for field, text in error.items())
    return _joined(error) if error else ""


def _joined(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_joined(item) for item in value)
    return "".join(character if character.isprintable() else " " for character in str(value)).strip()


def seconds(header: str | None) -> float | None:
    """Read ``Retry-After``: seconds or an HTTP date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
