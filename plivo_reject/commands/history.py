"""``plivo-reject history``."""

from __future__ import annotations

import click

from plivo_reject.context import Context
from plivo_reject.errors import Exit
from plivo_reject.options import CONTEXT_SETTINGS, shared


@click.command(context_settings=CONTEXT_SETTINGS, epilog="Example: plivo-reject history --json")
@shared(application=False, journal=True)
def command(context: Context) -> int:
    """List recorded runs, newest first."""
    runs = [
        {
            "run_id": run.run_id,
            "action": run.action,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "summary": run.counts(),
        }
        for run in reversed(context.journal.runs())
    ]
    if context.screen.as_json:
        context.screen.document({"runs": runs})
        return Exit.OK
    context.screen.history(runs)
    if runs:
        context.screen.following("plivo-reject undo --dry-run")
    return Exit.OK
