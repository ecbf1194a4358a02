//! What does not go with what is registered: each its own refusal.

use contextrail::govern::{Asked, QueryError, report};
use contextrail::log::SigningKey;
use contextrail::record::{
    ArtifactSignature, Deployment, Freeze, Governing, Kpi, Measure, Retirement,
};
use contextrail::trail::{GovernError, TrailError};

use crate::home::{Home, on_both};

use super::{Governed, artifact, at, person, refused, version};

const MODEL: &str = "kind: model\nname: m\nversion: '1'\ncontent: {weights: 1}\n";

async fn the_same_version_with_other_content(home: Home) {
    let it = Governed::new(home).await;
    it.register(MODEL).await.unwrap();
    let other = MODEL.replace("weights: 1", "weights: 2");
    let error = refused(it.register(&other).await);
    assert_eq!(error, GovernError::OtherContent(version("model:m@1")));
}

async fn a_digest_that_is_not_that_of_the_content(home: Home) {
    let it = Governed::new(home).await;
    let mut altered = artifact(MODEL);
    altered.content = Some(serde_json::json!({"weights": 2}));
    let error = refused(it.trail.register(altered, None).await);
    assert!(matches!(error, GovernError::Altered { .. }), "{error}");
}

async fn neither_content_nor_a_reference(home: Home) {
    let it = Governed::new(home).await;
    let mut empty = artifact(MODEL);
    empty.content = None;
    let error = refused(it.trail.register(empty, None).await);
    assert_eq!(error, GovernError::NoContent(version("model:m@1")));
}

async fn content_that_is_not_that_of_its_kind(home: Home) {
    let it = Governed::new(home).await;
    let mut wrong = artifact(MODEL);
    wrong.kind = contextrail::record::ArtifactKind::UseCase;
    let error = refused(it.trail.register(wrong, None).await);
    assert!(matches!(error, GovernError::Content { .. }), "{error}");
}

async fn an_end_that_is_not_after_the_beginning(home: Home) {
    let it = Governed::new(home).await;
    let never = format!("{MODEL}effective_from: 2025-05-15\neffective_until: 2025-05-15\n");
    let error = refused(it.register(&never).await);
    assert!(matches!(error, GovernError::NoTime { .. }), "{error}");
}

async fn dates_that_overlap_those_of_another_version(home: Home) {
    let it = Governed::new(home).await;
    let version = |number: u32, from: &str, until: &str| {
        format!(
            "kind: model\nname: m\nversion: '{number}'\ncontent: {{weights: {number}}}\n\
             effective_from: {from}\n{until}"
        )
    };
    let until = "effective_until: 2025-06-15\n";
    it.register(&version(1, "2025-05-15", until)).await.unwrap();
    let error = refused(
        it.register(&version(2, "2025-06-01", "effective_until: 2025-07-01\n"))
            .await,
    );
    assert!(matches!(error, GovernError::Overlap { .. }), "{error}");
    let error = refused(it.register(&version(2, "2025-05-15", "")).await);
    assert!(matches!(error, GovernError::Overlap { .. }), "{error}");
    it.register(&version(2, "2025-06-15", "effective_until: 2025-07-01\n"))
        .await
        .unwrap();
}

async fn links_that_lead_back(home: Home) {
    let it = Governed::new(home).await;
    let linked = |name: &str, to: &str| {
        format!(
            "kind: dataset\nname: {name}\nversion: '1'\ncontent: {{rows: 1}}\n\
             links: [{{rel: derived_from, to: 'dataset:{to}@1'}}]\n"
        )
    };
    it.register(&linked("a", "b")).await.unwrap();
    it.register(&linked("b", "c")).await.unwrap();
    let error = refused(it.register(&linked("c", "a")).await);
    let GovernError::Circular { path, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(path, "dataset:a@1 → dataset:b@1 → dataset:c@1");
    let error = refused(it.register(&linked("d", "d")).await);
    assert!(matches!(error, GovernError::Circular { .. }), "{error}");
}

async fn an_approval_by_the_author_and_a_second_one(home: Home) {
    let it = Governed::new(home).await;
    it.register(MODEL).await.unwrap();
    let error = refused(it.approve("model:m@1", " Anna", "approver").await);
    assert_eq!(error, GovernError::ByAuthor(version("model:m@1")));
    it.approve("model:m@1", "ben", "approver").await.unwrap();
    let error = refused(it.approve("model:m@1", "BEN", "risk_owner").await);
    assert_eq!(error, GovernError::Twice(version("model:m@1")));
}

async fn a_version_that_nobody_registered(home: Home) {
    let it = Governed::new(home).await;
    let error = refused(it.approve("model:m@1", "ben", "approver").await);
    assert_eq!(error, GovernError::Unknown("model:m@1".to_owned()));
    let registry = it.trail.registry().await.unwrap();
    assert!(
        registry
            .resolve("model:m", at("2025-05-01T00:00:00Z"))
            .is_err()
    );
}

async fn a_version_that_is_retired(home: Home) {
    let it = Governed::new(home).await;
    it.model("1").await;
    let model = version("model:m@1");
    let retire = || it.trail.retire_artifact(&model, "old".to_owned(), None);
    retire().await.unwrap();
    assert!(matches!(
        refused(retire().await),
        GovernError::Retired { .. }
    ));
    let error = refused(it.approve("model:m@1", "cleo", "approver").await);
    assert!(matches!(error, GovernError::Retired { .. }), "{error}");
}

async fn a_version_without_the_signature_that_a_policy_asks_for(home: Home) {
    let it = Governed::new(home).await;
    let key = SigningKey::from_seed("anna".parse().unwrap(), &[7; 32]);
    let verifier = key.verifier_key().to_string();
    it.register(&format!(
        "kind: policy\nname: approvals\nversion: '1'\ncontent:\n  required: {{}}\n  \
         signed: [model]\n  signers: ['{verifier}']\n"
    ))
    .await
    .unwrap();
    it.approve("policy:approvals@1", "ben", "approver")
        .await
        .unwrap();
    let error = refused(it.register(MODEL).await);
    assert!(matches!(error, GovernError::Unsigned { .. }), "{error}");
    let mut signed = artifact(MODEL);
    let signature = |text: &str| ArtifactSignature {
        key_id: verifier.clone(),
        ed25519: base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            key.sign(text).unwrap().bytes(),
        ),
    };
    signed.signature = Some(signature("something else\n"));
    let error = refused(it.trail.register(signed.clone(), None).await);
    assert!(matches!(error, GovernError::Unsigned { .. }), "{error}");
    signed.signature = Some(signature(&signed.signed_text()));
    it.trail.register(signed, None).await.unwrap();
}

