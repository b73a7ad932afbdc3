"""Numbers as people write them, to and from E.164."""

from __future__ import annotations

import csv
from collections.abc import Iterable

import phonenumbers

from plivo_reject.errors import UsageError


def parse(text: str, region: str | None = None) -> str:
    """Return the digits of a number as a person writes it, country code first and no ``+``.

    ``region`` is an ISO 3166 code that national numbers are read in. Raises ``UsageError`` naming the text.
    """
    raw = text.strip()
    plain = raw.replace("\u00a0", " ")
    candidates = [(plain, region)] if plain.startswith("+") or region else [("+" + plain, None)]
    if region and not plain.startswith("+"):
        candidates.append(("+" + plain, None))
    for candidate, where in candidates:
        try:
            number = phonenumbers.parse(candidate, where)
        except phonenumbers.NumberParseException:
            continue
        if number.extension or not phonenumbers.is_possible_number(number):
            continue
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")
    raise UsageError(
        "BAD_NUMBER",
        f"{raw!r} is not a phone number.",
        hint="Write it with its country code, such as +14155550100, or give --region US for national numbers.",
    )


def check_region(region: str | None) -> str | None:
    """Return the region code in upper case; raises ``UsageError`` when no such region exists."""
    if region is None:
        return None
    code = region.upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise UsageError(
            "BAD_REGION", f"{region!r} is not a region.", hint="Use two letters, such as --region US or --region GB."
        )
    return code


def show(digits: str) -> str:
    """Return the digits as ``+E.164``."""
    return "+" + digits


def read_lines(lines: Iterable[str], *, source: str, region: str | None = None) -> list[str]:
    """Read numbers one a line; the first CSV column counts, ``#`` starts a comment, a heading row is passed over.

    Raises ``UsageError`` naming ``source`` and the line that is not a number.
    """
    numbers: list[str] = []
    seen_any = False
    for position, line in enumerate(lines, start=1):
        text = line.lstrip("\ufeff").split("#", 1)[0].strip()
        if not text:
            continue
        delimiter = ";" if ";" in text and "," not in text else "\t" if "\t" in text else ","
        cell = next(csv.reader([text], delimiter=delimiter))[0].strip()
        try:
            numbers.append(parse(cell, region))
        except UsageError as error:
            heading = not seen_any and not any(character.isdigit() for character in cell) and cell.isascii()
            if heading and delimiter in text or heading and cell.lower().replace("_", " ") in _HEADINGS:
                seen_any = True
                continue
            raise UsageError(error.code, f"{source}, line {position}: {error.message}", hint=error.hint) from None
        seen_any = True
    return numbers


_HEADINGS = {"number", "numbers", "phone", "phone number", "phone numbers"}


def unique(numbers: Iterable[str]) -> list[str]:
    """Return the numbers once each, in the order given."""
    return list(dict.fromkeys(numbers))
