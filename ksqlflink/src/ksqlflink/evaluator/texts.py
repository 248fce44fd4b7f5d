"""Functions of texts: letters, masks, bytes, URLs and regular expressions."""

from __future__ import annotations

import base64
import re
import struct
import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, unquote, unquote_plus, urlsplit

from ksqlflink.evaluator.strict import Function, null_safe

_MASKS = ("X", "x", "n", "-")
_KINDS = {"Lu": 0, "Ll": 1, "Nd": 2}
_ESCAPE = re.compile(r"\\u+([0-9a-fA-F]{4})")
_SHORTEST_ESCAPE = 6
_GROUP = re.compile(r"\\(.)|\$(\d)|\$\{(\w+)\}", re.DOTALL)


def _chr(code: Any) -> str | None:
    if not isinstance(code, str):
        return chr(code) if 0 <= code < 0x110000 else None
    if len(code) < _SHORTEST_ESCAPE or not code.startswith("\\u"):
        return None
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), code)
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def _join(separator: Any, *parts: Any) -> Any:
    return None if separator is None else separator.join(part for part in parts if part is not None)


def _elt(position: int, *texts: str | None) -> str | None:
    return texts[position - 1] if 1 <= position <= len(texts) else None


def _field(wanted: str | None, *texts: str | None) -> int:
    return texts.index(wanted) + 1 if wanted is not None and wanted in texts else 0


def _initcap(text: str) -> str:
    return re.sub(r"\S+", lambda word: word[0][0].upper() + word[0][1:], text.lower())


def _split_to_map(text: str, between: str, within: str) -> dict[str, str] | None:
    if not between or not within or between == within:
        return None
    pairs = (entry.split(within) for entry in text.split(between))
    return {pair[0]: pair[1] for pair in pairs if len(pair) > 1}


# -- masks --------------------------------------------------------------------------------------------------


def _mask(text: str | None, *masks: str | None) -> str | None:
    if text is None:
        return None
    chosen = masks or _MASKS
    if any(mask is not None and len(mask) != 1 for mask in chosen):
        raise ValueError("a mask is a single character")
    return "".join(chosen[_KINDS.get(unicodedata.category(c), 3)] or c for c in text)


def _masked_part(*, left: bool, masked: bool) -> Function:
    def of(text: str | None, count: int, *masks: str | None) -> str | None:
        if count < 0:
            raise ValueError("a negative number of characters to mask or skip")
        if text is None:
            return None
        cut = min(count, len(text)) if left else max(len(text) - count, 0)
        first, second = text[:cut], text[cut:]
        if left == masked:
            return (_mask(first, *masks) or "") + second
        return first + (_mask(second, *masks) or "")

    return of


# -- bytes --------------------------------------------------------------------------------------------------


def _number_of(form: str) -> Function:
    def of(value: bytes, order: str = "BIG_ENDIAN") -> Any:
        prefix = {"BIG_ENDIAN": ">", "LITTLE_ENDIAN": "<"}[order.upper()]
        if len(value) != struct.calcsize(prefix + form):
            raise ValueError(f"not the number of bytes of such a number: {len(value)}")
        return struct.unpack(prefix + form, value)[0]

    return null_safe(of)


def _from_bytes(value: bytes, encoding: str) -> str:
    return _WRITTEN[encoding.lower()](value)


_WRITTEN: dict[str, Callable[[bytes], str]] = {
    "hex": lambda value: value.hex().upper(),
    "utf8": lambda value: value.decode("utf-8", "replace"),
    "ascii": lambda value: value.decode("ascii", "replace"),
    "base64": lambda value: base64.b64encode(value).decode(),
}


def to_bytes(text: str, encoding: str) -> bytes:
    """Return the bytes that a text writes; ValueError or KeyError for a wrong text or encoding."""
    return _READ[encoding.lower()](text)


_READ: dict[str, Callable[[str], bytes]] = {
    "hex": lambda text: base64.b16decode(text, casefold=True),
    "utf8": str.encode,
    "ascii": lambda text: text.encode("ascii", "replace"),
    "base64": lambda text: base64.b64decode(text, validate=True),
}