async fn a_deployment_that_makes_no_sense(home: Home) {
    let it = Governed::new(home).await;
    it.model("1").await;
    let deploy = |role: &str, name: &str, until: &str| {
        let named = Governing::One(name.parse().unwrap());
        it.trail.deploy(
            Deployment {
                manifest: [(role.to_owned(), named)].into(),
                environment: "production".parse().unwrap(),
                from: at("2025-05-02T00:00:00Z"),
                until: Some(at(until)),
                rollback_of: None,
            },
            None,
        )
    };
    let good = "2025-06-01T00:00:00Z";
    let error = refused(deploy("model", "m@1", "2025-05-01T00:00:00Z").await);
    assert!(matches!(error, GovernError::Deployment(_)), "{error}");
    let error = refused(deploy("shadow", "m@1", good).await);
    assert!(matches!(error, GovernError::Deployment(_)), "{error}");
    let error = refused(deploy("model", "m@2", good).await);
    assert!(matches!(error, GovernError::Unknown(_)), "{error}");
    deploy("model", "m@1", good).await.unwrap();
}

async fn a_value_that_is_no_number_and_a_count_of_nothing(home: Home) {
    let it = Governed::new(home).await;
    let kpi = |value: f64, count: u64| Kpi {
        name: None,
        metric: "auc".parse().unwrap(),
        value: Measure::Number(value),
        slices: [].into(),
        versions: [].into(),
        at: at("2025-05-01T00:00:00Z"),
        window: None,
        count: Some(count),
        decision: None,
    };
    for bad in [kpi(f64::NAN, 1), kpi(f64::INFINITY, 1), kpi(1.0, 0)] {
        let refused = it.trail.log_kpi(bad, None).await;
        assert!(
            matches!(refused, Err(TrailError::Invalid(_))),
            "{refused:?}"
        );
    }
}

async fn a_window_in_which_nothing_was_measured(home: Home) {
    let it = Governed::new(home).await;
    let asked = Asked::default();
    let error = report(&it.trail, &"auc".parse().unwrap(), &[], &asked).await;
    assert!(
        matches!(error, Err(QueryError::EmptyWindow { .. })),
        "{error:?}"
    );
}

async fn a_freeze_that_is_lifted_in_another_role_or_twice(home: Home) {
    let it = Governed::new(home).await;
    let freeze = Freeze {
        reason: "the gap grew".to_owned(),
        rule: None,
        lifted_by: Some("Ethics".parse().unwrap()),
        refs: Vec::new(),
    };
    let id = it.trail.freeze(freeze, None).await.unwrap().id;
    let lift = |role: &str| it.trail.unfreeze(id, role.parse().unwrap(), None, None);
    let error = refused(lift("Sales").await);
    assert!(matches!(error, GovernError::WrongRole { .. }), "{error}");
    lift("Ethics").await.unwrap();
    assert_eq!(refused(lift("Ethics").await), GovernError::AlreadyLifted);
}

async fn a_retirement_of_another_record_ends_nothing(home: Home) {
    let it = Governed::new(home).await;
    it.model("1").await;
    it.model("2").await;
    let registry = it.trail.registry().await.unwrap();
    let other = registry.version(&version("model:m@2")).unwrap().record;
    let retirement = Retirement {
        artifact: version("model:m@1"),
        record: other,
        reason: "a mistake".to_owned(),
        at: at("2025-05-01T08:00:00Z"),
    };
    let mut draft = contextrail::record::Draft::new(it.trail.new_id(), retirement);
    draft.actor = Some(person("ben"));
    it.trail.record(draft).await.unwrap();
    assert_eq!(
        it.state("model:m@1", "2025-05-02T00:00:00Z").await,
        "superseded"
    );
}

on_both! {[
    the_same_version_with_other_content,
    a_digest_that_is_not_that_of_the_content,
    neither_content_nor_a_reference,
    content_that_is_not_that_of_its_kind,
    an_end_that_is_not_after_the_beginning,
    dates_that_overlap_those_of_another_version,
    links_that_lead_back,
    an_approval_by_the_author_and_a_second_one,
    a_version_that_nobody_registered,
    a_version_that_is_retired,
    a_version_without_the_signature_that_a_policy_asks_for,
    a_deployment_that_makes_no_sense,
    a_value_that_is_no_number_and_a_count_of_nothing,
    a_window_in_which_nothing_was_measured,
    a_freeze_that_is_lifted_in_another_role_or_twice,
    a_retirement_of_another_record_ends_nothing,
]}
