//! A trail in a folder of its own, and copies of it as a crash would leave them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contextrail::privacy::keys::EntityKey;
use contextrail::record::{Class, Draft, EntityRef, RecordId};
use contextrail::store::{Access, SqliteStore, Store, StoredRecord};
use contextrail::trail::{Search, Trail, TrailError, TrailOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample::{assembled, context, id, trail_id};

pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("trail.db")
    }

    pub(super) fn beside(&self, end: &str) -> PathBuf {
        self.0.path().join(format!("trail.db{end}"))
    }

    pub(super) fn url(&self) -> String {
        format!("sqlite://{}", self.path().display())
    }

    pub(super) async fn open(&self) -> Trail {
        self.try_open().await.unwrap()
    }

    pub(super) async fn try_open(&self) -> Result<Trail, TrailError> {
        TrailOptions::new().open(&self.url()).await
    }

    pub(super) async fn read(&self) -> Trail {
        let options = TrailOptions::new();
        options.open_for_reading(&self.url()).await.unwrap()
    }

    /// Every file as it is now: what a machine that loses power would find.
    pub(super) fn as_it_is(&self) -> Self {
        let copy = Self::new();
        for file in fs::read_dir(self.0.path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap();
            fs::copy(&path, copy.0.path().join(name)).unwrap();
        }
        copy
    }

    /// The rows as they lie in the database.
    pub(super) async fn rows(&self) -> (Vec<StoredRecord>, Vec<EntityKey>) {
        let path = self.path();
        let store = SqliteStore::open(&path, Access::Read, trail_id());
        let store = store.await.unwrap();
        let tenant = Default::default();
        let size = store.head(&tenant).await.unwrap().size;
        let indexes: Vec<u64> = (0..size).collect();
        let records = store.read(&tenant, &indexes).await.unwrap();
        let keys = store.entity_keys_after(&tenant, None, u32::MAX).await;
        store.close().await;
        (records, keys.unwrap())
    }
}

/// Records a context about `whom` with a personal text.
pub(super) async fn record(trail: &Trail, number: u64, whom: &[&str]) -> RecordId {
    let text = format!("the income of {number} is 4100");
    let (assembly, texts) = assembled(&[(&text, Class::Personal)]);
    let whom: Vec<EntityRef> = whom.iter().map(|it| it.parse().unwrap()).collect();
    let body = context(json!({"assembly": assembly, "entities": whom}));
    let mut draft = Draft::new(id(number), body);
    draft.texts = texts;
    trail.record(draft).await.unwrap().id
}

/// Everything that records about anything say, by their ids; records of keys aside.
pub(super) async fn contents(trail: &Trail) -> BTreeMap<RecordId, Value> {
    let pages = trail.search(Search::default()).await.unwrap();
    let mut contents = BTreeMap::new();
    for stored in pages.all().await.unwrap() {
        if stored.context().is_some() {
            assert!(stored.withheld().is_empty(), "{:?}", stored.withheld());
            let exported = trail.export(&stored, true).await.unwrap();
            contents.insert(stored.id(), serde_json::to_value(&exported).unwrap());
        }
    }
    contents
}

/// Hashes everything again, and opens every key and every slot.
pub(super) async fn is_whole(trail: &Trail) {
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert_eq!(verified.verification.findings, []);
    assert_eq!(verified.verification.locked, 0);
}

/// The kinds of key, what was done, and to which, as the log has it.
pub(super) async fn events(trail: &Trail) -> Vec<[String; 3]> {
    let events = trail.key_events().await.unwrap();
    let events = events.iter().map(|stored| {
        let event = serde_json::to_value(stored.record()).unwrap();
        ["level", "action", "key_id"].map(|name| event[name].as_str().unwrap().to_owned())
    });
    events.collect()
}

pub(super) fn bytes_of(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}
