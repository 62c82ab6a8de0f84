"""Every problem of net and solver files in a line of its own, with its place."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = """layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 7 dim: 5 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 13 } }
"""
SOLVER = 'net: "net.prototxt"\nlr_policy: "fixed"\nbase_lr: 0.1\nmax_iter: 5\n'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """files(net="...", solver="...") writes net.prototxt and solver.prototxt into the working folder."""
    monkeypatch.chdir(tmp_path)

    def write(**texts: str) -> None:
        for name, text in texts.items():
            (tmp_path / f"{name}.prototxt").write_text(text)

    return write


def test_a_good_net(files: Callable, cli: Callable) -> None:
    files(net=GOOD)
    result = cli("check", "net.prototxt")
    assert (result.code, result.err) == (0, "")
    assert result.out == "net.prototxt: no problem found: 2 layers in phase TRAIN, 2 layers in phase TEST\n"


def test_problems_that_do_not_depend_on_each_other_are_all_found(files: Callable, cli: Callable) -> None:
    wrong = """layer { name: "a" type: "Convolotion" bottom: "data" top: "a" }
layer { name: "b" type: "ReLU" bottom: "a" top: "b" }
layer { name: "c" type: "InnerProduct" bottom: "dta" top: "c" inner_product_param { num_output: 3 } }
layer { name: "d" type: "Convolution" bottom: "data" top: "d" convolution_param { num_output: 4 kernel_size: 99 } }
layer { name: "e" type: "Concat" bottom: "d" bottom: "ip" top: "e" }
layer { name: "f" type: "Softmax" bottom: "ip" top: "f" softmax_param { axis: 9 } }
"""
    files(net=GOOD + wrong)
    result = cli("check", "net.prototxt")
    assert result.code == 1
    lines = sorted(result.out.splitlines())
    assert [line.split(":")[1] for line in lines] == ["3", "5", "6", "8"]
    assert "unknown layer type 'Convolotion'. Did you mean 'Convolution'" in lines[0]
    assert "bottom 'dta' is not the top of any layer before it. Did you mean 'data'" in lines[1]
    assert not any("(in phase" in line for line in lines)


def test_a_problem_of_one_phase_says_so(files: Callable, cli: Callable) -> None:
    files(net=GOOD + 'layer { name: "f" type: "ReLU" bottom: "nothing" top: "f" include { phase: TEST } }\n')
    result = cli("check", "net.prototxt")
    assert result.out.startswith("net.prototxt:3:")
    assert result.out.endswith("(in phase TEST)\n")
    assert cli("check", "net.prototxt", "--phase", "TRAIN").code == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('layer { name: "x" type: "ReLU" ', "1:"),
        ('layer {\n  name: "x"\n  tipe: "ReLU" }', "3:3: "),
        ('layer {\n  name: "x" type: "Pooling"\n  pooling_param { pool: MAXX } }', "3:"),
        ("<html>", "1:1: "),
        ("base_lr: 0.1\nlr_policy: fixed", "2:"),
        ('layer { } layers { name: "old" }', "1:"),
    ],
)
def test_files_that_cannot_be_read_as_far_as_their_end(text: str, line: str, files: Callable, cli: Callable) -> None:
    files(net=text)
    result = cli("check", "net.prototxt")
    assert result.code == 1
    assert result.out.startswith(f"net.prototxt:{line}")


def test_every_name_that_no_message_has_is_told_once(files: Callable, cli: Callable) -> None:
    wrong = """layer { name: "a" type: "Fancy" bottom: "ip" top: "a" fancy_param { size: 3 } }
