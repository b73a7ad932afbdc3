"""Plivo's API as the program needs it: paging, retries, and errors that become ours."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
import tenacity

from plivo_reject import answers
from plivo_reject.errors import ApiError, CredentialsError, Exit
from plivo_reject.model import Application, Number, last_segment
from plivo_reject.pool import RateLimit, Stopped, ordered_map
from plivo_reject.sdk import SdkClient
from plivo_reject.settings import Settings, public

_RETRYABLE = {429, 500, 502, 503, 504}


class PlivoGateway:
    """Plivo's API over HTTP, one client a thread, all threads under one rate limit.

    ``trace`` is told of each request: method, path, status or fault, duration in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        stop: threading.Event | None = None,
        trace: Callable[[str, str, str, float], None] | None = None,
    ) -> None:
        self._settings = settings
        self._stop = stop or threading.Event()
        self._trace = trace
        self._limit = RateLimit(settings.rate, sleep=self._sleep)
        self._local = threading.local()
        self._filter = {"subaccount": settings.subaccount} if settings.subaccount else {}

    def account(self) -> Mapping[str, Any]:
        """Return the account's details (``GET Account/{auth_id}/``)."""
        return self._object("GET", ())

    def applications(self, name_prefix: str | None = None) -> list[Application]:
        """List applications; Plivo's ``app_name`` filters by prefix."""
        query = dict(self._filter)
        if name_prefix:
            query["app_name"] = name_prefix
        return [Application.from_api(item) for item in self._list("Application", "app_id", query)]

    def application(self, app_id: str) -> Application | None:
        """Read one application, None when it is not there."""
        found = self._find(("Application", app_id))
        return Application.from_api(found) if found is not None and "app_id" in found else None

    def create_application(self, settings: Mapping[str, Any]) -> str:
        """Create an application in one attempt and return its id.

        Raises ``ApiError`` with ``in_doubt`` when the answer was lost: the caller looks it up before it repeats.
        """
        data = {**settings, **self._filter}
        answer = self._decode("POST", ("Application",), self._send("POST", ("Application",), data))
        app_id = answer.get("app_id")
        if not app_id:
            raise self._not_understood("POST", ("Application",), 201)
        return str(app_id)

    def update_application(self, app_id: str, settings: Mapping[str, Any]) -> None:
        """Change exactly these settings (``POST Application/{app_id}/``)."""
        self._object("POST", ("Application", app_id), settings)

    def delete_application(self, app_id: str) -> None:
        """Delete with ``cascade=false``, so that SIP endpoints survive; gone already is done."""
        self._find(("Application", app_id), "DELETE", {"cascade": False})

    def endpoint_applications(self) -> list[str]:
        """Return the application id of every SIP endpoint."""
        found = (last_segment(item.get("application")) for item in self._list("Endpoint", "endpoint_id", self._filter))
        return [app_id for app_id in found if app_id]

    def count_numbers(self) -> int | None:
        """Return the account's count of numbers as the first page tells it."""
        first = self._object("GET", ("Number",), {"limit": 1, "offset": 0, **self._filter})
        total = answers.meta(first).get("total_count")
        return total if isinstance(total, int) else None

    def numbers(self, startswith: str | None = None) -> list[Number]:
        """List numbers, those that begin with the digits when given."""
        query = {**self._filter, **({"number_startswith": startswith} if startswith else {})}
        found = [Number.from_api(item) for item in self._list("Number", "number", query)]
        return [number for number in found if number.number.startswith(startswith or "") and self._owned(number)]

    def number(self, number: str) -> Number | None:
        """Read one number, None when it is not on the account."""
        found = self._find(("Number", number))
        if found is None or "number" not in found:
            return None
        read = Number.from_api(found)
        return read if read.number == number and self._owned(read) else None

    def point_number(self, number: str, app_id: str | None) -> None:
        """Point a number at an application; ``app_id: ""`` is how Plivo's helpers take one off."""
        self._object("POST", ("Number", number), {"app_id": app_id or ""})

    def _owned(self, number: Number) -> bool:
        return not self._settings.subaccount or number.sub_account == self._settings.subaccount

    def _list(self, resource: str, key: str, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Walk all pages, in parallel where offsets allow; ends on a server that ignores offset and cursor."""
        first = self._object("GET", (resource,), {"limit": answers.PAGE, "offset": 0, **query})
        found = {str(item[key]): item for item in answers.objects(first) if key in item}
        following = answers.following(first)
        total = answers.meta(first).get("total_count")
        if following and "offset" in following and isinstance(total, int) and total > 2 * answers.PAGE:
            size = len(answers.objects(first)) or answers.PAGE
            pages = ordered_map(
                lambda offset: self._object("GET", (resource,), {"limit": size, "offset": offset, **query}),
                range(size, total, size),
                workers=self._settings.workers,
                stop=self._stop,
            )
            before = len(found)
            for page in pages:
                found.update({str(item[key]): item for item in answers.objects(page or {}) if key in item})
            following = answers.following(pages[-1] or {}) if len(found) > before else None
        while following:
            page = self._object("GET", (resource,), {**query, **following})
            fresh = {
                str(item[key]): item for item in answers.objects(page) if key in item and str(item[key]) not in found
            }
            if not fresh:
                break
            found.update(fresh)
            following = answers.following(page)
        return list(found.values())

    def _find(self, path: tuple[str, ...], method: str = "GET", data: Any = None) -> Mapping[str, Any] | None:
        try:
            return self._object(method, path, data)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _object(self, method: str, path: tuple[str, ...], data: Any = None) -> Mapping[str, Any]:
        """Send an idempotent request, repeating it on passing faults for ``retry_for`` seconds."""
        give_up = time.monotonic() + self._settings.retry_for

        def out_of_time(state: tenacity.RetryCallState) -> bool:
            return time.monotonic() + state.upcoming_sleep > give_up

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, ApiError) and error.retryable),
            wait=_pause,
            stop=out_of_time,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(lambda: self._decode(method, path, self._send(method, path, data)))

    def _send(self, method: str, path: tuple[str, ...], data: Any) -> requests.Response:
        if self._stop.is_set():
            raise Stopped
        client = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = SdkClient(self._settings)
        with self._limit.slot():
            if self._stop.is_set():
                raise Stopped
            started = time.monotonic()
            said = "no answer"
            try:
                response: requests.Response = client.request(method, path, data)
                said = str(response.status_code)
                return response
            except requests.RequestException as error:
                said = type(error).__name__
                raise self._fault(error) from error
            finally:
                if self._trace:
                    self._trace(method, "/".join(path) + "/" if path else "", said, time.monotonic() - started)

    def _fault(self, error: requests.RequestException) -> ApiError:
        base = self._settings.api_url
        if isinstance(error, requests.exceptions.SSLError):
            return ApiError(
                "TLS_FAILED",
                f"The TLS certificate of {base} was not accepted.",
                hint="Behind a company proxy, point REQUESTS_CA_BUNDLE at its certificates.",
            )
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidProxyURL)):
            return ApiError("BAD_API_URL", f"{base} cannot be called.", hint="Check PLIVO_API_URL and the proxy.")
        code, what = ("TIMEOUT", "did not answer in time")
        if not isinstance(error, requests.exceptions.Timeout):
            code, what = ("UNREACHABLE", "cannot be reached or dropped the connection")
        return ApiError(
            code,
            f"Plivo's API at {base} {what}.",
            hint="Check the network, PLIVO_API_URL and the proxy; running again is safe.",
            exit_code=Exit.TEMPORARY,
            retryable=True,
            in_doubt=True,
        )

    def _decode(self, method: str, path: tuple[str, ...], response: requests.Response) -> Mapping[str, Any]:
        status = response.status_code
        if status == 204 or (method == "DELETE" and 200 <= status < 300):
            return {}
        try:
            body = response.json()
        except ValueError:
            body = None
        if 200 <= status < 300:
            if isinstance(body, dict):
                return body
            raise self._not_understood(method, path, status)
        raise self._refusal(method, path, status, body, response.headers.get("Retry-After"))

    def _not_understood(self, method: str, path: tuple[str, ...], status: int) -> ApiError:
        return ApiError(
            "NOT_JSON",
            f"{method} {'/'.join(path)} at {self._settings.api_url} was answered with {status}, but not in JSON.",
            hint="Check PLIVO_API_URL (version included, such as https://api.plivo.com/v1) and any proxy.",
            exit_code=Exit.TEMPORARY,
            retryable=True,
            status=status,
            in_doubt=True,
        )

    def _refusal(
        self, method: str, path: tuple[str, ...], status: int, body: object, retry_after: str | None
    ) -> ApiError | CredentialsError:
        said = public(answers.said(body), self._settings)
        if status in (401, 403):
            return CredentialsError(
                "CREDENTIALS_REFUSED" if status == 401 else "FORBIDDEN",
                f"Plivo refused the credentials of {self._settings.auth_id} (from {self._settings.source})"
                + (f": {said}" if said else "."),
                hint="Check PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN against the Plivo console.",
                status=status,
            )
        what = f"{method} {'/'.join(path)}"
        if status in _RETRYABLE:
            return ApiError(
                "RATE_LIMITED" if status == 429 else "SERVER_ERROR",
                f"Plivo answered {what} with {status}" + (f": {said}" if said else "."),
                hint="It may pass; running again is safe."
                + (" Another program may use up the account's rate: try a lower --rate." if status == 429 else ""),
                exit_code=Exit.TEMPORARY,
                retryable=True,
                status=status,
                in_doubt=status != 429,
                retry_after=answers.seconds(retry_after),
            )
        if status == 404:
            return ApiError(
                "NOT_FOUND",
                f"{what}: not on this account" + (f": {said}" if said else "."),
                exit_code=Exit.NOT_FOUND,
                status=status,
            )
        return ApiError(
            "REFUSED",
            f"Plivo refused {what} with {status}" + (f": {said}" if said else "."),
            hint="Correct what Plivo names.",
            status=status,
        )

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped


def _pause(state: tenacity.RetryCallState) -> float:
    """Exponential backoff with full jitter, never shorter than Plivo asked for."""
    backoff = random.uniform(0.5, 1.0) * min(8.0, 0.25 * 2.0**state.attempt_number)
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, ApiError) else None
    return max(backoff, asked or 0.0)
