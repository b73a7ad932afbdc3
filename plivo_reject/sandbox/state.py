"""What the sandbox holds; no network here."""

from __future__ import annotations

import threading
import time
from typing import Any

from plivo_reject.sandbox import objects
from plivo_reject.sandbox.objects import Object
from plivo_reject.sandbox.options import SandboxOptions

FIRST_NUMBER = 14155550100


class State:
    """The account's objects, each whole as the API shows it, by id; numbers by their digits.

    The tables are the truth and change at once. Reads may lag behind: ``shown`` goes on showing what was there before a
    change that was made with ``hidden`` seconds. Hold ``lock`` while you read and write what belongs together; the
    ``add`` methods do.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self.account = options.auth_id
        self.lock = threading.RLock()
        self.applications: dict[str, Object] = {}
        self.numbers: dict[str, Object] = {}
        self.endpoints: dict[str, Object] = {}
        self.calls: dict[str, Object] = {}
        self.subaccounts: dict[str, str] = {}
        """Tokens by auth id."""
        self.trunks: set[str] = set()
        """Ids of inbound trunks, which a number can be pointed at as well."""
        self._before: dict[tuple[str, str], list[tuple[float, Object | None]]] = {}
        for offset in range(options.numbers):
            self.add_number(str(FIRST_NUMBER + offset))

    def add_application(self, **fields: Any) -> Object:
        """Add an application; fields that are not given are as Plivo makes them."""
        with self.lock:
            made = objects.application(self.account, fields)
            self.applications[made["app_id"]] = made
            return made

    def add_number(self, number: str, *, app_id: str | None = None, **fields: Any) -> Object:
        """Add a number, or replace it, on the application when one is named."""
        with self.lock:
            if app_id:
                fields["application"] = self.application_uri(app_id)
            self.numbers[number] = objects.number(self.account, number, fields)
            return self.numbers[number]

    def add_endpoint(self, app_id: str | None = None, **fields: Any) -> Object:
        """Add a SIP endpoint, on the application when one is named."""
        with self.lock:
            if app_id:
                fields["application"] = self.application_uri(app_id)
            made = objects.endpoint(self.account, fields)
            self.endpoints[made["endpoint_id"]] = made
            return made

    def add_subaccount(self, auth_id: str, auth_token: str) -> None:
        """Add a subaccount, which may log in and sees only what is its own."""
        with self.lock:
            self.subaccounts[auth_id] = auth_token

    def application_of(self, number: str) -> str | None:
        """Return the id of the application that a number is on."""
        with self.lock:
            return objects.tail(self.numbers[number]["application"])

    def application_uri(self, app_id: str) -> str:
        """Return what a number or endpoint on this application, or trunk, shows."""
        return objects.uri(self.account, "Trunk" if app_id in self.trunks else "Application", app_id)

    def table(self, name: str) -> dict[str, Object]:
        """Return a table by its name in the API's paths."""
        if name == "Subaccount":
            found = self.subaccounts.items()
            return {auth_id: objects.subaccount(self.account, auth_id, token) for auth_id, token in found}
        tables = {
            "Application": self.applications,
            "Number": self.numbers,
            "Endpoint": self.endpoints,
            "Call": self.calls,
        }
        return tables[name]

    def put(self, name: str, key: str, value: Object, *, hidden: float = 0) -> None:
        """Add an object, unseen for so many seconds."""
        self._keep(name, key, hidden)
        self.table(name)[key] = value

    def change(self, name: str, key: str, fields: Object, *, hidden: float = 0) -> None:
        """Change fields of an object, unseen for so many seconds; one that is gone meanwhile stays gone."""
        found = self.table(name).get(key)
        if found is not None and fields:
            self._keep(name, key, hidden)
            found.update(fields)

    def remove(self, name: str, key: str, *, hidden: float = 0) -> None:
        """Remove an object, unseen for so many seconds."""
        self._keep(name, key, hidden)
        self.table(name).pop(key, None)

    def shown(self, name: str, key: str) -> Object | None:
        """Return an object as a read shows it now."""
        return self._old(name, key) if (name, key) in self._before else self.table(name).get(key)

    def all_shown(self, name: str) -> list[Object]:
        """Return a table's objects as a read shows them now, in the order in which they were made."""
        table = self.table(name)
        if not any(kept == name for kept, _ in self._before):
            return list(table.values())
        keys = [*table, *(key for kept, key in self._before if kept == name and key not in table)]
        found = (self.shown(name, key) for key in keys)
        return [item for item in found if item is not None]

    def _keep(self, name: str, key: str, hidden: float) -> None:
        if hidden:
            present = self.table(name).get(key)
            kept = None if present is None else dict(present)
            self._before.setdefault((name, key), []).append((time.monotonic() + hidden, kept))

    def _old(self, name: str, key: str) -> Object | None:
        now = time.monotonic()
        waiting = [old for old in self._before[name, key] if old[0] > now]
        if waiting:
            self._before[name, key] = waiting
            return waiting[0][1]
        del self._before[name, key]
        return self.table(name).get(key)
