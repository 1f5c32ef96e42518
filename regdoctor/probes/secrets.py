"""Takes secrets out of configuration files: what is kept shows that they are there, and no more."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

REDACTED = "redacted"
_LOGINS = re.compile(r"(?:^|/)(?:config|auth)\.json$|\.dockercfg$")
_SETTING = re.compile(
    r"((?:^|[\s{,\"'])(?:password|auth|token|identity_?token|authorization)[\"']?[ \t]*[=:][ \t]*)"
    r"(\"[^\"\n]*\"|'[^'\n]*'|[^\s{\[\"'][^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_KEY = re.compile(
    rb"(-----BEGIN [A-Z ]*PRIVATE KEY-----\n?).*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_IN_URL = re.compile(r"(://[^/\s:@\"']+:)[^@/\s\"']+@")
_BUILDER = re.compile(r"/buildx/instances/[^/]+$")
_SPOKEN = re.compile(
    r"(?!env\.)|env\.(?:(?:https?|no|all)_proxy|ssl_cert_(?:file|dir))$", re.IGNORECASE
)
"""Options of a builder whose values may be told: variables of other names may hold a password."""
_VALUES = frozenset(("password", "identitytoken", "registrytoken"))


def without_secrets(path: str, content: bytes) -> bytes:
    """``content`` of the file ``path`` with every secret replaced; certificates stay."""
    content = _KEY.sub(rb"\1redacted\n\2", content)
    if content.lstrip().startswith(b"-----BEGIN"):
        return content
    text = content.decode("utf-8", "surrogateescape")
    if _LOGINS.search(path):
        text = _login_file(text)
    elif _BUILDER.search(path):
        text = _builder(text)
    else:
        text = _SETTING.sub(lambda found: found[1] + _hidden(found[2]), text)
    return _IN_URL.sub(rf"\1{REDACTED}@", text).encode("utf-8", "surrogateescape")


def _hidden(value: str) -> str:
    quote = value[0] if value[0] in "\"'" else '"'
    return f"{quote}{REDACTED}{quote}"


def _builder(text: str) -> str:
    """A buildx builder: base64 of the files that its nodes were given, client keys among them."""
    try:
        document = json.loads(text)
        for node in document["Nodes"]:
            files, options = node.get("Files") or {}, node.get("DriverOpts") or {}
            node["Files"] = {name: _given_file(name, each) for name, each in files.items()}
            node["DriverOpts"] = {
                name: value if _SPOKEN.match(name) else REDACTED for name, value in options.items()
            }
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return json.dumps(document)


def _given_file(name: str, content: Any) -> str:
    try:
        plain = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return ""
    return base64.b64encode(without_secrets(f"/{name}", plain)).decode()


def _login_file(text: str) -> str:
    """docker's config.json and its kin. What is no JSON is kept in length alone."""
    try:
        document = json.loads(text)
    except ValueError:
        # That it does not parse is a finding; what stands in it may be a secret.
        return re.sub(r"[^\s{}\[\],:]", "x", text)
    return json.dumps(_clean(document))


def _clean(value: Any) -> Any:
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: _clean_entry(key.lower(), each) for key, each in value.items()}


def _clean_entry(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return _clean(value)
    if key in _VALUES:
        return REDACTED if value else ""
    return _user_of(value) if key == "auth" else value


def _user_of(auth: str) -> str:
    """``auth`` with its user and without its password; what does not decode is kept as such."""
    try:
        user, colon, _ = base64.b64decode(auth, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "not base64" if auth else ""
    secret = f":{REDACTED}" if colon else ""
    return base64.b64encode(f"{user}{secret}".encode()).decode() if colon else "not base64"
