"""Makes one picture and saves it: FloraClient in five lines. Not covered by the ledger; see pay_once.py."""

import asyncio
import sys
from pathlib import Path

from florist import FloraClient


async def main(packshot: Path, folder: Path) -> None:
    """Set a product into a scene and save the picture."""
    async with FloraClient() as flora:  # FLORA_API_KEY, FLORA_BASE_URL, FLORA_WORKSPACE_ID
        run = await flora.run("styled-product-still", {"product_image": packshot, "prompt": "On a marble counter"})
        saved = await run.outputs[0].save(folder)
    print(f"{saved.path}: {saved.media_type}, {saved.size_bytes:,} bytes, ${run.charged_usd}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
