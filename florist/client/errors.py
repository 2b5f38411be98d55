"""What a call of the client can end in, beside the errors of the API (`florist.api.errors`) and of downloads.

::

    FloristError
    └── InvalidInputsError          inputs that do not fit the technique; nothing was spent
"""

from collections.abc import Iterable

from florist.api.errors import FieldProblem
from florist.errors import FloristError
from florist.wording import quoted, shortened


class InvalidInputsError(FloristError):
    """The inputs do not fit the technique. Nothing was uploaded, nothing paid for.

    `problems` holds all of them, each with the input's id and the mend. Example: docs/client.md, "Inputs".
    """

    def __init__(self, technique: str, problems: Iterable[FieldProblem]) -> None:
        self.technique = technique
        self.problems = tuple(problems)
        lines = [f"{shortened(problem.field)}: {problem.message}" for problem in self.problems]
        what = f"these inputs do not fit {quoted(technique)}; nothing was spent"
        super().__init__("\n  ".join([f"{what}:", *lines]))
