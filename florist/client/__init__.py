"""The client for people's own programs: values in, a completed run out, its files saved and verified.

Promises: what is wrong with the inputs is told before anything is uploaded or paid for; a file appears whole under
its name or not at all. It keeps no ledger: who must never pay twice takes `florist.studio`. Start reading at
`client.py`; `inputs.py` decides what fits a technique, `saving.py` writes files.
"""

from florist.client.client import RUN_TIMEOUT, FloraClient
from florist.client.completed import CompletedRun, SavableOutput
from florist.client.errors import InvalidInputsError
from florist.client.inputs import Inputs, InputSource
from florist.client.saving import SavedOutput

__all__ = [
    "RUN_TIMEOUT",
    "CompletedRun",
    "FloraClient",
    "InputSource",
    "Inputs",
    "InvalidInputsError",
    "SavableOutput",
    "SavedOutput",
]
