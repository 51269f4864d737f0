"""What `fedge doctor` concludes from what it could see."""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.federation.checkup import NEEDED, Finding, KarmadaFacts, MemberFacts, checkup, healthy

MEMBER = MemberFacts(
    "member1", ready=True, reports_resources=True, serves_deployments=True, site="harbour", agent="ready"
)
WHOLE = KarmadaFacts(
    version="v1.35.3",
    kinds=frozenset(NEEDED),
    members=(MEMBER,),
    agent_policy=True,
    federation_file=True,
    no_execute_policies=1,
    webhooks=2,
    leader="fedge-1",
    lease_age_s=1.0,
)


def about(facts: KarmadaFacts, words: str) -> Finding:
    (found,) = (each for each in checkup(facts) if words in each.what)
    return found


def test_nothing_is_missing_where_all_is_there() -> None:
    findings = checkup(WHOLE)
    assert healthy(findings)
    assert {each.state for each in findings} == {"ok", "unknown"}


def test_each_thing_that_is_not_ok_has_a_consequence_and_a_remedy() -> None:
    for each in checkup(KarmadaFacts(missing_rights=("patch resourcebindings.work.karmada.io",))):
        assert each.state == "ok" or (each.consequence and each.remedy), each


def test_without_the_custom_resource_no_session_follows() -> None:
    facts = replace(WHOLE, kinds=WHOLE.kinds - {"qospolicies.fedge.dev"})
    found = about(facts, "qospolicies.fedge.dev")
    assert (found.state, found.remedy) == ("missing", "kubectl apply -f deploy/karmada/karmada/")
    assert not healthy(checkup(facts))


def test_without_a_taint_policy_there_is_no_failover() -> None:
    assert "no failover" in about(replace(WHOLE, no_execute_policies=0), "ClusterTaintPolicy").consequence


def test_what_cannot_be_seen_is_said_to_be_unknown() -> None:
    assert about(WHOLE, "flags").state == "unknown"


def test_a_leader_that_does_not_renew_is_no_leader() -> None:
    assert about(replace(WHOLE, lease_age_s=99.0), "last renewed 99 s ago").state == "missing"
    assert about(replace(WHOLE, lease_age_s=None), "nobody holds the lease").state == "missing"


def test_members_are_told_by_what_keeps_work_away_from_them() -> None:
    members = (
        replace(MEMBER, name="a", ready=False),
        replace(MEMBER, name="b", serves_deployments=False),
        replace(MEMBER, name="c", reports_resources=False),
        replace(MEMBER, name="d", site=""),
    )
    facts = replace(WHOLE, members=members)
    assert about(facts, "a is not Ready").state == "warning"
    assert about(facts, "b does not report apps/v1 Deployment").state == "warning"
    assert about(facts, "c reports no resources").state == "warning"
    assert about(facts, "d has no label").remedy == "kubectl label cluster d fedge.dev/site=SITE"
    assert healthy(checkup(facts))


def test_bindings_that_nobody_scheduled_are_named() -> None:
    assert (
        "default/arena-deployment"
        in about(replace(WHOLE, unscheduled=("default/arena-deployment",)), "not scheduled").what
    )


def test_without_agents_no_session_is_served_where_kubelets_run_the_pods() -> None:
    found = about(replace(WHOLE, agent_policy=False), "ClusterPropagationPolicy")
    assert (found.state, found.remedy) == ("warning", "kubectl apply -f deploy/karmada/members/")
    assert "no game is reached" in found.consequence
    assert "do not start" in about(replace(WHOLE, federation_file=False), "fedge-federation").consequence


def test_each_member_says_how_its_agent_is() -> None:
    states = ("absent", "not told", "refused", "waiting")
    facts = replace(WHOLE, members=tuple(replace(MEMBER, name=f"m {state}", agent=state) for state in states))
    for state, words in zip(
        states, ("has no agent", "is not told its cluster", "does not accept", "not Ready"), strict=True
    ):
        found = next(
            each for each in checkup(facts) if each.what.startswith(f"m {state} ") and words in each.what
        )
        assert found.consequence == f"no game is reached, no session moves at m {state}"
    assert healthy(checkup(facts))


def test_a_game_whose_port_no_load_balancer_carries_is_named() -> None:
    found = about(replace(WHOLE, shut_ports=(("studio/nim", 8765),)), "fedge-agent-outside")
    assert found.state == "warning"
    assert "studio/nim" in found.what
    assert "8765" in found.what
