"""The ledger's rules in every order of events, in worlds too large for the suite."""

import pytest

from tests.ledger.model.test_model import LARGE, explored, title


@pytest.mark.drill
@pytest.mark.parametrize("setting", LARGE, ids=title)
def test_rules_in_every_order_of_a_larger_world_pay_once_adopt_their_own_and_come_to_an_end(setting):
    found = explored(setting)
    assert not found.broken, str(found)
