"""The cast, a colour model with its four toners, and an agent that reports."""

from __future__ import annotations

import pytest

from metered.fleet.models import Device
from metered.reads.sender import Sender
from tests import factories
from tests.replenishment import fleets


@pytest.fixture
def cast(db: None) -> factories.Cast:
    return factories.cast()


@pytest.fixture
def who(cast: factories.Cast) -> Sender:
    return fleets.sender(cast)


@pytest.fixture
def catalogue(db: None) -> fleets.Catalogue:
    return fleets.colour_model()


@pytest.fixture
def device(cast: factories.Cast, catalogue: fleets.Catalogue) -> Device:
    return fleets.printer(cast.main_st, *catalogue)
