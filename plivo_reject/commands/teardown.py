"""``plivo-reject teardown``."""

from __future__ import annotations

import click

from plivo_reject import plan
from plivo_reject.commands.moves import Applications, Moved, carry_out, show
from plivo_reject.commands.unassign import earlier, rejecting_ids
from plivo_reject.context import Context
from plivo_reject.errors import Exit
from plivo_reject.options import CONTEXT_SETTINGS, shared


@click.command(context_settings=CONTEXT_SETTINGS, epilog="Example: plivo-reject teardown --dry-run")
@shared(writes=True)
def command(context: Context) -> int:
    """Take every number off and delete the application and its companions.

    An application that a number or a SIP endpoint is still on is kept.
    """
    main, listed = context.need_application()
    rejecting = rejecting_ids(context, main, listed)
    observed = {number.number: number for number in context.gateway.numbers() if number.app_id in rejecting}
    applications = Applications(context=context)
    applications.add([main, *listed])
    targets = earlier(context, applications, list(observed), rejecting)
    names = applications.names()
    steps = plan.give_back(list(observed), observed, rejecting=rejecting, targets=targets, names=names)
    doomed = ", ".join(sorted(names.get(app_id, app_id) for app_id in rejecting))
    context.confirm(f"Take {len(steps)} numbers off and delete {doomed} on {context.account()}?")
    moved = carry_out(context, "teardown", steps)
    if context.options.dry_run:
        context.screen.note(f"To be deleted once nothing is on them: {doomed}.")
    else:
        _delete(context, rejecting, applications, moved)
    applications.read(outcome.after for outcome in moved.outcomes)
    show(context, "teardown", moved, main, {**names, **applications.names()})
    return moved.exit_code


def _delete(context: Context, rejecting: set[str], applications: Applications, moved: Moved) -> None:
    numbers = [number.app_id for number in context.gateway.numbers()]
    used = {app_id for app_id in numbers if app_id in rejecting}
    endpoints = rejecting.intersection(context.gateway.endpoint_applications())
    for app_id in sorted(rejecting):
        name = applications.names().get(app_id, app_id)
        if app_id in used or app_id in endpoints:
            what = "numbers" if app_id in used else "SIP endpoints"
            context.screen.note(f"{name} ({app_id}) is kept: {what} are still on it.")
            moved.exit_code = moved.exit_code or Exit.PARTIAL
            continue
        context.gateway.delete_application(app_id)
        if context.gateway.application(app_id) is None:
            context.screen.note(f"{name} ({app_id}) is deleted.")
        else:
            context.screen.note(f"{name} ({app_id}) still shows although Plivo answered that it was deleted.")
            moved.exit_code = moved.exit_code or Exit.PARTIAL
