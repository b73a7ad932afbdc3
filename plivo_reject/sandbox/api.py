"""Requests to the API and what they come to; no network here."""

from __future__ import annotations

import base64
import binascii
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from plivo_reject.sandbox import calls, objects, writes
from plivo_reject.sandbox.lists import Refused, page
from plivo_reject.sandbox.objects import Object, new_id, tail
from plivo_reject.sandbox.options import SandboxOptions
from plivo_reject.sandbox.state import State

METHODS = {
    "Application": ("GET POST", "GET POST DELETE"),
    "Number": ("GET", "GET POST"),
    "Endpoint": ("GET", "GET"),
    "Subaccount": ("GET", "GET"),
    "Call": ("GET POST", "GET"),
}
"""What a list allows, and what an object allows."""

LOGIN_WANTED = "Could not verify your access level for that URL.\nYou have to login with proper credentials\n"

Effect = Callable[[], None]
Answer = tuple[int, Object | str | None]
_Outcome = tuple[int, Object | None, Effect | None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it came; ``body`` is None when it cannot be read."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Object | None
    authorization: str


@dataclass(frozen=True, kw_only=True)
class _Login:
    """Who asks: the auth id that the path must name, and the subaccount when it is one."""

    auth_id: str
    subaccount: str | None

    def sees(self, item: Object) -> bool:
        return self.subaccount is None or tail(item.get("sub_account")) == self.subaccount


class Api:
    """Plivo's API over a state."""

    def __init__(self, options: SandboxOptions, state: State) -> None:
        self._options = options
        self._state = state
        self._hidden = options.lag_ms / 1000

    def answer(self, request: Request, *, carry_out: bool = True) -> Answer:
        """Return status and body: a JSON object, a text, or None.

        With ``carry_out`` false a write is answered in the same way and nothing changes.
        """
        login = self._login(request)
        if login is None:
            return 401, LOGIN_WANTED
        body: Object | None
        with self._state.lock:
            try:
                status, body, effect = self._route(request, login)
            except Refused as refused:
                status, body, effect = refused.status, {"error": refused.error}, None
            if effect and carry_out:
                effect()
        return status, None if body is None else {"api_id": str(uuid.uuid4()), **body}

    def _login(self, request: Request) -> _Login | None:
        scheme, _, coded = request.authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            auth_id, _, token = base64.b64decode(coded).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        if (auth_id, token) == (self._options.auth_id, self._options.auth_token):
            login = _Login(auth_id=auth_id, subaccount=None)
        elif auth_id in self._state.subaccounts and token == self._state.subaccounts[auth_id]:
            login = _Login(auth_id=auth_id, subaccount=auth_id)
        else:
            return None
        parts = request.path.split("/")
        elsewhere = parts[1:3] == ["v1", "Account"] and len(parts) > 3 and parts[3] != auth_id
        return None if elsewhere else login

    def _route(self, request: Request, login: _Login) -> _Outcome:
        start = f"/v1/Account/{login.auth_id}/"
        if not request.path.startswith(start) or not request.path.endswith("/"):
            raise Refused(404, "not found")
        path = request.path[len(start) :].split("/")[:-1]
        if not path:
            _allow(request.method, "GET")
            return 200, objects.account(login.auth_id), None
        resource = path[0]
        if resource not in METHODS or len(path) > 2:
            raise Refused(404, "not found")
        _allow(request.method, METHODS[resource][len(path) - 1])
        if request.body is None:
            raise Refused(400, "the body is not a JSON object")
        if len(path) == 1:
            return self._list(request, resource, login) if request.method == "GET" else self._create(request, login)
        # A write finds what is there; a read may lag behind.
        reading = request.method == "GET"
        found = self._state.shown(resource, path[1]) if reading else self._state.table(resource).get(path[1])
        if found is None or not login.sees(found) or (resource == "Call" and request.query.get("status") == "live"):
            raise Refused(404, "not found")
        if reading:
            return 200, dict(found), None
        if request.method == "DELETE":
            return self._delete(path[1], {**request.query, **request.body})
        if resource == "Number":
            return self._point(path[1], request.body, login)
        return self._update(path[1], request.body)

    def _list(self, request: Request, resource: str, login: _Login) -> _Outcome:
        if resource == "Call" and request.query.get("status") == "live":
            # Calls are over as soon as they are made.
            return 200, {"calls": []}, None
        found = self._state.all_shown(resource)
        if login.subaccount:
            found = [item for item in found if login.sees(item)]
        if resource == "Call":
            found.reverse()
        return 200, page(request.path, resource, found, request.query, self._options.paging), None

    def _create(self, request: Request, login: _Login) -> _Outcome:
        body = request.body or {}
        if "/Call/" in request.path:
            return self._call(body, login)
        fields = writes.new_application(body, strict_names=self._options.strict_names)
        if login.subaccount:
            fields["sub_account"] = f"/v1/Account/{login.subaccount}/"
        fields["app_id"] = app_id = new_id(17)
        made = objects.application(self._state.account, fields)

        def effect() -> None:
            self._displace_defaults(fields)
            self._state.put("Application", app_id, made, hidden=self._hidden)

        return 201, {"message": "created", "app_id": app_id}, effect

    def _update(self, app_id: str, body: Object) -> _Outcome:
        fields = writes.application_fields(body)

        def effect() -> None:
            self._displace_defaults(fields)
            self._change("Application", app_id, fields)

        return 202, {"message": "changed"}, effect

    def _displace_defaults(self, fields: Object) -> None:
        """There is one default application for numbers and one for endpoints."""
        for flag in ("default_app", "default_endpoint_app"):
            if fields.get(flag):
                for app_id, application in self._state.applications.items():
                    if application[flag]:
                        self._change("Application", app_id, {flag: False})

    def _delete(self, app_id: str, parameters: Mapping[str, Any]) -> _Outcome:
        cascade = writes.flag("cascade", parameters.get("cascade", True))
        successor = str(parameters.get("new_endpoint_application") or "")
        if successor and successor not in self._state.applications:
            raise Refused(400, "new_endpoint_application is invalid: application not found")

        def effect() -> None:
            for ident, endpoint in list(self._state.endpoints.items()):
                if tail(endpoint["application"]) == app_id:
                    if cascade and not successor:
                        self._state.remove("Endpoint", ident, hidden=self._hidden)
                    else:
                        link = self._state.application_uri(successor) if successor else None
                        self._change("Endpoint", ident, {"application": link})
            for digits, number in self._state.numbers.items():
                if tail(number["application"]) == app_id:
                    self._change("Number", digits, {"application": None})
            self._state.remove("Application", app_id, hidden=self._hidden)

        return 204, None, effect

    def _point(self, digits: str, body: Object, login: _Login) -> _Outcome:
        fields = writes.number_fields(body)
        if body.get("app_id"):
            fields["application"] = self._target(str(body["app_id"]), login)
        elif "app_id" in body and self._options.unlink != "ignore":
            fields["application"] = self._unlinked()
        return 202, {"message": "changed"}, lambda: self._change("Number", digits, fields)

    def _target(self, app_id: str, login: _Login) -> str:
        application = self._state.applications.get(app_id)
        if app_id not in self._state.trunks and (application is None or not login.sees(application)):
            raise Refused(400, "app_id is invalid: application not found")
        return self._state.application_uri(app_id)

    def _unlinked(self) -> str | None:
        if self._options.unlink == "none":
            return None
        applications = self._state.applications.items()
        default = next((app_id for app_id, application in applications if application["default_app"]), None)
        return self._state.application_uri(default) if default else None

    def _change(self, resource: str, key: str, fields: Object) -> None:
        self._state.change(resource, key, fields, hidden=self._hidden)

    def _call(self, body: Object, login: _Login) -> _Outcome:
        caller, callees = calls.parties(body)
        number = self._state.numbers.get(caller)
        if number is None or not login.sees(number):
            raise Refused(400, "from is not a number of this account")
        uuids = [str(uuid.uuid4()) for _ in callees]

        def effect() -> None:
            for call_uuid, callee in zip(uuids, callees, strict=True):
                for record in calls.records(self._state, call_uuid, number, callee, time.time()):
                    hidden = self._hidden + calls.SHOWS_AFTER
                    self._state.put("Call", record["call_uuid"], record, hidden=hidden)

        message = "call fired" if len(uuids) == 1 else "calls fired"
        return 201, {"message": message, "request_uuid": uuids[0] if len(uuids) == 1 else uuids}, effect


def _allow(method: str, allowed: str) -> None:
    if method not in allowed.split():
        raise Refused(405, "method not allowed")
