"""Training runs: losses over the epochs, gradients, and paths over the loss surface."""

from collections.abc import Callable, Mapping

import torch
from matplotlib.axes import Axes
from torch import Tensor

from nnbook._arguments import answer, checked, describe, ends, positive_int, refusal, text
from nnbook.plots.style import COLORS, axes_or_new, ink
from nnbook.samples import check_dense
from nnbook.training.callbacks import GradientNorms
from nnbook.training.history import History

# A second cue beside the colour for each line of a figure.
_DASHES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D")


def losses(history: History, ax: Axes | None = None, *, unit: str = "", name: str = "") -> Axes:
    """Draw training and validation loss over the epochs; the loss axis is logarithmic.

    Parameters
    ----------
    history : History
        What `fit` returned.
    ax : Axes, default=None
        Where to draw; None makes a new figure.
    unit : str, default=""
        The losses' unit, "°C²" for a mean squared error in degrees Celsius.
    name : str, default=""
        Put before "training" and "validation" in the legend, to tell several runs apart.

    Returns
    -------
    Axes
        The axes drawn in.

    Examples
    --------
    >>> import torch
    >>> from nnbook import History, plots
    >>> ax = plots.losses(History(torch.tensor([8.0, 2.0]), torch.tensor([9.0, 4.0])), unit="°C²")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['training', 'validation']
    """
    checked("history", history, History, "be a History")
    text("unit", unit)
    text("name", name)
    ax = axes_or_new(ax)
    epochs = range(1, len(history) + 1)
    before = f"{name}, " if name else ""
    ax.plot(epochs, history.train_loss, "-", color=COLORS["blue"], label=f"{before}training")
    if history.val_loss is not None:
        ax.plot(
            epochs, history.val_loss, "--", color=COLORS["vermilion"], label=f"{before}validation"
        )
    ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel(f"loss ({unit})" if unit else "loss")
    ax.legend()
    return ax


def gradient_norms(recorded: GradientNorms, ax: Axes | None = None) -> Axes:
    """Draw the size of each parameter's gradient over the epochs; both axes are logarithmic.

    Parameters
    ----------
    recorded : GradientNorms
        The callback that went through `fit`.
    ax : Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    Axes
        The axes drawn in.

    Examples
    --------
    >>> import nnbook, torch
    >>> from nnbook import plots
    >>> model, norms = torch.nn.Linear(1, 1), nnbook.GradientNorms()
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    >>> data = nnbook.load_thermometer()
    >>> history = nnbook.fit(model, data, optimizer=optimizer, epochs=3, callbacks=[norms])
    >>> ax = plots.gradient_norms(norms)
    """
    checked("recorded", recorded, GradientNorms, "be GradientNorms")
    ax = axes_or_new(ax)
    for number, (name, norms) in enumerate(recorded.norms.items()):
        dashes = _DASHES[number % len(_DASHES)]
        ax.plot(range(1, len(norms) + 1), norms, dashes, label=name)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel("size of the gradient")
    ax.legend()
    return ax


def loss_surface(
    loss: Callable[[Tensor], Tensor],
    horizontal: tuple[float, float],
    vertical: tuple[float, float],
    ax: Axes | None = None,
    *,
    paths: Mapping[str, Tensor] | None = None,
    points: int = 81,
) -> Axes:
    """Draw a loss over two parameters as contour lines, and descents over it as paths.

    Parameters
    ----------
    loss : callable
        Takes parameters of shape (2,), returns a number of shape (); it is called by `torch.vmap`.
    horizontal, vertical : tuple of two float
        The range of the first and of the second parameter.
    ax : Axes, default=None
        Where to draw; None makes a new figure.
    paths : mapping of str to Tensor of shape (steps, 2), default=None
        Where each descent has been, named for the legend; a marker stands at its end.
    points : int, default=81
        Grid points along each side.

    Returns
    -------
    Axes
        The axes drawn in; contour levels grow by equal factors.

    Raises
    ------
    ValueError
        If a path does not have shape (steps, 2).

    Examples
    --------
    >>> import torch
    >>> from nnbook import plots
    >>> path = torch.tensor([[2.0, 1.0], [1.0, 0.1], [0.5, 0.0]])
    >>> ax = plots.loss_surface(
    ...     lambda p: p[0] ** 2 + 9 * p[1] ** 2 + 1, (-3, 3), (-2, 2), paths={"descent": path}
    ... )
    """
    points = positive_int("points", points, most=2000)
    if points < 2:
        raise ValueError(refusal("points", "be at least 2", str(points)))
    horizontal, vertical = ends("horizontal", horizontal), ends("vertical", vertical)
    first, second = torch.linspace(*horizontal, points), torch.linspace(*vertical, points)
    grid = torch.cartesian_prod(first, second)  # (points * points, 2)
    rule = "take parameters of shape (2,) and return a real number of shape ()"
    if isinstance(loss, type) or not callable(loss):
        raise TypeError(refusal("loss", rule, describe(loss)))
    with torch.no_grad():
        values = answer("loss", rule, torch.vmap(loss), grid)
    if values.shape != grid.shape[:1] or not values.is_floating_point():
        raise ValueError(refusal("loss", rule, describe(values)))
    if not values.isfinite().all():
        raise ValueError(refusal("loss", "be finite over the whole range", "nan or inf"))
    values = values.reshape(points, points).T  # (second, first)
    paths = {} if paths is None else checked("paths", paths, Mapping, "map names to tensors")
    for name, path in paths.items():
        checked("paths", name, str, "map names to tensors")
        check_dense(f"paths[{name!r}]", checked(f"paths[{name!r}]", path, Tensor, "be a tensor"))
        if len(path) == 0 or path.shape[1:] != (2,):
            raise ValueError(refusal(f"paths[{name!r}]", "have shape (steps, 2)", describe(path)))
    ax = axes_or_new(ax)
    low, high = values.min().clamp(min=1e-6), values.max() + 1e-6
    levels = torch.logspace(float(low.log10()), float(high.log10()), 16)
    levels = torch.tensor(
        sorted(set(levels.tolist()))
    )  # one, where the loss is the same everywhere
    ax.contour(first, second, values, levels=levels, colors=COLORS["grey"], linewidths=0.7)
    colors = (COLORS["blue"], COLORS["vermilion"], COLORS["green"], COLORS["purple"])
    for number, (name, path) in enumerate(paths.items()):
        color, dashes = colors[number % len(colors)], _DASHES[number % len(_DASHES)]
        steps = path.detach().cpu()
        ax.plot(steps[:, 0], steps[:, 1], dashes, color=color, label=name)
        ax.plot(*steps[-1], _MARKERS[number % len(_MARKERS)], color=color)
    if paths:
        start = next(iter(paths.values()))[0].detach().cpu()
        ax.plot(*start, "x", color=ink(), markersize=8, label="start")
        ax.legend()
    return ax
