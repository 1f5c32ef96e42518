"""What a git source op asks for, and what git is never given."""

from __future__ import annotations

import pytest

from builder.sources.errors import SourceError
from builder.sources.git.wanted import GitWanted, Login

SHA = "a" * 40


def test_an_op_becomes_what_is_wanted() -> None:
    wanted = GitWanted.of(
        "git://host/a/b.git#main:x/../y/",
        {
            "git.fullurl": "https://host/a/b.git",
            "git.keepgitdir": "true",
            "git.checksum": SHA,
            "git.skipsubmodules": "true",
            "git.mtime": "commit",
            "git.fetchbycommit": "true",
            "git.authheadersecret": "H",
            "git.authtokensecret": "T",
            "git.mountsshsock": "default",
            "git.knownsshhosts": "k",
        },
    )
    assert wanted == GitWanted(
        remote="https://host/a/b.git",
        host="host",
        ref="main",
        subdir="y",
        checksum=SHA,
        keep_git_dir=True,
        submodules=False,
        mtime="commit",
        fetch_by_commit=True,
        header_secret="H",
        token_secret="T",
        ssh_id="default",
        known_hosts="k",
        written="https://host/a/b.git",
    )


def test_without_a_full_url_it_is_https() -> None:
    assert GitWanted.of("git://host/a.git#v1", {}).remote == "https://host/a.git"


@pytest.mark.parametrize(
    ("url", "remote", "host"),
    [
        ("https://host:8443/a.git", "https://host:8443/a.git", "host:8443"),
        ("HTTP://host/a.git", "http://host/a.git", "host"),
        ("git://host/a", "git://host/a", "host"),
        ("ssh://git@host:22/a", "ssh://git@host:22/a", "host:22"),
        ("ssh://git:hunter2@host/a", "ssh://git@host/a", "host"),
        ("git@host:a/b.git", "git@host:a/b.git", "host"),
        ("host:/abs", "host:/abs", "host"),
    ],
)
def test_the_remote_is_what_git_is_given(url: str, remote: str, host: str) -> None:
    wanted = GitWanted.of("git://x", {"git.fullurl": url})
    assert (wanted.remote, wanted.host) == (remote, host)


def test_a_password_in_a_url_is_kept_apart() -> None:
    wanted = GitWanted.of("git://x", {"git.fullurl": "https://me:hunter%32@host/a.git"})
    assert wanted.remote == "https://host/a.git"
    assert wanted.login == Login("me", "hunter2")
    assert wanted.written == "https://xxxxx:xxxxx@host/a.git"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc",
        "/etc/passwd",
        "./repo",
        "ext::sh -c true",
        "ext::sh% -c% true",
        "fd::17",
        "a@ext::sh",
        "https::https://host/a",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=touch@host:a",
        "git@-oProxyCommand=touch:a",
        "git@host:-a",
        "ssh://-oProxyCommand=touch/a",
        "ssh://git@-oProxyCommand=touch/a",
        "ssh://-x@host/a",
        "https:///a.git",
        "https://host/a.git\n--upload-pack=x",
        "https://host/a b.git",
        "ssh://host\\evil/a",
        "ftp://host/a.git",
        "https://user@/a.git",
    ],
)
def test_a_url_that_means_something_else_to_git_is_refused(url: str) -> None:
    with pytest.raises(SourceError, match="invalid git URL"):
        GitWanted.of("git://x", {"git.fullurl": url})


@pytest.mark.parametrize("ref", ["-u", "--upload-pack=x", "a b", "a\tb"])
def test_a_ref_that_means_something_else_to_git_is_refused(ref: str) -> None:
    with pytest.raises(SourceError, match="invalid git ref"):
        GitWanted.of(f"git://host/a.git#{ref}", {})


def test_a_checksum_is_hexadecimal() -> None:
    with pytest.raises(SourceError, match="invalid checksum main for Git URL, expected hex"):
        GitWanted.of("git://host/a.git", {"git.checksum": "main"})


@pytest.mark.parametrize("name", ["git.bundle", "git.checkoutbundle", "git.sig.pubkey"])
def test_what_is_not_built_is_not_ignored(name: str) -> None:
    with pytest.raises(SourceError, match=f"{name}: .* not supported"):
        GitWanted.of("git://host/a.git", {name: "x"})


@pytest.mark.parametrize(
    ("attrs", "fragment", "key"),
    [
        ({}, "", SHA),
        ({"git.keepgitdir": "true"}, "", f"{SHA}.git#refs/heads/main"),
        ({}, "#:sub/", f"{SHA}:sub"),
        ({"git.skipsubmodules": "true"}, "", f"{SHA}(skip-submodules)"),
        ({"git.mtime": "commit"}, "", f"{SHA}(mtime=commit)"),
        ({"git.mtime": "checkout"}, "", SHA),
        (
            {"git.keepgitdir": "true", "git.skipsubmodules": "true", "git.mtime": "commit"},
            "#main:a/b",
            f"{SHA}.git#refs/heads/main:a/b(skip-submodules)(mtime=commit)",
        ),
    ],
)
def test_keys_are_buildkit_s(attrs: dict[str, str], fragment: str, key: str) -> None:
    wanted = GitWanted.of(f"git://host/a.git{fragment}", attrs)
    assert wanted.key(SHA, "refs/heads/main") == key
