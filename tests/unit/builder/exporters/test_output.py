"""--output values, as buildx reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.exporters.errors import OutputError
from builder.exporters.output import Output, parse


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("out", Output("local", "out", {})),
        ("./a=b", Output("local", "./a=b", {})),
        ("-", Output("tar", "-", {})),
        ("type=local,dest=out", Output("local", "out", {})),
        ("type=oci,dest=x.tar,name=a:1", Output("oci", "x.tar", {"name": "a:1"})),
        ('type=image,"name=a,b"', Output("image", "", {"name": "a,b"})),
        ("type=registry,name=a", Output("image", "", {"name": "a", "push": "true"})),
        ("TYPE=tar,Dest=-", Output("tar", "-", {})),
        ("type=cacheonly", Output("cacheonly", "", {})),
        ("type=image,annotation.org.Key=V", Output("image", "", {"annotation.org.Key": "V"})),
    ],
)
def test_output_is(text: str, output: Output) -> None:
    assert parse(text) == output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an output needs a type or a destination"),
        ("dest=x,name=a", "type is required for output 'dest=x,name=a'"),
        ("type=zip,dest=x", "unknown output type 'zip'"),
        ("type=tar,dest=x,annotation.a=b", "does not support the attribute 'annotation.a'"),
        ("type=oci,dest=x,annotation-layer.a=b", "'annotation-layer.a' is not understood"),
        ("type=oci,dest=x,annotation-index[linux/arm64].a=b", "is not understood"),
        ("type=oci,dest=x,annotation[a b].a=b", "invalid OS component"),
        ("type=oci,dest=x,shrink=yes", "does not support the attribute 'shrink'"),
        ("type=local", "dest is required for local output"),
        ("type=local,dest=-", "dest cannot be stdout for local output"),
        ("type=local,dest=x,mode=delete", "does not support mode=delete"),
        ("type=oci,dest=x,tar=maybe", "'maybe' is no boolean"),
        ("type=oci,dest=x,source-date-epoch=now", "'now' is no number"),
        ("type=oci,tar=false", "needs a directory as dest"),
        ("type=oci,oci-artifact=maybe", "'maybe' is no boolean"),
        ("type=oci,oci-artifact=1,oci-mediatypes=0", 'conflicts with "oci-mediatypes=false"'),
        ("type=oci,x", "invalid value x in output"),
        ('type=oci,"dest=x', "invalid output"),
    ],
)
def test_nonsense_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(OutputError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_and_flags_are_read_from_the_attributes() -> None:
    output = parse('type=image,"name=a:1,b:2",push=1,store=F')
    assert output.names == ("a:1", "b:2")
    assert output.flag("push")
    assert not output.flag("store", default=True)
    assert output.flag("unpack", default=True)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        output = parse(text)
    except OutputError:
        return
    assert output.type
