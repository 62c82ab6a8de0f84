"""Every way in which a prototxt can be wrong is a ParseError with its place, what came, what was wanted, what to try."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netproto.errors import ParseError
from netproto.schema import messages, text

NET_ERRORS = {
    # unknown names
    "misspelt field": ("layer {\n  botom: 'a' }", "2:3", "LayerParameter has no field 'botom'. Did you mean 'bottom'?"),
    "misspelt param": ("layer { convolutoin_param { } }", "1:9", "Did you mean 'convolution_param' or 'convolution3d_param'?"),
    "a fork's field": ("layer { randvec_param { dim: 5 } }", "1:9", "no field 'randvec_param'. Neither BVLC Caffe nor"),
    "field a level too high": ("layer { lr_mult: 1 }", "1:9", "no field 'lr_mult'. It belongs inside param"),
    "brace left out": (
        "layer {\n relu_param {\n}\nlayer { }",
        "4:1",
        "NetParameter has one: is a brace missing before it? The one of line 1",
    ),
    "a solver read as a net": ("base_lr: 0.1", "1:1", "NetParameter has no field 'base_lr'. It belongs to a solver: this is read as a net"),
    "our own bookkeeping": ("layer { place { line: 1 } }", "1:9", "LayerParameter has no field 'place'"),
    "unknown enum value": (
        "layer { pooling_param { pool: MAXX } }",
        "1:31",
        "'pool' of PoolingParameter has no value MAXX. Did you mean 'MAX'?",
    ),
    "unknown enum number": ("layer { pooling_param { pool: 9 } }", "1:31", "has no value 9. Known: AVE, MAX, STOCHASTIC"),
    "negative enum number": ("layer { pooling_param { pool: -1 } }", "1:31", "has no value -1"),
    "octal enum number": ("layer { pooling_param { pool: 1.0 } }", "1:31", "has no value 1.0"),
    "enum in quotes": ("layer { pooling_param { pool: 'AVE' } }", "1:31", "Take the quotes away: AVE"),
    "enum left out": ("layer { pooling_param { pool: } }", "1:31", "wants one of MAX, AVE, STOCHASTIC, got '}'"),
    "V1 type": ("layer { type: CONVOLUTION }", "1:15", "got 'CONVOLUTION'. Types in capitals belong to `layers { }`"),
    "type in V1": ("layers { type: 'Convolution' }", "1:16", "has no value Convolution. Types in quotes belong to `layer { }`"),
    "a fork's V1 type": ("layers { type: VOXEL_SOFTMAX }", "1:16", "has no value VOXEL_SOFTMAX. Did you mean 'SOFTMAX'"),
    # wrong values
    "string without quotes": ("name: LeNet", "1:7", "wants a string in quotes, got 'LeNet'. Put it in quotes: \"LeNet\""),
    "number for a string": ("name: 5", "1:7", "wants a string in quotes, got '5'"),
    "string for a number": ("input_dim: '5'", "1:12", "to 2147483647, got the string '5'. Take the quotes away"),
    "float for an int": ("input_dim: 1.0", "1:12", "got '1.0'"),
    "exponent for an int": ("input_dim: 1e3", "1:12", "got '1e3'"),
    "word for an int": ("input_dim: ten", "1:12", "got 'ten'"),
    "negative unsigned": ("layer { convolution_param { pad: -1 } }", "1:34", "wants a whole number from 0 to 4294967295, got '-1'"),
    "int32 too large": ("input_dim: 2147483648", "1:12", "got '2147483648'"),
    "int32 too small": ("input_dim: - 2147483649", "1:12", "got '-2147483649'"),
    "uint32 too large": ("layer { convolution_param { pad: 4294967296 } }", "1:34", "got '4294967296'"),
    "int64 too large": ("input_shape { dim: 9223372036854775808 }", "1:20", "got '9223372036854775808'"),
    "endless int": (f"input_dim: {'9' * 5000}", "1:12", "got '9999999999999999999999999999999999999...'"),
    "minus alone": ("input_dim: - }", "1:12", "wants a whole number from -2147483648 to 2147483647, got '-'"),
    "bad octal": ("input_dim: 08", "1:12", "'08' is not a number: one that begins with 0 is octal"),
    "octal float": ("layer { loss_weight: 017 }", "1:22", "wants a decimal number, got '017'"),
    "hexadecimal float": ("layer { loss_weight: 0x1F }", "1:22", "wants a decimal number, got '0x1F'"),
    "no digits after 0x": ("input_dim: 0x", "1:12", "'0x' is not a number"),
    "exponent without digits": ("layer { loss_weight: 1e }", "1:22", "'1e' is not a number"),
    "two points": ("layer { loss_weight: 1.2.3 }", "1:22", "'1.2.3' is not a number"),
    "number grown into a name": ("input_dim: 10input: 'a'", "1:12", "'10input' is not a number. A space is wanted"),
    "plus": ("input_dim: +1", "1:12", "the character '+' means nothing here"),
    "word for a float": ("layer { loss_weight: high }", "1:22", "wants a number, got 'high'"),
    "number for a truth": ("force_backward: 2", "1:17", "wants true or false, got '2'"),
    "word for a truth": ("force_backward: yes", "1:17", "wants true or false, got 'yes'"),
    "string for a truth": ("force_backward: 'true'", "1:17", "got the string 'true'. Take the quotes away"),
    "bad escape": (r"name: 'C:\data'", "1:10", r"\d in a string means nothing. A backslash is written \\"),
    "octal beyond a byte": (r"name: '\777'", "1:8", r"\777 in a string means nothing"),
    "surrogate": (r"name: '\ud800'", "1:8", r"\ud800 in a string is no character"),
    "beyond Unicode": (r"name: '\Uffffffff'", "1:8", r"\Uffffffff in a string is no character"),
    "not UTF-8": (r"name: '\xff'", "1:7", "the string is not UTF-8"),
    "string not closed": ("name: 'abc\ninput: 'd'", "1:7", "a string begins with ' and does not end on its line"),
    "string with the other quote": ("name: \"abc'", "1:7", 'a string begins with "'),
    # structure
    "given twice": ("name: 'a'\n  name: 'b'", "2:3", "field 'name' of NetParameter is given twice; the first stands in line 1, column 1"),
    "message given twice": ("layer { relu_param { }\n relu_param { } }", "2:2", "field 'relu_param' of LayerParameter is given twice"),
    "required left out": ("layer {\n  clip_param { min: 0 } }", "2:3", "ClipParameter lacks its field 'max', which must be given"),
    "never closed": ("layer {\n name: 'a'\n pooling_param {\n", "3:16", "the '{' of 'pooling_param' is never closed"),
    "closed too often": ("layer { }\n }", "2:2", "'}' closes nothing: all before it is closed already"),
    "closed by another": ("layer {\n name: 'a' >", "2:12", "'>' cannot close the '{' of 'layer' in line 1, column 7"),
    "no colon": ("name 'a'", "1:6", "':' is wanted after 'name', got the string 'a'"),
    "no brace": ("layer: 'a'", "1:8", "'{' is wanted after 'layer', got the string 'a'"),
    "file ends in a value": ("name:", "1:6", "wants a string in quotes, got the end of the file"),
    "file ends in a name": ("name", "1:5", "':' is wanted after 'name', got the end of the file"),
    "value for a name": ("layer { 5 }", "1:9", "the name of a field is wanted, got '5'"),
    "two separators": ("name: 'a';;", "1:11", "the name of a field is wanted, got ';'"),
    "list of a single": ("name: ['a']", "1:7", "wants a string in quotes, got '['"),
    "list not closed": ("input_dim: [1, 2 name: 'a'", "1:18", "',' or ']' is wanted in the list of 'input_dim' that began in line 1"),
    "list with a comma too many": ("input_dim: [1, ]", "1:16", "wants a whole number"),
    "braces for a scalar": ("input_dim { }", "1:11", "':' is wanted after 'input_dim', got '{'"),
    "extension": ("[caffe.extension]: 5", "1:1", "'[' begins an extension or Any field, and Caffe's messages have none"),
    "a thousand braces": ("{" * 1000, "1:1", "the name of a field is wanted, got '{'"),
    "a thousand layers deep": ("layer {" * 1000, "1:8", "LayerParameter has no field 'layer'"),
    "a thousand brackets": ("input_dim: " + "[" * 1000, "1:13", "wants a whole number"),
    # what is no prototxt
    "web page": ("\n<!DOCTYPE html>\n<html>", "2:1", "This is a web page: get the file itself"),
    "conflict": ("name: 'a'\n<<<<<<< HEAD\n", "2:1", "two versions conflict"),
    "template": ("layer { convolution_param { num_output: ${OUT} } }", "1:41", "This looks like a template: fill it in first"),
    "python template": ("layer { convolution_param { num_output: {{n}} } }", "1:41", "This looks like a template: fill it in first"),
    "lfs pointer": ("version https://git-lfs.github.com/spec/v1\n", "1:1", "This is a pointer of git LFS"),
    "other characters": ("name: “a”", "1:7", "the character '“' means nothing here"),
    "control characters": ("name: 'a' \x08", "1:11", "the byte 0x08 is no text. Is this a binary file?"),
    "stray byte": ("name: \udcff", "1:7", "the byte 0xff is no text"),
    "after tabs and carriage returns": ("\t\r\n\t\tbad: 1", "2:3", "no field 'bad'"),
}


NOBODY_HAS_IT = "Neither BVLC Caffe nor the forks whose layers are built here have it"


@pytest.mark.parametrize("case", NET_ERRORS)
def test_net_error(case: str) -> None:
    source, place, what = NET_ERRORS[case]
    with pytest.raises(ParseError) as caught:
        text.parse(source, messages.NetParameter, file="my net.prototxt")
    assert str(caught.value).startswith(f"my net.prototxt:{place}: ")
    assert what in str(caught.value)


def test_a_net_read_as_a_solver() -> None:
    with pytest.raises(ParseError, match="It belongs to a net: this is read as a solver"):
        text.parse("layer { }", messages.SolverParameter)


def test_the_first_error_is_told() -> None:
    source = "layer { name: 'a' }\n" * 3000 + "layer { nam: 'b' }\n" + "}" * 50
    with pytest.raises(ParseError, match=r"<string>:3001:9: .*Did you mean 'name'"):
        text.parse(source, messages.NetParameter)


UNKNOWN_VALUES = {
    "number": "5",
    "negative number": "- 5.5",
    "word": "nan",
    "negative word": "-inf",
    "string": "'a}'",
    "strings side by side": "'a' \"b{\" 'c'",
    "list": "[1, 'a', [2], {b: 3}]",
    "braces": "{ a: 1 b { c: '}' } d < e: 2 > }",
    "angles": "< a: { } >",
    "empty braces": "{}",
}


@pytest.mark.parametrize("value", UNKNOWN_VALUES.values(), ids=UNKNOWN_VALUES)
@pytest.mark.parametrize("separator", ["", ";", ","])
def test_an_unknown_field_is_passed_over_where_it_is_noted(value: str, separator: str) -> None:
    unknown: list[ParseError] = []
    net = text.parse(f"layer {{ name: 'a' fancy: {value}{separator} top: 'b' }} name: 'c'", messages.NetParameter, unknown=unknown)
    assert [str(error) for error in unknown] == ["<string>:1:19: LayerParameter has no field 'fancy'. " + NOBODY_HAS_IT]
    assert (net.name, net.layer[0].name, list(net.layer[0].top)) == ("c", "a", ["b"])


def test_all_unknown_names_are_noted_in_their_order() -> None:
    unknown: list[ParseError] = []
    source = """layers { type: FANCY name: 'a' }
