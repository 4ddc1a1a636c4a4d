"""Eleven readings of a thermometer in an unknown unit, beside degrees Celsius."""

import torch

from nnbook._arguments import checked, describe, refusal
from nnbook.samples import FLOATS, Samples

_CELSIUS = (0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0)
_UNKNOWN_UNIT = (35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4)


def load_thermometer(*, dtype: torch.dtype = torch.float32) -> Samples:
    """Load the thermometer data: what one shows in an unknown unit, what another in °C.

    Two thermometers were read eleven times, side by side. One of them is old and its scale says
    no unit. The task is to turn its readings into degrees Celsius. Rows count from 0.

    Parameters
    ----------
    dtype : torch.dtype, default=torch.float32
        The floating-point type of both tensors.

    Returns
    -------
    Samples
        `inputs` of shape (11, 1), in the unknown unit; `targets` of shape (11, 1), in °C.

    References
    ----------
    E. Stevens, L. Antiga, T. Viehmann: Deep Learning with PyTorch, Manning 2020, section 5.2.2.

    Examples
    --------
    >>> import nnbook
    >>> data = nnbook.load_thermometer()
    >>> data.inputs.shape, data.targets.shape
    (torch.Size([11, 1]), torch.Size([11, 1]))
    >>> data[7]
    (tensor([21.8000]), tensor([-4.]))
    """
    rule = "be a floating-point type of torch, of 16 bits or more"
    if checked("dtype", dtype, torch.dtype, rule) not in FLOATS:
        raise TypeError(refusal("dtype", rule, describe(dtype)))
    return Samples(
        torch.tensor(_UNKNOWN_UNIT, dtype=dtype).unsqueeze(1),
        torch.tensor(_CELSIUS, dtype=dtype).unsqueeze(1),
        input_names=["reading"],
        target_names=["temperature"],
        input_units=["unknown unit"],
        target_units=["°C"],
        source="Deep Learning with PyTorch (2020), section 5.2.2",
    )
