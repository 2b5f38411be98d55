"""Processes of our own that are killed in the middle of their work.

Each is a module that takes its settings as one JSON text, prints `ready`, and begins when it reads a line.
"""

import asyncio
import json
import sys
from typing import Any


async def started(module: str, settings: dict[str, Any]) -> asyncio.subprocess.Process:
    """Start one, and wait until it is ready."""
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, json.dumps(settings), **pipes)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def killed_after(module: str, settings: dict[str, Any], seconds: float) -> None:
    """Kill one so long after it has begun, unless it has ended by then."""
    process = await started(module, settings)
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    await asyncio.sleep(seconds)
    if process.returncode is None:
        process.kill()
    await process.communicate()
