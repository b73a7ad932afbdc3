"""``plivo-reject status``."""

from __future__ import annotations

from typing import Any

import click

from plivo_reject import plan
from plivo_reject.commands.moves import Applications
from plivo_reject.commands.unassign import rejecting_ids
from plivo_reject.context import Context
from plivo_reject.errors import Exit
from plivo_reject.options import CONTEXT_SETTINGS, shared
from plivo_reject.render import number_document


@click.command(context_settings=CONTEXT_SETTINGS, epilog="Example: plivo-reject status --json")
@shared()
def command(context: Context) -> int:
    """Show the application, its settings, its numbers and what is wrong."""
    main, listed = context.find_application()
    rows: list[dict[str, Any]] = []
    if main is None:
        error = plan.missing_application(context.app_name)
        problems = [{"code": error.code, "message": error.message, "hint": error.hint}]
    else:
        rejecting = rejecting_ids(context, main, listed)
        numbers = sorted(context.gateway.numbers(), key=lambda number: number.number)
        on_it = [number for number in numbers if number.app_id in rejecting]
        applications = Applications(context=context)
        applications.add([main, *listed])
        applications.read(rejecting)
        rows = [number_document(number, applications.names(), rejecting) for number in on_it]
        kept = [found for found in applications.known.values() if plan.is_companion(found, main.app_name)]
        problems = plan.problems(main, kept, on_it)
    if context.screen.as_json:
        context.screen.document(
            {"application": main.document() if main else None, "numbers": rows, "problems": problems}
        )
        return Exit.OK if main else Exit.NOT_FOUND
    context.screen.note(f"On {context.account()}:")
    if main:
        context.screen.application(main)
        context.screen.numbers(rows)
    context.screen.problems(problems)
    context.screen.following("plivo-reject numbers" if main else problems[0]["hint"])
    return Exit.OK if main else Exit.NOT_FOUND
