"""``plivo-reject xml``."""

from __future__ import annotations

import click

from plivo_reject.hangup import REASONS, hangup_xml


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: plivo-reject xml > public/reject_calls.xml",
)
@click.option("--reason", type=click.Choice(REASONS), default="rejected", help="What the caller's network is told.")
def command(reason: str) -> None:
    """Print the hangup XML, for static hosting.

    Host it anywhere and run setup with --answer-method GET; no server of one's own is needed.
    """
    click.echo(hangup_xml(reason))
