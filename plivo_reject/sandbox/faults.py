"""Faults that the sandbox commits on request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

STATUSES = ("400", "401", "403", "404", "405", "409", "422", "429", "500", "502", "503", "504")
"""Answered with an error in JSON, the request not carried out."""

KINDS = {
    **dict.fromkeys(STATUSES, "this status, an error in JSON"),
    "500-html": "this status, a proxy's HTML page",
    "502-html": "this status, a proxy's HTML page",
    "503-html": "this status, a proxy's HTML page",
    "200-html": "success, but a proxy's HTML page",
    "429-seconds": "429 with Retry-After in seconds",
    "429-date": "429 with Retry-After as a date",
    "error-dict": "400 whose error is a dict of lists",
    "drop-before": "connection closed, request not carried out",
    "drop-after": "carried out, connection closed without an answer",
    "hang": "no answer for 30 s, request not carried out",
    "hang-after": "carried out, no answer for 30 s",
    "truncate": "carried out, connection closed halfway through the body",
    "bad-json": "carried out, 200 whose JSON breaks off",
    "trickle": "carried out, the body sent a byte every 0.05 s",
    "ignore": "a write answered as if carried out, and it is not",
}
"""Every kind and what it does."""

SYNTAX = "KIND[:METHOD[:PATH[:COUNT[:AFTER]]]]"


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault and the requests that it hits.

    ``path`` is a part of the request's path and query. The fault lets ``after`` matching requests through, then hits
    ``count`` of them, None for ever.
    """

    kind: str
    method: str = "*"
    path: str = ""
    count: int | None = 1
    after: int = 0

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``KIND[:METHOD[:PATH[:COUNT[:AFTER]]]]``; raises ``ValueError`` saying what is allowed.

        METHOD ``*`` or nothing is any method, COUNT ``*`` is for ever.
        """
        parts = text.split(":")
        kind, method, path, count, after = (parts + [""] * 5)[:5]
        if len(parts) > 5 or kind not in KINDS:
            raise ValueError(f"{text!r} is not {SYNTAX}, where KIND is one of {', '.join(KINDS)}")
        if method not in ("", "*") and not (method.isascii() and method.isalpha()):
            raise ValueError(f"{text!r}: METHOD is such as GET, or * for any, in {SYNTAX}")
        if not (count in ("", "*") or _is_count(count)) or not (after == "" or _is_count(after)):
            raise ValueError(f"{text!r}: COUNT is a number, or * for ever, and AFTER is a number, in {SYNTAX}")
        return cls(
            kind=kind,
            method=method.upper() or "*",
            path=path,
            count=None if count == "*" else int(count or 1),
            after=int(after or 0),
        )

    def __str__(self) -> str:
        count = "*" if self.count is None else self.count
        return f"{self.kind}:{self.method}:{self.path}:{count}:{self.after}"

    def hits(self, method: str, target: str) -> bool:
        """Tell whether this request is hit, and count it."""
        if self.method not in ("*", method) or self.path not in target or self.count == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.count is not None:
            self.count -= 1
        return True


class Faults:
    """The faults that are still to be committed; safe to use from several threads."""

    def __init__(self, faults: tuple[str | Fault, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.add(*faults)

    def add(self, *faults: str | Fault) -> None:
        """Add faults, all of them or, when one cannot be read, none."""
        # A fault counts down; a copy leaves the caller's as it is.
        parsed = [Fault.parse(fault) if isinstance(fault, str) else replace(fault) for fault in faults]
        with self._lock:
            self._faults += parsed

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[str]:
        """Return what is left, as ``Fault.parse`` reads it."""
        with self._lock:
            return [str(fault) for fault in self._faults]

    def hit(self, method: str, target: str) -> str | None:
        """Return the kind of the first fault that hits this request; None for none."""
        if not self._faults:
            return None
        with self._lock:
            kind = next((fault.kind for fault in self._faults if fault.hits(method, target)), None)
            self._faults = [fault for fault in self._faults if fault.count != 0]
            return kind


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal()
