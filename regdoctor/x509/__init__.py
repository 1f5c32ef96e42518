"""What Go's certificate verifier says, reproduced: its order, its candidates, its words.

::

    der          strict DER reading                 pem, pool    root files as Go loads them
    parse        one certificate, in Go's order     path         from the leaf up to a root
    extensions   each extension                     constraints, policies, usages
    hosts        does it cover this host?           handshake    what TLS itself refuses
    release      differences between Go releases    verdict      ``verify``: all of it
    nethttp      authority -> TLS name, URL text    draw         a chain in lines of text
    explain      what Go's words hide               bundle       certificates out of a file
    remarks      what Go lets pass, others may not

Pure: nothing here opens a file or a socket, or reads a clock. ``cryptography`` is imported
only when a signature is checked.
"""

from regdoctor.x509.certificate import Certificate, ParseError
from regdoctor.x509.fault import Kind
from regdoctor.x509.hosts import Mismatch
from regdoctor.x509.nethttp import tls_name, url
from regdoctor.x509.parse import parse
from regdoctor.x509.pool import NotLoaded, NotLoadedReason, Pool, load_pool, of_interest, pem_of
from regdoctor.x509.release import LATEST, Release, UnknownReleaseError, release
from regdoctor.x509.signature import Refusal, SignatureFault
from regdoctor.x509.verdict import Place, Verdict, verify

__all__ = [
    "LATEST",
    "Certificate",
    "Kind",
    "Mismatch",
    "NotLoaded",
    "NotLoadedReason",
    "ParseError",
    "Place",
    "Pool",
    "Refusal",
    "Release",
    "SignatureFault",
    "UnknownReleaseError",
    "Verdict",
    "load_pool",
    "of_interest",
    "parse",
    "pem_of",
    "release",
    "tls_name",
    "url",
    "verify",
]
