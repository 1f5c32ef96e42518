"""The only looks at the world: each gives one kind of observation and judges nothing."""
