"""What a training run leaves behind: its losses, epoch by epoch."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.parameter import is_lazy

from nnbook._arguments import checked, describe, refusal


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """Hold the losses of a training run.

    Parameters
    ----------
    train_loss : Tensor of shape (epochs,)
        Training loss of each epoch, on the CPU and without a graph.
    val_loss : Tensor of shape (epochs,), default=None
        Validation loss of each epoch, with the parameters that the epoch started with; None if
        nothing was held out.
    stopped : str, default=None
        Why the run ended before its last epoch; None if it did not.

    Examples
    --------
    >>> import torch
    >>> from nnbook import History
    >>> history = History(torch.tensor([8.0, 2.0, 1.0]), torch.tensor([9.0, 4.0, 3.0]))
    >>> print(history)
       epoch   training loss   validation loss
           1          8.0000            9.0000
           2          2.0000            4.0000
           3          1.0000            3.0000
    >>> History.from_dict(history.to_dict()) == history
    True
    """

    train_loss: Float[Tensor, " epochs"]
    val_loss: Float[Tensor, " epochs"] | None = None
    stopped: str | None = None

    def __post_init__(self) -> None:
        given = {"train_loss": self.train_loss}
        if self.val_loss is not None:
            given["val_loss"] = self.val_loss
        for name, losses in given.items():
            rule = "be a floating-point tensor of shape (epochs,)"
            if is_lazy(checked(name, losses, Tensor, rule)) or not losses.is_floating_point():
                raise TypeError(refusal(name, rule, describe(losses)))
        if self.stopped is not None:
            checked("stopped", self.stopped, str, "be a text or None")
        if self.train_loss.ndim != 1:
            raise ValueError(
                refusal("train_loss", "have shape (epochs,)", describe(self.train_loss))
            )
        if self.val_loss is not None and self.val_loss.shape != self.train_loss.shape:
            rule = f"have the shape of `train_loss`, {tuple(self.train_loss.shape)}"
            raise ValueError(refusal("val_loss", rule, describe(self.val_loss)))

    def __len__(self) -> int:
        return len(self.train_loss)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return (
            _equal(self.train_loss, other.train_loss)
            and _equal(self.val_loss, other.val_loss)
            and self.stopped == other.stopped
        )

    __hash__ = None  # type: ignore[assignment]  # equality looks at the losses, which can change

    def __str__(self) -> str:
        columns = {"training loss": self.train_loss}
        if self.val_loss is not None:
            columns["validation loss"] = self.val_loss
        lines = ["   ".join(["   epoch", *columns])]
        for epoch in _epochs_to_show(len(self)):
            values = [f"{_short(loss[epoch - 1]):>{len(name)}}" for name, loss in columns.items()]
            lines.append("   ".join([f"{epoch:8d}", *values]))
        if self.stopped is not None:
            lines.append(f"stopped: {self.stopped}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        stopped = f", stopped: {self.stopped}" if self.stopped is not None else ""
        if len(self) == 0:
            return f"History(0 epochs{stopped})"
        val = "" if self.val_loss is None else f", validation loss {self.val_loss[-1]:.4f}"
        return f"History({len(self)} epochs, training loss {self.train_loss[-1]:.4f}{val}{stopped})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and strings that JSON can hold without loss.

        Returns
        -------
        dict
            Keys `dtype`, `train_loss`, `val_loss` and `stopped`.

        Examples
        --------
        >>> import torch
        >>> from nnbook import History
        >>> History(torch.tensor([0.5])).to_dict()
        {'dtype': 'float32', 'train_loss': [0.5], 'val_loss': None, 'stopped': None}
        """
        return {
            "dtype": str(self.train_loss.dtype).removeprefix("torch."),
            "train_loss": self.train_loss.tolist(),
            "val_loss": None if self.val_loss is None else self.val_loss.tolist(),
            "stopped": self.stopped,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "History":
        """Rebuild a history from what `to_dict` returned.

        Parameters
        ----------
        values : dict
            Keys `dtype`, `train_loss`, `val_loss` and `stopped`.

        Returns
        -------
        History
            Equal to the one that was turned into `values`, bit for bit.

        Raises
        ------
        ValueError
            If a key is missing or unknown, or `dtype` names no floating-point type.

        Examples
        --------
        >>> from nnbook import History
        >>> History.from_dict(
        ...     {"dtype": "float64", "train_loss": [0.1], "val_loss": None, "stopped": "by hand"}
        ... )
        History(1 epochs, training loss 0.1000, stopped: by hand)
        """
        expected = {"dtype", "train_loss", "val_loss", "stopped"}
        checked("values", values, dict, "be what `to_dict` returned")
        if set(values) != expected:
            raise ValueError(
                refusal("values", f"have the keys {sorted(expected)}", describe(list(values)))
            )
        dtype = getattr(torch, str(values["dtype"]), None)
        if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
            rule = 'name a floating-point type such as "float32"'
            raise ValueError(refusal('values["dtype"]', rule, describe(values["dtype"])))
        losses = {}
        for name in ("train_loss", "val_loss"):
            listed = values[name]
            if name == "val_loss" and listed is None:
                continue
            rule = "be a list of numbers"
            if not isinstance(listed, list) or not all(type(one) in (float, int) for one in listed):
                raise TypeError(refusal(f'values["{name}"]', rule, describe(listed)))
            losses[name] = torch.tensor([float(one) for one in listed], dtype=dtype)
        return cls(**losses, stopped=values["stopped"])


def _equal(one: Tensor | None, other: Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.dtype == other.dtype and torch.equal(one, other)


def _short(loss: Tensor) -> str:
    # A loss that runs away would fill the line with digits that mean nothing.
    return f"{loss:.4f}" if loss.abs() < 1e7 else f"{loss:.3e}"


def _epochs_to_show(n_epochs: int) -> list[int]:
    if n_epochs <= 8:
        return list(range(1, n_epochs + 1))
    powers = [10**power for power in range(len(str(n_epochs)))]
    halves = [round(n_epochs * part) for part in (0.25, 0.5, 0.75, 1)]
    return sorted({*powers, *halves})
