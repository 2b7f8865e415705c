"""Whether a protection policy has holes or contradictions: all of them, each with key and line.

- A policy with an error is not signed and not served. A warning is what an owner may mean so.
- Nothing is asked of a provider: a policy is judged by itself, and by the version before it.

Source: docs/spec/16-protection-policy.md section 4.
"""

import re
from collections import Counter
from typing import Final

from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.alarmcheck import check_alarms
from sealhold.protect.apartcheck import owner_of
from sealhold.protect.columncheck import check_column
from sealhold.protect.findings import Finding, Findings, refuse
from sealhold.protect.offered import check_offered
from sealhold.protect.policy import Csp, ObjectPolicy, Policy, Shares, Unlisted
from sealhold.protect.policyfile import PolicyFile, read
from sealhold.protect.rolecheck import check_roles
from sealhold.protect.tablecheck import check_tables
from sealhold.protect.weakening import Weakening

_SECRET: Final = re.compile(r"(?:env:[A-Za-z_][A-Za-z0-9_]*|vault:[A-Za-z0-9][A-Za-z0-9._-]*)")
_INSIDE: Final = re.compile(r"[a-z0-9+.-]+://[^/@]*:[^/@]+@.*|.*[?&]password=.*", re.IGNORECASE)
_SCHEMES: Final = {
    "postgres": ("postgresql://", "postgres://"),
    "s3": ("https://", "http://"),
    "agent": ("https://", "http://"),
}


def check(
    file: PolicyFile, previous: Policy | None = None, *, accept_weaker: bool = False
) -> tuple[Finding, ...]:
    """Return all that is wrong or doubtful, in the order of the text.

    Args:
        file: the policy as it was read; if it cannot be read, that is all there is to say.
        previous: the version before, to compare with.
        accept_weaker: what shows more than before is meant so.
    """
    policy = file.policy
    if policy is None:
        return file.findings
    findings = Findings(file.lines)
    _check_version(policy, findings)
    _check_csps(policy, findings)
    for number, table in enumerate(policy.tables):
        for place, column in enumerate(table.columns):
            check_column(column, ("table", number, "column", place), findings)
    check_tables(policy, findings)
    check_alarms(policy, findings)
    check_offered(policy, findings)
    _check_releases(policy, findings)
    _check_objects(policy, findings)
    check_roles(policy, findings)
    if previous is not None:
        _check_chain(policy, previous, findings)
        Weakening(findings, accepted=accept_weaker).compare(previous, policy)
    return (*file.findings, *findings.all())


def checked(data: bytes) -> Policy:
    """Return the policy that `data` writes down, if it has no error.

    Raises:
        InvalidPolicyError: it has one.
    """
    file = read(data)
    refuse(check(file))
    if file.policy is None:
        raise InvalidPolicyError("not a protection policy")
    return file.policy


def _check_version(policy: Policy, findings: Findings) -> None:
    if policy.version == 1 and policy.previous:
        findings.error(
            "previous-of-first",
            ("previous",),
            "version 1 names a version before it",
            "take `previous` out, or count `version` up",
        )
    if policy.version > 1 and not policy.previous:
        findings.error(
            "no-previous",
            ("version",),
            f"version {policy.version} does not say what it was made from",
            "add `previous`: `sha256:` and the digest of the last version's bytes",
        )
    if policy.default is Unlisted.CLEAR:
        findings.warning(
            "default-clear",
            ("default",),
            "a table or column that is not named goes to the provider in clear",
            'take `default = "refuse"`, and name what is clear',
        )
    if not policy.tables and not policy.objects:
        findings.error(
            "nothing", ("name",), "the policy names no table and no object", "add `[[table]]`"
        )


def _check_chain(policy: Policy, previous: Policy, findings: Findings) -> None:
    if policy.name != previous.name:
        findings.error(
            "other-policy",
            ("name",),
            f"`{policy.name}` is no version of `{previous.name}`",
            "give it the same name, or compare with its own last version",
        )
    if policy.version <= previous.version:
        findings.error(
            "version-not-above",
            ("version",),
            f"version {policy.version} does not follow version {previous.version}",
            f"say `version = {previous.version + 1}`",
        )
    if policy.previous != previous.digest:
        findings.error(
            "previous-differs",
            ("previous",),
            f"`previous` is not the digest of version {previous.version}",
            f'say `previous = "{previous.digest}"`',
        )


