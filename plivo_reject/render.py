"""The only printer: tables and text for people, one JSON document for scripts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

from plivo_reject.model import SETTINGS, STATUSES, Application, Change, Number, Outcome

_COLOURS = {"changed": "green", "planned": "cyan", "failed": "red", "skipped": "yellow", "unchanged": "dim"}


def reference(app_id: str | None, names: Mapping[str, str]) -> dict[str, str | None] | None:
    """Return ``{"app_id", "app_name"}``, None for no application.

    An application that a dry run would create has no id yet; it stands under ``new:NAME``.
    """
    if app_id is None:
        return None
    if app_id.startswith("new:"):
        return {"app_id": None, "app_name": app_id.removeprefix("new:")}
    return {"app_id": app_id, "app_name": names.get(app_id)}


def moves_document(
    action: str,
    outcomes: Sequence[Outcome],
    *,
    dry_run: bool,
    application: Application | None,
    names: Mapping[str, str],
    run_id: str | None,
) -> dict[str, Any]:
    """Return the document of ``assign``, ``unassign``, ``undo`` and ``teardown``."""
    return {
        "action": action,
        "dry_run": dry_run,
        "application": application.reference() if application else None,
        "numbers": [
            {
                "number": f"+{outcome.number}",
                "status": outcome.status,
                "before": reference(outcome.before, names),
                "after": reference(outcome.after, names),
                "detail": outcome.detail,
                "error": dict(outcome.error) if outcome.error else None,
            }
            for outcome in outcomes
        ],
        "summary": summary(outcomes),
        "run_id": run_id,
    }


def summary(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Count the outcomes by status."""
    counts = dict.fromkeys(STATUSES, 0)
    for outcome in outcomes:
        counts[outcome.status] += 1
    return {str(status): count for status, count in counts.items()}


def number_document(number: Number, names: Mapping[str, str], rejecting: set[str]) -> dict[str, Any]:
    """Return a number for the documents of ``numbers`` and ``status``."""
    return {
        "number": f"+{number.number}",
        "alias": number.alias or None,
        "voice_enabled": number.voice_enabled,
        "sms_enabled": number.sms_enabled,
        "application": reference(number.app_id, names),
        "rejecting": number.app_id in rejecting,
    }


class Screen:
    """Standard output for data, standard error for everything said beside it."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def document(self, document: Mapping[str, Any]) -> None:
        """Print the JSON document."""
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")

    def note(self, text: str) -> None:
        """Say something on standard error, unless quiet."""
        if not self.quiet:
            self._console(sys.stderr).print(_clean(text), markup=False, highlight=False, soft_wrap=True)

    def following(self, command: str) -> None:
        """Name the sensible next command."""
        if not self.as_json:
            self.note(f"Next: {command}")

    def trace(self, method: str, path: str, said: str, seconds: float) -> None:
        """Show one request on standard error."""
        sys.stderr.write(f"{method} {path or 'Account/'} {said} {seconds * 1000:.0f} ms\n")

    @contextmanager
    def progress(self, total: int, what: str) -> Iterator[Callable[[], None]]:
        """Show a bar with rate and time left on a terminal; yields what to call for each thing done."""
        if self.quiet or total < 2 or not sys.stderr.isatty():
            yield lambda: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console(sys.stderr), transient=True) as bar:
            task = bar.add_task(what, total=total, pace="")

            def done() -> None:
                speed = bar.tasks[0].speed
                bar.update(task, advance=1, pace=f"{speed:.0f}/s" if speed else "")

            yield done

    def moves(self, document: Mapping[str, Any]) -> None:
        """Print what became of numbers, for people."""
        rows = [
            (
                row["number"],
                row["status"],
                _name(row["before"]),
                _name(row["after"]),
                row["error"]["message"] if row["error"] else row["detail"] or "",
            )
            for row in document["numbers"]
        ]
        if rows:
            self._table(("Number", "Status", "Before", "After", "Detail"), rows, colour_of=1)
        counts = ", ".join(f"{count} {status}" for status, count in document["summary"].items() if count)
        self._say(counts or "No numbers.")
        for hint in dict.fromkeys(row["error"]["hint"] for row in document["numbers"] if row["error"]):
            if hint:
                self.note(f"Hint: {hint}")

    def setup(self, action: str, application: Application, changes: Sequence[Change], *, dry_run: bool) -> None:
        """Print what ``setup`` did, for people."""
        would = {"created": "would be created", "updated": "would be updated"}
        said = would.get(action, action) if dry_run else action
        ident = f" ({application.app_id})" if application.app_id else ""
        self._say(f"Application {application.app_name}{ident}: {said}.")
        if changes:
            rows = [(c.field, str(c.before or ""), str(c.after or "")) for c in changes]
            self._table(("Setting", "Before", "After"), rows)

    def application(self, application: Application) -> None:
        """Print an application's settings, for people."""
        rows = [("app_id", application.app_id), ("app_name", application.app_name)]
        rows += [(name, application.setting(name)) for name in SETTINGS]
        self._table(("Setting", "Value"), rows)

    def numbers(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print numbers and where their calls go, for people."""
        if not rows:
            self._say("No numbers.")
            return
        table = [
            (
                row["number"],
                row["alias"] or "",
                "yes" if row["voice_enabled"] else "no",
                "yes" if row["sms_enabled"] else "no",
                _name(row["application"]),
                "yes" if row["rejecting"] else "no",
            )
            for row in rows
        ]
        self._table(("Number", "Alias", "Voice", "SMS", "Application", "Rejecting"), table)

    def problems(self, problems: Sequence[Mapping[str, Any]]) -> None:
        """Print what is wrong, for people."""
        for problem in problems:
            self._say(f"Problem: {problem['message']}")
            if problem["hint"]:
                self._say(f"  Hint: {problem['hint']}")

    def history(self, runs: Sequence[Mapping[str, Any]]) -> None:
        """Print recorded runs, for people."""
        if not runs:
            self._say("No runs are recorded.")
            return
        rows = [
            (
                run["run_id"],
                run["action"],
                run["started_at"],
                run["finished_at"] or "interrupted",
                ", ".join(f"{count} {status}" for status, count in run["summary"].items() if count),
            )
            for run in runs
        ]
        self._table(("Run", "Action", "Started", "Finished", "Summary"), rows)

    def _say(self, text: str) -> None:
        self._console(sys.stdout).print(_clean(text), markup=False, highlight=False, soft_wrap=True)

    def _table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], colour_of: int | None = None) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for position, head in enumerate(heads):
            # A number, an id or a state is never cut; the rest folds.
            table.add_column(head, no_wrap=position < 2, overflow="fold")
        for row in rows:
            cells = [Text(_clean(cell)) for cell in row]
            if colour_of is not None:
                cells[colour_of].stylize(_COLOURS.get(row[colour_of], ""))
            table.add_row(*cells)
        self._console(sys.stdout).print(table)

    def _console(self, stream: TextIO) -> Console:
        from rich.console import Console

        # A pipe has no width: a script's grep must not meet a folded line.
        width = None if stream.isatty() or os.environ.get("COLUMNS") else 200
        return Console(file=stream, width=width, no_color=bool(os.environ.get("NO_COLOR")), highlight=False)


def _name(application: Mapping[str, Any] | None) -> str:
    if application is None:
        return "none"
    return str(application["app_name"] or application["app_id"])


def _clean(text: str) -> str:
    """Return the text without control characters, which an alias or a name could smuggle to the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