def _encode(text: str, source: str, target: str) -> str:
    if source.lower() == target.lower():
        raise ValueError(f"{source} to {target}")
    written = _from_bytes(to_bytes(_bare_hex(text) if source.lower() == "hex" else text, source), target)
    return written.lower() if target.lower() == "hex" else written


def _bare_hex(text: str) -> str:
    if text.startswith("0x"):
        return "0" * (len(text) % 2) + text[2:]
    return text[2:-1] if re.fullmatch("[xX]'.*'", text) else text


# -- URLs ---------------------------------------------------------------------------------------------------


def _url(part: Callable[[Any], Any]) -> Function:
    def of(text: str) -> Any:
        if re.search(r"[\s<>\"{}|\\^`]", text):
            raise ValueError(f"not a URL: {text}")
        return part(urlsplit(text))

    return null_safe(of)


def _plain(text: str) -> str | None:
    return unquote(text) if text else None


def _parameter(url: str, name: str) -> str | None:
    for pair in unquote(urlsplit(url).query).split("&"):
        key, _, value = pair.partition("=")
        if key == name and pair:
            return value
    return None


# -- regular expressions ------------------------------------------------------------------------------------


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(str(error)) from None


def _extract(pattern: str, text: str, group: int = 0) -> str | None:
    found = _pattern(pattern).search(text)
    return None if found is None or group > found.re.groups else found[group]


def _extract_all(pattern: str, text: str, group: int = 0) -> list[str] | None:
    compiled = _pattern(pattern)
    if group > compiled.groups:
        return None
    return [found[group] for found in compiled.finditer(text)]


def _replace(text: str, pattern: str, new: str) -> str:
    def replacement(found: re.Match[str]) -> str:
        return _GROUP.sub(lambda ref: ref[1] or found[int(ref[2]) if ref[2] else ref[3]] or "", new)

    return _pattern(pattern).sub(replacement, text)


def _split(text: str, pattern: str) -> list[str]:
    compiled = _pattern(pattern)
    if compiled.fullmatch(""):
        return list(text)
    ends = [(found.start(), found.end()) for found in compiled.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    return [text[a:b] for a, b in zip(starts, [*(start for start, _ in ends), len(text)], strict=True)]


TEXTS: dict[str, Function] = {
    "CHR": null_safe(_chr),
    "CONCAT_WS": _join,
    "ELT": _elt,
    "FIELD": _field,
    "INITCAP": null_safe(_initcap),
    "SPLIT_TO_MAP": null_safe(_split_to_map),
    "MASK": _mask,
    "MASK_LEFT": _masked_part(left=True, masked=True),
    "MASK_RIGHT": _masked_part(left=False, masked=True),
    "MASK_KEEP_LEFT": _masked_part(left=True, masked=False),
    "MASK_KEEP_RIGHT": _masked_part(left=False, masked=False),
    "INT_FROM_BYTES": _number_of("i"),
    "BIGINT_FROM_BYTES": _number_of("q"),
    "DOUBLE_FROM_BYTES": _number_of("d"),
    "FROM_BYTES": null_safe(_from_bytes),
    "TO_BYTES": null_safe(to_bytes),
    "ENCODE": null_safe(_encode),
    "URL_DECODE_PARAM": null_safe(unquote_plus),
    "URL_ENCODE_PARAM": null_safe(lambda text: quote_plus(text, safe="*").replace("~", "%7E")),
    "URL_EXTRACT_FRAGMENT": _url(lambda url: _plain(url.fragment)),
    "URL_EXTRACT_HOST": _url(lambda url: url.hostname),
    "URL_EXTRACT_PARAMETER": null_safe(_parameter),
    "URL_EXTRACT_PATH": _url(lambda url: unquote(url.path)),
    "URL_EXTRACT_PORT": _url(lambda url: url.port),
    "URL_EXTRACT_PROTOCOL": _url(lambda url: url.scheme or None),
    "URL_EXTRACT_QUERY": _url(lambda url: _plain(url.query)),
    "REGEXP_EXTRACT": null_safe(_extract),
    "REGEXP_EXTRACT_ALL": null_safe(_extract_all),
    "REGEXP_REPLACE": null_safe(_replace),
    "REGEXP_SPLIT_TO_ARRAY": null_safe(_split),
}
