"""Where generations are filed: in the same project by every process, or a repeated body would be another."""

from types import SimpleNamespace

import pytest

from florist.api.catalogue import Project
from florist.api.models import InputValue
from florist.errors import ConfigurationError
from florist.ledger import GenerationRoute

OLD = Project(project_id="prj_old", created_at=1_700_000_000)
NEW = Project(project_id="prj_a_new", created_at=1_800_000_000)
UNDATED = Project(project_id="prj_0")


async def filed_in(*projects: Project, **options) -> str:
    """Return the project of a generation, where FLORA lists these, the last used first."""

    async def listed(**_):
        for project in projects:
            yield project

    async def create(*, project_id: str, **_) -> str:
        return project_id

    client = SimpleNamespace(
        workspace_id="ws_1",
        projects=SimpleNamespace(list=listed),
        generations=SimpleNamespace(create_with_answer=create),
    )
    inputs = [
        InputValue(id=name, type="text", value=value) for name, value in {"type": "text", "prompt": "a"}.items()
    ]
    route = GenerationRoute(client, **options)
    return await route.post("m", inputs, idempotency_key="k", callback_url=None, before_send=None)


@pytest.mark.parametrize("order", [(OLD, NEW, UNDATED), (UNDATED, NEW, OLD)])
async def test_project_is_the_oldest_whichever_was_used_last(order):
    assert await filed_in(*order) == "prj_old"


async def test_project_that_is_named_is_not_looked_for():
    assert await filed_in(project_id="prj_mine") == "prj_mine"


async def test_workspace_without_a_project_says_what_to_do():
    with pytest.raises(ConfigurationError, match="FLORA_PROJECT_ID"):
        await filed_in()
