"""Calls that are made through the API, and their records."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from plivo_reject.sandbox import objects, writes
from plivo_reject.sandbox.lists import Refused
from plivo_reject.sandbox.objects import Object, tail
from plivo_reject.sandbox.state import State

SHOWS_AFTER = 0.25
"""Seconds until the record of a call is there."""


def parties(body: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return who calls, and who is called (several are separated by ``<``); raises ``Refused``."""
    for name in ("from", "to", "answer_url"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise Refused(400, f"{name} is required")
    if not writes.is_url(body["answer_url"]):
        raise Refused(400, "answer_url is not a valid URL")
    writes.method("answer_method", body.get("answer_method") or "POST")
    return body["from"].lstrip("+"), [callee.strip().lstrip("+") for callee in body["to"].split("<")]


def records(state: State, call_uuid: str, caller: Object, callee: str, started: float) -> list[Object]:
    """Return the records of a call: the leg that goes out and, when it reaches a number of the account, the one in."""
    called = state.numbers.get(callee)
    rejected = called is not None and _rejects(state, called)
    made = [("outbound", call_uuid, caller, "Callee")]
    if called is not None:
        made.append(("inbound", str(uuid.uuid4()), called, "Answer XML" if rejected else "Caller"))
    return [
        objects.call(
            state.account,
            ident,
            {
                "call_direction": direction,
                "from_number": f"+{caller['number']}",
                "to_number": callee,
                "hangup_source": source,
                "sub_account": owner["sub_account"],
            },
            rejected=rejected,
            started=started,
        )
        for direction, ident, owner, source in made
    ]


def _rejects(state: State, called: Object) -> bool:
    # The sandbox calls no answer URL, so that a rehearsal needs no server; the application's name tells its purpose.
    application = state.applications.get(tail(called["application"]) or "", {})
    return "reject" in str(application.get("app_name", "")).lower()
