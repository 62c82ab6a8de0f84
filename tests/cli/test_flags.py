"""gflags' spellings, and what is said of flags that are not known."""

import pytest

from netproto.cli.flags import Parser, UsageError, names, natural, positive, positive_number


def parser() -> Parser:
    p = Parser("netproto sow", "Sow.", "netproto sow --max-iter 5")
    p.flag("max-iter", type=int, default=3)
    p.flag("solver")
    p.flag("level", type=int)
    p.switch("gray", help="no colours")
    p.switch("layers", default=True, help="one thing only")
    p.add_argument("files", nargs="*")
    return p


@pytest.mark.parametrize(
    "argv",
    [
        ["--max-iter", "7"],
        ["--max_iter", "7"],
        ["-max-iter", "7"],
        ["-max_iter", "7"],
        ["--max-iter=7"],
        ["--max_iter=7"],
        ["-max_iter=7"],
        ["-max-iter=7"],
    ],
)
def test_a_value_in_every_spelling(argv: list[str]) -> None:
    assert parser().read(argv).max_iter == 7


@pytest.mark.parametrize(
    ("argv", "gray"), [([], False), (["-gray"], True), (["--gray=true"], True), (["-gray=1"], True), (["-nogray"], False)]
)
def test_switches(argv: list[str], gray: bool) -> None:
    assert parser().read(argv).gray is gray


@pytest.mark.parametrize("off", ["-nolayers", "--nolayers", "--no-layers", "--no_layers", "--layers=false", "-layers=0", "--layers=No"])
def test_a_switch_that_is_on_is_put_off(off: str) -> None:
    assert parser().read([]).layers is True
    assert parser().read([off]).layers is False


def test_help_shows_the_side_of_a_switch_that_changes_anything() -> None:
    text = parser().format_help()
    assert "--gray" in text
    assert "--no-gray" not in text
    assert "--no-layers" in text
    assert " --layers" not in text


def test_a_value_may_look_like_a_flag() -> None:
    args = parser().read(["-level", "-2", "--solver", "a=b", "x.prototxt", "-"])
    assert (args.level, args.solver, args.files) == (-2, "a=b", ["x.prototxt", "-"])


def test_after_two_dashes_nothing_is_a_flag() -> None:
    assert parser().read(["--", "-gray", "--solver"]).files == ["-gray", "--solver"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--max-itr", "7"], "unknown flag '--max-itr'. Did you mean '--max-iter'?"),
        (["--solver"], "--solver wants a value"),
        (["--solver", "--gray"], "--solver wants a value"),
        (["--gray=perhaps"], "--gray is on or off, not 'perhaps'"),
        (["--max-iter", "many"], "invalid int value: 'many'"),
    ],
)
def test_wrong_flags(argv: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        parser().read(argv)


def test_an_abbreviation_is_no_flag() -> None:
    with pytest.raises(UsageError, match="unknown flag"):
        parser().read(["--max", "3"])


def test_types_of_values() -> None:
    assert positive("12") == 12
    assert natural("0") == 0
    assert names("a,b") == ["a", "b"]
    assert names("") == []
    for kind, text in ((positive, "0"), (positive, "x"), (natural, "-1"), (natural, "1.5")):
        with pytest.raises(Exception, match="is not a whole number of at least"):
            kind(text)


def test_numbers_above_0() -> None:
    assert positive_number("2.5e-3") == 0.0025
    for text in ("0", "-1", "nan", "inf", "fast"):
        with pytest.raises(Exception, match="is not a number above 0"):
            positive_number(text)
