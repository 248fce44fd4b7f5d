"""Health check of an HTTP service: exits 0 when the URL answers with 200. The image has no curl."""

from __future__ import annotations

import sys
from urllib.error import URLError
from urllib.request import urlopen


def answers(url: str) -> bool:
    """Whether a GET of `url` gives 200 within five seconds."""
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - docker-compose.yaml names the URL
            return bool(answer.status == 200)
    except (URLError, TimeoutError):
        return False


if __name__ == "__main__":
    sys.exit(not answers(sys.argv[1]))
