"""Exchanges that leave a stream open while the next ones are sent: /close-query ends it from outside."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from .compare import compare_values
from .exchange import HttpServer, OpenStream
from .story import Exchange, Request, Response

_QUERY_ID = re.compile(r'"queryId":\s*"([^"]+)"')


@dataclass
class Streams:
    """The streams that are open, with what was recorded to come once they are closed."""

    server: HttpServer
    _open: list[tuple[OpenStream, str]] = field(default_factory=list)
    _ids: dict[str, str] = field(default_factory=dict)

    def send(self, request: Request, exchange: Exchange) -> Response:
        """The response, up to where nothing more comes if the stream was left open."""
        expected = exchange.response
        if expected.after_close is None:
            return self.server.send(request, cut=expected.cut_by_client)
        stream = self.server.open(request)
        self._open.append((stream, expected.after_close))
        actual = stream.read(until_idle=True)
        recorded, given = _QUERY_ID.search(str(expected.body)), _QUERY_ID.search(str(actual.body))
        if recorded and given:
            self._ids[recorded[1]] = given[1]
        return actual

    def translated(self, body: Any) -> Any:
        """A recorded request body with the ids of the queries of this server."""
        text = json.dumps(body)
        for recorded, given in self._ids.items():
            text = text.replace(recorded, given)
        return json.loads(text)

    def rest(self) -> list[str]:
        """Differences in what came on the open streams after they were closed; they are left then."""
        lines: list[str] = []
        for stream, expected in self._open:
            actual = stream.read(until_idle=True)
            lines += compare_values("after the query was closed", expected, str(actual.body))
            stream.close()
        self._open.clear()
        return lines


def comparable(expected: Response, actual: Response) -> Response:
    """The recorded response; of one with an open stream the transfer encoding was not kept."""
    if expected.after_close is None:
        return expected
    encoding = actual.headers.get("transfer-encoding")
    return expected.model_copy(update={"headers": {**expected.headers, "transfer-encoding": encoding}})
