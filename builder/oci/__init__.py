"""Values of the OCI image and distribution specifications. No I/O here.

Errors: InvalidDigest, InvalidReference, InvalidPlatform, InvalidDocument, all BuilderError.
"""
