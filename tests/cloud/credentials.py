"""Who may ask: API keys by Basic (Confluent Cloud) and by Digest (Atlas), and a service account (Atlas)."""

from __future__ import annotations

import base64
import hashlib
import re

CLOUD_KEY, CLOUD_SECRET = "CLOUDKEY00000001", "canary-cloud-secret"
# Keys that the API answers differently, each with the secret of the good one.
EXPIRED_KEY, POWERLESS_KEY = "CLOUDKEYEXPIRED1", "CLOUDKEYREADONLY"
ATLAS_KEY, ATLAS_SECRET = "atlaskey", "canary-atlas-secret"
ATLAS_CLIENT, ATLAS_CLIENT_SECRET = "mdb_sa_id_65f000000000000000000001", "canary-atlas-client"
ATLAS_TOKEN = "canary-atlas-token"
REALM, NONCE = "MMS Public API", "f3b1c2"
CHALLENGE = f'Digest realm="{REALM}", domain="", nonce="{NONCE}", algorithm=MD5, qop="auth", stale=false'
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


def basic_key(header: str | None) -> str | None:
    """The key of a valid Basic header; None for no, a wrong or an expired one."""
    return next((key for key in (CLOUD_KEY, POWERLESS_KEY) if is_basic(header, key, CLOUD_SECRET)), None)


def is_basic(header: str | None, user: str, secret: str) -> bool:
    """RFC 7617."""
    return header == f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"


def is_digest_valid(header: str | None, method: str) -> bool:
    """RFC 7616 with MD5 and qop=auth, which is what Atlas asks for."""
    kind, _, rest = (header or "").partition(" ")
    given = {name: quoted or plain for name, quoted, plain in _FIELD.findall(rest)}
    if kind != "Digest" or given.get("username") != ATLAS_KEY:
        return False
    first = _md5(f"{ATLAS_KEY}:{REALM}:{ATLAS_SECRET}")
    second = _md5(f"{method}:{given['uri']}")
    return given["response"] == _md5(f"{first}:{NONCE}:{given['nc']}:{given['cnonce']}:auth:{second}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
