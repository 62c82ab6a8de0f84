"""Rows for recurrent layers."""

from __future__ import annotations

from ..table import Case

RECURRENT = "recurrent_param { num_output: 4 weight_filler { type: 'gaussian' std: 0.5 } bias_filler { type: 'uniform' min: -1 } }"
EXPOSED = RECURRENT.replace("num_output", "expose_hidden: true num_output")

CASES: list[Case] = [
    Case("LSTM", "default", RECURRENT, bottoms=[(5, 2, 3), (5, 2)], inputs={1: "continuation"}, variable=[0], golden=("lstm",)),
    Case(
        "LSTM",
        "static_input_and_image_axes",
        RECURRENT,
        bottoms=[(3, 2, 5, 2), (3, 2), (2, 3, 7)],
        inputs={1: "continuation"},
        variable=[0, 2],
        golden=("lstm_static",),
    ),
    Case(
        "LSTM",
        "exposed_hidden",
        EXPOSED,
        bottoms=[(3, 2, 5), (3, 2), (1, 2, 4), (1, 2, 4)],
        tops=3,
        inputs={1: "binary"},
        gradient="as in Caffe, no gradient goes beyond the pass: none from the exposed tops, none to the exposed bottoms",
        golden=("lstm_expose",),
    ),
    Case("RNN", "default", RECURRENT, bottoms=[(5, 2, 3), (5, 2)], inputs={1: "continuation"}, variable=[0], golden=("rnn",)),
    Case(
        "RNN",
        "static_input",
        RECURRENT,
        bottoms=[(3, 2, 5, 2), (3, 2), (2, 3, 7)],
        inputs={1: "continuation"},
        variable=[0, 2],
        golden=("rnn_static",),
    ),
    Case(
        "RNN",
        "exposed_hidden_and_static_input",
        EXPOSED,
        bottoms=[(3, 2, 5), (3, 2), (2, 7), (1, 2, 4)],
        tops=2,
        inputs={1: "binary"},
        gradient="as in Caffe, no gradient goes beyond the pass: none from the exposed top, none to the exposed bottom",
    ),
    Case("LSTMUnit", "default", bottoms=[(1, 5, 3), (1, 5, 12), (1, 5)], tops=2, labels={2: 2}, golden=("lstmunit",)),
]
