"""Rows for the detectors of SSD's fork."""

from __future__ import annotations

from ..table import Case

CONSTANT = "it does not depend on what is in the bottoms"

CASES: list[Case] = [
    Case(
        "PriorBox",
        "sizes_and_ratios",
        "prior_box_param { min_size: 3.7 min_size: 5 max_size: 7 max_size: 11 aspect_ratio: [2, 3, 1, 2] variance: [0.1, 0.2, 0.3, 0.4] }",
        bottoms=[(2, 3, 5, 7), (2, 3, 40, 70)],
        gradient=CONSTANT,
    ),
    Case(
        "PriorBox",
        "given_image_and_step",
        "prior_box_param { min_size: 9 aspect_ratio: 0.5 flip: false clip: true img_h: 50 img_w: 60 step: 8 offset: 0.25 variance: 0.3 }",
        bottoms=[(2, 3, 5, 7), (2, 3, 40, 70)],
        gradient=CONSTANT,
    ),
    Case(
        "DetectionOutput",
        "centre_and_size",
        "detection_output_param { num_classes: 3 code_type: CENTER_SIZE nms_param { nms_threshold: 0.4 top_k: 5 } keep_top_k: 7 }",
        bottoms=[(2, 28), (2, 21), (1, 2, 28)],
        inputs={1: "unit", 2: "priors"},
        gradient="detections have none",
    ),
    Case(
        "DetectionOutput",
        "a_location_for_each_class",
        "detection_output_param { num_classes: 3 share_location: false code_type: CORNER_SIZE variance_encoded_in_target: true "
        "confidence_threshold: 0.3 background_label_id: -1 nms_param { nms_threshold: 0.7 eta: 0.9 } }",
        bottoms=[(2, 84), (2, 21), (1, 2, 28), (2, 3, 5, 7)],
        inputs={1: "unit", 2: "priors"},
        gradient="detections have none",
    ),
    *[
        Case(
            "MultiBoxLoss",
            name,
            f"multibox_loss_param {{ num_classes: 3 {param} }} {more}",
            bottoms=[(2, 28 * (3 if "share_location: false" in param else 1)), (2, 21), (1, 2, 28), (1, 1, 5, 8)],
            inputs={2: "priors", 3: "objects"},
            variable=[0, 1],
            gradient="as in the fork, only the loss of locations is divided by the variance" if "in_target" in param else True,
        )
        for name, param, more in [
            ("default", "", ""),
            ("centre_and_size", "code_type: CENTER_SIZE overlap_threshold: 0.2 neg_pos_ratio: 1.5 use_difficult_gt: false", ""),
            ("squared_and_logistic", "loc_loss_type: L2 conf_loss_type: LOGISTIC loc_weight: 3 code_type: CORNER_SIZE", ""),
            ("bipartite_without_mining", "match_type: BIPARTITE mining_type: NONE", "loss_param { normalization: FULL }"),
            ("logistic_without_mining", "conf_loss_type: LOGISTIC mining_type: NONE share_location: false overlap_threshold: 0.1", ""),
            ("a_location_for_each_class", "share_location: false mining_type: NONE use_prior_for_matching: false bp_inside: true", ""),
            ("hard_examples", "mining_type: HARD_EXAMPLE sample_size: 4 overlap_threshold: 0.1 ignore_cross_boundary_bbox: true", ""),
            (
                "suppression_before_mining",
                "nms_param { nms_threshold: 0.1 top_k: 3 } use_prior_for_nms: true neg_overlap: 0.3",
                "loss_param { normalization: BATCH_SIZE }",
            ),
            ("variance_in_target", "encode_variance_in_target: true code_type: CENTER_SIZE nms_param { nms_threshold: 0.3 }", ""),
        ]
    ],
]
