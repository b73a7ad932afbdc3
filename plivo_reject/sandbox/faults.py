"""Faults that the sandbox commits on request."""

from __future__ import annotations

from dataclasses import dataclass

STATUSES = ("400", "401", "403", "404", "405", "409", "422", "429", "500", "502", "503", "504")
KINDS = (
    *STATUSES,
    "500-html",
    "502-html",
    "503-html",
    "200-html",
    "429-seconds",
    "429-date",
    "drop-before",
    "drop-after",
    "hang",
    "truncate",
    "bad-json",
    "trickle",
    "ignore",
    "error-dict",
)
"""``drop-after`` and ``truncate`` let the request take effect, ``ignore`` answers a write and does not."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault and the requests that it hits; ``count`` None is for ever."""

    kind: str
    method: str = "*"
    path: str = ""
    count: int | None = 1
    after: int = 0

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``KIND[:METHOD[:PATH[:COUNT[:AFTER]]]]``; raises ``ValueError`` saying what is allowed.

        PATH is a part of the path; COUNT ``*`` is for ever; AFTER lets so many requests through first.
        """
        kind, method, path, count, after = (text.split(":") + [""] * 4)[:5]
        if kind not in KINDS or text.count(":") > 4:
            raise ValueError(f"{text!r} is not KIND[:METHOD[:PATH[:COUNT[:AFTER]]]], KIND one of {', '.join(KINDS)}")
        if not (count in ("", "*") or count.isdigit()) or not (after == "" or after.isdigit()):
            raise ValueError(f"{text!r}: COUNT is a number or *, AFTER is a number")
        return cls(
            kind=kind,
            method=method.upper() or "*",
            path=path,
            count=None if count == "*" else int(count or 1),
            after=int(after or 0),
        )

    def hits(self, method: str, path: str) -> bool:
        """Tell whether this request is hit, and count it."""
        if self.method not in ("*", method) or self.path not in path or self.count == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.count is not None:
            self.count -= 1
        return True
