"""One campaign whichever way its name is typed."""

import pytest

from florist.errors import ConfigurationError
from florist.studio.campaigns import Campaigns, campaign_name
from florist.studio.steps import CampaignRow


@pytest.mark.parametrize("typed", ["Frühling", "Fru\u0308hling", " Frühling\t", "Fru\u0308hling "])
def test_campaign_typed_in_any_way_has_one_name(typed):
    assert CampaignRow(campaign=typed).campaign == campaign_name(typed) == "Frühling"


async def test_campaign_begun_is_known_under_its_name_alone(folder):
    campaigns = Campaigns(folder)
    assert not await campaigns.knows("spring")
    assert [await campaigns.begin("spring"), await campaigns.begin("spring")] == [False, True]
    assert not await campaigns.knows("Spring")


async def test_campaign_that_differs_by_case_is_refused_until_it_is_said_to_be_new(folder):
    campaigns = Campaigns(folder)
    await campaigns.begin("spring")
    assert await campaigns.similar("SPRING") == ("spring",)
    with pytest.raises(ConfigurationError, match="capital letters"):
        await campaigns.begin("SPRING")
    await campaigns.begin("SPRING", is_new=True)
    assert [await campaigns.begin("SPRING"), await campaigns.begin("spring")] == [True, True]


async def test_campaign_from_before_there_were_notes_is_known_by_its_outputs(folder):
    await folder.create("campaigns/spring/single/still/1.json", b"{}")
    assert await Campaigns(folder).knows("spring")
