"""Who is told of failures, gaps and budgets: a notification block of Prefect, saved by somebody or made here."""

from typing import Any, cast
from uuid import UUID

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.types import SecretDict

from deployments.told import Change, Thing
from florist.errors import ConfigurationError

NAME = "florist-night"
_KIND = "notification"


async def notification_block(client: PrefectClient, notify: str) -> tuple[UUID | None, list[Thing]]:
    """Return the id of the block that tells people, if any, and what became of it.

    Args:
        notify: a saved block as `type/name`, the address of a webhook that takes `{"text": "…"}`, or nothing.

    Raises:
        ConfigurationError: no such block is saved.
    """
    if not notify:
        nobody = "nobody hears of failures, gaps or budgets: set FLORIST_NOTIFY to a block or a webhook"
        return None, [Thing(_KIND, "none", Change.AS_IT_WAS, nobody)]
    if "://" in notify:
        return await _webhook(client, notify)
    slug, _, name = notify.partition("/")
    try:
        document = await client.read_block_document_by_name(name, slug, include_secrets=False)
    except ObjectNotFound as error:
        raise ConfigurationError(
            f"FLORIST_NOTIFY names a block {notify}, which is not saved: save it in Prefect's UI, under Blocks, "
            "or name another as type/name, such as slack-webhook/night"
        ) from error
    return document.id, [Thing(_KIND, notify, Change.AS_IT_WAS)]


async def _webhook(client: PrefectClient, url: str) -> tuple[UUID | None, list[Thing]]:
    # Whoever knows the address may write there: it is kept as a secret.
    block = CustomWebhookNotificationBlock(
        name="Florist",
        url="{{address}}",
        json_data={"text": "{{subject}}\n{{body}}"},
        secrets=SecretDict({"address": url}),
    )
    await CustomWebhookNotificationBlock.aregister_type_and_schema(client=client)
    full = f"{block.get_block_type_slug()}/{NAME}"
    try:
        saved = cast(Any, await CustomWebhookNotificationBlock.aload(NAME, client=client))
    except ValueError:  # Prefect's way to say that there is no such document
        return await block.save(NAME, client=client), [Thing(_KIND, full, Change.CREATED)]
    if saved.secrets == block.secrets:
        return saved._block_document_id, [Thing(_KIND, full, Change.AS_IT_WAS)]
    return await block.save(NAME, overwrite=True, client=client), [Thing(_KIND, full, Change.CHANGED)]
