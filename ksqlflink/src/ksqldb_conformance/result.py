"""Verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Result:
    """Verdict on one case or one recorded file.

    It passed if there are no differences; `skipped` lists what was left out and why, and with `checked`
    False nothing at all was compared.
    """

    name: str
    theme: str
    seconds: float
    differences: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    checked: bool = True

    @property
    def passed(self) -> bool:
        """True if something was compared and everything was as recorded."""
        return self.checked and not self.differences

    @property
    def failed(self) -> bool:
        """True if something was not as recorded."""
        return bool(self.differences)
