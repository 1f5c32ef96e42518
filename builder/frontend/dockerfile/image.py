"""The image config that a stage makes: inherited, changed by instructions, with its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from builder.frontend.dockerfile.duration import format_duration
from builder.frontend.dockerfile.imagejson import read_image_json
from builder.frontend.dockerfile.instructions import Healthcheck
from builder.oci.platform import Platform

HISTORY_COMMENT = "buildkit.dockerfile.v0"
_UNIX_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_WINDOWS_PATH = "c:\\Windows\\System32;c:\\Windows"
_CONFIG_KEYS = (
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
    "ArgsEscaped",
    "Healthcheck",
    "OnBuild",
    "Shell",
)
_SORTED_KEYS = frozenset({"ExposedPorts", "Volumes", "Labels"})
_HISTORY_KEYS = ("created", "created_by", "author", "comment", "empty_layer")
_HEALTH_KEYS = ("Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")


def default_path(os: str) -> str:
    """The PATH of an image that sets none."""
    return _WINDOWS_PATH if os == "windows" else _UNIX_PATH


class ImageConfig(Struct):
    """``config`` has Go's keys (``Env``, ``Cmd`` ...); ``history`` entries are JSON objects.

    What is in them is replaced, never changed: copies share it.
    """

    platform: Platform
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    diff_ids: tuple[str, ...] | None = None
    author: str = ""
    epoch: int | None = None
    created: str = ""
    layers_type: str = "layers"

    @classmethod
    def empty(cls, platform: Platform) -> ImageConfig:
        """The config of scratch."""
        env = [f"PATH={default_path(platform.os)}"]
        return cls(platform, {"Env": env, "WorkingDir": "/"})

    @classmethod
    def unknown(cls) -> ImageConfig:
        """The config of a context that is no image and stands for a whole stage."""
        return cls(Platform("", ""), layers_type="")

    @classmethod
    def decode(cls, data: bytes) -> ImageConfig:
        """A base image's config. Raises DockerfileError where it is none."""
        document = read_image_json(data)
        rootfs = document.get("rootfs", {})
        diff_ids = rootfs.get("diff_ids")
        return cls(
            Platform.from_json(document),
            document.get("config", {}),
            [_entry(item) for item in document.get("history", ())],
            None if diff_ids is None else tuple(diff_ids),
            document.get("author", ""),
            created=document.get("created", ""),
            layers_type=rootfs.get("type", ""),
        )

    def clone(self, *, triggers: bool = False) -> ImageConfig:
        """A copy that can change, without the time; ONBUILD triggers come only if asked for."""
        config = dict(self.config)
        if not triggers:
            config.pop("OnBuild", None)
        return replace(self, config=config, history=[*self.history], created="")

    @property
    def has_layers(self) -> bool:
        """False for an image that is as empty as scratch."""
        return bool(self.diff_ids) or any(not h.get("empty_layer") for h in self.history)

    @property
    def env(self) -> list[str]:
        found = self.config.get("Env")
        return found if isinstance(found, list) else []

    def text(self, key: str) -> str:
        """A string of the config, empty where unset."""
        return str(self.config.get(key) or "")

    def words(self, key: str) -> list[str]:
        """A list of the config, empty where unset."""
        return list(self.config.get(key) or ())

    def set_env(self, key: str, value: str) -> None:
        """Replaced where it stands, else appended."""
        env = list(self.env)
        item = f"{key}={value}"
        for number, known in enumerate(env):
            if known.partition("=")[0] == key:
                env[number] = item
                break
        else:
            env.append(item)
        self.config["Env"] = env

    def set_healthcheck(self, check: Healthcheck) -> None:
        """Zero durations are "inherit" and left out."""
        values = (
            list(check.test),
            check.interval,
            check.timeout,
            check.start_period,
            check.start_interval,
            check.retries,
        )
        found = {key: value for key, value in zip(_HEALTH_KEYS, values, strict=True) if value}
        self.config["Healthcheck"] = found

    def commit(self, created_by: str, *, layer: bool) -> None:
        """A history entry; ``layer`` is whether a layer of the image belongs to it."""
        entry: dict[str, Any] = {}
        if self.epoch is not None:
            entry["created"] = rfc3339(self.epoch)
        entry["created_by"] = created_by
        entry["comment"] = HISTORY_COMMENT
        if not layer:
            entry["empty_layer"] = True
        self.history.append(entry)

    def to_json(self) -> dict[str, Any]:
        """The document in the key order of BuildKit's Go struct; empty values left out.

        ``rootfs`` are the base's layers; the exporter completes it, ``created`` and the times
        of the history.
        """
        platform = self.platform
        out: dict[str, Any] = {}
        if self.created:
            out["created"] = self.created
        if self.author:
            out["author"] = self.author
        out["architecture"] = platform.architecture
        out["os"] = platform.os
        if platform.os_version:
            out["os.version"] = platform.os_version
        if platform.os_features:
            out["os.features"] = list(platform.os_features)
        if platform.variant:
            out["variant"] = platform.variant
        diff_ids = None if self.diff_ids is None else list(self.diff_ids)
        out["rootfs"] = {"type": self.layers_type, "diff_ids": diff_ids}
        if self.history:
            out["history"] = [dict(entry) for entry in self.history]
        out["config"] = {
            key: _ordered(key, self.config[key])
            for key in _CONFIG_KEYS
            if self.config.get(key) or (key == "Healthcheck" and key in self.config)
        }
        return out


def describe_healthcheck(check: Healthcheck) -> str:
    """The history text of a HEALTHCHECK: Go's ``%+v`` of the struct."""
    durations = (check.interval, check.timeout, check.start_period, check.start_interval)
    names = _HEALTH_KEYS[1:5]
    parts = [f"Test:[{' '.join(check.test)}]"]
    parts += [f"{n}:{format_duration(d)}" for n, d in zip(names, durations, strict=True)]
    return f"HEALTHCHECK {{{' '.join(parts)} Retries:{check.retries}}}"


def rfc3339(epoch: int) -> str:
    """``epoch`` seconds as an image config writes times."""
    return datetime.fromtimestamp(epoch, UTC).replace(tzinfo=None).isoformat() + "Z"


def _ordered(key: str, value: Any) -> Any:
    if key in _SORTED_KEYS and isinstance(value, dict):
        return {name: value[name] for name in sorted(value)}
    if key == "Healthcheck" and isinstance(value, dict):
        return {name: value[name] for name in _HEALTH_KEYS if value.get(name)}
    return value


def _entry(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in _HISTORY_KEYS if item.get(key)}
