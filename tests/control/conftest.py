"""What the tests of the control API share: a client of it, and a fake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from control_client import Control, empty, fill

from fakenotify import FakeNotify
from fakenotify.notify.records import Service


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    """A fake with a frozen clock and a second account; its callbacks wait to be posted."""
    with empty() as fake:
        yield fake


@pytest.fixture
def control(fake: FakeNotify) -> Control:
    """A client of ``fake``'s control API."""
    return Control(fake)


@pytest.fixture
def lively(fake: FakeNotify) -> Service:
    """The default account's Service, with rows in every table."""
    fill(fake)
    return fake.services[0]
