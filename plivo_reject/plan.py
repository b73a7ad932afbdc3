"""What is to be done, decided without I/O."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from plivo_reject.errors import Exit, NotFoundError, PlivoRejectError
from plivo_reject.journal import Entry, Run
from plivo_reject.model import SETTINGS, Application, Change, Number, Step

RESTATED = {
    "answer_method": "answer_method",
    "hangup_method": "hangup_method",
    "fallback_method": "fallback_method",
    "message_method": "message_method",
    "default_number_app": "default_app",
    "default_endpoint_app": "default_endpoint_app",
    "log_incoming_messages": "log_incoming_messages",
}
"""Write parameters that Plivo's SDK fills with defaults of its own, and the field each is read under."""


def fallback_name(name: str) -> str:
    """Return the name Plivo accepts where it refuses spaces."""
    return name.replace(" ", "-")


def companion_name(main: str, method: str, url: str) -> str:
    """Return the name of the companion of ``main`` that carries messages to ``(method, url)``."""
    digest = hashlib.sha256(f"{method} {url}".encode()).hexdigest()[:8]
    separator = " " if " " in main else "-"
    return separator.join((main, "SMS", digest))


def is_companion(application: Application, main: str) -> bool:
    """Tell whether the application is a companion of ``main``, whichever form its name took."""
    to = application.messages_to
    if to is None:
        return False
    return fallback_name(application.app_name) == fallback_name(companion_name(main, *to))


def choose(applications: Iterable[Application], name: str, *, subaccount: str | None) -> Application | None:
    """Return the one application of this name, None when there is none.

    The exact name goes before its hyphened form, and the acting account's own before its subaccounts'.
    Raises ``PlivoRejectError`` (exit 6) listing the ids when several share the name.
    """
    listed = list(applications)
    for wanted in dict.fromkeys((name, fallback_name(name))):
        named = [application for application in listed if application.app_name == wanted]
        own = [application for application in named if application.sub_account == subaccount]
        found = own or named
        if len(found) > 1:
            ids = ", ".join(application.app_id for application in found)
            raise PlivoRejectError(
                "APPLICATION_AMBIGUOUS",
                f"{len(found)} applications are named {wanted!r}: {ids}.",
                hint=f"Say which with --app-id, such as --app-id {found[0].app_id}.",
                exit_code=Exit.PARTIAL,
            )
        if found:
            return found[0]
    return None


def missing_application(name: str) -> NotFoundError:
    """Return the error of a command that needs the application and finds none."""
    return NotFoundError(
        "APPLICATION_NOT_FOUND",
        f"There is no application {name!r} on this account.",
        hint="plivo-reject setup --answer-url https://YOUR-HOST/reject_calls/",
    )


def changes(application: Application, wanted: Mapping[str, str]) -> list[Change]:
    """Return the settings that differ from what is wanted."""
    return [
        Change(field=name, before=application.fields.get(name), after=value)
        for name, value in wanted.items()
        if application.setting(name) != value
    ]


def update_parameters(application: Application, wanted: Iterable[Change]) -> dict[str, Any]:
    """Return the parameters of an update that changes only ``wanted``, restating what the SDK would reset."""
    parameters: dict[str, Any] = {}
    for parameter, name in RESTATED.items():
        value = application.fields.get(name)
        if value is None and parameter == "log_incoming_messages":
            value = application.fields.get("log_incoming_message")
        if value is not None and value != "":
            parameters[parameter] = value
    parameters.update({change.field: change.after for change in wanted})
    return parameters


def disturbed(before: Application, now: Application, wanted: Iterable[Change]) -> list[str]:
    """Return the fields that do not show what was asked, or changed without being asked."""
    asked = {change.field: change.after for change in wanted}
    wrong = [name for name, value in asked.items() if now.setting(name) != value]
    wrong += [
        name
        for name, value in before.fields.items()
        if name not in asked and name in now.fields and now.fields[name] != value
    ]
    return wrong


def assign_steps(
    numbers: Sequence[str],
    observed: Mapping[str, Number],
    *,
    main: Application,
    known: Mapping[str, Application],
    companions: Mapping[tuple[str, str], str],
    drop_messages: bool,
) -> list[Step]:
    """Decide for each number; ``known`` holds the present applications, ``companions`` an id for each message target.

    A companion that is still to be created stands in ``companions`` under a placeholder, which the caller resolves.
    """
    steps: list[Step] = []
    ours = {main.app_id, *companions.values()}
    for digits in numbers:
        number = observed.get(digits)
        if number is None:
            steps.append(_not_found(digits))
            continue
        before = number.app_id
        target, detail = main.app_id, None
        messages = known[before].messages_to if before and before in known else None
        if messages and messages != main.messages_to and not drop_messages:
            target = companions[messages]
            detail = f"its text messages still go to {messages[1]}"
        if before == target or (before in ours and not drop_messages):
            steps.append(
                Step(number=digits, status="unchanged", before=before, detail="its calls are rejected already")
            )
        elif not number.voice_enabled:
            steps.append(Step(number=digits, status="skipped", before=before, detail="it takes no calls (no voice)"))
        else:
            if messages and messages != main.messages_to and drop_messages:
                detail = f"its text messages no longer go to {messages[1]}"
            steps.append(Step(number=digits, status="planned", before=before, to=target, detail=detail))
    return steps


