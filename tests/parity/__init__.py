"""Images of the same Dockerfiles by different builders, compared file by file and key by key."""
