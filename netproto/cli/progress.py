"""The progress bar of training on a terminal: loss, learning rate, time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..solver import Solver

UNREAD = 20  # iterations between two looks at the loss, where a look waits for a device


@contextmanager
def bar(solver: Solver, iterations: int) -> Iterator[None]:
    """Show a bar that moves with the solver, up to `iterations`, while the block runs."""
    from tqdm import tqdm

    with tqdm(total=iterations, initial=solver.iter, unit="it", dynamic_ncols=True, leave=False, smoothing=0.05) as shown:

        def move(solver: Solver, loss: Any, rate: float) -> None:
            if not solver.ops.asynchronous or solver.iter % UNREAD == 0:
                shown.set_postfix_str(f"loss={float(loss):.4g}, lr={rate:.3g}", refresh=False)
            shown.update(solver.iter - shown.n)

        solver.on_iteration.append(move)
        yield
