"""Rows for layers with one learned number for each channel, or a matrix of them, and for normalisation."""

from __future__ import annotations

from ..table import Case

CASES: list[Case] = [
    Case("BatchNorm", "train", "", bottoms=[(3, 5, 2, 7)], golden=("bn_train",)),
    Case("BatchNorm", "eps", "batch_norm_param { eps: 0.3 moving_average_fraction: 0.9 }", bottoms=[(3, 5, 2)], golden=("bn_train_frac",)),
    Case("BatchNorm", "in_place", "batch_norm_param { eps: 0.1 }", bottoms=[(3, 5, 2, 7)], in_place=True),
    Case("BatchNorm", "two_axes", "", bottoms=[(7, 5)], golden=("bn_2d",)),
    Case("BatchNorm", "one_axis", "", bottoms=[(7,)]),
    Case("BatchNorm", "test", "batch_norm_param { eps: 0.5 }", bottoms=[(3, 5, 2, 7)], phase="TEST", golden=("bn_test",)),
    Case("BatchNorm", "test_in_place", "batch_norm_param { eps: 0.5 }", bottoms=[(3, 5, 2, 7)], phase="TEST", in_place=True),
    Case(
        "BatchNorm",
        "batch_at_test",
        "batch_norm_param { use_global_stats: false }",
        bottoms=[(3, 5, 2)],
        phase="TEST",
        golden=("bn_local_at_test",),
    ),
    Case(
        "BatchNorm", "global_at_train", "batch_norm_param { use_global_stats: true eps: 0.01 }", bottoms=[(3, 5, 2)], golden=("bn_global",)
    ),
    Case("Bias", "channels", "", bottoms=[(2, 3, 5, 7)], golden=("bias_chan",)),
    Case("Bias", "axes", "bias_param { axis: -2 num_axes: 2 }", bottoms=[(2, 3, 5, 7)], golden=("bias_axis2",)),
    Case("Bias", "to_the_end", "bias_param { axis: 1 num_axes: -1 filler { value: 2 } }", bottoms=[(2, 3, 5)]),
    Case("Bias", "one_number", "bias_param { num_axes: 0 }", bottoms=[(2, 3, 5)], golden=("bias_scalar",)),
    Case("Bias", "in_place", "", bottoms=[(2, 3, 5)], in_place=True),
    Case("Bias", "two_bottoms", "bias_param { axis: 0 }", bottoms=[(2, 3, 5), (2, 3)], golden=("bias_two",)),
    Case("Bias", "two_bottoms_in_place", "bias_param { axis: 2 }", bottoms=[(2, 3, 5, 7), (5,)], in_place=True),
    Case("Axpy", "planes", bottoms=[(2, 3, 1, 1), (2, 3, 5, 7), (2, 3, 5, 7)]),
    Case("Axpy", "two_axes", bottoms=[(2, 3), (2, 3), (2, 3)]),
    Case("Embed", "plain", "embed_param { num_output: 5 input_dim: 7 }", bottoms=[(2, 3)], labels={0: 7}, golden=("embed",)),
    Case(
        "Embed",
        "no_bias",
        "embed_param { num_output: 5 input_dim: 7 bias_term: false }",
        bottoms=[(11,)],
        labels={0: 7},
        golden=("embed_nobias",),
    ),
    Case("InnerProduct", "plain", "inner_product_param { num_output: 4 }", bottoms=[(2, 3, 5)], golden=("ip_basic",)),
    Case("InnerProduct", "axis", "inner_product_param { num_output: 4 axis: 2 }", bottoms=[(2, 3, 5, 7)], golden=("ip_axis2",)),
    Case(
        "InnerProduct",
        "last_axis",
        "inner_product_param { num_output: 4 axis: -1 bias_term: false }",
        bottoms=[(2, 3, 5)],
        golden=("ip_neg", "ip_nobias"),
    ),
    Case("InnerProduct", "first_axis", "inner_product_param { num_output: 4 axis: 0 }", bottoms=[(2, 3, 5)]),
    Case(
        "InnerProduct", "transpose", "inner_product_param { num_output: 5 transpose: true }", bottoms=[(4, 3, 2)], golden=("ip_transpose",)
    ),
    Case("MVN", "planes", "", bottoms=[(2, 3, 5, 7)], golden=("mvn_default",)),
    Case("MVN", "images", "mvn_param { across_channels: true }", bottoms=[(2, 3, 5, 7)], golden=("mvn_across",)),
    Case(
        "MVN",
        "eps",
        "mvn_param { eps: 0.1 }",
        bottoms=[(2, 3, 5, 7)],
        gradient="Caffe's backward pass, kept, is the gradient for an eps of 0",
        golden=("mvn_eps",),
    ),
    Case("MVN", "mean_only", "mvn_param { normalize_variance: false }", bottoms=[(2, 3, 5, 7)], golden=("mvn_novar",)),
    Case("MVN", "three_axes", "", bottoms=[(2, 3, 5)]),
    Case("MVN", "in_place", "", bottoms=[(2, 3, 5, 7)], in_place=True),
    Case(
        "MVN", "mean_only_in_place", "mvn_param { normalize_variance: false across_channels: true }", bottoms=[(2, 3, 5, 7)], in_place=True
    ),
    Case("PReLU", "channels", "", bottoms=[(2, 3, 5, 7)], golden=("prelu_chan",)),
    Case("PReLU", "two_axes", "prelu_param { filler { type: 'uniform' min: -1 max: 2 } }", bottoms=[(5, 7)], golden=("prelu_2d",)),
    Case("PReLU", "shared", "prelu_param { channel_shared: true }", bottoms=[(2, 3, 5)], golden=("prelu_shared",)),
    Case("PReLU", "in_place", "prelu_param { filler { type: 'uniform' min: -1 max: 2 } }", bottoms=[(2, 3, 5, 7)], in_place=True),
    Case("Scale", "channels", "scale_param { filler { type: 'uniform' min: -1 max: 2 } }", bottoms=[(2, 3, 5, 7)], golden=("scale_chan",)),
    Case("Scale", "bias", "scale_param { bias_term: true filler { type: 'uniform' } }", bottoms=[(2, 3, 5, 7)], golden=("scale_bias",)),
    Case(
        "Scale", "axes", "scale_param { axis: 2 num_axes: 2 filler { type: 'uniform' } }", bottoms=[(2, 3, 5, 7)], golden=("scale_axis2",)
    ),
    Case(
        "Scale",
        "negative_axis",
        "scale_param { axis: -2 bias_term: true filler { type: 'uniform' } }",
        bottoms=[(2, 3, 5, 7)],
        golden=("scale_neg",),
    ),
    Case("Scale", "all", "scale_param { axis: 0 num_axes: -1 filler { type: 'uniform' } }", bottoms=[(2, 3, 5)], golden=("scale_all",)),
    Case("Scale", "one_number", "scale_param { num_axes: 0 bias_term: true }", bottoms=[(2, 3, 5)], golden=("scale_scalar",)),
    Case("Scale", "in_place", "scale_param { bias_term: true filler { type: 'uniform' } }", bottoms=[(2, 3, 5, 7)], in_place=True),
    Case("Scale", "two_bottoms", "scale_param { axis: 0 }", bottoms=[(2, 3, 5), (2, 3)], golden=("scale_two",)),
    Case("Scale", "two_bottoms_bias", "scale_param { bias_term: true }", bottoms=[(2, 3, 5), (3,)], golden=("scale_two_bias",)),
    Case("Scale", "two_bottoms_in_place", "scale_param { axis: 0 bias_term: true }", bottoms=[(2, 3, 5), (2, 3, 5)], in_place=True),
]
