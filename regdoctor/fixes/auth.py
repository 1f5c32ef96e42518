"""Rights and logins at registries: what mends a refusal, by product."""

from __future__ import annotations

from regdoctor.fixes.authority import quoted
from regdoctor.fixes.logins import login_command, name_of
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.products import ecr_place
from regdoctor.observations.store import Observations


def manual(client: str, title: str, *commands: str) -> Fix:
    """What a human does where we cannot reach."""
    return Fix(client=client, title=title, disposition="manual", commands=commands)


def ecr_login(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A password of twelve hours, or the helper that fetches one for each pull."""
    name = name_of(seen, finding) or finding.subject.partition("/")[0]
    place = ecr_place(name)
    region = place[1] if place else "REGION"
    host, password = quoted(name), f"aws ecr get-login-password --region {quoted(region)}"
    return (
        Fix(
            client="docker, buildkit, podman",
            title="log in for exactly this account and region",
            disposition="safe",
            commands=(f"{password} | docker login --username AWS --password-stdin {host}",),
        ),
        manual(
            "docker, buildkit",
            'or let docker-credential-ecr-login do it at each pull: "credHelpers": '
            f'{{"{name}": "ecr-login"}} in config.json',
        ),
        manual(
            "containerd",
            "under Kubernetes: the kubelet's ecr-credential-provider, or a job that renews the "
            "pull secret within 12 hours",
        ),
        manual("server", "the caller needs ecr:GetAuthorizationToken, and rights to the image"),
    )


def ecr_repository(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Make it, or name it right."""
    host, _, rest = finding.subject.partition("/")
    place = ecr_place(host)
    region = place[1] if place else "REGION"
    repository = rest.partition("@")[0].rpartition(":")[0] or rest
    return (
        manual(
            "server",
            "make the repository in this account and region, or a creation template for its prefix",
            f"aws ecr describe-repositories --region {quoted(region)}",
            f"aws ecr create-repository --region {quoted(region)} "
            f"--repository-name {quoted(repository)}",
        ),
        manual(
            "all clients",
            "the reference is HOST/NAME: a variable that already holds the host gives it twice",
        ),
    )


def ecr_cache(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Rights of the first pull, and the way to the origin's storage."""
    return (
        manual(
            "server",
            "allow the caller ecr:BatchImportUpstreamImage and ecr:CreateRepository on the prefix, "
            "or make the repositories first; renew the upstream's login in Secrets Manager",
        ),
        manual(
            "containerd",
            "on nodes without a way out, have the image pulled once from where there is one: the "
            "first pull may be sent to the origin's storage",
        ),
        manual("docker", "official images need library/ in the path, those of users do not"),
    )


def azure_firewall(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Let the address in, or come by the private endpoint."""
    name = name_of(seen, finding) or finding.subject.partition("/")[0]
    registry = quoted(name.partition(".")[0])
    return (
        manual(
            "server",
            "let the address in that the answer names",
            f"az acr network-rule add --name {registry} --ip-address ADDRESS",
        ),
        manual(
            "host",
            "or come by the private endpoint: the name, and that of the data endpoint, must "
            "resolve to its addresses (private DNS zone privatelink.azurecr.io)",
            f"getent ahosts {quoted(name.partition(':')[0])}",
        ),
    )


def google_moved(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Move the project, or the reference."""
    return (
        manual(
            "server",
            "move the project, whose gcr.io names then lead to Artifact Registry",
            "gcloud artifacts docker upgrade migrate --projects=PROJECT",
        ),
        manual(
            "all clients",
            "or name the image as REGION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE; images of "
            "Kubernetes are at registry.k8s.io",
        ),
    )


def google_right(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The helper for this host, and the role in that repository."""
    name = name_of(seen, finding) or finding.subject.partition("/")[0]
    return (
        Fix(
            client="docker, buildkit",
            title="where no login was sent: configure the helper for exactly this host, as the "
            "user who pulls",
            disposition="safe",
            commands=(f"gcloud auth configure-docker {quoted(name)}",),
        ),
        manual(
            "server",
            "where one was: make the repository, and give the account the role (writer to push)",
            "gcloud artifacts repositories add-iam-policy-binding REPOSITORY --location=REGION "
            "--member=serviceAccount:ACCOUNT --role=roles/artifactregistry.reader",
        ),
    )


def gitea_package(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A token with the scope; a proxy that lets it through."""
    return (
        Fix(
            client="docker, buildkit, podman",
            title="log in with a personal access token that has read:package (write:package to "
            "push)",
            disposition="safe",
            commands=(login_command("docker", seen, finding),),
        ),
        manual(
            "server",
            "give the user, or its team, the package right of that owner; the owner in the name is "
            "in lower case",
        ),
        manual(
            "server",
            "in a proxy before it, /v2 is at the root of the host, and Authorization goes through "
            "(nginx: proxy_set_header Authorization $http_authorization)",
        ),
    )


def gitea_root_url(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The public address in app.ini."""
    return (
        manual(
            "server",
            "set ROOT_URL in [server] of app.ini to the address that clients use, and restart",
        ),
        manual("server", "let the proxy before it pass Host and X-Forwarded-Proto"),
    )


def machine_account(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A new token, and its end in a calendar."""
    return (
        manual(
            "server",
            "look up the account's end, and renew it (Harbor: robot accounts of the project; "
            "GitLab: deploy tokens, access tokens)",
        ),
        Fix(
            client="all clients",
            title="then log in with the new secret, wherever the old one was kept (CI, pull "
            "secrets)",
            disposition="safe",
            commands=(login_command("docker", seen, finding),),
        ),
    )


def robot_in_quotes(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Single quotes; other characters elsewhere."""
    name = quoted(name_of(seen, finding) or finding.subject)
    return (
        Fix(
            client="docker, podman",
            title="quote the name: single quotes in a shell, $$ in compose files and Makefiles",
            disposition="safe",
            commands=(f"docker login -u 'robot$PROJECT+NAME' --password-stdin {name}",),
        ),
        manual("server", "or give robots another prefix in Harbor's system settings (robot_)"),
    )


def hub_login(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Docker ID and an access token, without a shell's help."""
    return (
        Fix(
            client="docker, buildkit",
            title="log in with the Docker ID, not the e-mail address, and an access token",
            disposition="safe",
            commands=(
                "docker logout",
                'printf %s "$TOKEN" | docker login -u DOCKERID --password-stdin',
            ),
        ),
        Fix(
            client="podman",
            title="the same; podman's own file comes before docker's",
            disposition="safe",
            commands=("podman logout docker.io", "podman login docker.io"),
        ),
    )


def podman_login(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Out with the stale entry; entries with a path win over those without."""
    name = quoted(name_of(seen, finding) or "docker.io")
    return (
        Fix(
            client="podman, buildah, skopeo",
            title="log out, then in again; what everybody may pull needs no login",
            disposition="safe",
            commands=(f"podman logout {name}", f"podman login {name}"),
        ),
        manual(
            "podman",
            "an entry with a path (HOST/PROJECT) in auth.json wins over that of the host",
            f"podman login --get-login {name}",
        ),
    )


def realm_itself(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The realm must be the final address."""
    return (
        manual(
            "server",
            "name the final address as the realm: https, with the slash at its end (pulp: "
            "TOKEN_SERVER; Distribution: auth.token.realm)",
        ),
        manual("server", "or let the redirect keep the query, and the host"),
    )


def final_registry(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Name the registry itself, or forward instead of redirecting."""
    return (
        manual("containerd", "upgrade to 1.5.2 or 1.4.7 at least"),
        manual("all clients", "or name the registry itself in the reference"),
        manual("server", "or forward the requests instead of redirecting them"),
    )


def several_scopes(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Only the token server can."""
    return (
        manual(
            "server",
            "the token server must grant each of several scope parameters (distribution, "
            "spec/auth/token); of Docker Hub it was an incident: look at its status page",
        ),
        manual("buildkit", "until then, push without mounting layers from other repositories"),
    )


def one_scope(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The path into the endpoint, or rights on both names."""
    return (
        manual("server", "let the token server grant what it can of several scopes"),
        manual(
            "containerd",
            "put the path into the endpoint, with override_path, instead of a rewrite",
        ),
        manual("all clients", "or give the account the right to pull under both names"),
    )


def fewer_requests(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """It counts every request of an address."""
    return (
        manual(
            "server",
            "let a proxy repository ask less often (Nexus: maximum metadata age; Artifactory: "
            "retrieval cache period), or spread the pulls over more addresses",
        ),
        manual("all clients", "wait some minutes; a paid account does not change this limit"),
    )


def fewer_pulls(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A login counts by account; a mirror pulls once for all."""
    return (
        Fix(
            client="docker, buildkit, podman",
            title="log in: pulls are then counted for the account, not for the address that "
            "everybody behind it shares",
            disposition="safe",
            commands=("docker login",),
        ),
        manual("all clients", "or pull through a mirror of your own, and see that it is used"),
        manual("containerd", "under Kubernetes: a pull secret in each namespace"),
    )


def github_package(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Who may write the package."""
    return (
        manual(
            "server",
            "in the package's settings, Manage Actions access: add the repository with the role "
            "Write; in the job, permissions: packages: write",
        ),
        manual(
            "docker, buildkit, podman",
            "push the first time with a classic token that has write:packages; the whole name is "
            "in lower case; a fork's pull request may only read",
        ),
    )


def harbor_role(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Project, role, name, end."""
    return (
        manual(
            "server",
            "make the project; give the account Developer or Maintainer in it; look whether the "
            "robot has ended",
        ),
        manual(
            "docker, buildkit, podman, kaniko",
            "push by the host and port of Harbor's external_url; quote the robot's name",
            "docker login -u 'robot$PROJECT+NAME' --password-stdin HOST",
        ),
    )


def quay_robot(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Make it first; robots write where they were told they may."""
    return (
        manual("server", "make the repository, and give the robot Write in it"),
        manual(
            "docker, buildkit, podman",
            "the user name is ORGANISATION+ROBOT",
            "docker login -u ORGANISATION+ROBOT quay.io",
        ),
    )


def containerd_login(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Who passes a login to containerd, and how."""
    return (
        *pull_secret(_seen, _finding),
        manual(
            "containerd",
            "ctr and crictl read no config.json: give them the login",
            "ctr images pull --user USER IMAGE",
            "crictl pull --creds USER:PASSWORD IMAGE",
        ),
    )


def pull_secret(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """In the pod's namespace, keyed by the image's host."""
    return (
        manual(
            "kubernetes",
            "make the secret in the pod's namespace, for the host as the image names it",
            "kubectl -n NAMESPACE create secret docker-registry regcred --docker-server=HOST "
            "--docker-username=USER --docker-password=PASSWORD",
        ),
        manual(
            "kubernetes",
            "and name it in the pod, or in its service account",
            "kubectl -n NAMESPACE patch serviceaccount default "
            '-p \'{"imagePullSecrets": [{"name": "regcred"}]}\'',
        ),
    )
