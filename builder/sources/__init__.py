"""Where trees come from: images of registries and of the local store, local directories.

Errors: SourceError (BuilderError) for a source that has not what the build asks of it;
RegistryError passes through.
"""
