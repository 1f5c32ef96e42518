"""Which code tells of which note: one fault has one code."""

from __future__ import annotations

CERTIFICATE_NAMES = "docker-certsd-cert-vs-crt-extension"
DIRECTORY_NAMES = "docker-certsd-directory-name-port"
HOSTS_TOML = "containerd-hosts-toml-wrong-structure"
MIRROR_PATHS = "containerd-mirror-path-double-v2-override-path"
BUILDKIT_TABLES = "buildkit-http-and-insecure-semantics"
REGISTRIES_CONF = "podman-registries-conf-v1-v2-and-insecure"
IGNORED = "client-setting-ignored"
UNREAD = "client-certificates-not-read"
EXPOSED = "client-credentials-exposed"
BUILD_MIRRORS = "docker-build-mirror-differs"

CODES: dict[str, str] = {
    "buildkit-1809-ignored-insecure-registries": IGNORED,
    "builder-without-mirrors": "buildkit-mirror-not-used-by-container-builder",
    "certificate-file-ignored": CERTIFICATE_NAMES,
    "certificates-beside-hosts-toml": HOSTS_TOML,
    "certificates-not-read": UNREAD,
    "client-key-without-certificate": CERTIFICATE_NAMES,
    "config-path-with-colon": "containerd-config-path-colon-list",
    "credential-in-clear": EXPOSED,
    "credential-offered-to-mirror": EXPOSED,
    "ctr-ignores-config-path": "containerd-ctr-ignores-cri-config",
    "directory-name-differs": DIRECTORY_NAMES,
    "directory-never-used": DIRECTORY_NAMES,
    "docker-build-mirror-path-differs": BUILD_MIRRORS,
    "docker-build-mirror-scheme-dropped": BUILD_MIRRORS,
    "docker-certsd-cert-vs-crt-extension": CERTIFICATE_NAMES,
    "docker-certsd-directory-name-port": DIRECTORY_NAMES,
    "docker-hosts-toml-not-read": IGNORED,
    "docker-insecure-mirror-unverifies-hub": "docker-insecure-mirror-unverifies-hub",
    "docker-mirror-path-double-v2": MIRROR_PATHS,
    "docker-mirror-uses-origin-certsd-not-mirror-certsd": (
        "docker-mirror-uses-origin-certsd-not-mirror-certsd"
    ),
    "docker1903-build-draws-one-mirror": BUILD_MIRRORS,
    "docker1903-build-ignores-certsd": UNREAD,
    "docker29-insecure-or-certsd-looks-configured": "docker29-insecure-or-certsd-looks-configured",
    "dockerd-does-not-read-containerd-certsd": "dockerd-does-not-read-containerd-certsd",
    "hosts-toml-does-not-parse": HOSTS_TOML,
    "insecure-of-another-table": REGISTRIES_CONF,
    "insecure-registries-entry-does-not-match": IGNORED,
    "insecure-registry-certificates-ignored": UNREAD,
    "mirror-path-doubles-v2": MIRROR_PATHS,
    "mirror-path-without-v2": MIRROR_PATHS,
    "mirror-url-unusable": IGNORED,
    "mirror-without-its-own-section": BUILDKIT_TABLES,
    "mirrors-by-digest-only": "crio-mirror-by-digest-only",
    "registries-conf-hidden-by-users": REGISTRIES_CONF,
    "registries-conf-old-format": REGISTRIES_CONF,
    "registry-key-never-used": BUILDKIT_TABLES,
    "registry-mirrors-only-apply-to-docker-io": "registry-mirrors-only-apply-to-docker-io",
    "root-settings-not-for-mirrors": HOSTS_TOML,
    "setting-ignored": IGNORED,
}
"""Kind of note to code. Of k3s, ``K3S`` has the kinds that it shares with BuildKit."""

K3S = {
    "mirror-without-its-own-section": "k3s-registries-yaml-keys",
    "registry-key-never-used": "k3s-registries-yaml-keys",
}

SILENT: dict[str, str] = {
    "builder-judged": "it says which of several was judged, and is no fault",
    "credential-key-never-used": "the check of login files tells it, with the key that is meant",
    "docker-manifest-cli-ignores-daemon-insecure": "docker manifest is no pull",
    "files-are-elsewhere": "it says what was not seen, and is no fault",
    "flag-does-less-than-its-name": "flags stand on a command line, not on the host",
    "mirrors-bypassed": "it is about list-tags and push; a check pulls",
    "tls-context-never-used": "flags stand on a command line, not on the host",
    "verification-off": "what an insecure setting does is what it was written for",
}
"""Kinds that no finding is made of, and why."""


def kinds_of(code: str) -> tuple[str, ...]:
    """The notes that a code tells of."""
    return tuple(kind for kind, each in CODES.items() if each == code)
