"""The build cache on disk: records, links and results of the solver.

Errors: ``store.CacheStoreError`` (a ``BuilderError``), for a file that cannot be used.
"""
