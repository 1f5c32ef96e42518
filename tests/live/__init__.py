"""What a world for real clients is made of, in the names that executed cases have.

::

    pki         certificates of those names with their keys, made anew for each run
    image       the image that every server has: a manifest, a config and one layer
"""
