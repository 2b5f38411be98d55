"""Names of archived objects."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from florist.archive.keys import SEGMENT_BYTES_AT_MOST, Layout, RunPlace, index_key, segment, short_run_id
from florist.errors import ConfigurationError
from florist.stores.errors import UnsafeKeyError
from florist.stores.keys import checked_key

DAY = datetime(2026, 5, 4, 23, 59, tzinfo=UTC)
WINDOWS_RESERVES = {"CON", "CONIN$", "CONOUT$", "PRN", "AUX", "NUL"} | {
    device + number for device in ("COM", "LPT") for number in "0123456789¹²³"
}
WINDOWS_FORBIDS = set('<>:"/\\|?*') | {chr(number) for number in range(32)}


def place(**fields) -> RunPlace:
    return RunPlace(**{"run_id": "run_abc1", "technique": "still", "created_at": DAY, **fields})


@given(st.text())
@example("CON")
@example("con.txt")
@example("COM¹")
@example("lpt³.json")
@example("CONIN$")
@example("..")
@example(" trailing. ")
@example("\ud800")
@example("é" * 100)
@example("👩‍👩‍👧")
def test_segment_of_any_text_is_one_name_on_every_file_system(text):
    name = segment(text, otherwise="x")
    assert checked_key(name) == name
    assert len(name.encode()) <= SEGMENT_BYTES_AT_MOST + 1
    assert not set(name) & WINDOWS_FORBIDS
    assert not name.endswith((".", " "))
    assert name.partition(".")[0].upper() not in WINDOWS_RESERVES
    assert unicodedata.is_normalized("NFC", name)


@given(st.text())
def test_segment_of_a_segment_is_itself(text):
    name = segment(text, otherwise="x")
    assert segment(name, otherwise="x") == name


def test_segment_of_both_ways_to_write_an_umlaut_is_one():
    assert segment("Fru\u0308hling", otherwise="x") == segment("Fr\u00fchling", otherwise="x") == "Frühling"


def test_segments_of_long_texts_that_begin_alike_differ():
    assert segment("a" * 100 + "1", otherwise="x") != segment("a" * 100 + "2", otherwise="x")


@pytest.mark.parametrize(
    ("text", "name"), [("", "row"), ("///", "row"), ("SKU 17/b", "SKU-17-b"), ("東京", "東京")]
)
def test_segment_keeps_letters_of_every_script_and_replaces_the_rest(text, name):
    assert segment(text, otherwise="row") == name


@given(st.sets(st.text(min_size=1), min_size=2))
@example({"run_abc", "run_ABC", "run_Abc", "abc", "run_", "run_run_abc"})
@example({"run_" + "a" * 32, "run_" + "a" * 33, "run_" + "a" * 34})
def test_short_run_ids_of_different_runs_differ_even_without_case(run_ids):
    usable = {run_id for run_id in run_ids if run_id.isascii()}
    assert len({short_run_id(run_id).casefold() for run_id in usable}) == len(usable)


def test_short_run_id_of_the_usual_kind_can_be_searched_for():
    assert short_run_id("run_01hxyz9") == "01hxyz9"


@pytest.mark.parametrize("name", ["nul", "con", "aux", "com1", "lpt9"])
def test_short_run_id_is_never_a_name_that_windows_reserves(name):
    assert index_key(f"run_{name}").startswith(f"index/run{name}-")


def test_layout_of_a_single_run_is_by_day_and_technique():
    assert Layout().output_key(place(), 2, "png") == "runs/2026-05-04/still/abc1-2.png"
    assert Layout().manifest_key(place()) == "runs/2026-05-04/still/abc1.json"


def test_layout_of_a_campaign_is_by_row_and_step():
    key = Layout().output_key(place(campaign="Launch", row="17", step="film"), 0, "mp4")
    assert key == "campaigns/Launch/17/film/abc1-0.mp4"


def test_layout_of_a_run_without_a_day_still_has_a_place():
    assert Layout().manifest_key(place(created_at=None)) == "runs/undated/still/abc1.json"


def test_layout_of_ones_own_is_followed():
    layout = Layout(campaign_folder="{campaign}/{date}/{technique}")
    assert layout.manifest_key(place(campaign="c")) == "c/2026-05-04/still/abc1.json"


@pytest.mark.parametrize(
    "template", ["../{date}", "/abs", "{nobody}", "{date", "a//b", "{row}", "", "{date.year}"]
)
def test_layout_that_is_no_folder_is_refused(template):
    with pytest.raises(ConfigurationError):
        Layout(run_folder=template)


@given(st.text(), st.text(), st.text(), st.text(min_size=1).filter(str.isprintable), st.integers(0, 99))
def test_layout_keys_stay_in_the_store_whatever_the_names(campaign, row, step, run_id, index):
    key = Layout().output_key(place(campaign=campaign, row=row, step=step, run_id=run_id), index, "png")
    assert checked_key(key).startswith("campaigns/")
    assert key.count("/") == 4


def test_index_key_is_found_from_the_run_id_alone():
    assert index_key("run_abc1") == "index/abc1.json"


@pytest.mark.parametrize("key", ["a", "a/b.json", "é/ü.png", ".hidden", "a b"])
def test_checked_key_that_is_safe_is_returned(key):
    assert checked_key(key) == key


@pytest.mark.parametrize("key", ["..", "a/./b", "a/..", "/", "a\n", "a/.florist-part-1", "x" * 1025])
def test_checked_key_that_is_not_safe_is_refused(key):
    with pytest.raises(UnsafeKeyError):
        checked_key(key)
