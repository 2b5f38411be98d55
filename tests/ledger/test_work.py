"""The key: equal for what means the same, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from florist.ledger import InputIdentity, Work
from tests.ledger.world import work

TEXT = InputIdentity.of_text("prompt", "a vase")
STILL = InputIdentity.of_output("image", "run_1", 0)


def test_key_of_known_work_never_changes():
    assert work().key == "924b3cae6690ddb2764de5ee18e9c8361f642d6a"


def test_key_with_inputs_in_another_order_is_the_same():
    assert work(inputs=(TEXT, STILL)).key == work(inputs=(STILL, TEXT)).key


def test_key_with_several_values_of_one_input_keeps_their_order():
    one, other = InputIdentity.of_content("image", "aa"), InputIdentity.of_content("image", "bb")
    assert work(inputs=(one, other)).key != work(inputs=(other, one)).key


def test_key_with_another_source_label_is_the_same():
    named = InputIdentity.of_content("image", "aa", source="packshot.png")
    assert work(inputs=(named,)).key == work(inputs=(InputIdentity.of_content("image", "aa"),)).key


@pytest.mark.parametrize(
    "change",
    [
        {"technique_id": "tech_other"},
        {"campaign": "summer"},
        {"campaign": None, "flow_run_id": "spring"},
        {"row": "2"},
        {"step": "film"},
        {"variation": 1},
        {"attempt": 1},
        {"route": "generation"},
        {"inputs": (InputIdentity.of_text("prompt", "a vase "),)},
        {"inputs": (InputIdentity.of_text("caption", "a vase"),)},
        {"inputs": (TEXT, STILL)},
        {"inputs": (InputIdentity.of_content("prompt", "a vase"),)},
    ],
    ids=str,
)
def test_key_with_another_meaning_is_another(change):
    assert work(**change).key != work().key


def test_key_of_another_output_of_one_run_is_another():
    first, second = (InputIdentity.of_output("image", "run_1", index) for index in (0, 1))
    assert work(inputs=(first,)).key != work(inputs=(second,)).key


def test_work_without_campaign_and_flow_run_is_refused():
    with pytest.raises(ValidationError, match="campaign"):
        work(campaign=None)


def test_input_from_two_places_is_refused():
    with pytest.raises(ValidationError, match="an input is"):
        InputIdentity(id="image", text="a", sha256="b")


@given(st.text(), st.text(), st.text(), st.text())
def test_key_never_mixes_up_neighbouring_fields(campaign, row, other_campaign, other_row):
    is_same = (campaign, row) == (other_campaign, other_row)
    one = work(row, campaign=campaign)
    assert (one.key == work(other_row, campaign=other_campaign).key) == is_same


@given(st.text())
def test_key_of_work_read_back_from_json_is_the_same(text):
    one = work(inputs=(InputIdentity.of_text("prompt", text),))
    assert Work.model_validate_json(one.model_dump_json()).key == one.key
