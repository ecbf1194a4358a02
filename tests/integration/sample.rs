//! Small records made by hand, from the JSON that a reader of the format would write.

use std::path::Path;
use std::sync::Arc;

use contextrail::log::Hash;
use contextrail::privacy::keys::{KeyError, LocalKeys, Vault};
use contextrail::record::{
    Actor, ActorKind, ActorMethod, Class, Context, Decision, Draft, EntityRef, Head, ItemText,
    RecordId, Tenant, Texts, Timestamp, TrailId,
};
use contextrail::seal::{Entry, Sealed, SlotBytes, Source, seal};
use contextrail::store::{Prepared, Store, StoredRecord};
use contextrail::trail::KeyFiles;
use serde_json::{Value, json};

/// An id of version 7 made from a number; larger numbers give larger ids.
pub(crate) fn id(number: u64) -> RecordId {
    let mut bytes = [0_u8; 10];
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    let ms = 1_700_000_000_000 + number;
    RecordId::from_uuid(uuid::Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid())
}

pub(crate) fn trail_id() -> TrailId {
    TrailId::from_uuid(id(0).uuid())
}

/// The given number of seconds after a fixed start.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_763_000_000_000_000 + seconds * 1_000_000).unwrap()
}

pub(crate) fn tenant(name: &str) -> Tenant {
    name.parse().unwrap()
}

pub(crate) fn entity(text: &str) -> EntityRef {
    text.parse().unwrap()
}

pub(crate) fn service() -> Actor {
    Actor {
        id: "loan-api".parse().unwrap(),
        kind: ActorKind::Service,
        method: ActorMethod::Token,
    }
}

pub(crate) fn head(id: RecordId) -> Head {
    Head {
        id,
        tenant: Tenant::default(),
        recorded_at: time(0),
        actor: service(),
    }
}

/// A context without anything in it, with the members of `more` on top.
pub(crate) fn context(more: Value) -> Context {
    let mut base = json!({
        "name": "loan_decision",
        "status": "sealed",
        "created_at": time(0),
        "environment": "test",
        "recorder": {"name": "contextrail", "version": "0.1.0"},
        "freshness": {"status": "unknown", "violations": []},
        "capture": {"door": "native", "sections": {}, "warnings": []},
    });
    overlay(&mut base, more);
    serde_json::from_value(base).unwrap()
}

/// A decision with the members of `more` on top.
pub(crate) fn decision(more: Value) -> Decision {
    let mut base = json!({
        "subject": {"type": "loan_application", "id": "12345"},
        "contexts": [],
        "outcome": "approved",
        "decided_by": {"kind": "system", "id": "loan-api"},
        "decided_at": time(0),
    });
    overlay(&mut base, more);
    serde_json::from_value(base).unwrap()
}

fn overlay(base: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    let base = base.as_object_mut().unwrap();
    for (name, value) in more {
        base.insert(name, value);
    }
}

/// An assembly whose items are `texts`, all included, and the draft's texts for it.
pub(crate) fn assembled(texts: &[(&str, Class)]) -> (Value, Texts) {
    let items: Vec<Value> = (0..)
        .zip(texts)
        .map(|(index, _): (u64, _)| {
            json!({"index": index, "kind": "text", "priority": 0, "required": true,
                   "tokens": 1, "used_tokens": 1, "verdict": "included"})
        })
        .collect();
    let whole: Vec<&str> = texts.iter().map(|(text, _)| *text).collect();
    let whole = whole.join("\n\n");
    let value = json!({
        "tokenizer": {"name": "o200k_base", "engine": "tiktoken-rs 0.12.1"},
        "budget": {"limit": 100, "reserve_output": 0, "available": 100, "used": 10},
        "separator": "\n\n",
        "order": "added",
        "items": items,
        "text_bytes": whole.len(),
    });
    let texts = Texts {
        items: texts
            .iter()
            .map(|(text, class)| ItemText {
                text: Arc::from(*text),
                class: *class,
                owner: None,
                sha256: None,
            })
            .collect(),
        text: Some(whole.into()),
        ..Texts::default()
    };
    (value, texts)
}

pub(crate) fn sealed(draft: Draft) -> Sealed {
    seal(head(draft.id), draft, &Source::New).unwrap()
}

pub(crate) fn prepared(draft: Draft) -> Prepared {
    prepared_with(draft, Vec::new())
}

pub(crate) fn prepared_with(draft: Draft, refs: Vec<Hash>) -> Prepared {
    Prepared::new(&sealed(draft), refs, &vault()).unwrap()
}

thread_local! {
    static VAULT: Arc<Vault> = fresh_vault();
}

/// The keys of the test that asks, which runs on a thread of its own.
pub(crate) fn vault() -> Arc<Vault> {
    VAULT.with(Arc::clone)
}

/// Keys that nobody has used.
pub(crate) fn fresh_vault() -> Arc<Vault> {
    on_a_thread(async {
        Vault::open(
            None,
            Arc::new(LocalKeys::in_memory()),
            &tenant("t"),
            Some(time(0)),
        )
        .await
    })
}

/// The keys of the trail in the file `path`, made when they are not there.
pub(crate) fn vault_beside(path: &Path) -> Arc<Vault> {
    let files = KeyFiles::beside(path);
    on_a_thread(async move {
        let keys = Arc::new(LocalKeys::open(&files.key_encryption)?);
        Vault::open(
            Some(&files.keyring),
            keys,
            &Tenant::default(),
            Some(time(0)),
        )
        .await
    })
}

/// Runs what needs a runtime from within one that runs.
fn on_a_thread(
    opening: impl Future<Output = Result<Vault, KeyError>> + Send + 'static,
) -> Arc<Vault> {
    let made = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Arc::new(runtime.unwrap().block_on(opening).unwrap())
    });
    made.join().unwrap()
}

/// A stored record as it was sealed.
pub(crate) async fn unlocked(store: &dyn Store, stored: &StoredRecord) -> Vec<SlotBytes> {
    let entry: Entry = serde_json::from_slice(&stored.entry).unwrap();
    let entities: Vec<_> = stored.key_ids().map(|id| id.entity).collect();
    let rows = store.entity_keys(&tenant("t"), &entities).await;
    let keys = rows.unwrap().into_iter();
    let keys = keys
        .map(|row| (row.id, vault().unwrap(&row).unwrap()))
        .collect();
    let place = (entry.id, entry.schema.as_str());
    stored.unlocked(place, &vault(), &keys).unwrap().slots
}
