"""One step made: its run started, waited for, its outputs kept; with Prefect or without.

Promises: starting, waiting and keeping may each be repeated after any error or crash; nothing is paid twice,
nothing paid is lost, and nothing is reused whose files are gone.
Start reading at `studio.py`; `steps.py` has what a step is, and in which order the three come.
"""

from florist.studio.steps import STEP_TIMEOUT, WINDOW
from florist.studio.studio import Studio, StudioSteps

__all__ = ["STEP_TIMEOUT", "WINDOW", "Studio", "StudioSteps"]
