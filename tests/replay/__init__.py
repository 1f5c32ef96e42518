"""What Go's verifier and real clients did, in the shape of files, judged again by us.

::

    case            one chain of ``go-x509.json``: what the client has, which key the server holds
    compare         every field that a chain's case carries, against our verdict
    __main__        a whole file of chains, every miss, and the share that agrees: make chains
    client_cases    a whole file of client runs, the same way: make client-cases
"""
