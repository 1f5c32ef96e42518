"""The old mirrors and config_path exclude each other: the CRI plugin is not loaded."""

from __future__ import annotations

from regdoctor.checks.config.client_configuration_refused import CRI, ConfigurationRefused


class MirrorsAndConfigPath(ConfigurationRefused):
    """containerd itself runs on, so that the service looks healthy."""

    code = "containerd-mirrors-and-config-path-conflict"
    summary = "config.toml has mirrors and config_path, and containerd does not load its CRI plugin"
    question = "does config.toml set config_path beside registry.mirrors or configs?"
    texts = (
        "invalid plugin config: `mirrors` cannot be set when `config_path` is provided",
        "unknown service runtime.v1alpha2.RuntimeService",
        "unknown service runtime.v1.ImageService",
    )
    clients = ("containerd", "kubernetes")

    def tells(self, words: str) -> bool:
        return CRI in words


CHECK = MirrorsAndConfigPath()
