"""Scopes that mean the same are written the same."""

from builder.registry import scope


def test_actions_of_one_repository_are_joined() -> None:
    assert scope.merged(["repository:a:pull", "repository:b:pull", "repository:a:push,pull"]) == (
        "repository:a:pull,push",
        "repository:b:pull",
    )


def test_a_repository_with_a_port_in_its_name_keeps_it() -> None:
    assert scope.merged(["repository:host:5000/a:pull"]) == ("repository:host:5000/a:pull",)


def test_scopes_of_another_form_are_kept_as_they_are() -> None:
    assert scope.merged(["aws", "registry:catalog:*"]) == ("aws", "registry:catalog:*")


def test_a_wider_token_covers_a_narrower_wish_and_not_the_reverse() -> None:
    assert scope.covers([scope.push("a")], [scope.pull("a")])
    assert not scope.covers([scope.pull("a")], [scope.push("a")])
    assert not scope.covers([scope.pull("a")], [scope.pull("b")])
    assert scope.covers([], [])
