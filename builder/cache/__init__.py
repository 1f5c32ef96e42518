"""The build cache: records, links and results of the solver, on disk and to exchange.

Errors::

    BuilderError
    |-- store.CacheStoreError                    a file that cannot be used
    `-- cacheconfig.InvalidCacheConfigError      a document that is no cache configuration
"""
