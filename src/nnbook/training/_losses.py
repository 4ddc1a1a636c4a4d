"""The losses that sweeps and training graphs compute themselves."""

from torch import nn

_KNOWN = (
    ("mse", nn.functional.mse_loss, nn.MSELoss),
    ("cross_entropy", nn.functional.cross_entropy, nn.CrossEntropyLoss),
)


def known_loss(loss: object) -> str | None:
    """Name the mean squared error and the cross-entropy without options; None is any other."""
    for name, function, module in _KNOWN:
        # A module in `eval()` mode is the same loss; one with a hook, say, may be another.
        if loss is function or (
            type(loss) is module and {**vars(loss), "training": True} == vars(module())
        ):
            return name
    return None
