"""Measure every recorded case of BVLC Caffe and write docs/parity.md.

usage: python tools/parity.py
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from netproto.layers import LAYERS  # noqa: E402
from netproto.ops.cpu import CpuOps  # noqa: E402
from tests.golden import replay  # noqa: E402

DATA_LAYERS = {"Data", "ImageData"}
"""Layer types whose recorded cases are batches."""
PAGE = ROOT / "docs" / "parity.md"
HEAD = """# Parity with BVLC Caffe

Made by `python tools/parity.py`, which runs the values recorded from BVLC Caffe (tests/golden/README.md) on the CPU. An error is the
largest difference over the largest value: at least 1 for layers, 0.01 for runs. The tests refuse more than 1e-5 for a layer, and more than
1e-4 for 12 solver steps.

"""


def layer_table() -> str:
    """One row a layer type: cases, and the worst error of tops and of gradients."""
    cases, tops, gradients = defaultdict(list), defaultdict(float), defaultdict(float)
    for path in replay.layer_cases():
        kind = replay.layer_type(path)
        cases[kind].append(path.stem)
        for key, error in replay.layer_errors(path, CpuOps()).items():
            worst = gradients if "diff" in key else tops
            worst[kind] = max(worst[kind], error)
    rows = ["## Layers", "", "| layer type | cases | tops | gradients |", "|---|---|---|---|"]
    for kind in sorted(cases, key=str.lower):
        backward = f"{gradients[kind]:.1e}" if kind in gradients else "none recorded"
        rows.append(f"| {kind} | {', '.join(cases[kind])} | {tops[kind]:.1e} | {backward} |")
    without = sorted(set(LAYERS) - set(cases) - DATA_LAYERS, key=str.lower)
    rows += ["", f"Without a recorded case, checked against naive loops and numeric derivatives: {', '.join(without)}."]
    return "\n".join(rows) + "\n"


def data_table() -> str:
    """One row a recorded data layer: how far two batches are off."""
    rows = ["## Data layers: two batches", "", "| case | worst, grey levels | mean |", "|---|---|---|"]
    for path in replay.data_cases():
        worst, mean = replay.data_errors(path, CpuOps())
        rows.append(f"| {path.stem} | {worst:.1e} | {mean:.1e} |")
    return "\n".join(rows) + "\n"


def solver_table() -> str:
    """One row a run: the worst error of losses, final weights, test outputs, and losses after resuming Caffe's snapshot."""
    rows = [
        "## Solvers: 12 iterations",
        "",
        "| run | losses | final weights | test outputs | resumed from Caffe's snapshot |",
        "|---|---|---|---|---|",
    ]
    for case in replay.solver_cases():
        with tempfile.TemporaryDirectory() as folder:
            errors = replay.solver_errors(case, Path(folder), CpuOps())
        kinds = ("loss", "final_", "test_", "resume_loss")
        worst = [max(e for key, e in errors.items() if key.startswith(kind)) for kind in kinds]
        rows.append(f"| {case.name} | " + " | ".join(f"{e:.1e}" for e in worst) + " |")
    return "\n".join(rows) + "\n"


def main() -> None:
    logging.getLogger("netproto").setLevel(logging.ERROR)
    PAGE.write_text("\n".join([HEAD + layer_table(), data_table(), solver_table()]))
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
