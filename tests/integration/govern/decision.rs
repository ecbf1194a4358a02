//! Decisions held against the versions in force.

use contextrail::record::{CheckFinding, Decision, DecisionId, Deployment, Governing, Kind};
use contextrail::trail::{Decided, GovernError, TrailError};

use crate::home::{Home, on_both};

use super::{Governed, at, refused};

const USE_CASE: &str = "kind: use_case\nname: credit\nversion: '1'\n\
    content: {purpose: lending, tier: high, ungoverned: MODE}\n";

async fn decide(it: &Governed, model: &str) -> Result<Decided, TrailError> {
    it.trail
        .decide("loan", "7")
        .outcome("approved")
        .use_case("credit@1")
        .governed_by("model", model)
        .commit()
        .await
}

async fn stored(it: &Governed, id: DecisionId) -> Decision {
    let stored = it.trail.read(id).await.unwrap().unwrap();
    stored.decision().unwrap().clone()
}

/// What was found, one line each.
fn findings(decision: &Decision) -> Vec<String> {
    let checks = decision.checks.iter();
    let lines = checks.map(|it| {
        let so = if it.result == CheckFinding::Pass {
            ""
        } else {
            "not "
        };
        format!("{}: {so}{}", it.metric, it.constraint)
    });
    lines.collect()
}

async fn governed(home: Home, mode: &str) -> Governed {
    let it = Governed::new(home).await;
    it.register(&USE_CASE.replace("MODE", mode)).await.unwrap();
    it.approve("use_case:credit@1", "ben", "approver")
        .await
        .unwrap();
    it.model("1").await;
    it
}

async fn what_holds_and_what_does_not_stands_in_the_decision(home: Home) {
    let it = governed(home, "warn").await;
    let good = decide(&it, "m@1").await.unwrap();
    let good = stored(&it, good.id()).await;
    assert_eq!(
        findings(&good),
        ["use_case:credit@1: in_force", "model:m@1: in_force"]
    );
    // The tier is that of the use case.
    assert_eq!(good.risk_tier, Some(contextrail::record::RiskTier::High));
    let unknown = decide(&it, "m@9").await.unwrap();
    let unknown = stored(&it, unknown.id()).await;
    assert_eq!(findings(&unknown)[1], "model:m@9: not registered");
}

async fn each_way_of_not_being_in_force_has_its_own_word(home: Home) {
    let it = governed(home, "warn").await;
    let with = |number: &str, more: &str| {
        format!("kind: model\nname: m\nversion: '{number}'\ncontent: {{w: {number}}}\n{more}")
    };
    it.register(&with("2", "")).await.unwrap();
    it.register(&with("3", "effective_from: 2025-09-01\n"))
        .await
        .unwrap();
    it.approve("model:m@3", "ben", "approver").await.unwrap();
    it.model("4").await;
    let version = super::version("model:m@4");
    it.trail
        .retire_artifact(&version, "old".to_owned(), None)
        .await
        .unwrap();
    it.model("0.9").await;
    for (model, expected) in [
        ("m@2", "model:m@2: not approved"),
        ("m@3", "model:m@3: not effective"),
        ("m@4", "model:m@4: not not_retired"),
        ("m@0.9", "model:m@0.9: not latest"),
    ] {
        let decided = decide(&it, model).await.unwrap();
        assert_eq!(findings(&stored(&it, decided.id()).await)[1], expected);
    }
}

async fn a_use_case_that_refuses_leaves_a_record_of_the_refusal(home: Home) {
    let it = governed(home, "refuse").await;
    decide(&it, "m@1").await.unwrap();
    let error = refused(decide(&it, "m@9").await);
    let GovernError::Ungoverned { reasons, check } = error else {
        panic!("{error}");
    };
    assert!(reasons.contains("model:m@9"), "{reasons}");
    let recorded = it.trail.read_kind(check, Kind::Check).await.unwrap();
    let contextrail::record::Body::Check(check) = &recorded.record().body else {
        panic!("{recorded:?}");
    };
    assert!(!check.passed);
    let subject = "loan:7".parse().unwrap();
    assert_eq!(it.trail.decisions_on(&subject).await.unwrap().len(), 1);
}

