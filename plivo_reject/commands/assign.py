"""``plivo-reject assign``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import click

from plivo_reject import apply, plan
from plivo_reject.commands.moves import Applications, carry_out, show
from plivo_reject.context import Context
from plivo_reject.model import SETTINGS, Application
from plivo_reject.options import CONTEXT_SETTINGS, digits_prefix, given_numbers, numbers, shared

Target = tuple[str, str]


@click.command(context_settings=CONTEXT_SETTINGS, epilog="Example: plivo-reject assign +14155550100 +14155550101")
@numbers
@click.option("--drop-messages", is_flag=True, help="Move numbers even where their text messages are lost by it.")
@shared(writes=True)
def command(
    context: Context,
    *,
    texts: Sequence[str],
    region: str | None,
    from_file: str | None,
    every: bool,
    starts_with: str | None,
    drop_messages: bool,
) -> int:
    """Point numbers at the application, so that their calls are rejected.

    A number whose text messages would be lost by it goes to a companion application that keeps them.
    """
    wanted = given_numbers(texts, region=region, from_file=from_file, every=every, starts_with=starts_with)
    prefix = digits_prefix(starts_with)
    main, listed = context.need_application()
    if wanted is None:
        observed = {number.number: number for number in context.gateway.numbers(prefix) if number.voice_enabled}
        wanted = list(observed)
    else:
        observed = apply.observe(context.gateway, wanted, workers=context.settings.workers, stop=context.stop)
    applications = Applications(context=context)
    applications.add([main, *listed])
    applications.read(number.app_id for number in observed.values())
    companions: dict[Target, str] = {}
    needed: list[Target] = []
    if not drop_messages:
        needed = plan.message_targets(observed.values(), main, applications.known, {main.app_id})
        if needed and context.options.app_id:
            applications.add(context.gateway.applications(plan.prefix(main.app_name)))
        companions = {
            to: found.app_id
            for found in applications.known.values()
            if plan.is_companion(found, main.app_name) and (to := found.messages_to)
        }
        needed = [to for to in needed if to not in companions]
        companions.update({to: "new:" + plan.companion_name(main.app_name, *to) for to in needed})
    steps = plan.assign_steps(
        wanted,
        observed,
        main=main,
        known=applications.known,
        companions=companions,
        drop_messages=drop_messages,
    )
    todo = sum(step.status == "planned" for step in steps)
    if every and todo:
        context.confirm(f"Reject the calls of {todo} numbers on {context.account()}?")
    if needed and not context.options.dry_run:
        made = {companions[to]: _companion(context, main, to) for to in needed}
        applications.add(made.values())
        steps = [dataclasses.replace(step, to=made[step.to].app_id) if step.to in made else step for step in steps]
    moved = carry_out(context, "assign", steps)
    show(context, "assign", moved, main, applications.names())
    context.screen.following("plivo-reject status")
    return moved.exit_code


def _companion(context: Context, main: Application, to: Target) -> Application:
    settings = {name: value for name in SETTINGS if (value := main.setting(name))}
    settings.update(message_method=to[0], message_url=to[1])
    made, _ = apply.create(
        context.gateway,
        plan.companion_name(main.app_name, *to),
        settings,
        subaccount=context.options.subaccount,
        stop=context.stop,
    )
    return made
