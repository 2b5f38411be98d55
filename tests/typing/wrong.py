"""Uses that must not type-check: each line with a mark must be an error of mypy's and of pyright's. Never run."""

from pathlib import Path

import florist
from florist import FloraClient, Studio, store_at

florist.Ledgr()  # WRONG: no such name


async def client(flora: FloraClient) -> None:
    await flora.run("cctv-cam", {"input_image": 7})  # WRONG: not a value
    await flora.run("cctv-cam", [Path("a.png")])  # WRONG: a sequence is of InputValue
    await flora.run("cctv-cam", {}, timeout="long")  # WRONG: seconds
    await flora.run("cctv-cam", {}, on_progress=lambda: None)  # WRONG: it takes a run
    run = await flora.run("cctv-cam", {})
    await run.outputs[0].save(7)  # WRONG: a path
    run.outputs[0].saev("out/")  # WRONG: no such method
    begun = await flora.start("cctv-cam", {})
    await begun.outputs[0].save("out/")  # WRONG: only a completed run's outputs are saved
    FloraClient("sk_test_x")  # WRONG: by name alone
    FloraClient(timout=3)  # WRONG: no such option


async def studio(flora: FloraClient) -> None:
    plain = Studio(flora, store_at("outputs"))
    await plain.run("cctv-cam", {})  # WRONG: no campaign
    await plain.run("cctv-cam", {"input_image": b"..."}, campaign="spring")  # WRONG: a text or a path
    Studio(flora, "outputs")  # WRONG: a store
