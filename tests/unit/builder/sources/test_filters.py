"""Which paths of a context are taken."""

from hypothesis import given
from hypothesis import strategies as st

from builder.sources.filters import Above, PathFilter


class Walk:
    """Asks for a path as a walk does: every directory above it first."""

    def __init__(self, include: list[str] | None, exclude: tuple[str, ...]) -> None:
        self._filter = PathFilter(include, exclude)

    def _look(self, path: str) -> tuple[bool, Above]:
        taken, found = False, self._filter.root()
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            taken, found = self._filter.look("/".join(parts[:depth]), found)
        return taken, found

    def takes(self, path: str) -> bool:
        return self._look(path)[0]

    def may_take_below(self, path: str) -> bool:
        return self._filter.may_take_below(path, self._look(path)[1])


def test_without_filters_everything_is_taken() -> None:
    assert Walk(None, ()).takes("a/b")
    assert Walk([""], ()).takes("a/b")
    assert Walk(["/"], ()).takes("a/b")


def test_only_what_is_asked_for_is_taken_with_all_below_it() -> None:
    chosen = Walk(["a/b", "c"], ())
    assert chosen.takes("a/b/x/y")
    assert chosen.takes("c")
    assert not chosen.takes("a")
    assert not chosen.takes("a/bb")
    assert chosen.may_take_below("a")
    assert not chosen.may_take_below("d")


def test_a_wildcard_asks_for_each_part() -> None:
    chosen = Walk(["src/*/x*.txt"], ())
    assert chosen.takes("src/a/x1.txt")
    assert not chosen.takes("src/a/y.txt")
    assert not chosen.takes("src/a")
    assert chosen.may_take_below("src")
    assert chosen.may_take_below("src/a")
    assert not chosen.may_take_below("other")


def test_what_is_ignored_stays_out_even_when_asked_for() -> None:
    chosen = Walk(["a"], ("a/secret", "*.log"))
    assert chosen.takes("a/x")
    assert not chosen.takes("a/secret")
    assert not chosen.takes("a/secret/deep")
    assert not chosen.may_take_below("a/secret")


def test_an_ignored_directory_is_entered_where_an_exception_lies_below() -> None:
    chosen = Walk(None, ("a", "!a/keep"))
    assert not chosen.takes("a")
    assert chosen.may_take_below("a")
    assert chosen.takes("a/keep")


NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@given(st.lists(NAMES, max_size=3), NAMES)
def test_a_taken_path_is_never_cut_off_by_its_parents(include: list[str], path: str) -> None:
    chosen = Walk(include, ())
    if chosen.takes(path):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            assert chosen.takes(parent) or chosen.may_take_below(parent)
