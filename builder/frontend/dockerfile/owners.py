"""``--chown`` and ``--chmod`` values."""

from __future__ import annotations

import re

from builder.frontend.dockerfile.errors import DockerfileError
from builder.llb.ops import ChownOpt, NamedUserOpt, UserOpt

_SYMBOLIC = re.compile(r"(?:[ugoa]*(?:[-+=][rwxXstugo]*)+)(?:,[ugoa]*(?:[-+=][rwxXstugo]*)+)*")


def chown_option(text: str) -> ChownOpt:
    """``user[:group]``; numbers are ids, names are looked up in the root when it is built."""
    user, colon, group = text.partition(":")
    return ChownOpt(_user(user), _user(group) if colon else None)


def _user(text: str) -> UserOpt:
    if text == "root":
        return UserOpt(0)
    if re.fullmatch(r"[+-]?\d{1,10}", text, re.ASCII) and -(1 << 31) <= int(text) < 1 << 31:
        return UserOpt(int(text) & 0xFFFFFFFF)
    return UserOpt(NamedUserOpt(text)) if text else UserOpt(0)


def mode_option(text: str) -> tuple[int, str]:
    """``--chmod`` as (permission bits, symbolic text); -1 where there is none.

    Raises DockerfileError for what is neither octal up to 07777 nor symbolic; BuildKit says
    little of the latter.
    """
    if not text:
        return -1, ""
    wrong = f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777"
    if re.fullmatch(r"0*[0-7]{1,4}", text, re.ASCII):
        return int(text, 8), ""
    if _SYMBOLIC.fullmatch(text) is None:
        raise DockerfileError(
            wrong if re.match(r"[0-9]", text) else "invalid syntax",
            hint=f"--chmod={text}: give octal digits (0644) or symbols (u=rwX,go=rX)",
        )
    return 0, text
