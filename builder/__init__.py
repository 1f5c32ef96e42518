"""A container image builder without a daemon. Use `builder.api`."""
