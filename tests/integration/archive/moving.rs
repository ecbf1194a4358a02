//! What moves is found, read and proven as before.

use std::sync::Arc;

use contextrail::log::Quorum;
use contextrail::record::{Body, Kind};
use contextrail::seal::entry_hash;
use contextrail::store::{ObjectArchive, SegmentId};
use contextrail::trail::{PlanState, Search, Trail, TrailError, TrailOptions};
use serde_json::json;

use super::{Place, about, all_hot, apply, contents, fill, is_whole, repaid, whom, word};
use crate::home::on_both;
use crate::sample::{context, id, time};

/// Four records for each of so many people: enough for several blocks.
const PEOPLE: u64 = 40;

async fn what_moved_is_found_read_and_proven_as_before(place: Place) {
    let trail = place.open().await;
    fill(&trail, 1..PEOPLE + 1).await;
    let before = contents(&trail).await;
    let stored = trail.read(id(7)).await.unwrap().unwrap();
    assert!(!stored.is_archived());
    let disclosed = trail.disclose(&stored).await.unwrap();
    let proof = trail.prove(&stored).await.unwrap();

    let moved = apply(&trail).await;
    let [record] = moved.as_slice() else {
        panic!("{moved:?}");
    };
    let Body::Archive(archival) = &record.body else {
        panic!("{record:?}");
    };
    assert_eq!(archival.records, 4 * PEOPLE);
    assert_eq!((archival.first, archival.last), (1, 4 * PEOPLE));
    assert!(archival.bytes < archival.replaced, "{archival:?}");
    let segments = place.segments();
    let (name, bytes) = segments.first_key_value().unwrap();
    let id_of = SegmentId::of(archival.segment).unwrap();
    assert_eq!(*name, format!("{id_of}.segment"));
    assert_eq!(u64::try_from(bytes.len()).unwrap(), archival.bytes);
    assert!(!bytes.windows(11).any(|it| it == b"canary-0007"));

    for trail in [trail.clone(), place.read().await] {
        assert_eq!(contents(&trail).await, before);
        let after = trail.read(id(7)).await.unwrap().unwrap();
        assert!(after.is_archived());
        assert_eq!(after.entry(), stored.entry());
        assert_eq!(trail.disclose(&after).await.unwrap(), disclosed);
        let keys = trail.notary().verifier_keys().await.unwrap();
        let hash = entry_hash(after.entry());
        assert!(proof.verify(&hash, &keys, &Quorum::default()).is_ok());
        let again = trail.prove(&after).await.unwrap();
        assert!(again.verify(&hash, &keys, &Quorum::default()).is_ok());
        assert_eq!(trail.history(&whom(7)).await.unwrap().len(), 4);
        let text = trail.text(&after).await.unwrap().unwrap();
        assert!(text.contains(&word(7)));
        let found = trail
            .search(Search {
                kind: Some(Kind::Decision),
                since: Some(time(7)),
                until: Some(time(9)),
                ..Search::default()
            })
            .await
            .unwrap();
        assert_eq!(found.all().await.unwrap().len(), 2);
    }
    let verified = is_whole(&trail).await;
    assert_eq!(verified.verification.archived, 4 * PEOPLE);
    assert_eq!(verified.verification.segments, 1);
    // Projections are made anew from what is in the archive.
    trail.rebuild().await.unwrap();
    is_whole(&trail).await;
    assert_eq!(trail.history(&whom(7)).await.unwrap().len(), 4);
    let status = trail.archive_status().await.unwrap();
    assert_eq!(status.segments[0].archival, **archival);
    trail.close().await;
    // What lies in the database of a record that moved are stubs.
    let rows = place.rows().await;
    for row in &rows[1..=usize::try_from(4 * PEOPLE).unwrap()] {
        assert!(
            row.slots.iter().all(|slot| slot.bytes.len() <= 121),
            "{row:?}"
        );
        assert!(row.is_archived_whole());
    }
}

async fn a_second_run_moves_what_came_since_and_nothing_else(place: Place) {
    let trail = place.open().await;
    fill(&trail, 1..4).await;
    assert_eq!(apply(&trail).await.len(), 1);
    assert_eq!(apply(&trail).await, []);
    let mut late = repaid(2);
    late.id = id(400_000);
    trail.record(late).await.unwrap();
    let now = contextrail::capture::Sink::clock(&trail).now();
    let plan = trail.archive_plan(now).await.unwrap();
    assert_eq!(plan.records.len(), 1);
    assert_eq!(plan.records[0].id, id(400_000));
    assert_eq!(plan.records[0].class.as_str(), "all");
    let before = contents(&trail).await;
    assert_eq!(apply(&trail).await.len(), 1);
    assert_eq!(place.segments().len(), 2);
    assert_eq!(contents(&trail).await, before);
    is_whole(&trail).await;
    trail.close().await;
}

