"""Cache keys of ops."""

import pytest
from msgspec.structs import replace

from builder.llb import ops as llb
from builder.llb.jsonform import go_struct
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.ops import keys

AMD64 = Platform("linux", "amd64")
ROOT = llb.Mount(dest="/")
RUN = llb.ExecOp(meta=llb.Meta(args=("/bin/sh", "-c", "x"), env=("A=1",), cwd="/"), mounts=(ROOT,))


def with_meta(**changes: object) -> llb.ExecOp:
    assert RUN.meta is not None
    return replace(RUN, meta=replace(RUN.meta, **changes))  # type: ignore[arg-type]


def test_the_key_of_a_step_is_the_digest_of_its_go_json() -> None:
    text = (
        b'{"Type":"buildkit.exec.v0","Exec":{"meta":{"args":["/bin/sh","-c","x"],"env":["A=1"],'
        b'"cwd":"/"}},"OS":"linux","Arch":"amd64"}'
    )
    assert keys.exec_key(RUN, AMD64) == Digest.of(text)


@pytest.mark.parametrize(
    "other",
    [
        with_meta(proxy_env=llb.ProxyEnv(http_proxy="http://p")),
        replace(RUN, mounts=(replace(ROOT, selector="/x"),)),
    ],
)
def test_what_must_not_matter_does_not(other: llb.ExecOp) -> None:
    assert keys.exec_key(other, AMD64) == keys.exec_key(RUN, AMD64)


def test_the_address_of_a_host_does_not_matter_but_its_name_does() -> None:
    one, same, other = (
        keys.exec_key(with_meta(extra_hosts=(llb.HostIP(name, ip),)), AMD64)
        for name, ip in (("h", "1.1.1.1"), ("h", "2.2.2.2"), ("i", "1.1.1.1"))
    )
    assert one == same != other


@pytest.mark.parametrize(
    "other",
    [
        with_meta(args=("/bin/sh", "-c", "y")),
        with_meta(env=("A=2",)),
        with_meta(user="u"),
        with_meta(cwd="/w"),
        replace(RUN, network=llb.NetMode.NONE),
        replace(RUN, security=llb.SecurityMode.INSECURE),
        replace(RUN, mounts=(ROOT, llb.Mount(dest="/m", output=-1))),
    ],
)
def test_what_matters_does(other: llb.ExecOp) -> None:
    assert keys.exec_key(other, AMD64) != keys.exec_key(RUN, AMD64)
    assert keys.exec_key(RUN, Platform("linux", "arm64")) != keys.exec_key(RUN, AMD64)


def test_the_id_of_a_cache_mount_matters_only_where_it_is_the_default() -> None:
    def key(dest: str, id: str, sharing: llb.CacheSharing = llb.CacheSharing.SHARED) -> Digest:
        mount = llb.Mount(
            input=-1,
            dest=dest,
            output=-1,
            mount_type=llb.MountType.CACHE,
            cache_opt=llb.CacheOpt(id, sharing),
        )
        return keys.exec_key(replace(RUN, mounts=(ROOT, mount)), AMD64)

    assert key("/c", "one") == key("/c", "two") == key("/c", "/c", llb.CacheSharing.LOCKED)
    assert key("/c", "/c") != key("/c", "one")
    assert key("/c", "namespace//c") != key("/c", "one")


def copying(src: str, **more: object) -> llb.FileOp:
    copy = llb.Copy(src=src, dest="/d", mode=-1, timestamp=-1, **more)  # type: ignore[arg-type]
    return llb.FileOp((llb.FileAction(input=0, secondary_input=1, action=copy),))


def test_where_a_source_lies_does_not_matter_but_its_name_does() -> None:
    assert keys.file_key(copying("/a/x"), 2) == keys.file_key(copying("/b/x"), 2)
    assert keys.file_key(copying("/a/x"), 2) != keys.file_key(copying("/a/y"), 2)


def test_owners_are_written_as_the_go_struct_writes_itself() -> None:
    owner = llb.ChownOpt(llb.UserOpt(0), llb.UserOpt(llb.NamedUserOpt("g", 0)))
    written = go_struct(llb.Copy(owner=owner))
    assert written == {
        "owner": {
            "user": {"User": {}},
            "group": {"User": {"byName": {"name": "g"}}},
        }
    }


def test_the_default_chain_of_actions_has_no_indexes_in_its_key() -> None:
    one = llb.FileAction(input=0, secondary_input=-1, output=0, action=llb.MkDir(path="/a"))
    odd = replace(one, input=-1)
    assert keys.file_key(llb.FileOp((one,)), 1) != keys.file_key(llb.FileOp((odd,)), 1)


def test_the_key_of_an_image_names_manifest_and_platform() -> None:
    digest = Digest.of(b"m")
    text = f'{{"Digest":"{digest}","OS":"linux","Arch":"arm","Variant":"v7"}}'
    arm = Platform("linux", "arm", "v7")
    assert keys.image_key(digest, arm) == Digest.of(text.encode())
    assert keys.source_key("k") == Digest.of(b"buildkit.source.v0:k")


def test_a_selector_is_the_digest_of_the_paths() -> None:
    assert keys.selector_digest([]) is None
    assert keys.selector_digest(["/a", "/b"]) == Digest.of(b"/a\0/b")
