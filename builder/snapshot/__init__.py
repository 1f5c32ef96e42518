"""Snapshots: trees built up layer by layer, their layers as blobs, and hashes of their content.

``drivers`` opens a snapshotter, ``layers`` turns snapshots into blobs and back, ``contenthash``
gives cache keys of paths, ``mounts`` is the way to the kernel's mounts.

::

    SnapshotError                a tree, layer or file system that refuses (types)
    |-- MountError               the kernel refused to mount, unmount or unshare (mounts)
    |-- InvalidTar               a stream that is no tar, or breaks off in one (tarread)
    |-- CorruptLayer             a blob that does not decompress (compression)
    |-- DiffIdMismatch           a layer with other bytes than the image's config names
    |-- PathNotFound             a path to hash that is not there (contenthash)
    `-- PathError                a path or pattern that names nothing (paths)
"""
