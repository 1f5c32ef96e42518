"""Package URLs of images (purl-spec, type docker), as BuildKit names images by them."""

from __future__ import annotations

from urllib.parse import quote

from builder.oci.platform import Platform
from builder.oci.reference import Reference


def image_purl(reference: Reference, platform: Platform | None) -> str:
    """``pkg:docker/NAME@TAG?platform=OS%2FARCH``; a digest is a qualifier."""
    name = reference.familiar().partition("@")[0]
    head, slash, last = name.rpartition("/")
    path = f"{head}{slash}{last.partition(':')[0]}"
    qualifiers = {}
    if reference.digest is not None:
        qualifiers["digest"] = str(reference.digest)
    if platform is not None:
        qualifiers["platform"] = str(platform)
    tag = reference.tag or ("" if reference.digest is not None else "latest")
    version = f"@{quote(tag, safe='')}" if tag else ""
    query = "&".join(f"{key}={quote(value, safe=':')}" for key, value in sorted(qualifiers.items()))
    return f"pkg:docker/{quote(path, safe='/')}{version}" + (f"?{query}" if query else "")
