import pytest

from netproto.errors import ModelError, NetprotoError, Place, did_you_mean
from netproto.registry import Registry


def test_a_message_says_place_layer_fault_and_remedy_in_this_order() -> None:
    error = ModelError("kernel_size is 0", place=Place("a.prototxt", 3, 7), layer="layer 'c' (Convolution)", hint="Write 1 or more")
    assert str(error) == "a.prototxt:3:7: layer 'c' (Convolution): kernel_size is 0. Write 1 or more"


def test_an_unknown_line_is_left_out() -> None:
    assert str(NetprotoError("is missing", place=Place("a.prototxt"))) == "a.prototxt: is missing"


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("Convolutoin", ["Convolution", "Pooling", *map(str, range(20))], "Did you mean 'Convolution'?"),
        ("relu", ["ReLU", "PReLU", *map(str, range(20))], "Did you mean 'ReLU' or 'PReLU'?"),
        ("zzz", ["a", "b"], "Known: a, b"),
        ("zzz", list(map(str, range(20))), ""),
        ("zzz", [], ""),
    ],
)
def test_the_nearest_names_are_said(name: str, known: list[str], said: str) -> None:
    assert did_you_mean(name, known) == said


def test_a_registry_refuses_a_second_entry_and_answers_with_near_names() -> None:
    registry: Registry[int] = Registry("rule")
    registry.register("SGD")(1)
    with pytest.raises(ValueError, match="registered twice"):
        registry.register("SGD")(2)
    with pytest.raises(ModelError, match=r"unknown rule 'SDG'. Did you mean 'SGD'\?"):
        registry.find("SDG")
    assert registry.find("SGD") == 1
    assert list(registry) == ["SGD"]