async fn a_caller_cannot_state_what_is_checked(home: Home) {
    let it = governed(home, "warn").await;
    let stated = contextrail::record::CheckResult {
        constraint: "in_force".parse().unwrap(),
        metric: "model:m@1".parse().unwrap(),
        value: None,
        comparison: contextrail::record::Comparison::Equals,
        threshold: None,
        result: CheckFinding::Fail,
    };
    let decided = it
        .trail
        .decide("loan", "8")
        .outcome("approved")
        .governed_by("model", "m@1")
        .check(stated)
        .commit()
        .await
        .unwrap();
    assert_eq!(
        findings(&stored(&it, decided.id()).await),
        ["model:m@1: in_force"]
    );
}

async fn another_version_than_is_deployed_is_found(home: Home) {
    let it = governed(home, "warn").await;
    it.model("2").await;
    let deployment = Deployment {
        manifest: [("model".to_owned(), Governing::One("m@1".parse().unwrap()))].into(),
        environment: "production".parse().unwrap(),
        from: at("2025-05-01T00:00:00Z"),
        until: None,
        rollback_of: None,
    };
    it.trail.deploy(deployment, None).await.unwrap();
    let context = it
        .trail
        .context("loan_decision")
        .environment("production")
        .budget(contextrail::assembly::Budget::tokens(100))
        .begin()
        .assemble()
        .await
        .unwrap();
    let decided = it
        .trail
        .decide("loan", "9")
        .outcome("approved")
        .from_context(&context)
        .governed_by("model", "m@2")
        .commit()
        .await
        .unwrap();
    assert_eq!(
        findings(&stored(&it, decided.id()).await),
        ["model:m@2: in_force", "model:m@2: not deployed"]
    );
}

async fn what_was_measured_with_it_is_held_against_the_limits_of_the_objective(home: Home) {
    let it = governed(home, "refuse").await;
    it.register(
        "kind: objective\nname: O\nversion: '1'\ncontent:\n  objective_version: '1'\n  \
         description: d\n  optimization_goal: g\n  constraints:\n    \
         - {name: latency, metric: latency_ms, comparison: at_most, threshold: 150}\n",
    )
    .await
    .unwrap();
    it.approve("objective:O@1", "ben", "approver")
        .await
        .unwrap();
    let decide = |latency: f64| {
        it.trail
            .decide("loan", "9")
            .outcome("approved")
            .use_case("credit@1")
            .governed_by("objective", "O@1")
            .kpi("latency_ms", latency)
            .commit()
    };
    let within = decide(120.0).await.unwrap();
    let checks = stored(&it, within.id()).await.checks;
    let latency = checks
        .iter()
        .find(|it| it.constraint.as_str() == "latency")
        .unwrap();
    assert_eq!(
        (latency.value, latency.result),
        (Some(120.0), CheckFinding::Pass)
    );
    assert!(matches!(
        refused(decide(151.0).await),
        GovernError::Ungoverned { .. }
    ));
}

async fn a_trail_without_artifacts_leaves_decisions_as_they_are(home: Home) {
    let it = Governed::new(home).await;
    let decided = decide(&it, "m@1").await.unwrap();
    assert!(stored(&it, decided.id()).await.checks.is_empty());
}

on_both! {[
    what_holds_and_what_does_not_stands_in_the_decision,
    each_way_of_not_being_in_force_has_its_own_word,
    a_use_case_that_refuses_leaves_a_record_of_the_refusal,
    a_caller_cannot_state_what_is_checked,
    another_version_than_is_deployed_is_found,
    what_was_measured_with_it_is_held_against_the_limits_of_the_objective,
    a_trail_without_artifacts_leaves_decisions_as_they_are,
]}
