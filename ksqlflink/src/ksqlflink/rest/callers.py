"""Who may call the server: programs, but no page of another site in a browser.

ksqlDB takes any content type, so a page could send a statement as text/plain without asking first. These
headers are none that a page can choose: Origin goes with everything but GET, Sec-Fetch-Site where there is no
Origin (a link, an image). A page whose name leads to this machine (DNS rebinding) is of the server's own
origin, but it is that name which stands in Host. Programs send none of the first two.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ksqlflink.errors import Stranger
from ksqlflink.rest.bodies import drain, json_response

_OWN_SITES = ("same-origin", "none")


@dataclass(frozen=True)
class Guarded:
    """An application that answers strangers with 403; `hosts` are the names by which it may be called."""

    app: ASGIApp
    hosts: Collection[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no stranger's."""
        refusal = self._refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self.app(scope, receive, send)
            return
        await drain(Request(scope, receive).stream())
        await json_response(refusal.body(), refusal.status)(scope, receive, send)

    def _refusal(self, headers: Headers) -> Stranger | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_named(_name(host)):
            return Stranger(
                "The Host header names a host that this server does not answer for. Call the server by its "
                "address or as localhost, or start it with --allowed-host NAME."
            )
        if origin is not None and origin.lower() != f"http://{host}".lower():
            return Stranger("Pages of another origin may not call this server.")
        if headers.get("sec-fetch-site", "none") not in _OWN_SITES:
            return Stranger("Pages of another site may not call this server.")
        return None

    def _is_named(self, name: str) -> bool:
        """Tell whether it is a name of this server; an address is nobody's to lead elsewhere."""
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return name == "localhost" or name in {host.lower() for host in self.hosts}
        return True


def _name(host: str) -> str:
    """Return the Host header without its port."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
