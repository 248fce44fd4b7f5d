"""What the REST clients share: a session with retries and deadlines, and errors with a remedy."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable
from macd.specs.models import HttpService

# Connect and read seconds. A ksqlDB statement or a connector validation may take a while to answer.
TIMEOUT = (5, 60)
# Only requests that may be sent twice; the wait doubles from 0.2 s, or is what Retry-After says.
RETRY = Retry(
    total=4,
    connect=2,
    read=1,
    backoff_factor=0.2,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=("GET", "PUT", "DELETE"),
    raise_on_status=False,
)


class HttpClient:
    """A REST service at `service.url`; `name` is how errors call it, `connection` what to check then."""

    name = "service"
    connection = ""
    content_type = "application/json"
    retry = RETRY

    def __init__(self, service: HttpService, session: requests.Session | None = None) -> None:
        self._url = service.url.rstrip("/")
        self._session = session or _session(self.retry)
        self._session.headers.update({"Content-Type": self.content_type, "Accept": self.content_type})
        if service.username and service.password:
            self._session.auth = (service.username, service.password.get_secret_value())

    def request(self, method: str, path: str, json: Any = None) -> Any:
        """The parsed JSON answer, None when it is empty; raises a ServiceError."""
        response = self._send(method, path, json)
        if response.status_code in (401, 403):
            raise AuthenticationFailed(
                self.name,
                f"{self._url} refused the credentials (HTTP {response.status_code}).",
                remedy=f"Check user and password of the connection {self.connection}.",
            )
        if not response.ok:
            raise self._rejection(response)
        return response.json() if response.content else None

    def request_or_none(self, method: str, path: str, json: Any = None) -> Any:
        """As `request`, but None when the service says that there is no such thing (HTTP 404)."""
        try:
            return self.request(method, path, json)
        except RequestRejected as error:
            if error.code is not None and str(error.code).startswith("404"):
                return None
            raise

    def server_time(self, path: str = "/") -> datetime | None:
        """The service's clock, cut to the second; None when its answers carry no Date header."""
        date = self._send("GET", path, None).headers.get("Date")
        return parsedate_to_datetime(date) if date else None

    def _send(self, method: str, path: str, json: Any) -> requests.Response:
        try:
            return self._session.request(method, self._url + path, json=json, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise ServiceUnreachable(
                self.name,
                f"no answer from {self._url} ({type(error).__name__}).",
                remedy=f"Check that it runs (`macd status`) and the address in {self.connection}.",
            ) from error

    def _rejection(self, response: requests.Response) -> RequestRejected:
        """The refusal as an error; services put their own code and message in the body."""
        code, message = response.status_code, response.text[:500]
        try:
            body = response.json()
            # Apicurio says 0 where it has no code.
            code, message = body.get("error_code") or code, body.get("message", message)
        except (ValueError, AttributeError):
            pass
        return RequestRejected(self.name, f"{message} (code {code})", remedy=self.remedy_for(code), code=code)

    def remedy_for(self, code: int) -> str:
        """What to do about a refusal with this code."""
        return f"Read {self.name}'s log for the request that it refused with {code}."


def _session(retry: Retry) -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session
