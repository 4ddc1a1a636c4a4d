"""The numbers behind a figure, as a table: for who cannot see it, or wants to go on from it."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryFormatter
from matplotlib.collections import FillBetweenPolyCollection, PathCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, StepPatch

MOST_POINTS = 1000


def table(figure: Figure) -> tuple[str, int, int] | None:
    """Return a figure's numbers as CSV, with how many points and series, or None.

    None is returned for a drawing without axes, and where there are more than 1,000 points.
    """
    axes = [ax for ax in figure.axes if ax.axison and ax.get_label() != "<colorbar>"]
    many = sum(_cells(ax) for ax in axes)
    series = [
        (ax, _label(ax, "x"), _label(ax, "y"), name, points)
        for ax in axes
        for name, points in _series(ax)
    ]
    n_points = sum(len(points) for *_, points in series)
    if n_points == 0 or n_points + many > MOST_POINTS:
        return None
    panels = len({ax for ax, *_ in series}) > 1
    labels = {(x, y) for _, x, y, *_ in series}
    same = labels.pop() if len(labels) == 1 else None
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    header = ["series", *(same or ("x", "y", "x axis", "y axis"))]
    rows.writerow(["panel", *header] if panels else header)
    for ax, x_label, y_label, name, points in series:
        for x, y in points:
            row = [name, _written(x, ax.xaxis), _written(y, ax.yaxis)]
            row += [] if same else [x_label, y_label]
            rows.writerow([_panel(figure, ax), *row] if panels else row)
    return text.getvalue(), n_points, len(series)


def _cells(ax: Axes) -> int:
    """Return how many numbers are drawn as colours, which the table does not hold."""
    meshes = [mesh for mesh in ax.collections if isinstance(mesh, QuadMesh)]
    return sum(np.size(each.get_array()) for each in (*ax.images, *meshes))


def _series(ax: Axes) -> Iterator[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        (str(line.get_label()), line.get_xydata())
        for line in ax.lines
        if line.get_transform() == ax.transData  # not a line across the whole panel
    ]
    for each in ax.collections:
        if isinstance(each, PathCollection):
            found.append((str(each.get_label()), each.get_offsets()))
        elif isinstance(each, FillBetweenPolyCollection):
            outlines = np.concatenate([path.vertices for path in each.get_paths()])
            found.append((str(each.get_label()), outlines))
    found += [
        (str(bars.get_label()), [_end(bar, bars) for bar in bars.patches])
        for bars in ax.containers
        if isinstance(bars, BarContainer)
    ]
    for patch in ax.patches:
        if isinstance(patch, StepPatch):
            values, edges, _ = patch.get_data()
            found.append((str(patch.get_label()), zip(edges[:-1], values, strict=True)))
        elif isinstance(patch, Polygon) and patch.get_data_transform() == ax.transData:
            found.append((str(patch.get_label()), patch.get_xy()))
    for number, (label, points) in enumerate(found, start=1):
        kept = [(float(x), float(y)) for x, y in points if np.isfinite([x, y]).all()]
        if kept:
            yield (f"series {number}" if label.startswith("_") or not label else label), kept


def _end(bar: Any, bars: BarContainer) -> tuple[float, float]:
    if bars.orientation == "horizontal":
        return bar.get_x() + bar.get_width(), bar.get_y() + bar.get_height() / 2
    return bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height()


def _written(value: float, axis: Any) -> str:
    formatter = axis.get_major_formatter()
    # Bars with names stand at 0, 1, 2, ...
    return formatter(value) if isinstance(formatter, StrCategoryFormatter) else f"{value:.6g}"


def _panel(figure: Figure, ax: Axes) -> str:
    return ax.get_title().replace("\n", " ") or f"panel {figure.axes.index(ax) + 1}"


def _label(ax: Axes, which: str) -> str:
    """Return an axis's label; of panels that share an axis only the outer one may carry it."""
    shared = ax.get_shared_x_axes() if which == "x" else ax.get_shared_y_axes()
    labels = [getattr(each, f"get_{which}label")() for each in [ax, *shared.get_siblings(ax)]]
    return next(filter(None, labels), which).replace("\n", " ")
