"""Add many finished runs to a history at once, for tests that need a long one."""

import hashlib
import secrets

from flora_sandbox.calls import owner_of
from flora_sandbox.flora import Flora
from flora_sandbox.techniques import default_project, technique_named


def fill_history(flora: Flora, api_key: str, count: int, technique_id: str) -> int:
    """Add finished runs with one short text each; they cost nothing and begin no work."""
    technique = technique_named(technique_id)
    project = default_project()
    now = flora.clock.now()
    text = "A run from the past."
    with flora.database.transaction():
        for _ in range(count):
            run_id = f"run_{secrets.token_hex(10)}"
            flora.database.insert(
                "runs",
                run_id=run_id,
                kind="technique",
                owner=owner_of(api_key),
                workspace_id=project.workspace_id,
                project_id=project.project_id,
                subject_id=technique.technique_id,
                subject_name=technique.name,
                recipe=technique.recipe,
                inputs="[]",
                params="{}",
                digest="",
                faults="[]",
                price_micros=0,
                charged_micros=0,
                created_at=now,
                starts_at=now,
                ends_at=now,
                is_stuck=0,
                rendered_at=now,
                final="completed",
                completed_at=now,
            )
            flora.database.insert(
                "outputs",
                run_id=run_id,
                position=0,
                output_id="text",
                type="text",
                text=text,
                media_type="text/plain",
                size_bytes=len(text),
                sha256=hashlib.sha256(text.encode()).hexdigest(),
            )
    return count
