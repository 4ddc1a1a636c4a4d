"""Many networks at once: `sweep` against the loop by hand, run after run, and against jax.

All train the 1-13-1 network on the thermometer's nine training rows in float32 with SGD, from the
same starts, measure the two held-out rows before each step, and keep both losses of every run and
epoch, as the book does. What is timed is the processor's time for one run and one step.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

import nnbook
from benchmarks.pairs import Measurement, Result, in_turn, timed

N_RUNS = 1024
LR = 1e-3
# Enough steps for one measurement at each number of runs: drawing the starts hardly counts.
STEPS = {1: 1000, 4: 1000, 16: 1000, 64: 1000, 256: 1000, 1024: 1000, 4096: 500}
STEPS_COMPILED = 5000
STEPS_BY_HAND = 2000


def sweep_against_hand(*, compiled: bool = False) -> Result:
    """Train 1,024 networks at once, and one after the other by hand."""
    steps = STEPS_COMPILED if compiled else STEPS[N_RUNS]
    train = partial(with_sweep, N_RUNS, compiled=compiled)
    check_same_losses(train, by_hand, n_runs=3)
    pairs = in_turn(cost(partial(train, steps), N_RUNS * steps), cost_by_hand(), pairs=5)
    return Result(
        f"{'compiled ' if compiled else ''}sweep, {N_RUNS:,} runs",
        "the loop by hand, run after run",
        pairs,
        "µs",
        pairs.inverse_ratios,
        "x the runs a second",
        at_least=500 if compiled else 100,
    )


def compiled_sweep_against_jax() -> Result:
    """Train 1,024 networks by the compiled step, and by jax's; both were compiled before."""
    train = partial(with_sweep, N_RUNS, compiled=True)
    check_same_losses(train, lambda steps: with_jax(N_RUNS, steps)(), n_runs=N_RUNS)
    n_updates = N_RUNS * STEPS_COMPILED
    ours = cost(partial(train, STEPS_COMPILED), n_updates)
    pairs = in_turn(ours, cost(with_jax(N_RUNS, STEPS_COMPILED), n_updates), pairs=5)
    return Result(
        f"compiled sweep, {N_RUNS:,} runs",
        "jax: jit, vmap, scan",
        pairs,
        "µs",
        pairs.inverse_ratios,
        "x the runs a second",
        at_least=1,
    )


def cost_of(n_runs: int, *, compiled: bool = False) -> Result:
    """Train some networks at once; the cost for one run and one step falls as they become more."""
    steps = STEPS_COMPILED if compiled else STEPS[n_runs]
    ours = cost(partial(with_sweep, n_runs, steps, compiled=compiled), n_runs * steps)
    pairs = in_turn(ours, cost_by_hand(), pairs=3)
    name = f"{'compiled ' if compiled else ''}sweep, {n_runs:,} run{'s' if n_runs > 1 else ''}"
    return Result(
        name, "the loop by hand, one run", pairs, "µs", pairs.ours, "µs for one run and step"
    )


def with_sweep(n_runs: int, steps: int, *, compiled: bool = False) -> Tensor:
    """Train with `nnbook.sweep`; return training and validation losses: (2, runs, steps)."""
    split, seeds = readings(), range(n_runs)
    result = nnbook.sweep(
        split.train, split.val, seed=seeds, lr=LR, epochs=steps, compiled=compiled
    )
    return torch.stack([result.train_loss, result.val_loss])


def by_hand(steps: int, *, seeds: range = range(3)) -> Tensor:
    """Train one after the other; return training and validation losses: (2, runs, steps)."""
    split, criterion = readings(), nn.MSELoss()
    losses: list[list[float]] = [[], []]
    for seed in seeds:
        model = network(seed)
        optimizer = torch.optim.SGD(model.parameters(), lr=LR)
        for _ in range(steps):
            with torch.no_grad():
                val_loss = criterion(model(split.val.inputs), split.val.targets)
            loss = criterion(model(split.train.inputs), split.train.targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[0].append(loss.item())
            losses[1].append(val_loss.item())
    return torch.tensor(losses).view(2, len(seeds), steps)


def with_jax(n_runs: int, steps: int) -> Callable[[], Tensor]:
    """Compile the training of all runs by jax; return what trains them, to the losses.

    This is how jax's documentation has it: the gradient of one network, `vmap` over the networks,
    all epochs in one `scan`, `jit` around it. The starts are drawn here, before anything is timed.
    """
    import jax

    split = readings()
    train_rows, val_rows = (
        [jax.numpy.asarray(t.numpy()) for t in data[:]] for data in (split.train, split.val)
    )

    def loss(parameters: list[jax.Array], inputs: jax.Array, targets: jax.Array) -> jax.Array:
        hidden_weight, hidden_bias, output_weight, output_bias = parameters
        hidden = jax.numpy.tanh(inputs @ hidden_weight.T + hidden_bias)
        return ((hidden @ output_weight.T + output_bias - targets) ** 2).mean()

    def step(parameters: list[jax.Array]) -> tuple[list[jax.Array], list[jax.Array]]:
        val_loss = loss(parameters, *val_rows)
        train_loss, slopes = jax.value_and_grad(loss)(parameters, *train_rows)
        pairs = zip(parameters, slopes, strict=True)
        return [parameter - LR * slope for parameter, slope in pairs], [train_loss, val_loss]

    @jax.jit
    def train(parameters: list[jax.Array]) -> list[jax.Array]:
        steps_of_all = jax.vmap(step)
        return jax.lax.scan(lambda state, _: steps_of_all(state), parameters, length=steps)[1]

    networks = [list(network(seed).parameters()) for seed in range(n_runs)]
    starts = [torch.stack(same).detach() for same in zip(*networks, strict=True)]
    parameters = [jax.numpy.asarray(start.numpy()) for start in starts]
    compiled = train.lower(parameters).compile()
    # Reading the losses, of shape (steps, runs), waits for them.
    return lambda: torch.stack([torch.tensor(jax.device_get(x)).T for x in compiled(parameters)])


def readings() -> nnbook.Split:
    """Give the thermometer's readings, scaled and split as in the book."""
    data = nnbook.load_thermometer()
    return data.with_inputs(0.1 * data.inputs).split_at([7, 10])


def network(seed: int) -> nn.Sequential:
    """Make a network with the weights that a seed draws."""
    torch.manual_seed(seed)
    return nnbook.mlp(1, 13, 1)


def cost(task: Callable[[], object], n_updates: int) -> Measurement:
    """Make a measurement of a task that makes so many updates: microseconds for one."""
    seconds = timed(task)
    return lambda: 1e6 * seconds() / n_updates


def cost_by_hand() -> Measurement:
    """Make a measurement of the loop by hand: every run and step costs the same, so one will do."""
    return cost(partial(by_hand, STEPS_BY_HAND, seeds=range(1)), STEPS_BY_HAND)


def check_same_losses(
    ours: Callable[[int], Tensor], peer: Callable[[int], Tensor], *, n_runs: int
) -> None:
    """See that the first runs have the same losses, but for the rounding of float32.

    Over more epochs than these, training itself magnifies a difference in the last digit.
    """
    steps = 500
    torch.testing.assert_close(ours(steps)[:, :n_runs], peer(steps), rtol=1e-4, atol=1e-4)
