"""``plivo-reject numbers``."""

from __future__ import annotations

import click

from plivo_reject.commands.moves import Applications
from plivo_reject.commands.unassign import rejecting_ids
from plivo_reject.context import Context
from plivo_reject.errors import Exit
from plivo_reject.options import CONTEXT_SETTINGS, digits_prefix, shared
from plivo_reject.render import number_document


@click.command(context_settings=CONTEXT_SETTINGS, epilog="Example: plivo-reject numbers --starts-with +1415")
@click.option("--starts-with", metavar="PREFIX", help="Only numbers that begin so.")
@shared()
def command(context: Context, *, starts_with: str | None) -> int:
    """List the account's numbers and where each one's calls go."""
    prefix = digits_prefix(starts_with)
    main, listed = context.find_application()
    rejecting = rejecting_ids(context, main, listed) if main else set()
    found = sorted(context.gateway.numbers(prefix), key=lambda number: number.number)
    applications = Applications(context=context)
    applications.add(listed)
    applications.read(number.app_id for number in found)
    rows = [number_document(number, applications.names(), rejecting) for number in found]
    if context.screen.as_json:
        context.screen.document({"numbers": rows})
        return Exit.OK
    context.screen.note(f"On {context.account()}:")
    context.screen.numbers(rows)
    calls = [row for row in rows if row["voice_enabled"] and not row["rejecting"]]
    if main is None:
        context.screen.following("plivo-reject setup --answer-url https://YOUR-HOST/reject_calls/")
    elif calls:
        context.screen.following(f"plivo-reject assign {calls[0]['number']}")
    return Exit.OK
