"""What can go wrong, and what the reader should do about it.

MacdError                    exit  remedy is always given
├── SpecError                3     a file under include/ or a setting is wrong (names file and field)
│   ├── RunNotFound                there is no seeding run, or no report, with this id
│   │   └── RunBeingDeleted        there is hardly anything left of it
│   ├── RunNotReproducible         this package cannot make the run's records again
│   └── DocumentUnreadable         a document in MongoDB is not as this package writes it
├── EnvironmentNotReady      4     this machine lacks something the local stack needs
├── ServiceError             5     a service did not do what was asked
│   ├── ServiceUnreachable         nobody answers at that address
│   ├── AuthenticationFailed       the credentials were refused
│   └── RequestRejected            the service understood and said no
├── DeadlineExceeded         6     a condition did not come true in time
│   └── Busy                       the dashboard has too much to do, or waits for a service
├── PlanBlocked              7     a change would lose data or break readers
├── DriftFound               8     `plan --fail-on-drift` found something to do
├── DeliveryFailed           9     Kafka did not acknowledge every message
│   └── LeaseLost                  another producer has taken over the run
├── QualityCheckFailed       10    the reconciliation of a run did not come out
├── PreflightFailed          11    a service or the target is not ready for the pipeline
│   └── PreflightBlocked           as above, and waiting does not change it
└── AcceptanceFailed         12    a step of the acceptance kit did not hold
    └── AcceptanceRefused          the target holds the pipeline already; nothing was changed
"""

from __future__ import annotations

from typing import ClassVar


class MacdError(Exception):
    """Base of every expected failure; `remedy` is one sentence that says what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} Remedy: {self.remedy}"


class SpecError(MacdError):
    """A file under include/ (or a setting) does not say what its model asks for."""

    exit_code = 3


class RunNotFound(SpecError):
    """A seeding run was named that does not exist, or was never verified."""


class RunBeingDeleted(RunNotFound):
    """The deletion of a seeding run has begun, or has ended while somebody looked at the run."""


class RunNotReproducible(SpecError):
    """A run's records cannot be made again: it has another recipe, or its manifest was changed."""


class DocumentUnreadable(SpecError):
    """A document that this package keeps in MongoDB was changed by somebody, or by a later version."""


class EnvironmentNotReady(MacdError):
    """Something the local stack needs is missing: a program, memory, disk, a free port."""

    exit_code = 4


class ServiceError(MacdError):
    """A service could not be used; `service` is its name as users know it."""

    exit_code = 5

    def __init__(self, service: str, message: str, *, remedy: str) -> None:
        super().__init__(f"{service}: {message}", remedy=remedy)
        self.service = service


class ServiceUnreachable(ServiceError):
    """Nobody answers at the configured address."""


class AuthenticationFailed(ServiceError):
    """The service refused the credentials or the permissions that come with them."""


class RequestRejected(ServiceError):
    """The service understood the request and refused it; `code` is the service's own error code."""

    def __init__(self, service: str, message: str, *, remedy: str, code: int | None = None) -> None:
        super().__init__(service, message, remedy=remedy)
        self.code = code


class DeadlineExceeded(MacdError):
    """A condition did not come true within its deadline."""

    exit_code = 6


class Busy(DeadlineExceeded):
    """The dashboard could not answer in time; it may when it is asked again."""


class PlanBlocked(MacdError):
    """The plan holds a change that is not safe to apply."""

    exit_code = 7


class DriftFound(MacdError):
    """The actual state differs from include/, and the caller asked to be told by the exit code."""

    exit_code = 8


class DeliveryFailed(MacdError):
    """At least one message was not acknowledged by Kafka."""

    exit_code = 9


class LeaseLost(DeliveryFailed):
    """Another producer has taken over the run, so this one has stopped."""


class QualityCheckFailed(MacdError):
    """A data-quality check with severity `fail` did not come out."""

    exit_code = 10


class PreflightFailed(MacdError):
    """At least one check before the pipeline failed; a service that does not answer may do so later."""

    exit_code = 11


class PreflightBlocked(PreflightFailed):
    """Somebody has to change something first: credentials, permissions, a version, a region."""


class AcceptanceFailed(MacdError):
    """At least one claim of the acceptance kit did not hold."""

    exit_code = 12


class AcceptanceRefused(AcceptanceFailed):
    """Names that the kit would use, and remove at its end, are taken by somebody."""
