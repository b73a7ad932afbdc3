"""Lists: filters and pages."""

from __future__ import annotations

import base64
import binascii
import operator
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from plivo_reject.sandbox.objects import Object, tail

LONGEST_PAGE = 20

_Test = Callable[[Object, str], bool]


class Refused(Exception):
    """A request that the API refuses: a status and an error text."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


def _prefix(field: str) -> _Test:
    return lambda item, wanted: str(item.get(field) or "").startswith(wanted)


def _phone_prefix(field: str) -> _Test:
    return lambda item, wanted: str(item.get(field) or "").lstrip("+").startswith(wanted.lstrip("+ "))


def _exact(field: str) -> _Test:
    return lambda item, wanted: str(item.get(field) or "") == wanted


def _services(item: Object, wanted: str) -> bool:
    return all(item.get(f"{service}_enabled") for service in wanted.split(","))


def _ended(compare: Callable[[str, str], bool]) -> _Test:
    return lambda item, wanted: compare(item["end_time"][: len(wanted)], wanted)


def _owned(item: Object, wanted: str) -> bool:
    return tail(item.get("sub_account")) == wanted


FILTERS: dict[str, dict[str, _Test]] = {
    "Application": {"app_name": _prefix("app_name"), "subaccount": _owned},
    "Number": {
        "number_startswith": _prefix("number"),
        "alias": _exact("alias"),
        "type": _exact("number_type"),
        "services": _services,
        "subaccount": _owned,
    },
    "Endpoint": {"subaccount": _owned},
    "Subaccount": {},
    "Call": {
        "from_number": _phone_prefix("from_number"),
        "to_number": _phone_prefix("to_number"),
        "call_direction": _exact("call_direction"),
        "hangup_source": _exact("hangup_source"),
        "hangup_cause_code": _exact("hangup_cause_code"),
        "parent_call_uuid": _exact("parent_call_uuid"),
        "end_time__gt": _ended(operator.gt),
        "end_time__gte": _ended(operator.ge),
        "end_time__lt": _ended(operator.lt),
        "end_time__lte": _ended(operator.le),
        "subaccount": _owned,
    },
}


def page(path: str, resource: str, found: list[Object], query: Mapping[str, str], paging: str) -> Object:
    """Return a page of a list, as ``paging`` of the options has it; a filter that is empty or unknown does nothing."""
    filters = {name: wanted for name, wanted in query.items() if wanted and name in FILTERS[resource]}
    for name, wanted in filters.items():
        test = FILTERS[resource][name]
        found = [item for item in found if test(item, wanted)]
    limit = _whole(query.get("limit", str(LONGEST_PAGE)), "limit")
    if not 1 <= limit <= LONGEST_PAGE:
        raise Refused(400, f"limit must be from 1 to {LONGEST_PAGE}")
    start = 0 if paging == "broken" else _start(query)

    def link(position: int) -> str:
        where = {"cursor": _cursor(position)} if paging == "cursor" else {"offset": str(position)}
        return f"{path}?{urlencode({**filters, 'limit': limit, **where})}"

    end = start + limit
    meta = {
        "limit": limit,
        "offset": start,
        "next": link(end) if end < len(found) or paging == "broken" else None,
        "previous": link(max(0, start - limit)) if start else None,
        "total_count": len(found),
    }
    return {"meta": meta, "objects": [dict(item) for item in found[start:end]]}


def _start(query: Mapping[str, str]) -> int:
    cursor = query.get("cursor")
    if cursor is None:
        return _whole(query.get("offset", "0"), "offset")
    if "offset" in query:
        raise Refused(400, "cursor and offset cannot be used together")
    try:
        kind, _, position = base64.urlsafe_b64decode(cursor).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        kind, position = "", ""
    if kind != "position":
        raise Refused(400, "cursor is invalid")
    return _whole(position, "cursor")


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"position:{position}".encode()).decode()


def _whole(text: str, name: str) -> int:
    # int() takes more than digits, and refuses thousands of them.
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Refused(400, f"{name} must be a number")
    return int(text)
