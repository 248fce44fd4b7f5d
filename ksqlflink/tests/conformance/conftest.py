"""Session fixtures: the recordings are replayed once a session, each test looks at one verdict."""

from __future__ import annotations

import pytest

from ksqldb_conformance.case import Case
from ksqldb_conformance.runs import Runs
from ksqldb_conformance.services import Services, level, missing_services, services_from_environment


@pytest.fixture(scope="session")
def services() -> Services:
    """The services under test; without addresses the tests are skipped by name."""
    given = services_from_environment()
    missing = missing_services(given)
    if missing:
        pytest.skip(f"no services to replay against: set {', '.join(missing)}")
    return Services(**{name: str(address) for name, address in given.items()})


@pytest.fixture(scope="session")
def runs(services: Services, request: pytest.FixtureRequest) -> Runs:
    """The replays of this session: of the data cases only those whose tests were selected."""
    selected = [
        item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")
    ]
    # Other tests have parameters of that name too.
    return Runs(services, [case for case in selected if isinstance(case, Case)], level())
