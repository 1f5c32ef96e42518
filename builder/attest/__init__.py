"""Attestations: statements about an image that travel beside it in its index.

``options.parse`` reads what is asked for; ``provenance`` says how the image was made;
``sbom`` has a scanner look at it; ``manifest`` stores statements as BuildKit lays them out.
Errors: AttestError.
"""
