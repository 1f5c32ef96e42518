"""What was seen, without a verdict: JSON-able values keyed by (type, endpoint, name).

Files: ``network`` (names, connections), ``tls`` (the chain as served, plain answers on a TLS
port), ``http`` (answers, challenges, tokens, manifests), ``images`` (an image's parts, questions
beside a pull's), ``products`` (what tells one product from another), ``host`` (files of this host),
``trust`` (derived: the facts of a chain, the verdict of each client's store), ``store`` (the
collection, saved and loaded), ``from_exchanges`` (what a registry session saw, as observations).
"""
