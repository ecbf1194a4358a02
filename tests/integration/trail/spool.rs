//! Evidence by best effort: the queue, the spool, and what a crash leaves of them.

use std::fs;
use std::io::Write;
use std::path::Path;

use contextrail::privacy::keys::Vault;
use contextrail::record::{Acknowledged, Draft};
use contextrail::store::{AppenderOptions, Prepared, Spool, Spooled};
use contextrail::trail::{Evidence, Search, Trail};
use serde_json::json;

use super::{deciding, options, url};
use crate::sample::{context, id, sealed, vault_beside};

async fn best_effort(path: &Path, queue_bytes: u32) -> Trail {
    let appender = AppenderOptions {
        queue_bytes,
        ..AppenderOptions::default()
    };
    let options = options().evidence(Evidence::BestEffort).appender(appender);
    options.open(&url(path)).await.unwrap()
}

fn spooled(draft: Draft, vault: &Vault) -> Spooled {
    let prepared = Prepared::new(&sealed(draft), Vec::new(), vault).unwrap();
    let keys = prepared.new_keys.iter();
    Spooled {
        keys: keys.map(|new| new.row.clone()).collect(),
        slots: prepared.slots,
        shared: prepared.shared,
    }
}

fn small(number: u64) -> Draft {
    Draft::new(id(number), context(json!({})))
}

/// The spool that a process left which died before it could append.
fn leave(path: &Path, drafts: impl IntoIterator<Item = Draft>) {
    let name = format!("{}.spool", path.display());
    let mut spool = Spool::open(Path::new(&name), 1 << 20).unwrap();
    let vault = vault_beside(path);
    for draft in drafts {
        spool.add(&spooled(draft, &vault)).unwrap();
    }
}

async fn numbers(trail: &Trail) -> Vec<contextrail::record::RecordId> {
    let mut found = trail
        .search(Search::default())
        .await
        .unwrap()
        .all()
        .await
        .unwrap();
    found.reverse();
    found.iter().map(contextrail::trail::Stored::id).collect()
}

#[tokio::test]
async fn a_queued_record_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let trail = best_effort(&path, 1 << 20).await;
    for number in 1..=20 {
        let receipt = trail.record(small(number)).await.unwrap();
        assert_eq!(receipt.acknowledged, Acknowledged::Queued);
        assert_eq!((receipt.log_index, receipt.entry_hash), (None, None));
    }
    trail.record(deciding(21, &[id(1)])).await.unwrap();
    trail.close().await;
    let trail = best_effort(&path, 1 << 20).await;
    assert_eq!(numbers(&trail).await, (1..=21).map(id).collect::<Vec<_>>());
    trail.close().await;
}

#[tokio::test]
async fn what_the_queue_has_no_room_for_is_spooled_and_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let trail = best_effort(&path, 600).await;
    for number in 1..=30 {
        trail.record(small(number)).await.unwrap();
    }
    trail.close().await;
    let trail = best_effort(&path, 600).await;
    let mut found = numbers(&trail).await;
    found.sort();
    assert_eq!(found, (1..=30).map(id).collect::<Vec<_>>());
    trail.close().await;
}

#[tokio::test]
async fn a_spool_is_replayed_at_the_next_open_in_its_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    leave(&path, [3, 1, 2, 1].map(small));
    for _ in 0..2 {
        let trail = options().open(&url(&path)).await.unwrap();
        assert_eq!(numbers(&trail).await, [3, 1, 2].map(id));
        trail.close().await;
    }
}

#[tokio::test]
async fn a_torn_end_of_the_spool_takes_nothing_else_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    leave(&path, [1, 2].map(small));
    let name = format!("{}.spool", path.display());
    let mut file = fs::OpenOptions::new().append(true).open(&name).unwrap();
    file.write_all(&[0, 0, 4, 0, 1, 2, 3]).unwrap();
    let trail = best_effort(&path, 1 << 20).await;
    assert_eq!(numbers(&trail).await, [1, 2].map(id));
    trail.close().await;
    assert_eq!(fs::metadata(&name).unwrap().len(), 0);
}

#[tokio::test]
async fn a_spooled_record_that_cannot_be_appended_does_not_lock_the_trail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let trail = options().open(&url(&path)).await.unwrap();
    trail.record(small(1)).await.unwrap();
    trail.close().await;
    drop(trail);
    let conflict = Draft::new(id(1), context(json!({"inputs": {"a": 1}})));
    leave(&path, [conflict, deciding(5, &[id(99)]), small(2)]);
    let trail = options().open(&url(&path)).await.unwrap();
    assert_eq!(numbers(&trail).await, [1, 2].map(id));
    trail.close().await;
    // What was refused is kept beside the trail, and never dropped in silence.
    let refused = format!("{}.spool.refused", path.display());
    let refused = Spool::open(Path::new(&refused), 1 << 20).unwrap();
    assert_eq!(refused.backlog().unwrap().records.len(), 2);
}

#[tokio::test]
async fn damage_within_the_spool_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    leave(&path, [1, 2, 3].map(small));
    let name = format!("{}.spool", path.display());
    let mut bytes = fs::read(&name).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&name, &bytes).unwrap();
    let trail = options().open(&url(&path)).await.unwrap();
    assert_eq!(numbers(&trail).await, [id(1)]);
    trail.close().await;
    let kept = fs::read(format!("{}.spool.damaged", path.display())).unwrap();
    assert!(bytes.ends_with(&kept) && kept.len() > bytes.len() / 2);
}
