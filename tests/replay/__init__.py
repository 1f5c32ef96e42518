"""Chains that Go judged, in the shape of ``go-x509.json``, judged again by us: ``make chains``.

::

    case       one chain of the file: what the client has, which key the server holds
    compare    every field that a case carries, against our verdict
    __main__   a whole file, every miss, and the share that agrees
"""
