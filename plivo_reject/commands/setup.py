"""``plivo-reject setup``."""

from __future__ import annotations

import click

from plivo_reject import apply, plan
from plivo_reject.context import Context
from plivo_reject.errors import Exit, PlivoRejectError, UsageError
from plivo_reject.model import SETTINGS, Application, Change
from plivo_reject.options import CONTEXT_SETTINGS, shared
from plivo_reject.settings import check_answer_url

_METHOD = click.Choice(["POST", "GET"], case_sensitive=False)


@click.command(
    context_settings=CONTEXT_SETTINGS,
    epilog="Example: plivo-reject setup --answer-url https://example.com/reject_calls/",
)
@click.option("--answer-url", metavar="URL", help="Where Plivo asks what to do with a call (PLIVO_ANSWER_URL).")
@click.option("--answer-method", type=_METHOD, help="How Plivo asks it [POST].")
@click.option("--hangup-url", metavar="URL", help="Where Plivo tells of a call's end [the answer URL].")
@click.option("--hangup-method", type=_METHOD, help="How Plivo tells it.")
@click.option("--fallback-answer-url", metavar="URL", help="Asked when the answer URL fails.")
@click.option("--fallback-method", type=_METHOD, help="How it is asked.")
@click.option("--message-url", metavar="URL", help="Where inbound text messages go.")
@click.option("--message-method", type=_METHOD, help="How they go there.")
@click.option("--allow-unreachable", is_flag=True, help="Accept URLs that Plivo does not seem to reach.")
@shared(writes=True)
def command(context: Context, *, allow_unreachable: bool, **given: str | None) -> int:
    """Create the Reject Call application, or bring it to the wanted settings.

    A setting that is not given is left as it is on an existing application.
    """
    given["answer_url"] = given["answer_url"] or context.variables.get("PLIVO_ANSWER_URL")
    wanted = {name: value for name in SETTINGS if (value := given[name]) is not None}
    for name, value in wanted.items():
        if name.endswith("_url"):
            check_answer_url(value, "--" + name.replace("_", "-"), allow_unreachable=allow_unreachable)
    application, listed = context.find_application()
    if application is None:
        action, application, changes = "created", *_create(context, wanted)
    else:
        changes = plan.changes(application, wanted)
        action = "updated" if changes else "unchanged"
        before = application
        if changes and not context.options.dry_run:
            application = apply.update(context.gateway, application, changes, stop=context.stop)
        if not context.options.dry_run or not changes:
            _keep_companions(context, application, listed, before)
    _show(context, action, application, changes)
    return Exit.OK


def _create(context: Context, wanted: dict[str, str]) -> tuple[Application, list[Change]]:
    if "answer_url" not in wanted:
        raise UsageError(
            "ANSWER_URL_MISSING",
            "The application is to be created and has no answer URL.",
            hint="Give --answer-url https://YOUR-HOST/reject_calls/ or set PLIVO_ANSWER_URL.",
        )
    settings = {"answer_method": "POST", **wanted}
    name = context.app_name
    if context.options.dry_run:
        return Application(app_id="", app_name=name, fields=settings), _as_changes(settings)
    subaccount = context.options.subaccount
    application, taken = apply.create(context.gateway, name, settings, subaccount=subaccount, stop=context.stop)
    if taken != name:
        context.screen.note(f"Plivo refuses the name {name!r}; the application is named {taken!r}.")
    first, yielded = apply.only_one(context.gateway, application, subaccount=subaccount, stop=context.stop)
    if yielded:
        context.screen.note(f"Another setup made {first.app_id} at the same moment; that one is used.")
        if changes := plan.changes(first, settings):
            first = apply.update(context.gateway, first, changes, stop=context.stop)
    wrong = [change.field for change in plan.changes(first, settings)]
    if wrong:
        raise PlivoRejectError(
            "NOT_APPLIED",
            f"Application {first.app_id} was created, but shows otherwise: {', '.join(wrong)}.",
            hint="Run the same command again.",
            exit_code=Exit.PARTIAL,
        )
    return first, _as_changes(settings)


def _as_changes(settings: dict[str, str]) -> list[Change]:
    return [Change(field=name, before=None, after=value) for name, value in settings.items()]


def _keep_companions(context: Context, main: Application, listed: list[Application], before: Application) -> None:
    if listed == [before]:
        listed = context.gateway.applications(plan.prefix(main.app_name)) if context.options.app_id else listed
    for companion in listed:
        if not plan.is_companion(companion, main.app_name):
            continue
        kept = {name: main.setting(name) for name in SETTINGS if not name.startswith("message_")}
        changes = plan.changes(companion, {name: value for name, value in kept.items() if value})
        if not changes:
            continue
        if context.options.dry_run:
            context.screen.note(f"Companion {companion.app_name} would be brought to the same settings.")
            continue
        apply.update(context.gateway, companion, changes, stop=context.stop)
        context.screen.note(f"Companion {companion.app_name} was brought to the same settings.")


def _show(context: Context, action: str, application: Application, changes: list[Change]) -> None:
    if context.screen.as_json:
        document = application.document()
        document["app_id"] = application.app_id or None
        context.screen.document(
            {
                "action": action,
                "dry_run": context.options.dry_run,
                "application": document,
                "changes": [change.document() for change in changes],
                "run_id": None,
            }
        )
        return
    context.screen.note(f"On {context.account()}:")
    context.screen.setup(action, application, changes, dry_run=context.options.dry_run)
    context.screen.following(
        "plivo-reject assign +14155550100" if not context.options.dry_run else "the same without --dry-run"
    )
