"""Samples to learn from: inputs and targets with their names, units and source."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, SupportsIndex

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.parameter import is_lazy
from torch.utils.data import Dataset

from nnbook._arguments import checked, describe, listed, number, refusal, text, whole_number

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_MOST_CLASSES = 2**20  # each has a name


@dataclass(frozen=True, eq=False, repr=False)
class Samples(Dataset[tuple[Tensor, Tensor]]):
    """Hold inputs and targets, row by row, with their names, units and source.

    A row is one observation. `Samples` is frozen: every method returns a new one. It is also a
    `torch.utils.data.Dataset`, so `len`, indexing and `DataLoader(samples, batch_size=4)` work.

    Parameters
    ----------
    inputs : Tensor of shape (n, n_in), floating point
        What is known of each row. Values must be finite.
    targets : Tensor of shape (n, n_out), floating point, or of shape (n,), int64
        What is to be predicted: numbers, or class numbers that count from 0.
    input_names : sequence of str, default=()
        One name per input column; () names them x0, x1, ...
    target_names : sequence of str, default=()
        One name per target column, or per class; () names them y0, y1, ..., or class 0, ...
    input_units : sequence of str, default=()
        One unit per input column; () leaves them out.
    target_units : sequence of str, default=()
        One unit per target column; () leaves them out. Class numbers have none.
    source : str, default=""
        Where the rows come from.

    Raises
    ------
    TypeError
        If `inputs` or `targets` is not a tensor, or not of one of the types above.
    ValueError
        If shapes, row counts, devices or the numbers of names do not agree, if there are no rows,
        or if a value is not finite.

    Examples
    --------
    >>> import torch
    >>> from nnbook import Samples
    >>> celsius = torch.tensor([[0.0], [100.0]])
    >>> data = Samples(celsius, 1.8 * celsius + 32, input_units=["°C"], target_units=["°F"])
    >>> data
    Samples(2 rows: x0 (°C) -> y0 (°F))
    >>> data[1]
    (tensor([100.]), tensor([212.]))
    """

    inputs: Float[Tensor, "n n_in"]
    targets: Float[Tensor, "n n_out"] | Int64[Tensor, " n"]
    _: KW_ONLY
    input_names: Sequence[str] = ()
    target_names: Sequence[str] = ()
    input_units: Sequence[str] = ()
    target_units: Sequence[str] = ()
    source: str = ""

    def __post_init__(self) -> None:
        _check_inputs(self.inputs)
        _check_targets(self.targets)
        text("source", self.source)
        if len(self.inputs) != len(self.targets):
            raise ValueError(
                refusal(
                    "targets",
                    f"have as many rows as `inputs` ({len(self.inputs)})",
                    describe(self.targets),
                    "Row i of the targets belongs to row i of the inputs.",
                )
            )
        if self.inputs.device != self.targets.device:
            raise ValueError(
                refusal(
                    "targets",
                    f"lie on the device of `inputs` ({self.inputs.device})",
                    str(self.targets.device),
                )
            )
        # Before they are counted.
        object.__setattr__(self, "target_names", _texts("target_names", self.target_names))
        n_in = self.inputs.shape[1]
        n_out = self.n_classes if self.has_classes else self.targets.shape[1]
        target_default = "class " if self.has_classes else "y"
        n_target_units = 0 if self.has_classes else n_out
        for field, names in {
            "input_names": _labels("input_names", self.input_names, n_in, default="x"),
            "target_names": _labels(
                "target_names", self.target_names, n_out, default=target_default
            ),
            "input_units": _labels("input_units", self.input_units, n_in),
            "target_units": _labels("target_units", self.target_units, n_target_units),
        }.items():
            object.__setattr__(self, field, names)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int | slice | Tensor) -> tuple[Tensor, Tensor]:
        try:
            return self.inputs[index], self.targets[index]
        except (IndexError, TypeError, ValueError, RuntimeError) as error:
            rule = f"be a row number below {len(self)}, a slice, or a tensor of row numbers"
            kind = IndexError if isinstance(error, IndexError) else TypeError
            raise kind(refusal("index", rule, describe(index))) from error

    def __repr__(self) -> str:
        inputs = ", ".join(self.input_labels)
        targets = (
            " | ".join(self.target_names) if self.has_classes else ", ".join(self.target_labels)
        )
        source = f"; {self.source}" if self.source else ""
        return f"Samples({len(self)} rows: {inputs} -> {targets}{source})"

    @property
    def has_classes(self) -> bool:
        """Whether the targets are class numbers, not measurements."""
        return not self.targets.is_floating_point()

    @property
    def n_classes(self) -> int:
        """The number of classes: one more than the largest class number, or the named ones."""
        if not self.has_classes:
            raise TypeError(
                refusal("targets", "be class numbers to be counted", describe(self.targets))
            )
        return max(int(self.targets.max()) + 1, len(self.target_names))

    @property
    def input_labels(self) -> tuple[str, ...]:
        """Each input's name with its unit, for an axis or a column head."""
        return _with_units(self.input_names, self.input_units)

    @property
    def target_labels(self) -> tuple[str, ...]:
        """Each target's name with its unit, for an axis or a column head."""
        return _with_units(self.target_names, self.target_units)

    def with_inputs(
        self,
        inputs: Tensor,
        *,
        input_names: Sequence[str] | None = None,
        input_units: Sequence[str] | None = None,
    ) -> "Samples":
        """Return the same rows with other inputs, scaled ones for example.

        Parameters
        ----------
        inputs : Tensor of shape (n, any), floating point
            The new inputs, row for row.
        input_names : sequence of str, default=None
            Their names; None keeps today's where the number of columns stays the same.
        input_units : sequence of str, default=None
            Their units; None keeps today's where the number of columns stays the same.

        Returns
        -------
        Samples
            A new object; this one is not changed.

        Examples
        --------
        >>> import nnbook
        >>> data = nnbook.load_thermometer()
        >>> data.with_inputs(0.1 * data.inputs).inputs[0]
        tensor([3.5700])
        """
        _check_inputs(inputs)
        if len(inputs) != len(self):
            raise ValueError(refusal("inputs", f"have {len(self)} rows", describe(inputs)))
        same_columns = inputs.shape[1] == self.inputs.shape[1]
        kept_names, kept_units = (self.input_names, self.input_units) if same_columns else ((), ())
        return replace(
            self,
            inputs=inputs,
            input_names=kept_names if input_names is None else input_names,
            input_units=kept_units if input_units is None else input_units,
        )

    def to(
        self,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> "Samples":
        """Return the same rows on another device, or with another floating-point type.

        Parameters
        ----------
        device : torch.device, str or int, default=None
            Where the tensors shall lie; None leaves them where they are.
        dtype : torch.dtype, default=None
            The type of inputs and of measured targets; class numbers stay int64.

        Returns
        -------
        Samples
            A new object, on that device and of that type.

        Examples
        --------
        >>> import nnbook, torch
        >>> nnbook.load_thermometer().to(dtype=torch.float64).inputs.dtype
        torch.float64
        """
        rule = "be a floating-point type of torch"
        if dtype is not None and not checked("dtype", dtype, torch.dtype, rule).is_floating_point:
            raise TypeError(refusal("dtype", rule, describe(dtype)))
        target_dtype = None if self.has_classes else dtype
        try:
            inputs = self.inputs.to(device=device, dtype=dtype)
            targets = self.targets.to(device=device, dtype=target_dtype)
        except (TypeError, ValueError, RuntimeError, AssertionError) as error:
            # torch asserts that it was built for a device.
            rule = "name a device that is there"
            raise ValueError(refusal("device", rule, describe(device))) from error
        if inputs.is_meta:
            got = "meta, which holds no values"
            raise ValueError(refusal("device", "hold values", got))
        return replace(self, inputs=inputs, targets=targets)

    def split(
        self, val_fraction: float = 0.2, *, generator: torch.Generator | None = None
    ) -> "Split":
        """Hold out a random part of the rows for validation.

        Parameters
        ----------
        val_fraction : float, default=0.2
            The part that validates, between 0 and 1: ``floor(val_fraction * n)`` rows.
        generator : torch.Generator, default=None
            Draws the permutation of the rows; None takes torch's global generator.

        Returns
        -------
        Split
            `train` and `val`; each row is in exactly one of them.

        Raises
        ------
        ValueError
            If `val_fraction` does not lie in (0, 1), or leaves no row on a side.

        Examples
        --------
        >>> import nnbook, torch
        >>> split = nnbook.load_thermometer().split(0.2, generator=torch.Generator().manual_seed(0))
        >>> len(split.train), len(split.val)
        (9, 2)
        """
        rule = "be a number between 0 and 1"
        fraction = number("val_fraction", val_fraction, rule, finite=False)
        if not 0 < fraction < 1:
            raise ValueError(
                refusal(
                    "val_fraction",
                    "lie between 0 and 1, both excluded",
                    describe(val_fraction),
                    "0.2 holds out a fifth of the rows.",
                )
            )
        if generator is not None:
            checked("generator", generator, torch.Generator, "be a torch.Generator or None")
        # Rounded first: 0.29 * 100 is 28.999999999999996, and 29 rows are meant.
        n_val = math.floor(round(fraction * len(self), 9))
        if not 0 < n_val < len(self):
            raise ValueError(
                refusal(
                    "val_fraction",
                    f"leave at least one of the {len(self)} rows on each side",
                    describe(val_fraction),
                    f"It holds out {n_val}.",
                )
            )
        device = "cpu" if generator is None else generator.device
        rows = torch.randperm(len(self), generator=generator, device=device)
        return Split(train=self._take(rows[:-n_val]), val=self._take(rows[-n_val:]))

    def split_at(self, val_rows: Iterable[SupportsIndex] | Tensor) -> "Split":
        """Hold out exactly these rows for validation; the others train, in order.

        Parameters
        ----------
        val_rows : iterable of int, or Tensor of shape (n_val,)
            Row numbers that count from 0.

        Returns
        -------
        Split
            `train` in the order of the rows, `val` in the order of `val_rows`.

        Raises
        ------
        TypeError
            If a row number is not a whole number.
        ValueError
            If a row number is out of range or repeated, or if a side is left without rows.

        Examples
        --------
        >>> import nnbook
        >>> split = nnbook.load_thermometer().split_at([7, 10])
        >>> split.val.targets.squeeze(1)
        tensor([-4., 21.])
        """
        rule = "hold whole numbers"
        given: Any = val_rows
        if isinstance(val_rows, Tensor):
            check_dense("val_rows", val_rows)
            given = val_rows.tolist()
        given = given if isinstance(given, Iterable) else [given]
        given = listed("val_rows", given, rule, f"There are {len(self)} rows.", most=len(self))
        refused = refusal("val_rows", rule, describe(val_rows))
        rows = [whole_number(row, refused) for row in given]
        outside = [row for row in rows if not 0 <= row < len(self)]
        if outside:
            raise ValueError(
                refusal(
                    "val_rows",
                    f"lie between 0 and {len(self) - 1}",
                    describe(outside[0]),
                    "Row numbers count from 0.",
                )
            )
        if len(set(rows)) != len(rows):
            raise ValueError(refusal("val_rows", "name each row once", describe(rows)))
        if not 0 < len(rows) < len(self):
            raise ValueError(
                refusal(
                    "val_rows",
                    f"leave at least one of the {len(self)} rows on each side",
                    describe(rows),
                )
            )
        held_out = set(rows)
        train_rows = [row for row in range(len(self)) if row not in held_out]
        return Split(train=self._take(torch.tensor(train_rows)), val=self._take(torch.tensor(rows)))

    def _take(self, rows: Tensor) -> "Samples":
        rows = rows.to(self.inputs.device)
        return replace(self, inputs=self.inputs[rows], targets=self.targets[rows])


@dataclass(frozen=True, eq=False)
class Split:
    """Two parts of the same samples: one to train on, one to validate with.

    Parameters
    ----------
    train : Samples
        The rows that a model learns from.
    val : Samples
        The rows held out, by which it is judged.

    Examples
    --------
    >>> import nnbook
    >>> split = nnbook.load_thermometer().split_at([7, 10])
    >>> len(split.train), len(split.val)
    (9, 2)
    """

    train: Samples
    val: Samples

    def __post_init__(self) -> None:
        checked("train", self.train, Samples, "be Samples")
        checked("val", self.val, Samples, "be Samples")


def _check_inputs(inputs: object) -> None:
    rule = "be a floating-point tensor of shape (rows, columns)"
    if not isinstance(inputs, Tensor):
        mend = "`torch.as_tensor(values, dtype=torch.float32)` makes one."
        raise TypeError(refusal("inputs", rule, type(inputs).__name__, mend))
    if not inputs.is_floating_point():
        raise TypeError(refusal("inputs", rule, describe(inputs), "`inputs.float()` converts it."))
    check_dense("inputs", inputs)
    if inputs.ndim != 2:
        mend = "`inputs.unsqueeze(1)` makes one column of (n,)." if inputs.ndim == 1 else ""
        raise ValueError(refusal("inputs", rule, describe(inputs), mend))
    if inputs.numel() == 0:
        raise ValueError(
            refusal("inputs", "hold at least one row and one column", describe(inputs))
        )
    _check_finite("inputs", inputs)


def _check_targets(targets: object) -> None:
    rule = "be a floating-point tensor of shape (rows, columns), or int64 class numbers (rows,)"
    if not isinstance(targets, Tensor):
        mend = "`torch.as_tensor(values)` makes a tensor."
        raise TypeError(refusal("targets", rule, type(targets).__name__, mend))
    check_dense("targets", targets)
    if targets.is_floating_point():
        if targets.ndim != 2:
            mend = "`targets.unsqueeze(1)` makes one column of (n,)." if targets.ndim == 1 else ""
            raise ValueError(refusal("targets", rule, describe(targets), mend))
        if targets.numel() == 0:
            raise ValueError(
                refusal("targets", "hold at least one row and one column", describe(targets))
            )
        _check_finite("targets", targets)
        return
    if targets.dtype != torch.int64:
        mend = "`targets.float()` for measurements, `targets.long()` for class numbers."
        raise TypeError(refusal("targets", rule, describe(targets), mend))
    if targets.ndim != 1:
        raise ValueError(
            refusal("targets", rule, describe(targets), "`targets.flatten()` makes one row.")
        )
    if targets.numel() == 0:
        raise ValueError(refusal("targets", "hold at least one row", describe(targets)))
    smallest, largest = (int(value) for value in targets.aminmax())
    if smallest < 0:
        raise ValueError(refusal("targets", "hold class numbers that count from 0", str(smallest)))
    if largest >= _MOST_CLASSES:
        rule = f"hold class numbers below {_MOST_CLASSES:,}"
        raise ValueError(refusal("targets", rule, str(largest), "Number the classes from 0."))


def check_dense(name: str, values: Tensor) -> None:
    """Refuse what torch computes with otherwise, if at all.

    That is a sparse, quantized or lazy tensor, one without values ("meta"), and one of 8 bits.
    """
    is_dense = not is_lazy(values) and values.layout is torch.strided and not values.is_quantized
    is_computed = values.dtype in FLOATS or not values.is_floating_point()
    if not (is_dense and is_computed) or values.is_meta:
        rule = "be a dense tensor with values, of a type that torch computes with"
        got = f"{describe(values)} ({values.layout} on {values.device})"
        raise TypeError(refusal(name, rule, got))


def _check_finite(name: str, values: Tensor) -> None:
    bad = (~values.isfinite()).nonzero()
    if len(bad):
        row, column = bad[0].tolist()
        raise ValueError(
            refusal(
                name,
                "be finite",
                f"{values[row, column].item()} in row {row}, column {column}",
                "Leave such rows out, or fill them in.",
            )
        )


def _texts(name: str, labels: Sequence[str]) -> tuple[str, ...]:
    rule = "be a sequence of strings"
    texts = listed(name, labels, rule, most=_MOST_CLASSES)
    if not all(isinstance(label, str) for label in texts):
        raise TypeError(refusal(name, rule, describe(labels)))
    return tuple(texts)


def _labels(name: str, labels: Sequence[str], count: int, default: str = "") -> tuple[str, ...]:
    labels = _texts(name, labels)
    if not labels and default:
        return tuple(f"{default}{column}" for column in range(count))
    if labels and len(labels) != count:
        raise ValueError(
            refusal(
                name,
                f"have {count} entries, one for each",
                f"{len(labels)}: {describe(list(labels))}",
            )
        )
    return labels


def _with_units(names: Sequence[str], units: Sequence[str]) -> tuple[str, ...]:
    if not units:
        return tuple(names)
    return tuple(
        f"{name} ({unit})" if unit else name for name, unit in zip(names, units, strict=True)
    )
