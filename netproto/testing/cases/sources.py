"""Rows for layers without bottoms, and for users' own."""

from __future__ import annotations

from ..table import Case

CASES: list[Case] = [
    Case(
        "Python",
        "learned_blob",
        "python_param { module: 'netproto.testing.python_layers' layer: 'Affine' param_str: '0.7' }",
        bottoms=[(2, 3, 5)],
    ),
    Case("Python", "loss", "python_param { module: 'netproto.testing.python_layers' layer: 'Loss' }", bottoms=[(2, 3, 5), (2, 3, 5)]),
    Case(
        "DummyData",
        "drawn",
        "dummy_data_param { shape { dim: 2 dim: 3 } data_filler { type: 'gaussian' std: 2 } }",
        tops=2,
        gradient="there is no bottom",
    ),
    Case(
        "Parameter",
        "default",
        "parameter_param { shape { dim: 2 dim: 5 } }",
        gradient="the top's gradient is the learned blob's: see test_parameter.py",
        golden=("parameter",),
    ),
]
