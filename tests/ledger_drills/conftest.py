"""Makes the asserts of the drills' own modules tell what they saw."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.drills.ledger.{module}" for module in ("scene", "afterwards", "kills", "chaos"))
)
