"""One line a call, which no caller can forge."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import datetime, timezone

LONGEST = 200
"""Characters of a value that are logged."""

KEYS = {"CallUUID": "call_uuid", "From": "from", "To": "to", "ForwardedFrom": "forwarded_from"}


class CallLog:
    """Gathers lines and writes them a tenth of a second later at most, so that a call never waits for the disk."""

    def __init__(self, *, as_json: bool = False, mask_numbers: bool = False) -> None:
        self._as_json = as_json
        self._mask = mask_numbers
        self._lines: list[str] = []

    def write(self, event: str, call: Mapping[str, str], *, seconds: float, **more: str) -> None:
        """Log an event of a call; ``more`` are further keys, left out when empty."""
        line: dict[str, object] = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "event": event,
        }
        for parameter, key in KEYS.items():
            if value := call.get(parameter):
                masked = self._mask and parameter != "CallUUID"
                line[key] = _masked(value) if masked else value[:LONGEST]
        line.update({key: value[:LONGEST] for key, value in more.items() if value})
        line["duration_ms"] = round(seconds * 1000, 3)
        if not self._lines:
            asyncio.get_running_loop().call_later(0.1, self.flush)
        # JSON escapes whatever could end a line or steer a terminal; the text form quotes values the same way.
        self._lines.append(json.dumps(line) if self._as_json else _text(line))

    def flush(self) -> None:
        """Write what was gathered."""
        if self._lines:
            lines, self._lines = self._lines, []
            try:
                sys.stdout.write("\n".join(lines) + "\n")
                sys.stdout.flush()
            except OSError:
                # A log that nobody reads any more must not keep calls from being rejected.
                return


def _text(line: Mapping[str, object]) -> str:
    return " ".join(
        f"{key}={value if not isinstance(value, str) or _plain(value) else json.dumps(value)}"
        for key, value in line.items()
    )


def _plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and not any(character in value for character in ' "\\=')


def _masked(value: str) -> str:
    digits = "".join(character for character in value if character.isdigit())
    return "*" * max(len(digits) - 4, 4) + digits[-4:] if len(digits) > 4 else "****"
