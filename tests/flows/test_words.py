"""What people read of a flow run: links that lead somewhere, and names that Markdown cannot be made to act on."""

import pytest


def test_pictures_are_linked_to_where_sheets_are_served_else_by_their_command(monkeypatch: pytest.MonkeyPatch):
    from flows.tasks.words import sheet_link

    assert sheet_link("spring & co") == "`florist gallery 'spring & co' --open`"
    monkeypatch.setenv("FLORIST_GALLERY_URL", "https://sheets.example.com/")
    assert (
        sheet_link("spring & co") == "[the contact sheet](https://sheets.example.com/campaigns/spring%20%26%20co/)"
    )


def test_command_in_an_advice_is_code_and_all_else_is_escaped():
    from flows.tasks.words import as_word, with_code

    advice = f"change <b>, or pay by `florist rerun {as_word('a`*b')}`"
    assert with_code(advice) == r"change \<b\>, or pay by `florist rerun 'a*b'`"


def test_name_that_turns_the_direction_of_writing_shows_that_it_does():
    from flows.tasks.words import escaped

    assert escaped("<b> \u202egnp.exe עברית 👩\u200d🎨") == "\\<b\\> �gnp.exe עברית 👩\u200d🎨"
