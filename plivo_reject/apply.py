"""Carry out steps: intent to the journal, write, read back, outcome to the journal; many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plivo_reject import plan
from plivo_reject.errors import ApiError, Exit, PlivoRejectError
from plivo_reject.journal import Journal
from plivo_reject.model import Application, Change, Gateway, Number, Outcome, Step
from plivo_reject.pool import Stopped, ordered_map

SHOWS_WITHIN = (0.3, 0.7, 1.0, 2.0, 2.0, 2.0)
"""Pauses in seconds between read-backs: Plivo applies writes after it has answered them."""

LISTING_FROM = 40
"""From so many numbers on, a listing may cost fewer requests than reading each."""


def observe(gateway: Gateway, numbers: Sequence[str], *, workers: int, stop: threading.Event) -> dict[str, Number]:
    """Read the numbers, by listing where that takes fewer requests; those not on the account are left out."""
    if len(numbers) >= LISTING_FROM:
        total = gateway.count_numbers()
        if total is not None and total / 20 < len(numbers):
            wanted = set(numbers)
            return {number.number: number for number in gateway.numbers() if number.number in wanted}
    read = ordered_map(gateway.number, numbers, workers=workers, stop=stop)
    return {number.number: number for number in read if number is not None}


def execute(
    gateway: Gateway,
    journal: Journal,
    run_id: str | None,
    steps: Sequence[Step],
    *,
    workers: int,
    stop: threading.Event,
    partial: list[Outcome],
    on_done: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Carry out the planned steps and return an outcome for every step, in order.

    ``partial`` receives each outcome as soon as it is known, for what is said after an interrupt. Raises
    ``CredentialsError`` and ``KeyboardInterrupt``; other failures become outcomes.
    """
    moves = [step for step in steps if step.status == "planned"]
    bulk = len(moves) >= LISTING_FROM
    lock = threading.Lock()

    def write(step: Step) -> Outcome | None:
        assert run_id is not None
        journal.intend(run_id, step.number, step.before, step.to)
        try:
            gateway.point_number(step.number, step.to)
            if bulk:
                return None
            return settle(step, *_read_back(gateway, step, stop))
        except ApiError as error:
            return settle(step, None, error)

    def settle(step: Step, found: Number | None, error: ApiError | None) -> Outcome:
        outcome = _judge(step, found, error)
        assert run_id is not None
        journal.conclude(run_id, step.number, outcome.status, outcome.after)
        with lock:
            partial.append(outcome)
        return outcome

    written = ordered_map(write, moves, workers=workers, stop=stop, on_done=on_done)
    outcomes = {outcome.number: outcome for outcome in written if outcome is not None}
    waiting = [step for step in moves if step.number not in outcomes]
    for pause in (0.0, *SHOWS_WITHIN):
        if not waiting:
            break
        if stop.wait(pause):
            raise Stopped
        seen = observe(gateway, [step.number for step in waiting], workers=workers, stop=stop)
        for step in waiting:
            if (found := seen.get(step.number)) is not None and _arrived(step, found):
                outcomes[step.number] = settle(step, found, None)
        waiting = [step for step in waiting if step.number not in outcomes]
    for step in waiting:
        outcomes[step.number] = settle(step, seen.get(step.number), None)
    return [outcomes.get(step.number) or _as_outcome(step) for step in steps]


def _read_back(gateway: Gateway, step: Step, stop: threading.Event) -> tuple[Number | None, ApiError | None]:
    found = gateway.number(step.number)
    for pause in SHOWS_WITHIN:
        if found is not None and _arrived(step, found):
            break
        if stop.wait(pause):
            raise Stopped
        found = gateway.number(step.number)
    return found, None


def _arrived(step: Step, found: Number) -> bool:
    # Taken off, a number lands on no application or on the account's default: any move is an arrival.
    return found.app_id == step.to if step.to else found.app_id != step.before


def _judge(step: Step, found: Number | None, error: ApiError | None) -> Outcome:
    if error is not None:
        return Outcome(
            number=step.number,
            status="failed",
            before=step.before,
            after=None if error.in_doubt else step.before,
            detail="whether it was changed is not known" if error.in_doubt else None,
            error={"code": error.code, "message": f"+{step.number}: {error.message}", "hint": error.hint},
            exit_code=error.exit_code,
        )
    if found is not None and _arrived(step, found):
        detail = step.detail
        if step.to is None:
            detail = "Plivo put it on the account's default application" if found.app_id else "on no application now"
        return Outcome(number=step.number, status="changed", before=step.before, after=found.app_id, detail=detail)
    now = "it is no longer on this account"
    if found is not None:
        now = f"it is still on application {found.app_id}" if found.app_id else "it is still on no application"
    return Outcome(
        number=step.number,
        status="failed",
        before=step.before,
        after=found.app_id if found else None,
        error={
            "code": "NOT_APPLIED",
            "message": f"+{step.number}: Plivo answered that it was changed, but {now}.",
            "hint": "Run the same command again; if it stays so, ask Plivo's support.",
        },
        exit_code=Exit.PARTIAL,
    )