layer { name: "b" type: "Pooling" bottom: "ip" top: "b" pooling_param { pool: SOFT stochastic_depth: 0.5 } }
layer { name: "c" type: "Fancy" bottom: "b" top: "c" fancy_param { size: 5 shape { dim: 7 } } }
layer { name: "d" type: "Fancy" bottom: "c" top: "d" fancy_param { } }
"""
    files(net=GOOD + wrong)
    result = cli("check", "net.prototxt")
    assert result.code == 1
    assert [line.replace("net.prototxt:", "").partition(". ")[0] for line in result.out.splitlines()] == [
        "3:19: layer 'a' (Fancy): unknown layer type 'Fancy' (and 2 times more)",
        "3:55: LayerParameter has no field 'fancy_param'",
        "4:79: field 'pool' of PoolingParameter has no value SOFT",
        "4:84: PoolingParameter has no field 'stochastic_depth'",
    ]
    assert result.out.splitlines()[1].endswith(" have it (and 2 times more)")


def test_unknown_names_before_a_text_that_breaks_off(files: Callable, cli: Callable) -> None:
    files(net='layer { name: "a" lr: 1\n lr: 2\n relu_param {')
    result = cli("check", "net.prototxt")
    assert result.code == 1
    first, second = result.out.splitlines()
    assert first.startswith("net.prototxt:1:19: LayerParameter has no field 'lr'")
    assert first.endswith("(and once more)")
    assert second.startswith("net.prototxt:3:13: the '{' of 'relu_param' is never closed")


def test_a_solvers_unknown_fields(files: Callable, cli: Callable) -> None:
    files(net=GOOD, solver=SOLVER + "warm_start: 7\nbase_lrs: [1, 2]\n")
    result = cli("check", "solver.prototxt")
    assert result.code == 1
    assert [line.split(":")[1] for line in result.out.splitlines()] == ["5", "6"]
    assert "SolverParameter has no field 'base_lrs'. Did you mean 'base_lr'" in result.out


def test_without_data_what_no_data_could_mend_is_found(files: Callable, cli: Callable) -> None:
    source = 'layer { name: "d" type: "Data" top: "data" data_param { source: "absent_lmdb" batch_size: 6 } }\n'
    fits_28_only = 'layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4 kernel_size: 64 } }\n'
    files(net=source + fits_28_only)
    assert cli("check", "net.prototxt").code == 0
    fits_nothing = fits_28_only.replace("64", "640")
    files(net=source + fits_nothing)
    result = cli("check", "net.prototxt")
    assert result.code == 1
    assert result.out.startswith("net.prototxt:2:")
    files(net=source + fits_28_only)
    assert cli("check", "net.prototxt", "--input", "data=6,3,32,32").code == 1


def test_a_net_of_deeplabs_without_its_files(files: Callable, cli: Callable) -> None:
    net = """layers { name: "data" type: IMAGE_SEG_DATA top: "data" top: "label" top: "sizes"
  image_data_param { source: "absent.txt" batch_size: 2 label_type: PIXEL } transform_param { crop_size: 30 } }
layers { name: "score" type: CONVOLUTION bottom: "data" top: "score" convolution_param { num_output: 21 kernel_size: 3 stride: 2 } }
layers { name: "zoom" type: INTERP bottom: "score" top: "zoom" interp_param { zoom_factor: 2 } }
layers { name: "crop" type: PADDING bottom: "zoom" top: "crop" padding_param { pad_beg: 2 pad_end: 1 } }
layers { name: "accuracy" type: SEG_ACCURACY bottom: "crop" bottom: "label" top: "accuracy" }
layers { name: "write" type: MAT_WRITE bottom: "crop" mat_write_param { prefix: "out/" source: "absent.txt" } }
layers { name: "silence" type: SILENCE bottom: "sizes" }
"""
    files(net=net)
    result = cli("check", "net.prototxt")
    assert (result.code, result.out) == (0, "net.prototxt: no problem found: 7 layers in phase TRAIN, 7 layers in phase TEST\n")
    files(net=net.replace("pad_end: 1", "pad_end: 0"))
    result = cli("check", "net.prototxt")
    assert result.code == 1
    assert "layer 'accuracy' (SegAccuracy): bottom 1 has the shape (2, 1, 30, 30), but (2, 1, 29, 29) is wanted" in result.out


def test_python_layers_are_not_run(files: Callable, cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("open('was_here', 'w').close()\n")
    python = 'layer { name: "p" type: "Python" bottom: "ip" top: "p" python_param { module: "evil" layer: "Evil" } }\n'
    files(net=GOOD + python + 'layer { name: "r" type: "ReLU" bottom: "p" top: "r" }\n')
    result = cli("check", "net.prototxt")
    assert result.code == 0
    assert "net.prototxt:3:1: note: layer 'p' (Python): a Python layer is not run here" in result.out
    assert not (tmp_path / "was_here").exists()


def test_a_phase_without_data_is_not_examined(files: Callable, cli: Callable) -> None:
    files(net=GOOD.replace("input_param", 'include { phase: TEST stage: "late" } input_param'))
    result = cli("check", "net.prototxt")
    assert result.code == 0
    assert "the net has no data layer in phase TEST, so it is not examined there; its layers know the stages late: --stage" in result.out
    assert "2 layers in phase TEST" in cli("check", "net.prototxt", "--stage", "late").out


def test_a_good_solver(files: Callable, cli: Callable) -> None:
    files(net=GOOD, solver=SOLVER + "test_iter: 3\ntest_interval: 2\n")
    result = cli("check", "solver.prototxt")
    assert (result.code, result.out) == (0, "solver.prototxt: no problem found: 2 layers in phase TRAIN, 2 layers in phase TEST\n")


@pytest.mark.parametrize(
    ("solver", "said"),
    [
        (SOLVER.replace("fixed", "fixd"), "solver.prototxt:2:1: unknown lr_policy 'fixd'. Did you mean 'fixed'?"),
        (SOLVER.replace("net.p", "nat.p"), "solver.prototxt:1:1: net 'nat.prototxt': no such file. Did you mean 'net.prototxt'"),
        (SOLVER + 'type: "Adamm"\n', "solver.prototxt:5:1: unknown solver type 'Adamm'. Did you mean 'Adam'"),
        (SOLVER + "test_iter: 3\n", "the solver has test nets but no test_interval"),
        (SOLVER + 'train_net: "net.prototxt"\n', "a solver names one train net; this one has net, train_net"),
    ],
)
def test_wrong_solvers(solver: str, said: str, files: Callable, cli: Callable) -> None:
    files(net=GOOD, solver=solver)
    result = cli("check", "solver.prototxt")
    assert result.code == 1
    assert said in result.out


def test_a_solvers_net_is_checked_too(files: Callable, cli: Callable) -> None:
    files(net=GOOD.replace("InnerProduct", "InnerProdukt"), solver=SOLVER)
    result = cli("check", "solver.prototxt", "net.prototxt")
    assert result.code == 1
    assert len(result.out.splitlines()) == 2
    assert result.out.startswith("net.prototxt:2:")


def test_a_missing_file_does_not_stop_the_others(files: Callable, cli: Callable) -> None:
    files(net=GOOD)
    result = cli("check", "absent.prototxt", "net.prototxt")
    assert result.code == 1
    assert result.out.startswith("absent.prototxt: no such file")
    assert "net.prototxt: no problem found" in result.out


def test_a_net_of_c3ds_without_its_files(files: Callable, cli: Callable) -> None:
    net = """layers { name: "data" type: VIDEO_DATA top: "data" top: "label" image_data_param { source: "absent.lst" use_image: true
  mean_file: "absent.binaryproto" batch_size: 2 crop_size: 28 mirror: true new_height: 32 new_width: 43 new_length: 8 } }
