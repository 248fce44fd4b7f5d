"""For whoever waits for records: whether any can still be on their way."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from macd.errors import MacdError
from macd.pipeline import Pipeline
from macd.readers import Readers
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec


def everything_is_read(
    pipeline: PipelineSpec, services: Services, environment: Mapping[str, str] = os.environ
) -> Callable[[], bool]:
    """Tells whether every query and every sink has committed that it read its topics to their ends.

    What one of them has read it has also written, or will never write; so what is missing then stays missing.
    False where one of them is not there, has committed nothing yet, or nobody can tell.
    """
    readers = Readers(Pipeline(pipeline, services, environment))

    def look() -> bool:
        try:
            return readers.have_caught_up()
        except (MacdError, KeyError, ValueError):  # something is away, or vanished between two questions
            return False

    return look
