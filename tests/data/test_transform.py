"""Crop, mirror, mean and scale against loops over single values."""

import numpy as np
import pytest

from netproto.data.transform import Transform
from netproto.errors import DataError, FormatError
from netproto.formats import mean
from netproto.schema import messages

IMAGE = np.random.default_rng(1).integers(0, 256, (3, 7, 11), dtype=np.uint8)


def of(train=False, **fields):
    return Transform.of(messages.TransformationParameter(**fields), train=train)


def naive(pixels, out_shape, top, left, flip, scale, mean_at):
    out = np.zeros(out_shape, np.float32)
    for c, h, w in np.ndindex(out_shape):
        x = left + (out_shape[2] - 1 - w if flip else w)
        out[c, h, w] = (np.float32(pixels[c, top + h, x]) - np.float32(mean_at(c, top + h, x))) * np.float32(scale)
    return out


def applied(transform, pixels=IMAGE, key=5, ordinal=0):
    out = np.full(transform.out_shape(pixels.shape), np.nan, np.float32)
    transform.apply(pixels, out, key=key, ordinal=ordinal)
    return out


@pytest.mark.parametrize("layout", ["planes", "pixels", "floats", "read_only"])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("crop", [0, 5])
@pytest.mark.parametrize("means", ["none", "one", "three", "file"])
def test_every_combination(tmp_path, layout, mirror, crop, means):
    pixels = IMAGE.astype(np.float32) / 4 if layout == "floats" else IMAGE.copy()
    if layout == "pixels":
        pixels = np.ascontiguousarray(IMAGE.transpose(1, 2, 0))[:, :, ::-1][:, :, ::-1].transpose(2, 0, 1)
    pixels.flags.writeable = layout != "read_only"
    field = {"none": {}, "one": {"mean_value": [104]}, "three": {"mean_value": [104, 117.5, 123]}}.get(means)
    places = np.random.default_rng(2).uniform(0, 255, IMAGE.shape).astype(np.float32)
    if means == "file":
        mean.save(tmp_path / "mean.binaryproto", places)
        field = {"mean_file": str(tmp_path / "mean.binaryproto")}
    mean_at = {
        "none": lambda c, h, w: 0,
        "one": lambda c, h, w: 104,
        "three": lambda c, h, w: (104, 117.5, 123)[c],
        "file": lambda c, h, w: places[c, h, w],
    }[means]
    transform = of(train=True, crop_size=crop, mirror=mirror, scale=0.017, **field)
    flips = set()
    for ordinal in range(4):
        top, left, flip = transform.window(pixels.shape, 5, ordinal)
        flips.add(flip)
        wanted = naive(pixels, transform.out_shape(pixels.shape), top, left, flip, 0.017, mean_at)
        np.testing.assert_array_equal(applied(transform, pixels, ordinal=ordinal), wanted)
    assert flips == ({False, True} if mirror else {False})


def test_the_window_is_in_the_middle_in_phase_test():
    assert of(crop_size=4).window((3, 7, 11), 5, 0) == (1, 3, False)
    assert of(crop_size=7).window((3, 7, 11), 5, 0) == (0, 2, False)


def test_windows_are_drawn_everywhere_in_phase_train():
    transform = of(train=True, crop_size=5, mirror=True)
    drawn = [transform.window((3, 7, 11), 5, i) for i in range(600)]
    assert {d[0] for d in drawn} == set(range(3))
    assert {d[1] for d in drawn} == set(range(7))
    assert 240 < sum(d[2] for d in drawn) < 360


def test_draws_depend_on_key_and_ordinal_alone():
    transform = of(train=True, crop_size=5, mirror=True)
    drawn = [transform.window((3, 7, 11), 5, i) for i in range(30)]
    assert [transform.window((3, 7, 11), 5, i) for i in reversed(range(30))] == drawn[::-1]
    assert [transform.window((3, 7, 11), 6, i) for i in range(30)] != drawn


def test_mirror_acts_in_phase_test_too():
    assert {of(mirror=True).window((3, 7, 11), 5, i) for i in range(20)} == {(0, 0, False), (0, 0, True)}


def test_a_mean_of_one_value_a_channel_from_npy(tmp_path):
    np.save(tmp_path / "mean.npy", np.float32([1, 2, 3]))
    got = applied(of(mean_file=str(tmp_path / "mean.npy")))
    np.testing.assert_array_equal(got, IMAGE - np.float32([1, 2, 3])[:, None, None])


def test_contradictions():
    with pytest.raises(DataError, match="both mean_file and mean_value are written"):
        of(mean_file="a", mean_value=[1])
    with pytest.raises(DataError, match="both force_color and force_gray are written"):
        of(force_color=True, force_gray=True)
    with pytest.raises(FormatError, match=r"none\.binaryproto: there is no such file"):
        of(mean_file="none.binaryproto")


def test_what_does_not_fit(tmp_path):
    with pytest.raises(DataError, match="crop_size is 8, but its image is 3 x 7 x 11"):
        of(crop_size=8).out_shape(IMAGE.shape)
    with pytest.raises(DataError, match="its image has 3 channels, but there are 2 mean_value"):
        of(mean_value=[1, 2]).out_shape(IMAGE.shape)
    mean.save(tmp_path / "mean.npy", np.zeros((3, 5, 5), np.float32))
    with pytest.raises(DataError, match=r"its image is 3 x 7 x 11, but mean_file '.*mean\.npy' is 3 x 5 x 5"):
        of(crop_size=5, mean_file=str(tmp_path / "mean.npy")).out_shape(IMAGE.shape)
    with pytest.raises(DataError, match="its image gives 3 x 7 x 11, the first of its batch 3 x 7 x 10"):
        of().apply(IMAGE, np.zeros((3, 7, 10), np.float32), key=0, ordinal=0)
