"""Say what is wrong with net and solver files: a line per problem, FILE:LINE:COLUMN: text. Exit code 1 if there is one.

Files are parsed, upgraded, and every blob's shape is worked out for both phases. No data is needed: where a net's database is missing,
what can be said without it is said. Python layers are not run. Of a file with fields or layer types that netproto lacks, those are named.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..errors import NetprotoError, ParseError
from ..layers.base import TEST, TRAIN
from ..schema import upgrade
from ..solver import nets as solver_nets
from ..solver import solver as solvers
from . import nets, options, shapes
from .flags import Parser
from .problems import Report

EXAMPLE = "netproto check solver.prototxt train_val.prototxt"
PHASES = {"TRAIN": TRAIN, "TEST": TEST}


def add_flags(parser: Parser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="net and solver files (prototxt)")
    parser.flag("phase", type=str.upper, choices=tuple(PHASES), help="check this phase only")
    shapes.add_flag(parser)
    options.add_net_state(parser)


def run(args: Namespace) -> int:
    """Check every file, and print what was found."""
    found = 0
    for path in args.files:
        report = check(path, args)
        found += len(report.problems)
        for line in report.lines(path):
            print(line)
    return 1 if found else 0


def check(path: str, args: Namespace) -> Report:
    """Everything that is wrong with a file, as far as it can be known."""
    report = Report()
    unknown: list[ParseError] = []
    try:
        message = nets.read(path, unknown=unknown)
        if unknown:
            report.enter_unknown(message, unknown)
        elif nets.is_solver(message):
            _check_solver(upgrade.solver(message), report, args)
        else:
            _check_net(upgrade.net(message), report, args)
    except NetprotoError as error:
        report.enter_unknown(None, unknown)
        report.problem(error)
    return report


def _check_net(net: Any, report: Report, args: Namespace) -> None:
    net = shapes.with_inputs(net, dict(args.input))
    for name, phase in PHASES.items():
        if args.phase in (None, name):
            report.examine(net, phase, args.level, args.stage)


def _check_solver(solver: Any, report: Report, args: Namespace) -> None:
    for step in (solvers.check, lambda message: _check_plan(solver_nets.train_net(message, args.level, args.stage), report)):
        try:
            step(solver)
        except NetprotoError as error:
            report.problem(error)
    for plan in solver_nets.test_nets(solver):
        _check_plan(plan, report)


def _check_plan(plan: solver_nets.NetPlan, report: Report) -> None:
    report.examine(plan.message, plan.phase, plan.level, plan.stages)
