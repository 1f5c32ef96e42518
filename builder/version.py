"""Which version this is; the package's metadata is made of it."""

VERSION = "0.1.0"
