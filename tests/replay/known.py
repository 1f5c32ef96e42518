"""Executed cases that the evaluator does not reproduce, each with the reason."""

_GATEWAY = "the proxy of the recording answered 502 to every CONNECT of this run"

KNOWN: dict[str, str] = {
    "bk-o-ca-reread@0.11.6": "the CA file was replaced while the daemon ran",
    "ct-p-ca@1.6.20": _GATEWAY,
    "ct-p-env@1.6.20": _GATEWAY,
    "ct-p-hosts@1.6.20": _GATEWAY,
    "db-p-env@20.10.24": _GATEWAY,
    "dp-p-env@20.10.24": _GATEWAY,
    "dp-p-token@20.10.24": _GATEWAY,
}
