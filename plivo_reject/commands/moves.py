"""The steps that every command that moves numbers shares: show or carry out a plan, record it, print it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from plivo_reject import apply
from plivo_reject.context import Context
from plivo_reject.errors import Exit, PlivoRejectError, Terminated
from plivo_reject.model import Application, Outcome, Step
from plivo_reject.render import moves_document, summary


@dataclass(slots=True, kw_only=True)
class Moved:
    """What came of a plan."""

    outcomes: list[Outcome]
    run_id: str | None
    exit_code: Exit


@dataclass(slots=True, kw_only=True)
class Applications:
    """The applications known so far by id, and those looked for in vain; reads each at most once."""

    context: Context
    known: dict[str, Application] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)

    def add(self, applications: Iterable[Application]) -> None:
        """Remember applications that were read."""
        self.known.update({application.app_id: application for application in applications})

    def get(self, app_id: str | None) -> Application | None:
        """Return the application, None for no id and for one that is not there (a trunk's id, say)."""
        if app_id is None or app_id in self.absent:
            return None
        if app_id not in self.known:
            found = self.context.gateway.application(app_id)
            if found is None:
                self.absent.add(app_id)
                return None
            self.known[app_id] = found
        return self.known[app_id]

    def read(self, app_ids: Iterable[str | None]) -> None:
        """Read those not known yet, all by one listing when they are many."""
        unknown = {app_id for app_id in app_ids if app_id} - self.known.keys() - self.absent
        if len(unknown) > 5:
            self.add(self.context.gateway.applications())
        for app_id in sorted(unknown):
            self.get(app_id)

    def names(self) -> dict[str, str]:
        """Return the names by id."""
        return {app_id: application.app_name for app_id, application in self.known.items()}


def carry_out(context: Context, action: str, steps: Sequence[Step], *, undoes: str | None = None) -> Moved:
    """Carry out the steps, or preview them in a dry run, and record the run.

    Raises ``PlivoRejectError`` with exit code 130 or 143 when it was interrupted, saying how far it got.
    """
    todo = sum(step.status == "planned" for step in steps)
    if context.options.dry_run or not todo:
        outcomes = apply.preview(steps)
        return Moved(outcomes=outcomes, run_id=None, exit_code=apply.exit_code(outcomes))
    run_id = context.journal.begin(action, undoes)
    partial: list[Outcome] = []
    try:
        with context.screen.progress(todo, action) as done:
            outcomes = apply.execute(
                context.gateway,
                context.journal,
                run_id,
                steps,
                workers=context.settings.workers,
                stop=context.stop,
                partial=partial,
                on_done=done,
            )
    except KeyboardInterrupt as interrupt:
        context.stop.set()
        raise _stopped(interrupt, context, run_id, partial, todo) from None
    context.journal.end(run_id, summary(outcomes))
    recorded = None if context.options.no_journal else run_id
    return Moved(outcomes=outcomes, run_id=recorded, exit_code=apply.exit_code(outcomes))


def _stopped(
    interrupt: KeyboardInterrupt, context: Context, run_id: str, partial: Sequence[Outcome], todo: int
) -> PlivoRejectError:
    terminated = isinstance(interrupt, Terminated)
    verified = sum(outcome.status == "changed" for outcome in partial)
    back = "" if context.options.no_journal else f", or go back with: plivo-reject undo {run_id} --yes"
    return PlivoRejectError(
        "TERMINATED" if terminated else "INTERRUPTED",
        f"Interrupted: {verified} of {todo} numbers are done and verified; run {run_id} is recorded as far as it got.",
        hint=f"Run the same command again to finish{back}",
        exit_code=Exit.TERMINATED if terminated else Exit.INTERRUPTED,
        retryable=True,
    )


def show(
    context: Context, action: str, moved: Moved, application: Application | None, names: Mapping[str, str]
) -> None:
    """Print what came of it."""
    document = moves_document(
        action,
        moved.outcomes,
        dry_run=context.options.dry_run,
        application=application,
        names=names,
        run_id=moved.run_id,
    )
    if context.screen.as_json:
        context.screen.document(document)
        return
    context.screen.note(f"On {context.account()}:")
    context.screen.moves(document)
    if moved.run_id and action != "undo":
        context.screen.note(f"Recorded as run {moved.run_id}.")
