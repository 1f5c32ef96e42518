"""One file hides another, and one table does not speak for the other."""

from __future__ import annotations

from regdoctor.checks.config.kinds import REGISTRIES_CONF, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class RegistriesConf(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = REGISTRIES_CONF
    summary = (
        "registries.conf does not do what it looks like: an old format, a"
        " hidden file, or insecure in the wrong table"
    )
    question = "which registries.conf is read, and in which table does insecure stand?"
    kinds = kinds_of(REGISTRIES_CONF)
    texts = (
        "mixing sysregistry v1/v2 is not supported",
        "http: server gave HTTP response to HTTPS client",
    )
    clients = ("podman",)


CHECK = RegistriesConf()
