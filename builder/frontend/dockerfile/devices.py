"""``RUN --device=``: a CDI device, which only the labs channel of the language has."""

from __future__ import annotations

from builder.frontend.dockerfile import csvline
from builder.frontend.dockerfile.errors import ParseError
from builder.frontend.dockerfile.suggest import suggestion
from builder.llb.ops import CDIDevice
from builder.oci.gobool import parse_bool

_KEYS = ("name", "required")


def parse_device(value: str) -> CDIDevice:
    """``name=vendor.example/class=id,required``; the name may stand alone. Raises ParseError."""
    name, required = "", False
    for field in csvline.fields(value, "devices"):
        key, equals, text = field.partition("=")
        key = key.lower()
        if not equals and key == "required":
            required = True
        elif key == "name" and equals:
            if name:
                raise ParseError(f"device name already set to {name}")
            name = text
        elif key == "required":
            found = parse_bool(text)
            if found is None:
                raise ParseError(f"invalid value for {key}: {text}")
            required = found
        elif not name:
            name = field
        elif not equals:
            raise ParseError(f"invalid field '{field}' must be a key=value pair")
        else:
            near = suggestion(key, _KEYS, case_sensitive=True)
            raise ParseError(f"unexpected key '{key}' in '{field}'{near}")
    return CDIDevice(name, optional=not required)
