"""The axes of kept runs whose manifests do not tell them: a sweep knows a run's cell by its name alone."""

from collections.abc import Iterable, Sequence

from florist.archive.manifest import Manifest
from florist.pipelines.axes import MARK, VARIATION, axes_of_cell
from florist.pipelines.cells import axes_of_steps
from florist.pipelines.models import Pipeline


def axes_learnt(manifests: Sequence[Manifest], pipeline: Pipeline | None = None) -> list[Manifest]:
    """Return the manifests with their axes, as far as these can be known for certain.

    The names of a step's axes are told by the pipeline, and by other runs of the step, which tell values, too.
    Where a cell may stand at several places of theirs, or none, its manifest stays as it is.
    """
    learnt = _Learnt(manifests, pipeline)
    return [
        manifest if manifest.axes else manifest.model_copy(update={"axes": learnt.axes_of(manifest.step or "")})
        for manifest in manifests
    ]


class _Learnt:
    """What a campaign's manifests and its pipeline tell of axes."""

    def __init__(self, manifests: Iterable[Manifest], pipeline: Pipeline | None) -> None:
        self._cells: dict[str, dict[str, str]] = {}
        self._names: dict[str, dict[tuple[str, ...], None]] = {}
        self._values: dict[str, dict[str, None]] = {}
        for step, names in (axes_of_steps(pipeline) if pipeline else {}).items():
            self._names.setdefault(step, {})[names] = None
        for manifest in manifests:
            if manifest.axes and manifest.step:
                self._cells[manifest.step] = dict(manifest.axes)
                self._names.setdefault(manifest.step.partition(MARK)[0], {})[tuple(manifest.axes)] = None
                for axis, value in manifest.axes.items():
                    self._values.setdefault(axis, {})[value] = None

    def axes_of(self, cell: str) -> dict[str, str]:
        """Return the axes of a cell; none where they are not known."""
        if cell in self._cells:
            return self._cells[cell]
        known = self._names.get(cell.partition(MARK)[0], ())
        places = [axes for names in known if (axes := axes_of_cell(cell, names, self._values)) is not None]
        # To be the first of several variations says no more than that there are none.
        telling = {tuple(pair for pair in axes.items() if not _is_first_variation(*pair)) for axes in places}
        return max(places, key=len) if len(telling) == 1 else {}


def _is_first_variation(axis: str, value: str) -> bool:
    return value == "1" and axis.rpartition(".")[2] == VARIATION
