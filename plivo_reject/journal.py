"""What was done, and how to take it back: one JSON-lines file an account, append only."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from plivo_reject.errors import PlivoRejectError
from plivo_reject.model import STATUSES, Status


@dataclass(slots=True, kw_only=True)
class Entry:
    """A write that was intended; ``outcome`` is None while it is in doubt."""

    number: str
    before: str | None
    after: str | None
    outcome: Status | None = None
    found: str | None = None


@dataclass(slots=True, kw_only=True)
class Run:
    """A recorded run; ``undoes`` names the run that an undo took back."""

    run_id: str
    action: str
    started_at: str
    finished_at: str | None = None
    undoes: str | None = None
    summary: dict[str, int] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return the summary as recorded at the end, or what the entries of an unfinished run tell."""
        if self.finished_at:
            return self.summary
        counts = dict.fromkeys(STATUSES, 0)
        for entry in self.entries.values():
            if entry.outcome in counts:
                counts[entry.outcome] += 1
        return {str(status): count for status, count in counts.items()}


class Journal:
    """Appends whole lines with one write each, so that a crash or a second process damages at most its own line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def begin(self, action: str, undoes: str | None = None) -> str:
        """Record the start of a run and return its id; raises ``PlivoRejectError`` when it cannot be written."""
        run_id = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        line: dict[str, Any] = {"run": run_id, "action": action, "at": _now()}
        if undoes:
            line["undoes"] = undoes
        self._append(line, sync=True)
        return run_id

    def intend(self, run_id: str, number: str, before: str | None, after: str | None) -> None:
        """Record, on the disk before it returns, that a number is about to be moved."""
        self._append({"r": run_id, "n": number, "b": before, "a": after}, sync=True)

    def conclude(self, run_id: str, number: str, status: str, found: str | None) -> None:
        """Record what became of an intended move."""
        self._append({"r": run_id, "n": number, "s": status, "f": found}, sync=False)

    def end(self, run_id: str, summary: Mapping[str, int]) -> None:
        """Record the end of a run."""
        self._append({"end": run_id, "at": _now(), "summary": dict(summary)}, sync=True)

    def runs(self) -> list[Run]:
        """Return all recorded runs, oldest first; a damaged line is passed over."""
        runs: dict[str, Run] = {}
        for line in self._lines():
            if "run" in line:
                run_id = str(line["run"])
                runs[run_id] = Run(
                    run_id=run_id,
                    action=str(line.get("action")),
                    started_at=str(line.get("at")),
                    undoes=line.get("undoes"),
                )
            elif line.get("end") in runs:
                runs[line["end"]].finished_at = line.get("at")
                runs[line["end"]].summary = line.get("summary") or {}
            elif line.get("r") in runs and "n" in line:
                entries = runs[line["r"]].entries
                if "s" not in line:
                    entries[line["n"]] = Entry(number=line["n"], before=line.get("b"), after=line.get("a"))
                elif line["n"] in entries:
                    entries[line["n"]].outcome, entries[line["n"]].found = line["s"], line.get("f")
        return list(runs.values())

    def previous(self) -> dict[str, str | None]:
        """Return, for each number that a run assigned, the application that it had before."""
        found: dict[str, str | None] = {}
        for run in self.runs():
            for number, entry in run.entries.items():
                if run.action == "assign" and entry.outcome != "failed":
                    found[number] = entry.before
        return found

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable("read", error) from error
        for raw in content.split(b"\n"):
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line

    def _append(self, line: Mapping[str, Any], *, sync: bool) -> None:
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        try:
            with self._lock:
                descriptor = self._open()
                if os.write(descriptor, data) != len(data):
                    raise OSError("the disk is full")
            if sync:
                os.fsync(descriptor)
        except OSError as error:
            raise self._unusable("written", error) from error

    def _open(self) -> int:
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            size = os.fstat(self._descriptor).st_size
            # A crash may have left half a line, which must not swallow the next one.
            if size and _last_byte(self.path) != b"\n":
                os.write(self._descriptor, b"\n")
        return self._descriptor

    def _unusable(self, verb: str, error: OSError) -> PlivoRejectError:
        return PlivoRejectError(
            "JOURNAL_UNUSABLE",
            f"The journal {str(self.path)!r} cannot be {verb}: {error.strerror or error}.",
            hint="Name another with --journal PATH, or go without a way back with --no-journal.",
        )


class NoJournal(Journal):
    """Records nothing, for ``--no-journal``."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def _lines(self) -> Iterator[dict[str, Any]]:
        return iter(())

    def _append(self, line: Mapping[str, Any], *, sync: bool) -> None:
        return


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
