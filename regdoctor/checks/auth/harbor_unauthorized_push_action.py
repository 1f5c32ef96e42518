"""Harbor gives no right to push: project, role, or the robot's name."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "harbor-unauthorized-push-action",
    "Harbor gives no right to push: no such project, no role in it, or a robot that has ended",
    ("unauthorized to access repository: *, action: push",),
    question="does the account have a role in the project that may push?",
    products=("harbor",),
)
