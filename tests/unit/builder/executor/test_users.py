"""USER is looked up in the image, by the rules of the Go runtimes."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.executor.types import ExecutorError
from builder.executor.users import Identity, UserNotFoundError, lookup

PASSWD = """\
# a comment
root:x:0:0:root:/root:/bin/sh
app:x:1000:1001:app:/home/app:/bin/sh
1234:x:77:77:a name of digits:/:/bin/sh
broken:x
"""
GROUP = "root:x:0:\nstaff:x:50:app,other\nwheel:x:10:root,app\napp:x:1001:\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text(PASSWD)
    (tmp_path / "etc" / "group").write_text(GROUP)
    return tmp_path


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        ("", Identity(0, 0, (10,))),
        ("root", Identity(0, 0, (10,))),
        ("app", Identity(1000, 1001, (50, 10))),
        ("1000", Identity(1000, 1001, (50, 10))),
        ("app:staff", Identity(1000, 50)),
        ("app:7", Identity(1000, 7)),
        ("4242", Identity(4242, 0)),
        ("4242:4343", Identity(4242, 4343)),
        ("1234", Identity(1234, 0)),  # digits are always an id, never a name
        ("broken", Identity(0, 0)),
    ],
)
def test_user_is(root: Path, user: str, identity: Identity) -> None:
    assert lookup(root, user) == identity


def test_an_unknown_user_is_refused_in_the_words_of_buildkit(root: Path) -> None:
    with pytest.raises(UserNotFoundError) as caught:
        lookup(root, "bob")
    assert str(caught.value) == "unable to find user bob: no matching entries in passwd file"


def test_an_unknown_group_is_refused_in_the_words_of_buildkit(root: Path) -> None:
    with pytest.raises(UserNotFoundError) as caught:
        lookup(root, "app:nobody")
    assert str(caught.value) == "unable to find group nobody: no matching entries in group file"


def test_an_id_out_of_range_is_refused(root: Path) -> None:
    with pytest.raises(ExecutorError, match="must be in range 0-2147483647"):
        lookup(root, "2147483648")


def test_an_image_without_passwd_has_root_and_numbers(tmp_path: Path) -> None:
    assert lookup(tmp_path, "") == Identity()
    assert lookup(tmp_path, "5:6") == Identity(5, 6)
    with pytest.raises(UserNotFoundError):
        lookup(tmp_path, "root")


def test_a_passwd_that_links_out_of_the_image_is_not_the_hosts(tmp_path: Path) -> None:
    (tmp_path / "image" / "etc").mkdir(parents=True)
    (tmp_path / "secret").write_text("spy:x:7:7::/:\n")
    (tmp_path / "image" / "etc" / "passwd").symlink_to("../../secret")
    with pytest.raises(UserNotFoundError):
        lookup(tmp_path / "image", "spy")


@pytest.mark.parametrize("number", ["2147483648", "9" * 5000])
def test_ids_that_no_process_can_have_are_refused(root: Path, number: str) -> None:
    (root / "etc" / "passwd").write_text(f"u:x:{number}:0::/:\ng:x:5:{number}::/:\n")
    (root / "etc" / "group").write_text(f"big:x:{number}:\n")
    for user in ("u", "g", "5:big", number, f"5:{number}"):
        with pytest.raises(ExecutorError, match="must be in range"):
            lookup(root, user)
