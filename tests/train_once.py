"""Train once with an installed nnbook: run by `nox -s build`, not by pytest.

It must be the wheel that is tried, so that a file missing from it is noticed.
"""

import sysconfig
from pathlib import Path

import torch

import nnbook

package = Path(nnbook.__file__).resolve().parent
assert package.parent == Path(sysconfig.get_path("purelib")).resolve(), f"{package}: not installed"
assert (package / "py.typed").is_file(), "type checkers would take nnbook for untyped"

torch.manual_seed(0)
data = nnbook.load_thermometer()
split = data.split_at([7, 10])
model = torch.nn.Sequential(nnbook.Standardize.of(split.train), nnbook.mlp(1, 13, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
history = nnbook.fit(model, split.train, split.val, optimizer=optimizer, epochs=1000)
print(history)
assert history.train_loss[-1] < 3.5, "the network has not learned"
