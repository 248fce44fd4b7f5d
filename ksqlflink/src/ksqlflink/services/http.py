"""JSON over HTTP to the services behind the server."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ksqlflink.errors import ServerProblem

if TYPE_CHECKING:
    import requests


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
        import requests  # here, because those who only read SQL install the package without it

        self._name = name
        self._url = url.rstrip("/")
        self._session = session or requests.Session()
        self._session.trust_env = False
        self._timeout = timeout

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded answer (None for an empty one); HttpError or ServiceUnreachable otherwise."""
        try:
            response = self._session.request(method, self._url + path, json=body, timeout=self._timeout)
        except OSError as error:  # what requests raises is one
            # Clients read this: where the service is, and by what login, is not theirs to know.
            raise ServiceUnreachable(f"{self._name} does not answer ({type(error).__name__})") from error
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            raise HttpError(self._name, response.status_code, response.text)
        return response.json() if response.content else None