def message_targets(
    numbers: Iterable[Number], main: Application, known: Mapping[str, Application], rejecting: Collection[str]
) -> list[tuple[str, str]]:
    """Return the distinct message targets that need a companion, in order of first need."""
    needed: dict[tuple[str, str], None] = {}
    for number in numbers:
        if not number.voice_enabled or not number.app_id or number.app_id not in known or number.app_id in rejecting:
            continue
        to = known[number.app_id].messages_to
        if to and to != main.messages_to:
            needed[to] = None
    return list(needed)


def prefix(name: str) -> str | None:
    """Return what the name, its hyphened form and its companions' names begin with, None for nothing."""
    return os.path.commonprefix([name, fallback_name(name)]) or None


def give_back(
    numbers: Sequence[str],
    observed: Mapping[str, Number],
    *,
    rejecting: Collection[str],
    targets: Mapping[str, str | None],
    names: Mapping[str, str],
) -> list[Step]:
    """Decide for each number that is to leave the ``rejecting`` applications; ``targets`` says where it goes."""
    steps: list[Step] = []
    for digits in numbers:
        number = observed.get(digits)
        if number is None:
            steps.append(_not_found(digits))
        elif number.app_id not in rejecting:
            where = (
                f"it is on {names.get(number.app_id, number.app_id)}" if number.app_id else "it is on no application"
            )
            steps.append(Step(number=digits, status="unchanged", before=number.app_id, detail=where))
        elif (to := targets.get(digits)) == number.app_id:
            steps.append(Step(number=digits, status="unchanged", before=number.app_id, detail="it is there already"))
        else:
            steps.append(Step(number=digits, status="planned", before=number.app_id, to=to))
    return steps


def _not_found(digits: str) -> Step:
    error = {
        "code": "NUMBER_NOT_FOUND",
        "message": f"+{digits} is not on this account.",
        "hint": "plivo-reject numbers",
    }
    return Step(number=digits, status="failed", error=error)


def undo_steps(entries: Iterable[Entry], observed: Mapping[str, Number], *, gone: Collection[str]) -> list[Step]:
    """Invert a run's entries: what still is as the run left it goes back, what someone changed since is skipped.

    ``gone`` holds applications of before that no longer exist.
    """
    steps: list[Step] = []
    for entry in entries:
        number = observed.get(entry.number)
        if number is None:
            steps.append(_not_found(entry.number))
            continue
        left = {entry.after} if entry.outcome in (None, "failed") else {entry.found}
        if number.app_id == entry.before:
            steps.append(
                Step(number=entry.number, status="unchanged", before=number.app_id, detail="it is as it was before")
            )
        elif number.app_id not in left:
            steps.append(
                Step(
                    number=entry.number,
                    status="skipped",
                    before=number.app_id,
                    detail=f"changed since by someone: it is on {number.app_id or 'no application'}",
                )
            )
        elif entry.before in gone:
            error = {
                "code": "APPLICATION_GONE",
                "message": f"+{entry.number}: application {entry.before}, which it had before, no longer exists.",
                "hint": f"plivo-reject unassign +{entry.number} --clear",
            }
            steps.append(Step(number=entry.number, status="failed", before=number.app_id, error=error))
        else:
            steps.append(Step(number=entry.number, status="planned", before=number.app_id, to=entry.before))
    return steps


def undoable(runs: Sequence[Run]) -> Run | None:
    """Return the newest run that is no undo and that no finished undo took back."""
    undone = {run.undoes for run in runs if run.undoes and run.finished_at and not run.summary.get("failed")}
    candidates = [run for run in runs if not run.undoes and run.run_id not in undone and run.entries]
    return candidates[-1] if candidates else None


def problems(main: Application, companions: Sequence[Application], numbers: Sequence[Number]) -> list[dict[str, str]]:
    """Return what keeps calls from being rejected, as ``{"code", "message", "hint"}``."""
    found: list[dict[str, str]] = []

    def add(code: str, message: str, hint: str) -> None:
        found.append({"code": code, "message": message, "hint": hint})

    for application in (main, *companions):
        if application.fields.get("enabled") is False:
            add("APPLICATION_DISABLED", f"{application.app_name} is disabled.", "Enable it in the Plivo console.")
    if not main.setting("answer_url"):
        add("NO_ANSWER_URL", f"{main.app_name} has no answer URL.", "plivo-reject setup --answer-url URL")
    kept = {name: main.setting(name) for name in SETTINGS if not name.startswith("message_")}
    for companion in companions:
        if wrong := changes(companion, {name: value for name, value in kept.items() if value}):
            fields = ", ".join(change.field for change in wrong)
            add("COMPANION_DIFFERS", f"{companion.app_name} differs in {fields}.", "plivo-reject setup")
    if not numbers:
        add("NO_NUMBERS", f"No number is on {main.app_name}.", "plivo-reject assign +14155550100")
    for number in numbers:
        if not number.voice_enabled:
            add("NO_VOICE", f"+{number.number} takes no calls (no voice).", f"plivo-reject unassign +{number.number}")
    return found
