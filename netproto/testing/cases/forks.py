"""Rows of THE TABLE for layers of Caffe's forks. No values of theirs are recorded: the tests beside this file have naive loops instead."""

from __future__ import annotations

from ..table import Case

YOLO = "as in Darknet, the gradient is that of squared differences, not the derivative of the loss that is told"
DETECTIONS = "detections have none"
HEAD = "biases: [1, 1.5, 2.5, 2]"
LSTM = "num_output: 4 weight_filler { type: 'gaussian' std: 0.5 } bias_filler { type: 'uniform' min: -1 }"
COUNTS = "it counts, and counts move in steps"
PICKED = "which regions are picked moves in steps, and no gradient flows through"

CASES: list[Case] = [
    # -- NVIDIA ------------------------------------------------------------------------------------------------------------
    *[
        Case("BatchNorm", name, f"batch_norm_param {{ {param} }}", bottoms=[(3, 5, 2, 7)], in_place=in_place, phase=phase)
        for name, param, phase, in_place in [
            ("scale_and_bias", "scale_bias: true eps: 0.01", "TRAIN", False),
            ("scale_and_bias_in_place", "scale_filler { value: 2 } bias_filler { value: -1 }", "TRAIN", True),
            ("scale_and_bias_in_testing", "scale_filler { value: 2 } eps: 0.1", "TEST", False),
            ("scale_and_bias_in_testing_in_place", "bias_filler { value: 2 } eps: 0.1", "TEST", True),
        ]
    ],
    # -- PSPNet, TSN, SegNet -------------------------------------------------------------------------------------------------
    *[
        Case("BN", name, f"bn_param {{ {param} }}", bottoms=[(3, 5, 2, 7)], in_place=in_place, phase=phase)
        for name, param, phase, in_place in [
            ("training", "slope_filler { value: 1.5 } bias_filler { value: -0.5 } momentum: 0.8 eps: 0.01", "TRAIN", False),
            ("training_in_place", "slope_filler { type: 'uniform' min: 1 max: 2 }", "TRAIN", True),
            ("testing", "slope_filler { value: 1.5 } eps: 0.1", "TEST", False),
            ("frozen_in_place", "slope_filler { value: 2 } frozen: true", "TRAIN", True),
            ("segnet", "scale_filler { value: 1.5 } shift_filler { value: 0.001 }", "TRAIN", False),
            ("segnet_in_testing", "scale_filler { value: 1.5 } var_eps: 0.1", "TEST", True),
            ("segnet_inference", "scale_filler { value: 1.5 } shift_filler { value: 0.5 } bn_mode: INFERENCE", "TEST", False),
            ("segnet_inference_in_place", "scale_filler { value: 1.5 } bn_mode: INFERENCE", "TEST", True),
        ]
    ],
    Case(
        "BN",
        "segnet_statistics",
        "bn_param { scale_filler { value: 2 } }",
        bottoms=[(3, 5, 2, 7)],
        tops=3,
        gradient="as in SegNet, no gradient flows through the second and third top",
    ),
    Case("Interp", "zoom", "interp_param { zoom_factor: 3 }", bottoms=[(2, 3, 5, 7)]),
    Case("Interp", "shrink_cut", "interp_param { shrink_factor: 2 pad_beg: -1 pad_end: -2 }", bottoms=[(2, 3, 8, 11)]),
    Case("Interp", "both", "interp_param { shrink_factor: 2 zoom_factor: 3 }", bottoms=[(2, 3, 5, 7)]),
    Case("Interp", "size", "interp_param { height: 11 width: 3 }", bottoms=[(2, 3, 5, 7)]),
    Case("Interp", "one_row", "interp_param { height: 1 width: 4 }", bottoms=[(2, 3, 5, 7)]),
    Case("Upsample", "by_mask", bottoms=[(2, 3, 5, 7), (2, 3, 5, 7)], inputs={1: "places"}, variable=[0]),
    Case(
        "Upsample",
        "padded_out",
        "upsample_param { scale: 2 pad_out_h: true }",
        bottoms=[(2, 3, 5, 7), (2, 3, 5, 7)],
        inputs={1: "places"},
        variable=[0],
    ),
    Case(
        "Upsample",
        "to_size",
        "upsample_param { scale: 2 upsample_h: 6 upsample_w: 13 }",
        bottoms=[(2, 3, 5, 7), (2, 3, 5, 7)],
        inputs={1: "places"},
        variable=[0],
    ),
    # -- DeepLab -------------------------------------------------------------------------------------------------------------
    Case("Padding", "wider", "padding_param { pad_beg: 2 pad_end: 1 }", bottoms=[(2, 3, 5, 7)]),
    Case("Padding", "narrower", "padding_param { pad_beg: -1 pad_end: -2 }", bottoms=[(2, 3, 5, 7)]),
    Case("Padding", "as_it_is", bottoms=[(2, 3, 5, 7)]),
    *[
        Case(
            "SegAccuracy",
            name,
            f"seg_accuracy_param {{ {param} }}",
            bottoms=[(2, 5, 3, 7), (2, 1, 3, 7)],
            labels={1: 5},
            gradient=COUNTS,
        )
        for name, param in [("default", ""), ("ignore", "ignore_label: 2 ignore_label: 255"), ("going_on", "reset: false metric: PixelIOU")]
    ],
    # -- caffe-lstm ----------------------------------------------------------------------------------------------------------
    Case("Lstm", "one_sequence", f"lstm_param {{ {LSTM} batch_size: 2 }}", bottoms=[(10, 3)]),
    Case(
        "Lstm",
        "several_sequences",
        f"lstm_param {{ {LSTM} }}",
        bottoms=[(7, 2, 3), (7, 1)],
        inputs={1: "continuation"},
        variable=[0],
    ),
    Case(
        "Lstm",
        "bounded",
        f"lstm_param {{ {LSTM} batch_size: 2 clipping_threshold: 0.1 }}",
        bottoms=[(10, 3)],
        gradient="its gradient is kept within bounds",
    ),
    # -- YOLO ----------------------------------------------------------------------------------------------------------------
    Case("Upsample", "repeated", "upsample_param { scale: 3 }", bottoms=[(2, 3, 5, 7)]),
    Case("Upsample", "not_at_all", bottoms=[(2, 3, 5, 7)]),
    Case("Reorg", "default", "reorg_param { stride: 2 }", bottoms=[(2, 8, 6, 10)]),
    Case("Reorg", "reverse", "reorg_param { stride: 3 reverse: true }", bottoms=[(2, 18, 5, 7)]),
    *[
        Case(
            "RegionLoss",
            name,
            f"region_loss_param {{ num: 2 num_class: 3 {HEAD} {param} }}",
            bottoms=[(2, 16, 5, 7), (2, 1, 4, 5)],
            inputs={1: "yolo_objects"},
            gradient=YOLO,
        )
        for name, param in [
            ("default", ""),
            ("scales", "object_scale: 5 noobject_scale: 1 class_scale: 2 coord_scale: 3 thresh: 0.6"),
            ("by_size_without_overlap", "rescore: 0 bias_match: 0"),
        ]
    ],
    Case(
        "YoloDetectionOutput",
        "two_maps",
        f"yolo_detection_output_param {{ num_box: 2 num_classes: 3 {HEAD} confidence_threshold: 0.3 nms_threshold: 0.4 }}",
        bottoms=[(2, 16, 5, 7), (2, 16, 3, 4)],
        gradient=DETECTIONS,
    ),
    Case(
        "YoloDetectionOutput",
        "images_to_draw_on",
        f"yolo_detection_output_param {{ num_box: 2 num_classes: 3 {HEAD} visualize: true }}",
        bottoms=[(2, 16, 5, 7), (2, 3, 40, 56)],
        gradient=DETECTIONS,
    ),
    Case(
        "DetectionEvaluate",
        "default",
        "detection_evaluate_param { num_classes: 3 overlap_threshold: 0.2 }",
        bottoms=[(1, 1, 11, 7), (1, 1, 7, 8)],
        inputs={0: "detections", 1: "objects"},
        gradient=DETECTIONS,
    ),
    Case(
        "DetectionEvaluate",
        "without_difficult_objects",
        "detection_evaluate_param { num_classes: 3 overlap_threshold: 0.1 evaluate_difficult_gt: false }",
        bottoms=[(1, 1, 11, 7), (1, 1, 7, 8)],
        inputs={0: "detections", 1: "objects"},
        gradient=DETECTIONS,
    ),
    # -- ShuffleNet, SSD -----------------------------------------------------------------------------------------------------
    Case("ShuffleChannel", "default", "shuffle_channel_param { group: 3 }", bottoms=[(2, 15, 5, 7)]),
    Case("ShuffleChannel", "one_group", bottoms=[(2, 3)]),
    Case("Normalize", "item", bottoms=[(2, 3, 5, 7)]),
    Case("Normalize", "places", "norm_param { across_spatial: false scale_filler { value: 20 } eps: 0.5 }", bottoms=[(2, 3, 5, 7)]),
    Case(
        "Normalize",
        "a_scale_for_each_channel",
        "norm_param { across_spatial: false channel_shared: false scale_filler { type: 'uniform' min: 1 max: 3 } }",
        bottoms=[(2, 3, 5, 7)],
    ),
    Case("Normalize", "item_by_channels", "norm_param { channel_shared: false }", bottoms=[(2, 3, 5, 7)]),
    # -- Fast R-CNN, R-FCN, PVANET -------------------------------------------------------------------------------------------
    Case(
        "ROIPooling",
        "default",
        "roi_pooling_param { pooled_h: 2 pooled_w: 3 spatial_scale: 0.25 }",
        bottoms=[(2, 3, 7, 9), (5, 5)],
        inputs={0: "distinct", 1: "regions"},
        variable=[0],
    ),
    Case(
        "ROIPooling",
        "fine_grid",
        "roi_pooling_param { pooled_h: 7 pooled_w: 7 spatial_scale: 0.0625 }",
        bottoms=[(2, 3, 7, 9), (5, 5, 1, 1)],
        inputs={0: "distinct", 1: "regions"},
        variable=[0],
    ),
    Case(
        "PSROIPooling",
        "default",
        "psroi_pooling_param { output_dim: 5 group_size: 3 spatial_scale: 0.25 }",
        bottoms=[(2, 45, 7, 9), (5, 5)],
        inputs={1: "regions"},
        variable=[0],
    ),
    Case(
        "BoxAnnotatorOHEM",
        "default",
        "box_annotator_ohem_param { roi_per_img: 3 }",
        bottoms=[(11, 5, 1, 1), (11, 1, 1, 1), (11,), (11, 8)],
        tops=2,
        labels={2: 5},
        inputs={0: "regions"},
        gradient=PICKED,
    ),
    Case(
        "BoxAnnotatorOHEM",
        "places",
        "box_annotator_ohem_param { roi_per_img: 4 ignore_label: 255 }",
        bottoms=[(2, 5, 3, 7), (2, 1, 3, 7), (2, 1, 3, 7), (2, 4, 3, 7)],
        tops=2,
        labels={2: 5},
        inputs={0: "ones"},
        gradient=PICKED,
    ),
    Case(
        "Proposal",
        "default",
        "proposal_param { ratio: 0.5 ratio: 2 scale: 1.5 scale: 2 scale: 4 pre_nms_topn: 50 post_nms_topn: 11 nms_thresh: 0.5 }",
        bottoms=[(1, 12, 5, 7), (1, 24, 5, 7), (1, 3)],
        tops=2,
        inputs={0: "distinct", 2: "image_size"},
        gradient=PICKED,
    ),
    # -- Synopsys ----------------------------------------------------------------------------------------------------------------
    Case(
        "Convolution",
        "sides_of_a_plane",
        "convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad_l: 2 pad_b: 1 pad_r: 1 }",
        bottoms=[(2, 3, 5, 7)],
    ),
    *[
        Case(
            "Pooling",
            f"{pool.lower()}_padded_by_side",
            f"pooling_param {{ pool: {pool} kernel_size: 3 stride: 2 pad_t: 2 pad_r: 1 pad_b: 1 }}",
            bottoms=[(2, 3, 5, 7)],
            inputs={0: "distinct"},
        )
        for pool in ("MAX", "AVE")
    ],
    # -- C3D ---------------------------------------------------------------------------------------------------------------------
    *[
        Case(kind, name, f"convolution3d_param {{ num_output: 6 {param} }}", bottoms=[(2, 3, 5, 7, 6)])
        for kind in ("Convolution3D", "Deconvolution3D")
        for name, param in [
            ("plain", "kernel_depth: 3 kernel_size: 2"),
            ("padded", "kernel_depth: 3 kernel_size: 3 temporal_pad: 1 pad: 2 filter_group: 3 group: 3"),
            ("strided", "kernel_depth: 2 kernel_size: 3 temporal_stride: 2 stride: 3 bias_term: false"),
        ]
    ],
    *[
        Case("Pooling3D", name, f"pooling3d_param {{ {param} }}", bottoms=[(2, 3, 5, 7, 6)], inputs={0: "distinct"})
        for name, param in [
            ("max", "kernel_depth: 2 kernel_size: 3 temporal_stride: 2 stride: 2"),
            ("max_of_planes", "kernel_depth: 1 kernel_size: 2 stride: 2"),
            ("max_with_gaps", "kernel_depth: 2 kernel_size: 3 temporal_stride: 3 stride: 4"),
            ("ave", "pool: AVE kernel_depth: 3 kernel_size: 3 temporal_stride: 2 stride: 2 pad: 1"),
            ("ave_overlapping", "pool: AVE kernel_depth: 2 kernel_size: 3"),
        ]
    ],
]