layers { type: RELU fancy { type: FANCIER } }
layers { type: -1 include { phase: 'TEST' } }
layers { include { stage: 'b' stages: 'c' } }"""
    net = text.parse(source, messages.NetParameter, unknown=unknown)
    assert [error.what for error in unknown] == [
        "field 'type' of V1LayerParameter has no value FANCY",
        "V1LayerParameter has no field 'fancy'",
        "field 'type' of V1LayerParameter has no value -1",
        "field 'phase' of NetStateRule has no value TEST",
        "NetStateRule has no field 'stages'",
    ]
    assert [layer.HasField("type") for layer in net.layers] == [False, True, False, False]
    assert list(net.layers[3].include[0].stage) == ["b"]


@pytest.mark.parametrize(
    ("source", "place", "what"),
    [
        ("layer { fancy }", "1:15", "':' or '{' is wanted after 'fancy', got '}'"),
        ("layer { fancy 5 }", "1:15", "':' or '{' is wanted after 'fancy', got '5'"),
        ("layer { fancy: }", "1:16", "a value is wanted for 'fancy', got '}'"),
        ("layer { fancy: - }", "1:18", "a value is wanted for 'fancy', got '}'"),
        ("layer { fancy: ", "1:16", "a value is wanted for 'fancy', got the end of the file"),
        ("layer { fancy {\n a [ }", "2:6", "'}' closes nothing in the value of 'fancy', which begins in line 1, column 15"),
        ("layer { fancy { { }", "1:15", "the '{' of 'fancy' is never closed"),
        ("layer { fancy: [ 1 ", "1:16", "the '[' of 'fancy' is never closed"),
        ("layer { fancy: 1 name: 5 }", "1:24", "wants a string in quotes, got '5'"),
        ("layer { fancy: 1 type: CONVOLUTION }", "1:24", "Types in capitals belong to"),
        ("layer { fancy: 1\n relu_param {\n}\nlayer { }", "4:1", "is a brace missing before it?"),
        ("layer { pooling_param { pool: } }", "1:31", "wants one of MAX, AVE, STOCHASTIC, got '}'"),
        ("fancy: 5", "1:1", "NetParameter has no field 'fancy'"),
    ],
)
def test_what_is_no_unknown_name_is_raised_still(source: str, place: str, what: str) -> None:
    unknown: list[ParseError] = []
    try:
        text.parse(source, messages.NetParameter, file="net", unknown=unknown)
    except ParseError as error:
        assert len(unknown) == source.count("fancy")
        unknown.append(error)
    assert str(unknown[-1]).startswith(f"net:{place}: ")
    assert what in str(unknown[-1])


def test_a_file_of_unknown_fields_only(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text("fancy: 5")
    unknown: list[ParseError] = []
    text.load(tmp_path / "net.prototxt", messages.NetParameter, unknown=unknown)
    assert len(unknown) == 1


def load_error(path: Any) -> ParseError:
    with pytest.raises(ParseError) as caught:
        text.load(path, messages.NetParameter)
    assert caught.value.place is not None
    assert caught.value.place.file == str(path)
    return caught.value


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "train_val.prototxt").write_text("name: 'a'")
    error = load_error(tmp_path / "trainval.prototxt")
    assert str(error) == f"{tmp_path}/trainval.prototxt: no such file. Did you mean 'train_val.prototxt'?"


def test_a_missing_file_among_strangers(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("")
    assert "Relative paths start at the working folder" in str(load_error(tmp_path / "net.prototxt"))


def test_a_missing_folder(tmp_path: Path) -> None:
    assert f"There is no folder '{tmp_path}/models'" in str(load_error(tmp_path / "models" / "net.prototxt"))


def test_a_folder(tmp_path: Path) -> None:
    assert "this is a folder, a file was wanted" in str(load_error(tmp_path))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file holds no field"),
        (b"# all of it a comment\n", "the file holds no field"),
        (b"\x0a\x05LeNet\x13\x00\x01", "this is a binary file, a text file (prototxt) was wanted"),
        (b"\xff\xfen\x00a\x00", "the text is in UTF-16. Save the file in UTF-8"),
        (b"\x89HDF\r\n\x1a\n", "the byte 0x89 is no text. Is this a binary file?"),
        (b"name: 'caf\xe9'", "the string is not UTF-8. Save the file in UTF-8"),
    ],
)
def test_a_file_that_is_no_prototxt(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "net.prototxt"
    file.write_bytes(content)
    assert what in str(load_error(file))


def test_a_path_that_cannot_be() -> None:
    assert "cannot be read" in str(load_error("a\0b"))


def test_a_path_that_is_too_long() -> None:
    assert "cannot be read" in str(load_error("a" * 5000))
