"""Measure every recorded case of BVLC Caffe and write docs/parity.md.

usage: python tools/parity.py [--check]

--check writes nothing and fails where the page names other cases than there are.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from netproto.layers import LAYERS  # noqa: E402
from netproto.ops.cpu import CpuOps  # noqa: E402
from tests.golden import replay  # noqa: E402

PAGE = ROOT / "docs" / "parity.md"
HEAD = """# Parity with BVLC Caffe

Made by `python tools/parity.py`, which runs the values recorded from BVLC Caffe (tests/golden/README.md) on the CPU. An error is the
largest difference over the largest value (at least 1 for layers, 0.01 for runs). The tests refuse more than 1e-5 for a layer and 1e-4 for 12
solver steps.

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
    without = sorted(set(LAYERS) - set(cases), key=str.lower)
    rows += ["", f"Without a recorded case, checked against naive loops and numeric derivatives: {', '.join(without)}."]
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


def missing_from(page: str) -> list[str]:
    """Recorded cases and layer types that the page does not name."""
    names = [p.stem for p in replay.layer_cases()] + [p.name for p in replay.solver_cases()] + list(LAYERS)
    return [name for name in names if name not in page]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        missing = missing_from(PAGE.read_text())
        raise SystemExit(f"docs/parity.md lacks {', '.join(missing)}: run python tools/parity.py" if missing else 0)
    PAGE.write_text(HEAD + layer_table() + "\n" + solver_table())
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
