"""What commands get: settings, gateway, journal and screen, each made when first asked for."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plivo_reject import settings as settings_module
from plivo_reject.errors import UsageError
from plivo_reject.render import Screen
from plivo_reject.settings import DEFAULT_APP_NAME, Settings

if TYPE_CHECKING:
    from plivo_reject.journal import Journal
    from plivo_reject.model import Application, Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The shared options as given; None means not given."""

    env_file: str | None = None
    auth_id: str | None = None
    subaccount: str | None = None
    api_url: str | None = None
    timeout: float = 10.0
    workers: int = 16
    rate: int = 300
    retry_for: float = 60.0
    as_json: bool = False
    verbose: bool = False
    quiet: bool = False
    app_name: str | None = None
    app_id: str | None = None
    dry_run: bool = False
    yes: bool = False
    journal: str | None = None
    no_journal: bool = False


class Context:
    """One run of a command."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.stop = threading.Event()
        self.screen = Screen(as_json=options.as_json, quiet=options.quiet)

    @functools.cached_property
    def variables(self) -> Mapping[str, str]:
        """The environment, completed from ``.env`` or ``--env-file``."""
        return settings_module.read_environment(self.options.env_file)[0]

    @functools.cached_property
    def settings(self) -> Settings:
        """Credentials and limits; raises ``CredentialsError`` and ``UsageError``."""
        options = self.options
        return settings_module.load(
            env_file=options.env_file,
            auth_id=options.auth_id,
            api_url=options.api_url,
            subaccount=options.subaccount,
            timeout=options.timeout,
            workers=options.workers,
            rate=options.rate,
            retry_for=options.retry_for,
        )

    @functools.cached_property
    def gateway(self) -> Gateway:
        """Plivo's API."""
        settings = self.settings
        from plivo_reject.gateway import PlivoGateway

        trace = self.screen.trace if self.options.verbose else None
        return PlivoGateway(settings, stop=self.stop, trace=trace)

    @functools.cached_property
    def journal(self) -> Journal:
        """The account's journal."""
        from plivo_reject.journal import Journal, NoJournal

        if self.options.no_journal:
            return NoJournal()
        named = self.options.journal or self.variables.get("PLIVO_REJECT_JOURNAL")
        folder = Path(click.get_app_dir("plivo-reject"))
        return Journal(Path(named) if named else folder / f"journal-{self.settings.auth_id}.jsonl")

    @property
    def app_name(self) -> str:
        """The application's name."""
        return self.options.app_name or self.variables.get("PLIVO_APP_NAME") or DEFAULT_APP_NAME

    def account(self) -> str:
        """Name the account and where its credentials came from."""
        account = f"account {self.settings.auth_id} (from {self.settings.source})"
        return f"subaccount {self.options.subaccount} of {account}" if self.options.subaccount else account

    def find_application(self) -> tuple[Application | None, list[Application]]:
        """Return the application and all that were listed on the way; one request.

        Raises ``NotFoundError`` for an ``--app-id`` that is not there and ``PlivoRejectError`` for a name that several
        applications share.
        """
        from plivo_reject import plan
        from plivo_reject.errors import NotFoundError

        if self.options.app_id:
            found = self.gateway.application(self.options.app_id)
            if found is None:
                raise NotFoundError(
                    "APPLICATION_NOT_FOUND",
                    f"There is no application with the id {self.options.app_id!r} on this account.",
                    hint="plivo-reject setup --answer-url https://YOUR-HOST/reject_calls/",
                )
            return found, [found]
        listed = self.gateway.applications(plan.prefix(self.app_name))
        return plan.choose(listed, self.app_name, subaccount=self.options.subaccount), listed

    def need_application(self) -> tuple[Application, list[Application]]:
        """Do as ``find_application``, and raise ``NotFoundError`` when there is none."""
        from plivo_reject import plan

        found, listed = self.find_application()
        if found is None:
            raise plan.missing_application(self.app_name)
        return found, listed

    def confirm(self, question: str) -> None:
        """Ask on a terminal; raises ``UsageError`` when it cannot be asked or is answered with no."""
        if self.options.yes or self.options.dry_run:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                "CONFIRMATION_MISSING",
                f"This needs a confirmation: {question}",
                hint="Add --yes to go on without a question, or --dry-run to see what would be done.",
            )
        if not click.confirm(question, err=True):
            raise UsageError("NOT_CONFIRMED", "Nothing was changed.")
