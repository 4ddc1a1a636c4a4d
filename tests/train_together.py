"""What the processes of test_processes.py run: `python train_together.py folder task ...`.

The same script runs alone and under torchrun.
"""

import os
import signal
import sys
from pathlib import Path

import safetensors.torch
import torch

import nnbook

torch.set_num_threads(1)
folder, tasks = Path(sys.argv[1]), sys.argv[2:]
rank = int(os.environ.get("RANK", "0"))
data = nnbook.load_thermometer(dtype=torch.float64)
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])


def network():
    # Each process starts elsewhere: all go on from the first one's weights and order.
    torch.manual_seed(rank)
    return nnbook.mlp(1, 13, 1).double()


class In(nnbook.Callback):
    """Do something in one process, at the end of the third epoch."""

    def __init__(self, process, action):
        self.process, self.action = process, action

    def on_epoch_end(self, run):
        return self.action() if (rank, run.epoch) == (self.process, 3) else None


class KillAt(nnbook.Callback):
    """End the second process by SIGKILL after some epochs."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, run):
        if run.epoch == self.epoch and rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def train(task, model, optimizer, **options):
    """Train, and let the first process write down what came of it."""
    generator = torch.Generator().manual_seed(rank)
    history = nnbook.fit(
        model, split.train, split.val, optimizer=optimizer, generator=generator, **options
    )
    if rank == 0:
        tensors = {"train_loss": history.train_loss, "val_loss": history.val_loss}
        safetensors.torch.save_file(
            {**tensors, **model.state_dict()}, folder / f"{task}.safetensors"
        )


for task in tasks:
    model = network()
    match task:
        case "gpu":
            device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
            torch.cuda.set_device(device)
            model = model.to(device)
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.5)
            train(task, model, optimizer, epochs=200, batch_size=4)
            own = nnbook.Split(split.train.to(device), split.val.to(device))
            result = nnbook.sweep(own.train, own.val, lr=1e-4, seed=range(3), epochs=50)
            result.save(folder / f"sweep-{rank}.safetensors")
        case "full" | "batches" | "adam" | "lbfgs":
            parameters = model.parameters()
            if task == "full":
                optimizer = torch.optim.SGD(parameters, lr=1e-4, momentum=0.5)
            elif task == "batches":  # 9 rows in batches of 4: shares of 2 and 2, of 1 and none
                optimizer = torch.optim.SGD(parameters, lr=1e-4, weight_decay=0.1)
            elif task == "adam":
                optimizer = torch.optim.Adam(parameters, lr=1e-3)
            else:
                optimizer = torch.optim.LBFGS(parameters, lr=0.1, max_iter=2)
            epochs = {"batches": 67, "lbfgs": 10}.get(task, 200)
            batch_size = 4 if task == "batches" else None
            train(task, model, optimizer, epochs=epochs, batch_size=batch_size, progress=True)
        case "killed" | "resumed" | "whole":
            path = folder / "run.safetensors"
            callbacks = [] if task == "whole" else [nnbook.Checkpoint(path, every=5)]
            callbacks += [KillAt(23 if task == "killed" else 0)]
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
            resume = None if task == "whole" else path
            options = {"epochs": 40, "batch_size": 4, "callbacks": callbacks, "resume": resume}
            train(task, model, optimizer, **options)
        case "diverges":
            try:
                nnbook.fit(
                    model,
                    split.train,
                    optimizer=torch.optim.SGD(model.parameters(), lr=1e6),
                    epochs=500,
                )
            except nnbook.DivergenceError as error:
                (folder / f"diverged-{rank}").write_text(str(len(error.history)))
        case "ends":
            signal.signal(signal.SIGINT, signal.default_int_handler)
            ends = {
                "stopped": In(1, lambda: nnbook.Stop("enough")),
                "interrupted": In(0, lambda: signal.raise_signal(signal.SIGINT)),
            }
            for end, callback in ends.items():
                optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
                options = {"optimizer": optimizer, "epochs": 9, "callbacks": [callback]}
                try:
                    history = nnbook.fit(model, split.train, **options)
                except nnbook.TrainingInterrupted as interruption:
                    history = interruption.history
                (folder / f"{end}-{rank}").write_text(f"{len(history)} {history.stopped}")
        case "iterable":
            for name in ("train", "val"):
                data = {"train": split.train, "val": split.val, name: [split.train[:]]}
                optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
                try:
                    nnbook.fit(model, **data, optimizer=optimizer, epochs=1)
                except TypeError as error:
                    (folder / f"refused-{name}-{rank}").write_text(str(error))
        case "sweep":
            result = nnbook.sweep(
                split.train,
                split.val,
                hidden=[(), 3, 13],
                lr=[1e-4, 1e6],
                seed=range(3),
                optimizer=["sgd", "adam"],
                epochs=50,
                progress=True,
            )
            result.save(folder / f"sweep-{rank}.safetensors")
