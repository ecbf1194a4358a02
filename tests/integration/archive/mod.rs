//! The archive: values that have moved are found, read, proven, erased and encrypted anew as before.

mod away;
mod damage;
mod erasing;
mod moving;
mod segment;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use contextrail::record::{
    Actor, ActorKind, ActorMethod, Class, Draft, Generation, Outcome, Record, RecordId,
    RetentionPolicy,
};
use contextrail::store::{Access, PostgresPlace, PostgresStore, SqliteStore, Store, StoredRecord};
use contextrail::trail::{Search, Trail, Verified};
use serde_json::{Value, json};

use crate::home::Home;
use crate::sample::{assembled, context, decision, entity, id, time, trail_id};

/// A folder with a trail, and one with its archive.
struct Place(Home);

impl Place {
    /// With everything due at once, by the policy that is in force.
    fn new() -> Self {
        Home::on_file().into()
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut path = self.0.base().into_os_string();
        path.push(end);
        path.into()
    }

    fn archive(&self) -> PathBuf {
        self.0.folder().join("archive")
    }

    async fn open(&self) -> Trail {
        self.0.options().open(&self.0.url()).await.unwrap()
    }

    async fn read(&self) -> Trail {
        let options = self.0.options();
        options.open_for_reading(&self.0.url()).await.unwrap()
    }

    /// The segments, by their names.
    fn segments(&self) -> BTreeMap<String, Vec<u8>> {
        let Ok(folder) = fs::read_dir(self.archive().join("default")) else {
            return BTreeMap::new();
        };
        let files = folder.map(|file| file.unwrap().path());
        files
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read(&path).unwrap())
            })
            .collect()
    }

    fn segment(&self) -> PathBuf {
        let segments = self.segments();
        assert_eq!(segments.len(), 1);
        let name = segments.keys().next().unwrap();
        self.archive().join("default").join(name)
    }

    /// The rows as they lie in the database.
    async fn rows(&self) -> Vec<StoredRecord> {
        let store: Arc<dyn Store> = match self.0.url() {
            url if PostgresPlace::is_meant_by(&url) => {
                let place = PostgresPlace::parse(&url).unwrap();
                Arc::new(PostgresStore::open(&place, Access::Read).await.unwrap())
            }
            _ => {
                let path = self.0.base();
                let store = SqliteStore::open(&path, Access::Read, trail_id());
                Arc::new(store.await.unwrap())
            }
        };
        let tenant = Default::default();
        let size = store.head(&tenant).await.unwrap().size;
        let indexes: Vec<u64> = (0..size).collect();
        let records = store.read(&tenant, &indexes).await.unwrap();
        store.close().await;
        records
    }
}

impl From<Home> for Place {
    fn from(home: Home) -> Self {
        let place = Self(home);
        fs::create_dir(place.archive()).unwrap();
        fs::write(place.beside(".archive"), "# ours\nfolder archive\n").unwrap();
        place
    }
}

/// A policy by which everything moves at once, and nothing is kept from being erased.
fn all_hot() -> RetentionPolicy {
    serde_json::from_value(json!({
        "name": "hot", "version": "1", "default_class": "all",
        "classes": {"all": {"floor_days": 0, "hot_days": 0, "action": "keep"},
                    "cold": {"floor_days": 0, "action": "keep"}},
    }))
    .unwrap()
}

fn approvers() -> Vec<Actor> {
    let approver = |name: &str| Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    };
    vec![approver("anna"), approver("ben")]
}

fn word(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("canary-{number:04}-{mixed:016x}")
}

fn whom(number: u64) -> contextrail::record::EntityRef {
    entity(&format!("applicant:user-{}", word(number)))
}

/// A context about the person `number`, with a personal and a shared text.
fn about(number: u64) -> Draft {
    let text = format!("{} asks for a loan", word(number));
    let (assembly, texts) = assembled(&[
        ("the rules of the house", Class::Confidential),
        (&text, Class::Personal),
    ]);
    let whom = whom(number);
    let body = context(json!({
        "entities": [whom],
        "inputs": {"name": word(number)},
        "features": [{"name": "income", "entity": whom.to_string(), "value": word(number),
                      "source": "compute", "status": "ok", "fetched_at": time(0)}],
        "assembly": assembly,
    }));
    let mut draft = Draft::new(id(number), body);
    draft.texts = texts;
    draft
}

fn decided(number: u64) -> Draft {
    let body = decision(json!({
        "contexts": [id(number)],
        "subject": {"type": "loan", "id": word(number)},
        "outcome": word(number),
        "decided_at": time(i64::try_from(number).unwrap()),
    }));
    Draft::new(id(100_000 + number), body)
}

fn answered(number: u64) -> Draft {
    let body: Generation = serde_json::from_value(json!({
        "context": id(number), "model": {"name": "gpt-4o"}, "text": word(number),
    }))
    .unwrap();
    Draft::new(id(200_000 + number), body)
}

fn repaid(number: u64) -> Draft {
    let body: Outcome = serde_json::from_value(json!({
        "decision": id(100_000 + number), "kind": "repaid", "value": word(number), "at": time(0),
    }))
    .unwrap();
    Draft::new(id(300_000 + number), body)
}

/// Records four records about each of these people, and the policy.
async fn fill(trail: &Trail, numbers: std::ops::Range<u64>) {
    trail.put_retention_policy(all_hot()).await.unwrap();
    for number in numbers {
        for draft in [
            about(number),
            answered(number),
            decided(number),
            repaid(number),
        ] {
            trail.record(draft).await.unwrap();
        }
    }
}

/// Moves what is due now.
async fn apply(trail: &Trail) -> Vec<Record> {
    let now = contextrail::capture::Sink::clock(trail).now();
    trail.archive_due(now, |_| {}).await.unwrap()
}

async fn verified(trail: &Trail) -> Verified {
    trail.verify(0, Arc::new(|_| {})).await.unwrap()
}

async fn is_whole(trail: &Trail) -> Verified {
    let verified = verified(trail).await;
    assert_eq!(verified.verification.findings, []);
    assert!(!verified.warnings.iter().any(|it| it.contains("archive")));
    let archive = trail.verify_archive(None, |_| {}).await.unwrap();
    assert!(archive.ok && archive.warnings.is_empty(), "{archive:?}");
    verified
}

/// Everything that the records about anything say, by their ids, as exported.
async fn contents(trail: &Trail) -> BTreeMap<RecordId, Value> {
    let pages = trail.search(Search::default()).await.unwrap();
    let mut contents = BTreeMap::new();
    for stored in pages.all().await.unwrap() {
        if ["archive", "erasure", "key"].contains(&stored.record().kind().as_str()) {
            continue;
        }
        let exported = trail.export(&stored, true).await.unwrap();
        contents.insert(stored.id(), serde_json::to_value(&exported).unwrap());
    }
    contents
}
