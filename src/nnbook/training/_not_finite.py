"""Which number of a step stopped being finite first: looked for once, when a loss is not."""

from functools import partial

import torch
from torch import Tensor, nn


def first_not_finite(model: nn.Module, inputs: Tensor, targets: Tensor) -> str:
    """Name what is not finite first on the way from a batch to its loss.

    The model is called once more, in the modes that it is in and without a graph. Random numbers
    and buffers are as before afterwards. With dropout the call may differ from the one that failed.
    """
    values = {"the inputs of the batch": inputs, "the targets of the batch": targets}
    values |= {f"the parameter {name}": value for name, value in model.named_parameters()}
    for name, value in values.items():
        if (bad := _bad(value)) is not None:
            return f"{name} ({bad})"
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    for name, value in buffers.items():
        # Masks hold -inf on purpose.
        if value.is_floating_point() and bool((value.isnan() | value.isposinf()).any()):
            return f"the buffer {name}"
    found: list[str] = []

    def look(name: str, module: nn.Module, arguments: object, outputs: object) -> None:
        if isinstance(outputs, Tensor) and (bad := _bad(outputs)) is not None:
            found.append(f"the output of {name or 'the model'} ({bad})")

    hooks = [
        module.register_forward_hook(partial(look, name)) for name, module in model.named_modules()
    ]
    kind = inputs.device.type
    devices = [] if kind == "cpu" else [inputs.device]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices, device_type=kind):
            model(inputs)
            for name, buffer in model.named_buffers():
                if name in buffers:
                    buffer.copy_(buffers[name])
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else "the loss itself"


def _bad(value: Tensor) -> float | None:
    if not (value.is_floating_point() or value.is_complex()):
        return None
    bad = value.detach()[~value.isfinite()]
    return bad[0].item() if len(bad) > 0 else None
