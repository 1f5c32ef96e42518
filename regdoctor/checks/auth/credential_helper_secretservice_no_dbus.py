"""Logins are kept in a desktop's keyring, and there is no desktop."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import (
    breaks_of,
    helper_for,
    logins,
    milder,
    names_of,
    registries,
    unsent,
)
from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import Logins
from regdoctor.observations.http import CredentialUse
from regdoctor.observations.store import Observations

_HELPER = "secretservice"
_NO_BUS = ("cannot autolaunch d-bus", "org.freedesktop.secrets")


class SecretServiceWithoutBus(Check):
    """docker takes this helper by itself where its file names none; then ``docker login`` fails."""

    code = "credential-helper-secretservice-no-dbus"
    summary = "logins are kept in a desktop's keyring, and this session has no D-Bus to reach it"
    needs = (Logins,)
    question = "can the keyring that keeps the logins be reached from this session?"
    probe = "credentials"
    supersedes = ("request-not-sent",)
    texts = (
        "Cannot autolaunch D-Bus without X11 $DISPLAY",
        "org.freedesktop.secrets was not provided by any .service files",
    )
    clients = ("docker", "buildkit")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        known = logins(seen)
        refused = {each.endpoint for each in unsent(seen)}
        for endpoint in registries(seen):
            failure = seen.failure(CredentialUse, endpoint)
            said = failure.why if failure is not None else ""
            proven = any(words in said.lower() for words in _NO_BUS)
            setting, own = "", False
            for file in (each for each in known.files if each.kind == "docker"):
                helper, named = helper_for(file, names_of(seen, endpoint))
                if helper == _HELPER and f"docker-credential-{helper}" not in known.missing:
                    setting = f"{file.path} has {named}: {helper}"
            if not setting and known.default_store == _HELPER and endpoint in refused:
                setting, own = f"docker picks docker-credential-{_HELPER} by itself", True
            if not proven and (not setting or known.bus):
                continue
            breaks = breaks_of(seen, endpoint, ("docker", "buildkit"))
            evidence = [Evidence(setting, "files")] if setting else []
            if proven:
                evidence.append(Evidence(said, "credentials"))
            else:
                evidence.append(
                    Evidence("DBUS_SESSION_BUS_ADDRESS and DISPLAY are not set", "files")
                )
            subject = subject_of(endpoint)
            yield Finding(
                code=self.code,
                title=f"logins for {subject} are kept in a desktop's keyring, which this session "
                "cannot reach" + (": docker login will fail" if own else ""),
                severity=milder(severity_of(seen, breaks, endpoint), not own),
                confidence="certain" if proven else "likely",
                subject=subject,
                evidence=tuple(evidence),
                breaks=breaks,
            )


CHECK = SecretServiceWithoutBus()