async fn only_what_the_policy_says_moves_and_a_hold_does_not_keep_it(place: Place) {
    let trail = place.open().await;
    let kept = |number, class| {
        let body = context(json!({"retention": {"class": class}, "inputs": {"n": number}}));
        contextrail::record::Draft::new(id(number), body)
    };
    // By the policy built in nothing so young is due, and what has no class never is.
    trail.record(kept(1, "high_risk")).await.unwrap();
    trail.record(about(2)).await.unwrap();
    assert_eq!(apply(&trail).await, []);
    trail.put_retention_policy(all_hot()).await.unwrap();
    trail.record(kept(3, "cold")).await.unwrap();
    let hold = json!({
        "matter": "LIT-7", "target": {"entity": whom(2)},
        "placed_by": {"id": "carl", "kind": "human", "method": "asserted"},
    });
    trail
        .place_hold(serde_json::from_value(hold).unwrap())
        .await
        .unwrap();
    let now = contextrail::capture::Sink::clock(&trail).now();
    let plan = trail.archive_plan(now).await.unwrap();
    let ids: Vec<_> = plan.records.iter().map(|it| it.id).collect();
    assert_eq!(ids, [id(2)]);
    assert_eq!(apply(&trail).await.len(), 1);
    let plan = trail.retention_plan(now, &all_hot()).await.unwrap();
    let line = plan.lines.iter().find(|it| it.id == id(2)).unwrap();
    assert_eq!(
        (line.state, line.is_archived),
        (PlanState::Restricted, true)
    );
    assert!(
        trail
            .erase(&whom(2), "on request", super::approvers())
            .await
            .is_err()
    );
    is_whole(&trail).await;
    trail.close().await;
}

async fn the_action_archive_is_due_until_it_is_done(place: Place) {
    let trail = place.open().await;
    let policy = json!({"name": "p", "version": "1", "default_class": "a",
        "classes": {"a": {"floor_days": 1, "ceiling_days": 3, "action": "archive"}}});
    let policy = serde_json::from_value(policy).unwrap();
    trail.put_retention_policy(policy).await.unwrap();
    trail.record(about(1)).await.unwrap();
    let state = async |trail: &Trail, days| {
        let policy = trail.retention_policy().await.unwrap();
        let plan = trail
            .retention_plan(time(0).plus_days(days), &policy)
            .await
            .unwrap();
        plan.lines[0].state
    };
    assert_eq!(state(&trail, 2).await, PlanState::Kept);
    assert_eq!(state(&trail, 3).await, PlanState::Due);
    let at = |days| trail.archive_due(time(0).plus_days(days), |_| {});
    assert_eq!(at(2).await.unwrap(), []);
    // Due this very moment is due.
    assert_eq!(at(3).await.unwrap().len(), 1);
    assert_eq!(state(&trail, 3).await, PlanState::Archived);
    trail.close().await;
}

#[tokio::test]
async fn a_store_in_memory_has_an_archive_as_well() {
    let objects = Arc::new(object_store::memory::InMemory::new());
    let archive = Arc::new(ObjectArchive::new(objects, "trails/of ours", "memory"));
    let options = TrailOptions::new().archive(archive);
    let trail = options.open_in_memory().await.unwrap();
    fill(&trail, 1..30).await;
    let before = contents(&trail).await;
    let moved = apply(&trail).await;
    let Body::Archive(archival) = &moved[0].body else {
        panic!("{moved:?}");
    };
    assert_eq!(archival.place.as_deref(), Some("memory"));
    assert_eq!(contents(&trail).await, before);
    assert!(trail.read(id(3)).await.unwrap().unwrap().is_archived());
    is_whole(&trail).await;
    trail.rotate_entity_key(&whom(3), |_| {}).await.unwrap();
    trail
        .erase(&whom(4), "on request", super::approvers())
        .await
        .unwrap();
    let verified = is_whole(&trail).await;
    assert_eq!(verified.verification.erased_slots, 4);
    trail.close().await;
}

#[tokio::test]
async fn without_an_archive_nothing_moves() {
    let trail = TrailOptions::new().open_in_memory().await.unwrap();
    fill(&trail, 1..2).await;
    let now = contextrail::capture::Sink::clock(&trail).now();
    let refused = trail.archive_due(now, |_| {}).await;
    assert!(matches!(refused, Err(TrailError::NoArchive)), "{refused:?}");
    trail.close().await;
}

on_both! {[
    what_moved_is_found_read_and_proven_as_before,
    a_second_run_moves_what_came_since_and_nothing_else,
    only_what_the_policy_says_moves_and_a_hold_does_not_keep_it,
    the_action_archive_is_due_until_it_is_done,
]}
