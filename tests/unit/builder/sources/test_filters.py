"""Which paths of a context are taken."""

from hypothesis import given
from hypothesis import strategies as st

from builder.sources.filters import PathFilter


def test_without_filters_everything_is_taken() -> None:
    assert PathFilter(None, ()).takes("a/b")
    assert PathFilter([""], ()).takes("a/b")
    assert PathFilter(["/"], ()).takes("a/b")


def test_only_what_is_asked_for_is_taken_with_all_below_it() -> None:
    chosen = PathFilter(["a/b", "c"], ())
    assert chosen.takes("a/b/x/y")
    assert chosen.takes("c")
    assert not chosen.takes("a")
    assert not chosen.takes("a/bb")
    assert chosen.may_take_below("a")
    assert not chosen.may_take_below("d")


def test_a_wildcard_asks_for_each_part() -> None:
    chosen = PathFilter(["src/*/x*.txt"], ())
    assert chosen.takes("src/a/x1.txt")
    assert not chosen.takes("src/a/y.txt")
    assert not chosen.takes("src/a")
    assert chosen.may_take_below("src")
    assert chosen.may_take_below("src/a")
    assert not chosen.may_take_below("other")


def test_what_is_ignored_stays_out_even_when_asked_for() -> None:
    chosen = PathFilter(["a"], ("a/secret", "*.log"))
    assert chosen.takes("a/x")
    assert not chosen.takes("a/secret")
    assert not chosen.takes("a/secret/deep")
    assert not chosen.may_take_below("a/secret")


def test_an_ignored_directory_is_entered_where_an_exception_lies_below() -> None:
    chosen = PathFilter(None, ("a", "!a/keep"))
    assert not chosen.takes("a")
    assert chosen.may_take_below("a")
    assert chosen.takes("a/keep")


NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@given(st.lists(NAMES, max_size=3), NAMES)
def test_a_taken_path_is_never_cut_off_by_its_parents(include: list[str], path: str) -> None:
    chosen = PathFilter(include, ())
    if chosen.takes(path):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            assert chosen.takes(parent) or chosen.may_take_below(parent)
