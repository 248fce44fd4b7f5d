"""JSON over HTTP to the services behind the server."""

from __future__ import annotations

from typing import Any

import requests

from ksqlflink.errors import ServerProblem


def without_login(url: str) -> str:
    """Return a URL as it may be shown; a password may hold `@` and `/` although it should not."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2]


class HttpError(ServerProblem):
    """A service answered with an error status."""

    def __init__(self, service: str, answer: int, text: str) -> None:
        super().__init__(f"{service} answered {answer}: {text}")
        self.answer = answer
        self.text = text


class ServiceUnreachable(ServerProblem):
    """A service does not answer at all."""


class JsonService:
    """A service with a base URL that speaks JSON; `timeout` is in seconds."""

    def __init__(
        self, name: str, url: str, session: requests.Session | None = None, timeout: float = 10.0
    ) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._session = session or requests.Session()
        self._session.trust_env = False
        self._timeout = timeout

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded answer (None for an empty one); HttpError or ServiceUnreachable otherwise."""
        try:
            response = self._session.request(method, self._url + path, json=body, timeout=self._timeout)
        except requests.RequestException as error:
            # Clients read this: where the service is, and by what login, is not theirs to know.
            raise ServiceUnreachable(f"{self._name} does not answer ({type(error).__name__})") from error
        if response.status_code >= requests.codes.bad_request:
            raise HttpError(self._name, response.status_code, response.text)
        return response.json() if response.content else None
