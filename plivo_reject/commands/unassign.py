"""``plivo-reject unassign``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from plivo_reject import apply, plan
from plivo_reject.commands.moves import Applications, carry_out, show
from plivo_reject.context import Context
from plivo_reject.errors import NotFoundError, UsageError
from plivo_reject.model import Application
from plivo_reject.options import CONTEXT_SETTINGS, digits_prefix, given_numbers, numbers, shared


@click.command(context_settings=CONTEXT_SETTINGS, epilog="Example: plivo-reject unassign +14155550100")
@numbers
@click.option("--to", "destination", metavar="APP", help="Put them on this application (id or exact name).")
@click.option("--clear", is_flag=True, help="Take them off every application.")
@shared(writes=True)
def command(
    context: Context,
    *,
    texts: Sequence[str],
    region: str | None,
    from_file: str | None,
    every: bool,
    starts_with: str | None,
    destination: str | None,
    clear: bool,
) -> int:
    """Take numbers off the application.

    Each goes back to the application that it had before, as the journal says; without a record, off every application.
    """
    if destination and clear:
        raise UsageError("USAGE", "--to and --clear exclude each other.")
    wanted = given_numbers(texts, region=region, from_file=from_file, every=every, starts_with=starts_with)
    prefix = digits_prefix(starts_with)
    main, listed = context.need_application()
    applications = Applications(context=context)
    applications.add([main, *listed])
    rejecting = rejecting_ids(context, main, listed)
    if wanted is None:
        observed = {number.number: number for number in context.gateway.numbers(prefix) if number.app_id in rejecting}
        wanted = list(observed)
    else:
        observed = apply.observe(context.gateway, wanted, workers=context.settings.workers, stop=context.stop)
    targets: dict[str, str | None]
    if destination:
        to = _named(context, applications, destination).app_id
        targets = dict.fromkeys(wanted, to)
    else:
        targets = {} if clear else earlier(context, applications, wanted, rejecting)
    names = applications.names()
    steps = plan.give_back(wanted, observed, rejecting=rejecting, targets=targets, names=names)
    todo = sum(step.status == "planned" for step in steps)
    if every and todo:
        context.confirm(f"Take {todo} numbers off {main.app_name!r} on {context.account()}?")
    moved = carry_out(context, "unassign", steps)
    applications.read(outcome.after for outcome in moved.outcomes)
    show(context, "unassign", moved, main, applications.names())
    context.screen.following("plivo-reject numbers")
    return moved.exit_code


def rejecting_ids(context: Context, main: Application, listed: Sequence[Application]) -> set[str]:
    """Return the ids of the application and its companions."""
    if context.options.app_id:
        listed = context.gateway.applications(plan.prefix(main.app_name))
    return {main.app_id, *(found.app_id for found in listed if plan.is_companion(found, main.app_name))}


def earlier(
    context: Context, applications: Applications, numbers: Sequence[str], rejecting: set[str]
) -> dict[str, str | None]:
    """Return the application that each number had before, of those recorded that still exist."""
    recorded = context.journal.previous()
    found = {number: recorded[number] for number in numbers if recorded.get(number) not in {None, *rejecting}}
    applications.read(found.values())
    return {number: app_id for number, app_id in found.items() if applications.get(app_id) is not None}


def _named(context: Context, applications: Applications, destination: str) -> Application:
    found = plan.choose(
        [app for app in context.gateway.applications(destination) if app.app_name == destination],
        destination,
        subaccount=context.options.subaccount,
    ) or applications.get(destination)
    if found is None:
        raise NotFoundError(
            "APPLICATION_NOT_FOUND",
            f"--to: there is no application with the id or the name {destination!r} on this account.",
            hint="Give the id or the exact name that the Plivo console shows, or --clear.",
        )
    applications.add([found])
    return found
