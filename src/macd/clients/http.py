"""What the REST clients share: a session with retries and deadlines, and errors with a remedy."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from macd.clients.throttle import TOO_MANY_REQUESTS, asked_for, has_too_many, patiently
from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable
from macd.redaction import redacted
from macd.specs.endpoints import HttpService

# Connect and read seconds. A ksqlDB statement or a connector validation may take a while to answer.
TIMEOUT = (5, 60)
# Only requests that may be sent twice; the wait doubles from 0.2 s. A service that asks for time (HTTP 429)
# is given it by macd.clients.throttle: urllib3 would sleep for whatever it says.
RETRY = Retry(
    total=4,
    connect=2,
    read=1,
    backoff_factor=0.2,
    status_forcelist=(502, 503, 504),
    allowed_methods=("GET", "PUT", "DELETE"),
    raise_on_status=False,
    respect_retry_after_header=False,
)


class HttpClient:
    """A REST service at `service.url`; `name` is how errors call it, `connection` what to check then."""

    name = "service"
    connection = ""
    content_type = "application/json"
    retry = RETRY
    # Seconds that a service may keep us waiting in all when it has had too many requests, or starts.
    patience_s = 60.0

    def __init__(self, service: HttpService, session: requests.Session | None = None) -> None:
        self._url = service.url.rstrip("/")
        self._user = service.username
        self._kept_in = service.kept_in or f"the connection {self.connection}"
        # What no message may repeat: a service may quote the request that it refuses.
        self._secrets = set(service.secrets)
        self._session = session or _session(self.retry)
        self._session.headers.update({"Content-Type": self.content_type, "Accept": self.content_type})
        if service.username and service.password:
            self._session.auth = (service.username, service.password.get_secret_value())

    def request(self, method: str, path: str, json: Any = None) -> Any:
        """The parsed JSON answer, None when it is empty; raises a ServiceError."""
        response = self._send(method, path, json)
        if response.status_code in (401, 403):
            raise self._refused(response.status_code)
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

    def turns_away(self, response: requests.Response) -> bool:
        """Whether the same request may be let through a little later."""
        return has_too_many(response)

    def _refused(self, status: int) -> AuthenticationFailed:
        """Says which credentials, and where they are kept; never the password."""
        whose = f" of {self._user}" if self._user else ""
        told = f"{self._url} refused the credentials{whose} (HTTP {status})."
        return AuthenticationFailed(self.name, told, remedy=self.credentials_remedy(status))

    def credentials_remedy(self, status: int) -> str:
        """What to do about credentials that are unknown (401) or do not suffice (403)."""
        if status == 403 and self._user:
            return f"Give {self._user} the rights that it lacks, or other credentials to {self._kept_in}."
        return f"Check user and password in {self._kept_in}; a key may have expired or been deleted."

    def server_time(self, path: str = "/") -> datetime | None:
        """The service's clock, cut to the second; None when its answers carry no Date header."""
        date = self._send("GET", path, None).headers.get("Date")
        return parsedate_to_datetime(date) if date else None

    def _send(self, method: str, path: str, json: Any) -> requests.Response:
        def send() -> requests.Response:
            return self._session.request(method, self._url + path, json=json, timeout=TIMEOUT)

        try:
            return patiently(send, self.patience_s, self.turns_away)
        except requests.RequestException as error:
            raise ServiceUnreachable(
                self.name,
                f"no answer from {self._url} ({type(error).__name__}).",
                remedy=f"Check that it runs (`macd status`) and the address in {self.connection}.",
            ) from error

    def _rejection(self, response: requests.Response) -> RequestRejected:
        """The refusal as an error; services put their own code and message in the body."""
        # Cut when it is clean: the half of a secret would be found by nobody.
        code, message = response.status_code, self.clean(response.text)[:500]
        with suppress(ValueError, AttributeError):
            code, message = self.complaint(response.json(), code, message)
        message = self.clean(str(message))
        remedy = _too_many(response) if code == TOO_MANY_REQUESTS else self.remedy_for(code)
        return RequestRejected(self.name, f"{message} (code {code})", remedy=remedy, code=code)

    def clean(self, text: str) -> str:
        """A text of the service without the secrets that this client knows, and without logins in URIs."""
        return redacted(text, self._secrets)

    def complaint(self, body: Any, code: int, message: str) -> tuple[int, str]:
        """Code and message that the body of a refusal holds; those given where it holds none.

        Apicurio says 0 where it has no code.
        """
        return body.get("error_code") or code, body.get("message", message)

    def remedy_for(self, code: int) -> str:
        """What to do about a refusal with this code."""
        return f"Read {self.name}'s log for the request that it refused with {code}."


def _too_many(response: requests.Response) -> str:
    wait = asked_for(response)
    return f"It had too many requests; try again in {wait or 60:.0f} s."


def _session(retry: Retry) -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session
