"""Every command and code block of the pages is run by a test, or stands in a list with the reason why not."""

from pathlib import Path

import pytest

from tests.docs.shown import (
    NOT_TYPED,
    PAGES,
    RUN_BY,
    TALKED_ABOUT,
    TYPED_ELSEWHERE,
    blocks,
    commands,
    first_of,
    stands,
    to_type,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_are_typed_by_a_test(page: str):
    left = to_type(page)
    assert [command for command in left if not command.startswith("florist ")] == []


@pytest.mark.parametrize("page", PAGES)
def test_code_blocks_of_a_page_are_run_by_a_test(page: str):
    languages = {block.language for block in blocks(page)} - TALKED_ABOUT - {"console"}
    assert [language for language in languages if (page, language) not in RUN_BY] == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_to_be_typed_is_in_a_block_that_nobody_types(page: str):
    lines = [line for block in blocks(page) if block.language in TALKED_ABOUT for line in block.text.splitlines()]
    assert [line for line in lines if line.startswith(("$ ", "florist run", "prefect "))] == []


def test_tests_that_are_named_are_there_and_name_their_page_or_its_blocks():
    named = {**{key: (test,) for key, test in TYPED_ELSEWHERE.items()}, **RUN_BY}
    assert [test for tests in named.values() for test in tests if not (ROOT / test).is_file()] == []


def test_lists_speak_of_what_pages_show():
    shown = {page: [command for command in commands(page) if not stands(command)] for page in PAGES}
    for table in (TYPED_ELSEWHERE, NOT_TYPED):
        unused = [key for key in table if not any(first_of({key: "x"}, key[0], each) for each in shown[key[0]])]
        assert unused == []
    assert [key for key in RUN_BY if key[1] not in {block.language for block in blocks(key[0])}] == []
