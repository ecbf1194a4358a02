//! Appending, reading, texts, status.

use std::sync::Arc;

use contextrail::log::{TiledTree, hash_leaf, root, verify_inclusion};
use contextrail::privacy::keys::{EntityKey, KeyId};
use contextrail::record::{Class, Draft, Kind, Tenant};
use contextrail::seal::{Entry, open};
use contextrail::store::{
    Find, IdPrefix, LogHead, Prepared, Rekey, Relocked, Segments, Store, VerifyPlan,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::sample::{
    assembled, context, decision, fresh_vault, id, prepared, prepared_with, sealed, tenant, time,
    trail_id, unlocked, vault,
};

pub(super) fn small(number: u64) -> Prepared {
    prepared(Draft::new(id(number), context(json!({}))))
}

fn with_text(number: u64, text: &str) -> Prepared {
    let (assembly, texts) = assembled(&[(text, Class::Confidential)]);
    let mut draft = Draft::new(id(number), context(json!({"assembly": assembly})));
    draft.texts = texts;
    prepared(draft)
}

fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

pub(super) async fn indexes_are_contiguous_under_40_appenders(store: Arc<dyn Store>) {
    let mut appenders = tokio::task::JoinSet::new();
    for appender in 0..40_u64 {
        let store = Arc::clone(&store);
        appenders.spawn(async move {
            let mut indexes = Vec::new();
            for number in 0..5 {
                let first = 1_000 * appender + 2 * number;
                let batch = [small(first), small(first + 1)];
                let placed = store.append(&tenant("t"), &batch, time(1)).await.unwrap();
                assert_eq!(placed[0].log_index + 1, placed[1].log_index);
                indexes.extend(placed.iter().map(|it| it.log_index));
            }
            indexes
        });
    }
    let mut indexes: Vec<u64> = appenders.join_all().await.concat();
    indexes.sort_unstable();
    assert_eq!(indexes, (0..400).collect::<Vec<u64>>());
}

pub(super) async fn a_batch_is_placed_in_its_order(store: Arc<dyn Store>) {
    let batch = [small(9), small(3), small(6)];
    let placed = store.append(&tenant("t"), &batch, time(1)).await.unwrap();
    let indexes: Vec<u64> = placed.iter().map(|it| it.log_index).collect();
    assert_eq!(indexes, [0, 1, 2]);
    assert!(placed.iter().all(|it| !it.existed));
    for (index, number) in [(0, 9), (1, 3), (2, 6)] {
        let prefix = IdPrefix::from(id(number));
        let located = store.locate(&tenant("t"), prefix, 2).await.unwrap();
        assert_eq!(located[0].log_index, index);
    }
}

pub(super) async fn an_id_that_is_there_gives_back_the_first_entry(store: Arc<dyn Store>) {
    let t = tenant("t");
    let first = store.append(&t, &[small(1)], time(1)).await.unwrap()[0];
    let batch = [small(2), small(1), small(3)];
    let placed = store.append(&t, &batch, time(2)).await.unwrap();
    let indexes: Vec<u64> = placed.iter().map(|it| it.log_index).collect();
    assert_eq!(indexes, [1, 0, 2]);
    assert!(placed[1].existed && placed[1].entry_hash == first.entry_hash);
    let again = store.append(&t, &[small(1)], time(3)).await.unwrap();
    assert_eq!((again[0].log_index, again[0].existed), (0, true));
    assert_eq!(store.status(&t).await.unwrap().size, 3);
}

pub(super) async fn an_id_twice_in_one_batch_is_stored_once(store: Arc<dyn Store>) {
    let t = tenant("t");
    let batch = [small(1), small(1), small(2)];
    let placed = store.append(&t, &batch, time(1)).await.unwrap();
    assert_eq!(placed[0].entry_hash, placed[1].entry_hash);
    assert_eq!((placed[0].existed, placed[1].existed), (false, true));
    assert_eq!(placed[2].log_index, 1);
    assert_eq!(store.status(&t).await.unwrap().size, 2);
}

pub(super) async fn an_empty_batch_changes_nothing(store: Arc<dyn Store>) {
    let t = tenant("t");
    assert!(store.append(&t, &[], time(1)).await.unwrap().is_empty());
    assert_eq!(store.status(&t).await.unwrap().size, 0);
}

pub(super) async fn records_are_read_back_in_the_order_asked_for(store: Arc<dyn Store>) {
    let t = tenant("t");
    let batch: Vec<Prepared> = (0..300).map(small).collect();
    store.append(&t, &batch, time(1)).await.unwrap();
    let asked: Vec<u64> = (0..300).rev().chain([7]).collect();
    let read = store.read(&t, &asked).await.unwrap();
    let indexes: Vec<u64> = read.iter().map(|it| it.log_index).collect();
    assert_eq!(indexes, asked);
    for stored in read {
        let opened = open(&unlocked(&*store, &stored).await).unwrap();
        assert_eq!(opened.record.head.id, id(stored.log_index));
    }
}

pub(super) async fn an_index_without_a_record_is_left_out(store: Arc<dyn Store>) {
    let t = tenant("t");
    store
        .append(&t, &[small(1), small(2)], time(1))
        .await
        .unwrap();
    let read = store.read(&t, &[5, 1, u64::MAX, 0]).await.unwrap();
    let indexes: Vec<u64> = read.iter().map(|it| it.log_index).collect();
    assert_eq!(indexes, [1, 0]);
    assert!(store.read(&t, &[]).await.unwrap().is_empty());
}

pub(super) async fn entries_hold_the_time_of_the_append_and_the_references(store: Arc<dyn Store>) {
    let t = tenant("t");
    let first = store.append(&t, &[small(1)], time(1)).await.unwrap()[0];
    let draft = Draft::new(id(2), decision(json!({})));
    let referring = prepared_with(draft, vec![first.entry_hash]);
    let placed = store
        .append(&t, std::slice::from_ref(&referring), time(77))
        .await
        .unwrap()[0];
    let stored = store.read(&t, &[1]).await.unwrap().remove(0);
    assert_eq!(hash_leaf(&stored.entry), placed.entry_hash);
    let entry: Entry = serde_json::from_slice(&stored.entry).unwrap();
    assert_eq!(
        (entry.at, entry.id, entry.kind),
        (time(77), id(2), Kind::Decision)
    );
    assert_eq!(entry.root_hash(), Some(referring.root));
    assert_eq!((entry.n, entry.refs.len()), (referring.fields, 1));
}

pub(super) async fn texts_come_back_by_digest(store: Arc<dyn Store>) {
    let t = tenant("t");
    let long = "§ policy\0 ".repeat(9_000);
    let batch = [
        with_text(1, "short"),
        with_text(2, &long),
        with_text(3, "short"),
    ];
    store.append(&t, &batch, time(1)).await.unwrap();
    let digests = [
        sha256(&long),
        sha256("unknown"),
        sha256("short"),
        sha256(&long),
    ];
    let texts = store.texts(&t, &digests).await.unwrap();
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    assert_eq!(texts, [Some(&*long), None, Some("short"), Some(&*long)]);
    assert!(store.texts(&t, &[]).await.unwrap().is_empty());
}

pub(super) async fn a_text_of_a_record_that_was_there_is_not_taken_for_stored(
    store: Arc<dyn Store>,
) {
    let t = tenant("t");
    store.append(&t, &[small(1)], time(1)).await.unwrap();
    store
        .append(&t, &[with_text(1, "late")], time(2))
        .await
        .unwrap();
    store
        .append(&t, &[with_text(2, "late")], time(3))
        .await
        .unwrap();
    let texts = store.texts(&t, &[sha256("late")]).await.unwrap();
    assert_eq!(texts[0].as_deref(), Some("late"));
}

pub(super) async fn tenants_never_see_each_other(store: Arc<dyn Store>) {
    let (a, b) = (tenant("a"), tenant("b"));
    store
        .append(&a, &[with_text(1, "of a"), small(2)], time(1))
        .await
        .unwrap();
    let placed = store.append(&b, &[small(1)], time(1)).await.unwrap();
    assert_eq!((placed[0].log_index, placed[0].existed), (0, false));
    let everything = Find::default();
    assert_eq!(store.find(&a, &everything, 9).await.unwrap(), [1, 0]);
    assert_eq!(store.find(&b, &everything, 9).await.unwrap(), [0]);
    assert!(store.locate(&b, id(2).into(), 9).await.unwrap().is_empty());
    assert!(store.read(&b, &[1]).await.unwrap().is_empty());
    assert_eq!(store.texts(&b, &[sha256("of a")]).await.unwrap(), [None]);
    assert_eq!(store.status(&b).await.unwrap().size, 1);
}

pub(super) async fn two_tenants_may_store_one_text(store: Arc<dyn Store>) {
    for name in ["a", "b"] {
        let (assembly, texts) = assembled(&[("shared", Class::Confidential)]);
        let mut draft = Draft::new(id(1), context(json!({"assembly": assembly})));
        draft.texts = texts;
        // The keys of one tenant are not those of another.
        let prepared = Prepared::new(&sealed(draft), Vec::new(), &fresh_vault()).unwrap();
        let placed = store.append(&tenant(name), &[prepared], time(1)).await;
        assert!(!placed.unwrap()[0].existed);
        let texts = store
            .texts(&tenant(name), &[sha256("shared")])
            .await
            .unwrap();
        assert_eq!(texts[0].as_deref(), Some("shared"), "tenant {name}");
    }
}

pub(super) async fn status_counts_what_is_there(store: Arc<dyn Store>) {
    let t = tenant("t");
    let a_decision = prepared(Draft::new(id(3), decision(json!({}))));
    store
        .append(&t, &[small(1), small(2), a_decision], time(1))
        .await
        .unwrap();
    let status = store.status(&t).await.unwrap();
    assert_eq!((status.trail, status.size), (trail_id(), 3));
    let count = |kind| status.counts.iter().find(|it| it.0 == kind).unwrap().1;
    assert_eq!(
        (
            count(Kind::Context),
            count(Kind::Decision),
            count(Kind::Review)
        ),
        (2, 1, 0)
    );
    assert_eq!(status.counts.len(), Kind::ALL.len());
    assert!(status.problems.is_empty(), "{:?}", status.problems);
    assert!(!status.engine.is_empty() && status.schema >= 1);
}

pub(super) async fn an_empty_store_answers_everything_with_nothing(store: Arc<dyn Store>) {
    let t = tenant("t");
    assert!(
        store
            .find(&t, &Find::default(), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(store.locate(&t, id(1).into(), 9).await.unwrap().is_empty());
    assert!(store.read(&t, &[0]).await.unwrap().is_empty());
    assert_eq!(
        store.texts(&t, &[[0; 32], [1; 32]]).await.unwrap(),
        [None, None]
    );
    let status = store.status(&t).await.unwrap();
    assert_eq!(status.size, 0);
    assert!(status.counts.iter().all(|(_, count)| *count == 0));
    store.settle(true).await.unwrap();
    store.settle(false).await.unwrap();
}

/// What a store in memory holds is not lost by closing it, so it may go on.
pub(super) async fn a_closed_store_takes_nothing_it_would_lose(store: Arc<dyn Store>) {
    let t = tenant("t");
    store.append(&t, &[small(1)], time(1)).await.unwrap();
    store.close().await;
    if store.append(&t, &[small(2)], time(2)).await.is_ok() {
        assert_eq!(store.find(&t, &Find::default(), 9).await.unwrap(), [1, 0]);
    }
    store.close().await;
}

/// The head and tiles are those of a tree made by hand.
pub(super) async fn the_tree_is_that_of_the_entries(store: Arc<dyn Store>) {
    let tenant = Tenant::default();
    let mut leaves = Vec::new();
    assert_eq!(store.head(&tenant).await.unwrap(), LogHead::empty());
    for batch in [1..2, 2..260, 260..600] {
        let records: Vec<_> = batch
            .map(|number| prepared(Draft::new(id(number), context(json!({})))))
            .collect();
        let placed = store.append(&tenant, &records, time(1)).await.unwrap();
        leaves.extend(placed.iter().map(|placed| placed.entry_hash));
        let head = store.head(&tenant).await.unwrap();
        assert_eq!(
            (head.size, head.root),
            (u64::try_from(leaves.len()).unwrap(), root(&leaves))
        );
        let tree = TiledTree::new(head.size);
        let tiles = store.tiles(&tenant, &tree.root_tiles()).await.unwrap();
        assert_eq!(tree.root(&tiles).unwrap(), head.root);
    }
    let path = TiledTree::new(599);
    let tiles = store
        .tiles(&tenant, &path.inclusion_tiles(300).unwrap())
        .await
        .unwrap();
    let proof = path.inclusion_path(300, &tiles).unwrap();
    verify_inclusion(300, 599, &leaves[300], &proof, &root(&leaves)).unwrap();
}

/// An untouched store verifies, knows its heads, and says when a known head is not its own.
pub(super) async fn what_was_appended_verifies(store: Arc<dyn Store>) {
    let tenant = Tenant::default();
    let records: Vec<_> = (1..40)
        .map(|number| prepared(Draft::new(id(number), context(json!({})))))
        .collect();
    store.append(&tenant, &records, time(1)).await.unwrap();
    let head = store.head(&tenant).await.unwrap();
    let plan = |heads: Vec<LogHead>| VerifyPlan {
        known: std::iter::once((Tenant::default(), heads)).collect(),
        ..VerifyPlan::with(vault())
    };
    let found = store.verify(&plan(vec![head])).await.unwrap();
    assert_eq!(found.findings, []);
    assert_eq!((found.entries, found.records, found.heads), (39, 39, 1));
    let other = LogHead {
        size: 20,
        root: [7; 32],
    };
    let beyond = LogHead {
        size: 50,
        root: [7; 32],
    };
    let found = store
        .verify(&plan(vec![head, other, beyond]))
        .await
        .unwrap();
    assert_eq!(found.findings.len(), 2, "{:?}", found.findings);
}

/// Projections made anew are the same.
pub(super) async fn a_rebuilt_store_verifies(store: Arc<dyn Store>) {
    let tenant = Tenant::default();
    let records: Vec<_> = (1..300)
        .map(|number| prepared(Draft::new(id(number), context(json!({})))))
        .collect();
    store.append(&tenant, &records, time(1)).await.unwrap();
    assert_eq!(
        store
            .rebuild(&tenant, &vault(), &Segments::new(None))
            .await
            .unwrap(),
        299
    );
    assert_eq!(
        store
            .verify(&VerifyPlan::with(vault()))
            .await
            .unwrap()
            .findings,
        []
    );
    assert_eq!(store.trail().await.unwrap(), trail_id());
}

/// The keys of a store with two records about somebody.
pub(super) async fn with_keys(store: &dyn Store) -> (Vec<Prepared>, Vec<EntityKey>) {
    let about = |number: u64| {
        let whom = json!([{"type": "person", "id": number.to_string()}]);
        prepared(Draft::new(id(number), context(json!({"entities": whom}))))
    };
    let batch = vec![about(1), about(2)];
    store.append(&tenant("t"), &batch, time(1)).await.unwrap();
    let keys = store.entity_keys_after(&tenant("t"), None, 100).await;
    (batch, keys.unwrap())
}

pub(super) async fn keys_are_paged_and_counted(store: Arc<dyn Store>) {
    let t = tenant("t");
    assert!(store.keys_by_epoch(&t).await.unwrap().is_empty());
    assert!(
        store
            .entity_keys_after(&t, None, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let (_, keys) = with_keys(&*store).await;
    assert!(keys.len() >= 2 && keys.is_sorted_by_key(|key| key.id));
    let mut paged = Vec::new();
    loop {
        let after = paged.last().map(|key: &EntityKey| key.id);
        let page = store.entity_keys_after(&t, after, 1).await.unwrap();
        let Some(key) = page.into_iter().next() else {
            break;
        };
        paged.push(key);
    }
    assert_eq!(paged, keys);
    let count = u64::try_from(keys.len()).unwrap();
    assert_eq!(store.keys_by_epoch(&t).await.unwrap(), [(1, count)].into());
    assert!(store.keys_by_epoch(&tenant("u")).await.unwrap().is_empty());
}

pub(super) async fn a_change_of_keys_is_made_as_a_whole(store: Arc<dyn Store>) {
    let t = tenant("t");
    let (_, keys) = with_keys(&*store).await;
    let before = store.read(&t, &[0]).await.unwrap();
    let slot = before[0].slots.last().unwrap().slot;
    let mut rewrapped = keys[0].clone();
    rewrapped.epoch = 2;
    let mut added = keys[0].clone();
    added.id.number ^= 1;
    let missing = EntityKey {
        epoch: 9,
        id: KeyId {
            number: keys[0].id.number ^ 2,
            ..keys[0].id
        },
        ..keys[0].clone()
    };
    let relocked = |log_index, bytes: &[u8]| Relocked {
        log_index,
        slot,
        bytes: bytes.to_vec(),
    };
    let mut change = Rekey {
        added: vec![added.clone(), keys[0].clone()],
        rewrapped: vec![rewrapped.clone(), missing],
        relocked: vec![relocked(0, b"anew"), relocked(77, b"nowhere")],
        removed: vec![keys[1].id],
        size: Some(1),
    };
    assert!(!store.rekey(&t, &change).await.unwrap());
    assert_eq!(store.entity_keys_after(&t, None, 100).await.unwrap(), keys);
    assert_eq!(store.read(&t, &[0]).await.unwrap(), before);

    change.size = Some(2);
    assert!(store.rekey(&t, &change).await.unwrap());
    let mut expected = vec![rewrapped, added];
    expected.extend_from_slice(&keys[2..]);
    expected.sort_by_key(|key| key.id);
    assert_eq!(
        store.entity_keys_after(&t, None, 100).await.unwrap(),
        expected
    );
    let after = store.read(&t, &[0]).await.unwrap();
    assert_eq!(after[0].slots.last().unwrap().bytes, b"anew");
    assert_eq!(after[0].slots[..1], before[0].slots[..1]);
    assert_eq!(store.head(&t).await.unwrap().size, 2);
    assert!(!store.rekey(&tenant("u"), &change).await.unwrap());
}
