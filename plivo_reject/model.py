"""The things that the program talks about, and what it needs of Plivo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Status = Literal["changed", "unchanged", "skipped", "planned", "failed"]
STATUSES: tuple[Status, ...] = ("changed", "unchanged", "skipped", "planned", "failed")

SETTINGS = (
    "answer_url",
    "answer_method",
    "hangup_url",
    "hangup_method",
    "fallback_answer_url",
    "fallback_method",
    "message_url",
    "message_method",
)
"""Application settings that ``setup`` can change, under the names of Plivo's write parameters."""


def last_segment(uri: object) -> str | None:
    """Return the id at the end of a Plivo resource URI, or None for ``""`` and null."""
    text = str(uri or "").strip("/")
    return text.rsplit("/", 1)[-1] or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application as Plivo shows it; ``fields`` is the whole object that was read."""

    app_id: str
    app_name: str
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Application:
        """Build from an API object; the ``api_id`` of the answer that carried it is left out."""
        fields = {key: value for key, value in data.items() if key != "api_id"}
        return cls(app_id=str(data["app_id"]), app_name=str(data.get("app_name") or ""), fields=fields)

    def setting(self, name: str) -> str:
        """Return a setting's text, ``""`` when it is null or absent."""
        return str(self.fields.get(name) or "")

    @property
    def sub_account(self) -> str | None:
        """The subaccount that owns the application, None for the main account."""
        return last_segment(self.fields.get("sub_account"))

    @property
    def messages_to(self) -> tuple[str, str] | None:
        """Where inbound messages go: ``(method, URL)``, or None."""
        url = self.setting("message_url")
        return (self.setting("message_method").upper() or "POST", url) if url else None

    def reference(self) -> dict[str, str | None]:
        """Return ``{"app_id", "app_name"}`` for JSON."""
        return {"app_id": self.app_id, "app_name": self.app_name}

    def document(self) -> dict[str, Any]:
        """Return all fields for JSON, the contract's always among them."""
        base: dict[str, Any] = {"app_id": self.app_id, "app_name": self.app_name}
        base.update({name: self.fields.get(name) for name in SETTINGS})
        base.update(self.fields)
        return base


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A phone number of the account; ``number`` is bare digits, as Plivo's paths take it."""

    number: str
    app_id: str | None
    alias: str = ""
    voice_enabled: bool = True
    sms_enabled: bool = False
    number_type: str = ""
    sub_account: str | None = None

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Number:
        """Build from an API object."""
        return cls(
            number=str(data["number"]).lstrip("+"),
            app_id=last_segment(data.get("application")),
            alias=str(data.get("alias") or ""),
            voice_enabled=bool(data.get("voice_enabled", True)),
            sms_enabled=bool(data.get("sms_enabled", False)),
            number_type=str(data.get("number_type") or ""),
            sub_account=last_segment(data.get("sub_account")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting of an application that differs from what is wanted."""

    field: str
    before: Any
    after: Any

    def document(self) -> dict[str, Any]:
        """Return ``{"field", "before", "after"}``."""
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to happen to one number: a move to ``to`` (None: off every application), or a verdict already known.

    ``status`` is ``"planned"`` for a move; anything else is final.
    """

    number: str
    status: Status
    before: str | None = None
    to: str | None = None
    detail: str | None = None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one number; ``before`` and ``after`` are application ids or None."""

    number: str
    status: Status
    before: str | None = None
    after: str | None = None
    detail: str | None = None
    error: Mapping[str, Any] | None = None
    exit_code: int = 0


class Gateway(Protocol):
    """What the program needs of Plivo's API. Every method may raise ``ApiError``."""

    def account(self) -> Mapping[str, Any]:
        """Return the account's details."""

    def applications(self, name_prefix: str | None = None) -> list[Application]:
        """List applications, those whose name begins with ``name_prefix`` when given."""

    def application(self, app_id: str) -> Application | None:
        """Read one application, None when it is not there."""

    def create_application(self, settings: Mapping[str, Any]) -> str:
        """Create an application, once, and return its id; never repeated on a fault."""

    def update_application(self, app_id: str, settings: Mapping[str, Any]) -> None:
        """Change exactly these settings."""

    def delete_application(self, app_id: str) -> None:
        """Delete without cascading to endpoints and numbers."""

    def endpoint_applications(self) -> list[str]:
        """Return the application id of every SIP endpoint."""

    def count_numbers(self) -> int | None:
        """Return how many numbers the account has, None when Plivo does not say."""

    def numbers(self, startswith: str | None = None) -> list[Number]:
        """List numbers, those that begin with the digits when given."""

    def number(self, number: str) -> Number | None:
        """Read one number, None when it is not on the account."""

    def point_number(self, number: str, app_id: str | None) -> None:
        """Point a number at an application, or at none."""
