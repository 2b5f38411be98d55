"""Plans a campaign from nothing, and prints seconds of time and processor, and the peak of this process's memory.

    python -m benchmarks.planning [--rows 10000]

Three steps a row. Every row has a file, a text and a title of its own, so that no two of its steps are those of
another row; or, in the second line, a file alone. Linux only. Ends with exit code 1 above 10 s of processor or
300 MB.
"""

import argparse
import re
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from flora_sandbox.catalogue import TECHNIQUES
from florist.api.models import Technique
from florist.pipelines import parse_pipeline
from florist.pipelines.rows import plan_rows

LIMIT_SECONDS, LIMIT_BYTES = 10.0, 300_000_000
DEFINITIONS = {technique.slug: Technique.model_validate(asdict(technique)) for technique in TECHNIQUES}
PIPELINE = """
name: spring
params:
  packshot: {type: imageUrl}
  scene: {default: on marble}
  title: {default: Spring}
steps:
  still:
    technique: styled-product-still
    inputs: {product_image: "${params.packshot}", prompt: "A studio photograph, the product ${params.scene}"}
  scene:
    technique: product-in-scene
    inputs: {product_image: "${steps.still.output}", scene_image: "${params.packshot}"}
  page:
    technique: look-book-page
    inputs: {image: "${steps.scene.output}", title: "${params.title}"}
"""


def peak_bytes() -> int:
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


def measure(name: str, folder: Path, rows: dict[str, dict[str, str]]) -> bool:
    """Plan the rows; return whether that kept its limits."""
    started, computed = time.perf_counter(), time.process_time()
    pipeline = parse_pipeline(PIPELINE, file=folder / "spring.yaml")
    plans = plan_rows(pipeline, {}, rows, DEFINITIONS, folder=folder)
    seconds, processor, peak = time.perf_counter() - started, time.process_time() - computed, peak_bytes()
    print(f"| {name} | {plans.runs} | {seconds:.1f} s | {processor:.1f} s | {peak / 1e6:.0f} MB |")
    return processor <= LIMIT_SECONDS and peak <= LIMIT_BYTES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    keys = [f"SKU-{number:05}" for number in range(parser.parse_args().rows)]
    print("| what a row has of its own | cells | time | processor | peak memory |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for key in keys:
            (folder / f"{key}.png").write_bytes(b"\x89PNG")
        own = {key: {"packshot": f"{key}.png", "scene": f"scene {key}", "title": key} for key in keys}
        is_kept = measure("everything", folder, own)
        del own
        is_kept &= measure("a file", folder, {key: {"packshot": f"{key}.png"} for key in keys})
    return int(not is_kept)


if __name__ == "__main__":
    sys.exit(main())
