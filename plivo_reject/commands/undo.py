"""``plivo-reject undo``."""

from __future__ import annotations

import click

from plivo_reject import apply, plan
from plivo_reject.commands.moves import Applications, carry_out, show
from plivo_reject.context import Context
from plivo_reject.errors import NotFoundError
from plivo_reject.options import CONTEXT_SETTINGS, shared


@click.command(context_settings=CONTEXT_SETTINGS, epilog="Example: plivo-reject undo --dry-run")
@click.argument("run", metavar="[RUN]", required=False)
@shared(application=False, writes=True)
def command(context: Context, *, run: str | None) -> int:
    """Put everything back as it was before a run, by default the newest that is not undone.

    A number that someone has changed since is skipped, and named.
    """
    runs = context.journal.runs()
    found = next((one for one in runs if one.run_id == run), None) if run else plan.undoable(runs)
    if found is None:
        raise NotFoundError(
            "RUN_NOT_FOUND",
            f"No run {run!r} is recorded." if run else "No run is recorded that could be undone.",
            hint="plivo-reject history",
        )
    numbers = list(found.entries)
    observed = apply.observe(context.gateway, numbers, workers=context.settings.workers, stop=context.stop)
    applications = Applications(context=context)
    applications.read([*(entry.before for entry in found.entries.values()), *(n.app_id for n in observed.values())])
    steps = plan.undo_steps(found.entries.values(), observed, gone=applications.absent)
    todo = sum(step.status == "planned" for step in steps)
    if todo:
        context.confirm(f"Undo run {found.run_id} ({found.action}, {todo} numbers) on {context.account()}?")
    moved = carry_out(context, "undo", steps, undoes=found.run_id)
    applications.read(outcome.after for outcome in moved.outcomes)
    show(context, "undo", moved, None, applications.names())
    context.screen.following("plivo-reject numbers")
    return moved.exit_code
