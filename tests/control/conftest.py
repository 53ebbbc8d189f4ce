"""What the tests of the control API share: a client of it, and a world with something in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from control_client import Control, empty, fill

from fakenotify import FakeNotify
from fakenotify.notify.records import Service


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    """A fake whose clock stands still, with a second account; its callbacks wait to be posted."""
    with empty() as fake:
        yield fake


@pytest.fixture
def control(fake: FakeNotify) -> Control:
    """A client of ``fake``'s control API."""
    return Control(fake)


@pytest.fixture
def lively(fake: FakeNotify) -> Service:
    """The default account's Service, when there is something in every table."""
    fill(fake)
    return fake.services[0]
