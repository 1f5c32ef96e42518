"""The build cache: records, links and results of the solver, on disk and to exchange.

Errors::

    BuilderError
    |-- store.CacheStoreError                    a file that cannot be used
    |-- options.CacheOptionError                 a --cache-to or --cache-from that makes no sense
    |-- remote.CacheSourceError                  a cache that cannot be read
    |-- writing.CacheExportError                 a cache that cannot be written
    `-- cacheconfig.InvalidCacheConfigError      a document that is no cache configuration
"""
