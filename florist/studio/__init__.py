"""One step made: its run started, waited for, its outputs kept; with Prefect or without.

Promises: each of the three may be repeated after any error or crash; nothing is paid twice, nothing paid is lost.
Start reading at `studio.py`; `steps.py` has what a step is and the order of the three.
"""

from florist.studio.studio import STEP_TIMEOUT, WINDOW, Studio, StudioSteps

__all__ = ["STEP_TIMEOUT", "WINDOW", "Studio", "StudioSteps"]