def _as_outcome(step: Step) -> Outcome:
    code = Exit.NOT_FOUND if step.error and step.error.get("code") == "NUMBER_NOT_FOUND" else Exit.OK
    return Outcome(
        number=step.number,
        status=step.status,
        before=step.before,
        after=step.to if step.status == "planned" else step.before,
        detail=step.detail,
        error=step.error,
        exit_code=code,
    )


def preview(steps: Sequence[Step]) -> list[Outcome]:
    """Return what a dry run shows for the steps."""
    return [_as_outcome(step) for step in steps]


def exit_code(outcomes: Sequence[Outcome]) -> Exit:
    """Return the exit code of a run: one kind of failure keeps its code, several are 6."""
    codes = {outcome.exit_code for outcome in outcomes if outcome.status == "failed"}
    if not codes:
        return Exit.OK
    if len(codes) == 1 and (only := codes.pop()) in (Exit.NOT_FOUND, Exit.TEMPORARY):
        return Exit(only)
    return Exit.PARTIAL


def create(
    gateway: Gateway, name: str, settings: Mapping[str, Any], *, subaccount: str | None, stop: threading.Event
) -> tuple[Application, str]:
    """Create the application and read it back; returns it and the name that Plivo took.

    A refused space falls back to a hyphen. A create whose answer was lost is looked up before it is repeated, so
    that there are never two. Raises ``ApiError``, ``PlivoRejectError`` (exit 6) when it never shows.
    """
    app_id: str | None = None
    for attempt in range(4):
        try:
            app_id = gateway.create_application({"app_name": name, **settings})
            break
        except ApiError as error:
            hyphened = plan.fallback_name(name)
            if error.status == 400 and hyphened != name and "name" in error.message.lower():
                name = hyphened
                continue
            if not error.retryable or attempt == 3:
                raise
            if stop.wait(max(error.retry_after or 0.0, 0.5 * 2**attempt)):
                raise Stopped from None
            lost = plan.choose(gateway.applications(name), name, subaccount=subaccount) if error.in_doubt else None
            if lost is not None:
                return lost, name
    if app_id is None:
        raise PlivoRejectError("REFUSED", f"Plivo refused the names {name!r} with and without a space.")
    for pause in (0.0, *SHOWS_WITHIN):
        if stop.wait(pause):
            raise Stopped
        if (found := gateway.application(app_id)) is not None:
            return found, name
    raise PlivoRejectError(
        "NOT_APPLIED",
        f"Plivo answered that application {app_id} was created, but it does not show.",
        hint="Look again with: plivo-reject status",
        exit_code=Exit.PARTIAL,
    )


def update(
    gateway: Gateway, application: Application, wanted: Sequence[Change], *, stop: threading.Event
) -> Application:
    """Update the settings and wait until they show; raises ``PlivoRejectError`` (exit 6) naming those that do not."""
    gateway.update_application(application.app_id, plan.update_parameters(application, wanted))
    wrong: list[str] = []
    for pause in (0.0, *SHOWS_WITHIN):
        if stop.wait(pause):
            raise Stopped
        now = gateway.application(application.app_id)
        if now is not None and not (wrong := plan.disturbed(application, now, wanted)):
            return now
    names = (
        ", ".join(
            f"{name} ({now.fields.get(name)!r} instead of "
            f"{next((c.after for c in wanted if c.field == name), application.fields.get(name))!r})"
            for name in wrong
        )
        if now is not None
        else "the application is gone"
    )
    raise PlivoRejectError(
        "NOT_APPLIED",
        f"Plivo answered that application {application.app_id} was changed, but it shows otherwise: {names}.",
        hint="Run the same command again; if it stays so, ask Plivo's support.",
        exit_code=Exit.PARTIAL,
    )


def only_one(
    gateway: Gateway, created: Application, *, subaccount: str | None, stop: threading.Event
) -> tuple[Application, bool]:
    """Settle a race of two creates: return the application in use and whether ``created`` gave way to it.

    Names are not unique at Plivo. The pause lets the other's create show, so that both sides see both and agree on
    the lowest id; the one that gives way deletes only what it has just made.
    """
    if stop.wait(1.0):
        raise Stopped
    named = [
        application
        for application in gateway.applications(created.app_name)
        if application.app_name == created.app_name and application.sub_account == created.sub_account
    ]
    first = min(named, key=lambda application: application.app_id, default=created)
    if first.app_id >= created.app_id:
        return created, False
    gateway.delete_application(created.app_id)
    return first, True
