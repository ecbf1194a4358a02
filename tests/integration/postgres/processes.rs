//! Several trails on one log, as processes have them: keys, erasures, the one that signs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use contextrail::record::{
    Acknowledged, Actor, ActorKind, ActorMethod, Draft, EntityRef, RecordId,
};
use contextrail::store::StoreError;
use contextrail::trail::{Trail, TrailError, TrailOptions};
use serde_json::json;

use super::cluster::Cluster;
use crate::sample::{context, entity, id};

async fn made(state: &Path) -> String {
    let url = Cluster::shared().url(&Cluster::new_schema());
    TrailOptions::new()
        .state(state)
        .migrate(&url)
        .await
        .unwrap();
    url
}

async fn open(url: &str, state: &Path) -> Trail {
    TrailOptions::new().state(state).open(url).await.unwrap()
}

async fn about(trail: &Trail, number: u64, whom: &EntityRef) -> RecordId {
    let body = json!({"entities": [whom], "inputs": {"income": number}});
    trail
        .record(Draft::new(id(number), context(body)))
        .await
        .unwrap()
        .id
}

fn people() -> Vec<Actor> {
    let person = |name: &str| Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    };
    vec![person("grace"), person("joan")]
}

async fn is_whole(trail: &Trail) {
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert_eq!(verified.verification.findings, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn what_is_recorded_after_an_erasure_elsewhere_is_under_a_new_key() {
    let state = tempfile::tempdir().unwrap();
    let url = made(state.path()).await;
    let (one, two) = (
        open(&url, state.path()).await,
        open(&url, state.path()).await,
    );
    let whom = entity("applicant:user_7");
    about(&one, 1, &whom).await;
    about(&two, 2, &whom).await;
    one.erase(&whom, "asked for", people()).await.unwrap();
    // The other one still knows the key that is gone.
    let later = about(&two, 3, &whom).await;
    let stored = one.read(later).await.unwrap().unwrap();
    assert!(stored.withheld().is_empty(), "{:?}", stored.withheld());
    for number in [1, 2] {
        let gone = two.read(id(number)).await.unwrap().unwrap();
        assert!(!gone.withheld().is_empty(), "{number}");
    }
    is_whole(&one).await;
    for trail in [one, two] {
        trail.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn one_process_signs_and_another_takes_over() {
    let state = tempfile::tempdir().unwrap();
    let url = made(state.path()).await;
    let (one, two) = (
        open(&url, state.path()).await,
        open(&url, state.path()).await,
    );
    assert!(one.notary().signs().await && !two.notary().signs().await);
    let limit = Duration::from_secs(60);
    for (number, trail) in [(1, &two), (2, &one), (3, &two)] {
        let receipt = trail
            .record(Draft::new(id(number), context(json!({}))))
            .await
            .unwrap();
        let signed = trail
            .attested(&receipt, Acknowledged::Checkpointed, limit)
            .await
            .unwrap();
        assert_eq!(signed.acknowledged, Acknowledged::Checkpointed);
    }
    one.close().await;
    let receipt = two
        .record(Draft::new(id(4), context(json!({}))))
        .await
        .unwrap();
    two.attested(&receipt, Acknowledged::Checkpointed, limit)
        .await
        .unwrap();
    assert!(two.notary().signs().await);
    two.close().await;
    let heads = std::fs::read_to_string(state.path().join("trail.heads")).unwrap();
    assert!(heads.lines().count() >= 2, "{heads}");
    let again = open(&url, state.path()).await;
    assert_eq!(again.notary().frozen(), None);
    is_whole(&again).await;
    again.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn two_that_open_a_new_trail_at_once_have_the_same_keys() {
    let state = tempfile::tempdir().unwrap();
    let url = made(state.path()).await;
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (url, state) = (url.clone(), state.path().to_owned());
        opening.spawn(async move { open(&url, &state).await });
    }
    let trails = opening.join_all().await;
    let whom = entity("applicant:user_7");
    for (number, trail) in (1..).zip(&trails) {
        about(trail, number, &whom).await;
    }
    for trail in &trails {
        let history = trail.history(&whom).await.unwrap();
        assert_eq!(history.len(), 4);
        is_whole(trail).await;
    }
    for trail in trails {
        trail.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn keys_of_the_tenant_change_while_nobody_else_writes() {
    let state = tempfile::tempdir().unwrap();
    let url = made(state.path()).await;
    let (one, two) = (
        open(&url, state.path()).await,
        open(&url, state.path()).await,
    );
    about(&one, 1, &entity("applicant:user_7")).await;
    let refused = one.rotate_tenant_key(|_| {}).await.unwrap_err();
    let TrailError::Store(error) = &refused else {
        panic!("{refused}")
    };
    assert!(matches!(**error, StoreError::InUse { .. }), "{error}");
    two.close().await;
    one.rotate_tenant_key(|_| {}).await.unwrap();
    is_whole(&one).await;
    one.close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn without_a_folder_outside_of_the_database_nothing_is_written_or_signed() {
    let state = tempfile::tempdir().unwrap();
    let url = made(state.path()).await;
    let error = TrailOptions::new()
        .open(&url)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("signed heads") && error.contains("--state"),
        "{error}"
    );
    let missing = state.path().join("not mounted");
    let error = TrailOptions::new()
        .state(&missing)
        .open(&url)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not mounted"), "{error}");
    // Keys in another folder are not those of the trail.
    let trail = open(&url, state.path()).await;
    about(&trail, 1, &entity("applicant:user_7")).await;
    trail.close().await;
    let other = tempfile::tempdir().unwrap();
    let error = TrailOptions::new()
        .state(other.path())
        .open(&url)
        .await
        .unwrap_err();
    assert!(matches!(error, TrailError::Key(_)), "{error}");
}
