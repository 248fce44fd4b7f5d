"""Health check of an HTTP service: answers.py URL [PART]. The image has no curl.

Exits 0 when the URL answers with 200 and, with PART, when the answer calls that part of Airflow healthy.
`airflow jobs check` would tell the same of a part, for six seconds of a core each time.
"""

from __future__ import annotations

import json
import sys
from urllib.error import URLError
from urllib.request import urlopen


def answers(url: str, part: str | None = None) -> bool:
    """Whether a GET of `url` gives 200 within five seconds, and says that `part` is healthy."""
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - docker-compose.yaml names the URL
            found = json.load(answer) if part else {}
            return answer.status == 200 and (part is None or found[part]["status"] == "healthy")
    except (URLError, TimeoutError, ValueError, KeyError):
        return False


if __name__ == "__main__":
    sys.exit(not answers(*sys.argv[1:]))
