"""Symbolic modes."""

import stat

import pytest

from builder.ops.errors import OpError
from builder.ops.modes import apply_symbolic

FILE, DIRECTORY = stat.S_IFREG, stat.S_IFDIR


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("u=rwX,go=rX", FILE | 0o600, 0o644),
        ("u=rwX,go=rX", FILE | 0o700, 0o755),
        ("u=rwX,go=rX", DIRECTORY | 0o700, 0o755),
        ("+x", FILE | 0o644, 0o755),
        ("a-w", FILE | 0o777, 0o555),
        ("g=u", FILE | 0o640, 0o660),
        ("u+s,g+s,+t", FILE | 0o755, 0o7755),
        ("u-s", FILE | 0o4755, 0o755),
        ("=", FILE | 0o777, 0),
        ("u+rw-x", FILE | 0o100, 0o600),
    ],
)
def test_a_symbolic_mode_changes_what_it_names(text: str, before: int, after: int) -> None:
    assert apply_symbolic(text, before) == after


@pytest.mark.parametrize("text", ["", "rwx", "u=z", "u", "x+r"])
def test_what_is_no_mode_is_refused(text: str) -> None:
    with pytest.raises(OpError):
        apply_symbolic(text, FILE | 0o644)
