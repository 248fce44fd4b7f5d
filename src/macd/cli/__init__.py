"""The command line: `macd --help`."""

from macd.cli.main import main

__all__ = ["main"]
