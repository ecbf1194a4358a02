//! Versions: registered, approved, in force, retired, deployed.

use std::sync::Arc;

use contextrail::govern::{ArtifactView, diff};
use contextrail::record::{Deployment, Governing};

use crate::home::{Home, on_both};

use super::{Governed, artifact, at, person, version};

const HIGH: &str = "kind: objective\nname: O\nversion: '1.3'\nrisk_rating: high\n\
    effective_from: 2025-05-15\ncontent:\n  objective_version: '1.3'\n  description: d\n  \
    optimization_goal: g\n";

async fn a_version_is_in_force_when_it_is_approved_effective_and_the_latest(home: Home) {
    let it = Governed::new(home).await;
    it.register(HIGH).await.unwrap();
    assert_eq!(
        it.state("objective:O@1.3", "2025-05-01T09:00:00Z").await,
        "unapproved"
    );
    it.now("2025-05-02T08:00:00Z");
    it.approve("objective:O@1.3", "ben", "risk_owner")
        .await
        .unwrap();
    it.now("2025-05-03T08:00:00Z");
    it.approve("objective:O@1.3", "cleo", "approver")
        .await
        .unwrap();
    for (time, expected) in [
        ("2025-04-01T00:00:00Z", "not_registered"),
        ("2025-05-02T09:00:00Z", "unapproved"),
        ("2025-05-03T09:00:00Z", "not_yet_effective"),
        ("2025-05-15T00:00:00Z", "in_force"),
    ] {
        assert_eq!(it.state("objective:O@1.3", time).await, expected, "{time}");
    }
    it.now("2025-05-20T08:00:00Z");
    let reason = "a limit was too wide".to_owned();
    it.trail
        .retire_artifact(&version("objective:O@1.3"), reason, None)
        .await
        .unwrap();
    assert_eq!(
        it.state("objective:O@1.3", "2025-05-19T00:00:00Z").await,
        "in_force"
    );
    assert_eq!(
        it.state("objective:O@1.3", "2025-05-20T09:00:00Z").await,
        "retired"
    );
}

async fn what_is_rated_high_needs_two_people_in_different_roles(home: Home) {
    let it = Governed::new(home).await;
    it.register(HIGH).await.unwrap();
    it.approve("objective:O@1.3", "ben", "risk_owner")
        .await
        .unwrap();
    it.approve("objective:O@1.3", "cleo", "risk_owner")
        .await
        .unwrap();
    assert_eq!(
        it.state("objective:O@1.3", "2025-06-01T00:00:00Z").await,
        "unapproved"
    );
    it.approve("objective:O@1.3", "dora", "approver")
        .await
        .unwrap();
    assert_eq!(
        it.state("objective:O@1.3", "2025-06-01T00:00:00Z").await,
        "in_force"
    );
}

async fn a_policy_of_approvals_says_who_has_to_approve(home: Home) {
    let it = Governed::new(home).await;
    it.model("1").await;
    assert_eq!(
        it.state("model:m@1", "2025-05-02T00:00:00Z").await,
        "in_force"
    );
    it.register(
        "kind: policy\nname: approvals\nversion: '1'\ncontent:\n  required:\n    \
         low: {count: 1, roles: [ethics]}\n",
    )
    .await
    .unwrap();
    it.now("2025-05-03T00:00:00Z");
    it.approve("policy:approvals@1", "ben", "approver")
        .await
        .unwrap();
    // Before it was in force, the policy built in said what was needed.
    assert_eq!(
        it.state("model:m@1", "2025-05-02T00:00:00Z").await,
        "in_force"
    );
    assert_eq!(
        it.state("model:m@1", "2025-05-04T00:00:00Z").await,
        "unapproved"
    );
    it.approve("model:m@1", "cleo", "ethics").await.unwrap();
    assert_eq!(
        it.state("model:m@1", "2025-05-04T00:00:00Z").await,
        "in_force"
    );
}

async fn an_approval_that_came_in_by_another_door_counts_only_from_others_and_once(home: Home) {
    let it = Governed::new(home).await;
    it.register(HIGH).await.unwrap();
    let registry = it.trail.registry().await.unwrap();
    let record = registry
        .version(&version("objective:O@1.3"))
        .unwrap()
        .record;
    for who in ["anna", "ANNA ", "ben", "Ben"] {
        let approval = contextrail::record::Approval {
            artifact: version("objective:O@1.3"),
            record,
            role: who.trim().to_lowercase().parse().unwrap(),
            approved_at: at("2025-05-01T08:00:00Z"),
            note: None,
        };
        let mut draft = contextrail::record::Draft::new(it.trail.new_id(), approval);
        draft.actor = Some(person(who));
        it.trail.record(draft).await.unwrap();
    }
    let registry = it.trail.registry().await.unwrap();
    let found = registry.version(&version("objective:O@1.3")).unwrap();
    let view = ArtifactView::of(&registry, found, at("2025-06-01T00:00:00Z"));
    let counts: Vec<bool> = view.approvals.iter().map(|it| it.counts).collect();
    assert_eq!(counts, [false, false, true, false]);
    assert_eq!(view.state.as_str(), "unapproved");
}