layers { name: "conv" type: CONVOLUTION3D bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 kernel_depth: 3 pad: 1 temporal_pad: 1 } }
layers { name: "pool" type: POOLING3D bottom: "conv" top: "pool"
  pooling_param { pool: MAX kernel_size: 2 kernel_depth: 2 stride: 2 temporal_stride: 2 } }
layers { name: "back" type: DECONVOLUTION3D bottom: "pool" top: "back"
  convolution_param { num_output: 3 kernel_size: 2 kernel_depth: 2 stride: 2 temporal_stride: 2 } }
layers { name: "loss" type: EUCLIDEAN_LOSS bottom: "back" bottom: "data" top: "loss" }
layers { name: "silence" type: SILENCE bottom: "label" }
"""
    files(net=net)
    result = cli("check", "net.prototxt")
    assert (result.code, result.out) == (0, "net.prototxt: no problem found: 6 layers in phase TRAIN, 6 layers in phase TEST\n")
    files(net=net.replace("new_length: 8", "new_length: 7"))
    result = cli("check", "net.prototxt")
    assert result.code == 1
    assert "layer 'loss' (EuclideanLoss)" in result.out


def test_pairs_of_digits_in_two_channels(files: Callable, cli: Callable) -> None:
    net = """layer { name: "pairs" type: "Data" top: "pair" top: "sim" data_param { source: "absent" batch_size: 4 } }
layer { name: "cut" type: "Slice" bottom: "pair" top: "a" top: "b" slice_param { slice_dim: 1 slice_point: 1 } }
layer { name: "conv" type: "Convolution" bottom: "a" top: "c" param { name: "w" } convolution_param { num_output: 5 kernel_size: 5 } }
layer { name: "conv_p" type: "Convolution" bottom: "b" top: "d" param { name: "w" } convolution_param { num_output: 5 kernel_size: 5 } }
layer { name: "flat" type: "Flatten" bottom: "c" top: "e" }
layer { name: "flat_p" type: "Flatten" bottom: "d" top: "f" }
layer { name: "loss" type: "ContrastiveLoss" bottom: "e" bottom: "f" bottom: "sim" top: "loss" }
"""
    files(net=net)
    result = cli("check", "net.prototxt")
    assert (result.code, result.out) == (0, "net.prototxt: no problem found: 7 layers in phase TRAIN, 7 layers in phase TEST\n")


def test_a_camera_is_left_alone(files: Callable, cli: Callable) -> None:
    net = """layer { name: "data" type: "VideoData" top: "data" data_param { batch_size: 1 } video_data_param { device_id: 3 }
  transform_param { resize_param { height: 30 width: 40 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 5 kernel_size: 5 } }
"""
    files(net=net)
    assert cli("check", "net.prototxt").code == 0
    result = cli("summary", "net.prototxt", "--phase", "TEST", "--json")
    assert json.loads(result.out)["layers"][1]["tops"] == {"conv": [1, 5, 26, 36]}
    assert "there is no 'camera 3', so 'data' is taken to be 1x3x30x40" in result.err
