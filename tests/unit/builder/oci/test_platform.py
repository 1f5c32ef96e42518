"""Platform specifiers: aliases, default variants, versions of systems, and refusals."""

from __future__ import annotations

import pytest

from builder.oci import platform as platforms
from builder.oci.platform import InvalidPlatform, Platform


@pytest.mark.parametrize(
    ("text", "specified", "normal"),
    [
        ("linux/amd64", "linux/amd64", "linux/amd64"),
        ("linux/x86_64/v1", "linux/amd64", "linux/amd64"),
        ("linux/arm", "linux/arm", "linux/arm/v7"),
        ("linux/arm/v7", "linux/arm/v7", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6", "linux/arm/v6"),
        ("armhf", "linux/arm", "linux/arm/v7"),
        ("armel", "linux/arm/v6", "linux/arm/v6"),
        ("aarch64", "linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/9.0", "linux/arm64/v9", "linux/arm64/v9"),
        ("macOS/i386", "darwin/386", "darwin/386"),
        ("windows(10.0.1+b+a%2Fb)/amd64", "windows(10.0.1+a%2Fb+b)/amd64", ""),
        ("windows(+f)/amd64", "windows(+f)/amd64", ""),
    ],
)
def test_a_specifier_is_kept_as_it_was_meant_or_normalised(
    text: str, specified: str, normal: str
) -> None:
    assert platforms.specified(text).full == specified
    assert platforms.parse(text).full == (normal or specified)


def test_the_version_of_a_system_is_shown_only_in_full() -> None:
    found = platforms.parse("windows(10.0.17763)/amd64")
    assert found == Platform("windows", "amd64", os_version="10.0.17763")
    assert str(found) == "windows/amd64"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("linux/*", '"linux/*": wildcards not yet supported: invalid argument'),
        ("a/b/c/d", '"a/b/c/d": cannot parse platform specifier: invalid argument'),
        ("nonsense", '"nonsense": unknown operating system or architecture: invalid argument'),
        (
            'linux/"',
            '"\\"" is an invalid component of "linux/\\"": platform specifier component must match',
        ),
        ("a b", '"a b" is an invalid OS component of "a b": OSAndVersion specifier component'),
        ("", '"" is an invalid OS component of ""'),
    ],
)
def test_what_is_no_specifier_is_refused_in_the_words_of_containerd(
    text: str, message: str
) -> None:
    with pytest.raises(InvalidPlatform) as caught:
        platforms.parse(text)
    assert str(caught.value).startswith(message)