async fn the_latest_version_is_in_force_and_the_same_again_changes_nothing(home: Home) {
    let it = Governed::new(home).await;
    for number in ["1.9", "1.10"] {
        it.model(number).await;
    }
    let registry = it.trail.registry().await.unwrap();
    let name = "model:m".parse().unwrap();
    let now = at("2025-05-02T00:00:00Z");
    let in_force = registry.in_force(&name, now).unwrap();
    assert_eq!(in_force.artifact.version.as_str(), "1.10");
    assert_eq!(
        it.state("model:m@1.9", "2025-05-02T00:00:00Z").await,
        "superseded"
    );
    let again = "kind: model\nname: m\nversion: '1.9'\ncontent: {weights: '1.9'}\n";
    assert!(
        it.trail
            .register(artifact(again), None)
            .await
            .unwrap()
            .is_none()
    );
}

async fn what_is_deployed_is_what_began_last_and_did_not_end(home: Home) {
    let it = Governed::new(home).await;
    it.model("1").await;
    it.model("2").await;
    let deployment = |number: &str, from: &str, until: Option<&str>| Deployment {
        manifest: [(
            "model".to_owned(),
            Governing::One(format!("m@{number}").parse().unwrap()),
        )]
        .into(),
        environment: "production".parse().unwrap(),
        from: at(from),
        until: until.map(at),
        rollback_of: None,
    };
    let one = deployment("1", "2025-05-01T00:00:00Z", None);
    it.trail.deploy(one, None).await.unwrap();
    let two = deployment("2", "2025-05-10T00:00:00Z", Some("2025-05-12T00:00:00Z"));
    it.trail.deploy(two, None).await.unwrap();
    let registry = it.trail.registry().await.unwrap();
    let running = |time: &str| {
        let found = registry.deployed(&"production".parse().unwrap(), at(time));
        found.map(|it| it.versions("model")[0].version.to_string())
    };
    assert_eq!(running("2025-04-30T00:00:00Z"), None);
    assert_eq!(running("2025-05-05T00:00:00Z").as_deref(), Some("1"));
    assert_eq!(running("2025-05-11T00:00:00Z").as_deref(), Some("2"));
    assert_eq!(running("2025-05-13T00:00:00Z"), None);
}

#[tokio::test]
async fn a_difference_is_told_by_its_meaning() {
    let objective = |number: &str, approve_at: &str, gap: &str, approver: &str| {
        artifact(&format!(
            "kind: objective\nname: O\nversion: '{number}'\ncontent:\n  objective_version: '{number}'\n  \
             description: d\n  optimization_goal: g\n  parameters: {{approve_at: {approve_at}}}\n  \
             approvers: [{{role: {approver}}}, {{role: approver}}]\n  constraints:\n    \
             - {{name: gap, metric: fairness_gap, comparison: at_most, threshold: {gap}}}\n    \
             - {{name: auc, metric: auc, comparison: at_least, threshold: 0.7}}\n"
        ))
    };
    let changes = |a: &_, b: &_| -> Vec<(String, &str)> {
        let changes = diff(a, b).changes.into_iter();
        changes.map(|it| (it.path, it.meaning)).collect()
    };
    let one = objective("1.2", "0.62", "0.015", "risk_owner");
    let two = objective("1.3", "0.58", "0.01", "ethics");
    assert_eq!(
        changes(&one, &two),
        [
            ("approvers.ethics".to_owned(), "added"),
            ("approvers.risk_owner".to_owned(), "removed"),
            ("constraints.gap.threshold".to_owned(), "tightened"),
            ("parameters.approve_at".to_owned(), "changed"),
        ]
    );
    assert_eq!(changes(&two, &one)[2].1, "relaxed");
    assert!(diff(&one, &objective("1.4", "0.62", "0.015", "risk_owner")).same);
}

async fn everything_verifies_is_rebuilt_and_comes_back_after_closing(home: Home) {
    let it = Governed::new(home).await;
    it.register(HIGH).await.unwrap();
    it.approve("objective:O@1.3", "ben", "risk_owner")
        .await
        .unwrap();
    it.approve("objective:O@1.3", "cleo", "approver")
        .await
        .unwrap();
    it.trail.close().await;
    let trail = it.home.options().open(&it.home.url()).await.unwrap();
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert!(verified.ok, "{verified:?}");
    trail.rebuild().await.unwrap();
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert!(verified.ok, "{verified:?}");
    let registry = trail.registry().await.unwrap();
    let found = registry.version(&version("objective:O@1.3")).unwrap();
    assert_eq!(
        registry.state(found, at("2025-06-01T00:00:00Z")).as_str(),
        "in_force"
    );
    trail.close().await;
}

on_both! {[
    a_version_is_in_force_when_it_is_approved_effective_and_the_latest,
    what_is_rated_high_needs_two_people_in_different_roles,
    a_policy_of_approvals_says_who_has_to_approve,
    an_approval_that_came_in_by_another_door_counts_only_from_others_and_once,
    the_latest_version_is_in_force_and_the_same_again_changes_nothing,
    what_is_deployed_is_what_began_last_and_did_not_end,
    everything_verifies_is_rebuilt_and_comes_back_after_closing,
]}
