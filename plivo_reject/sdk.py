"""The only module that imports the Plivo SDK: one attempt, our base URL, bare answers."""

from __future__ import annotations

from typing import Any

import requests
from plivo.rest.client import Client

from plivo_reject.settings import Settings


class SdkClient(Client):
    """The SDK's client, pointed at a base URL of the settings and handing back bare answers.

    ``Client.request`` resets ``base_uri`` at every call and its resource methods print to standard output and repeat
    creates on a 5xx, so the path is built here and only its one-attempt route is used.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.auth_id, settings.auth_token, timeout=settings.timeout)
        self._base = f"{settings.api_url}/Account/{settings.auth_id}/"

    def create_request(self, method: str, path: Any = None, data: Any = None, **_: Any) -> requests.PreparedRequest:
        """Prepare a request on a path below the account; GET sends ``data`` as the query, others as JSON."""
        url = self._base + "".join(f"{part}/" for part in path or ())
        body = {"params": data} if method == "GET" else {"json": data}
        prepared: requests.PreparedRequest = self.session.prepare_request(requests.Request(method, url, **body))
        return prepared

    def send_request(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """Send it once; raises ``requests.RequestException``."""
        # session.send does not look at HTTPS_PROXY, NO_PROXY and REQUESTS_CA_BUNDLE by itself.
        options = self.session.merge_environment_settings(str(request.url), {}, False, None, None)
        response: requests.Response = self.session.send(request, timeout=self.timeout, allow_redirects=False, **options)
        return response

    def process_response(self, method: str, response: requests.Response, *_: Any, **__: Any) -> requests.Response:
        """Hand the answer back as it came."""
        return response