def _check_csps(policy: Policy, findings: Findings) -> None:
    seen: set[str] = set()
    for number, csp in enumerate(policy.csps):
        at = ("csp", number)
        if csp.id in seen:
            findings.error(
                "twice", (*at, "id"), f"the provider `{csp.id}` stands twice", "keep one of them"
            )
        seen.add(csp.id)
        # THREAT T624: a file that is signed, copied and shown to others holds no password
        if csp.secret and not _SECRET.fullmatch(csp.secret):
            findings.error(
                "secret-written",
                (*at, "secret"),
                f"the secret of `{csp.id}` does not say where it lies",
                "write `env:NAME` or `vault:NAME`, never the secret itself",
            )
        if _INSIDE.fullmatch(csp.url):
            findings.error(
                "secret-written",
                (*at, "url"),
                f"the address of `{csp.id}` has a password in it",
                "take it out, and name in `secret` where it lies",
            )
        if not csp.url.startswith(_SCHEMES[csp.kind]):
            findings.error(
                "address",
                (*at, "url"),
                f"`{csp.id}` is of kind `{csp.kind}`, and its address is of another",
                f"begin it with `{_SCHEMES[csp.kind][0]}`",
            )
        elif "sslmode=disable" in csp.url or csp.url.startswith("http://"):
            findings.warning(
                "no-tls",
                (*at, "url"),
                f"the way to `{csp.id}` is not encrypted",
                "use TLS unless it is this machine",
            )


def _check_releases(policy: Policy, findings: Findings) -> None:
    for number, release in enumerate(policy.anonymise):
        at = ("anonymise", number)
        tables = [each for each in policy.tables if each.name == release.table]
        if len(tables) != 1:
            findings.error(
                "unknown-table",
                (*at, "table"),
                f"`{release.table}` is not one `[[table]]`",
                "name a table that stands here once",
            )
            continue
        columns = {each.name for each in tables[0].columns}
        for key, names in (("quasi", release.quasi), ("sensitive", release.sensitive)):
            for name in names:
                if name not in columns:
                    findings.error(
                        "unknown-column",
                        (*at, key),
                        f"`{release.table}` has no column `{name}`",
                        "name columns of the table",
                    )
        if not release.quasi:
            findings.error(
                "no-quasi", at, f"nothing of `{release.table}` is made coarser", "add `quasi`"
            )
        if set(release.quasi) & set(release.sensitive):
            findings.error(
                "quasi-and-sensitive",
                (*at, "sensitive"),
                f"a column of `{release.table}` cannot be both quasi-identifier and sensitive",
                "keep it in one of the lists",
            )
        if release.l > release.k:
            findings.error(
                "l-above-k",
                (*at, "l"),
                f"{release.l} values cannot differ among {release.k} rows",
                "take an `l` of at most `k`",
            )


def _check_objects(policy: Policy, findings: Findings) -> None:
    csps = {each.id: each for each in policy.csps}
    for number, each in enumerate(policy.objects):
        at = ("object", number)
        if not any(csp.kind == "s3" for csp in policy.csps):
            findings.error(
                "no-place", at, f"no provider of kind `s3` keeps `{each.bucket}`", "add one"
            )
        if each.split is not None:
            _check_shares(each, each.split, number, csps, findings)


def _check_shares(
    each: ObjectPolicy, shares: Shares, number: int, csps: dict[str, Csp], findings: Findings
) -> None:
    at = ("object", number, "split")
    if len(shares.csps) != shares.n or shares.k > shares.n:
        findings.error(
            "shares",
            at,
            f"`{each.bucket}` is cut into {shares.n} shares, of which {shares.k} restore it,"
            f" for {len(shares.csps)} providers",
            "name one provider for each share, and no more to restore it than there are",
        )
        return
    known = [csps[name] for name in shares.csps if name in csps and csps[name].kind == "s3"]
    if len(known) != shares.n:
        findings.error(
            "unknown-csp",
            (*at, "csps"),
            f"a share of `{each.bucket}` is for no provider of kind `s3`",
            "name those that there are",
        )
        return
    # THREAT T621: two providers of one owner count as one
    for owner, count in Counter(map(owner_of, known)).items():
        if count > 1 and count >= shares.k:
            findings.error(
                "split-one-group",
                (*at, "csps"),
                f"{owner} gets {count} shares of `{each.bucket}`, and {shares.k} restore it",
                "take providers of more groups, or a larger `k`",
            )
