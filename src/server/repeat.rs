//! `Idempotency-Key`: the same request again gives the same answer, and records nothing twice.
//!
//! What is recorded under a key has an id that follows from the key, so the log itself knows what was
//! recorded: after a restart, and for another server on the same trail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderMap;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use uuid::{Builder, Uuid, Variant, Version};

use super::call::Call;
use super::problem::Problem;
use crate::record::{IdSource, Kind, Receipt, RecordId, Timestamp};
use crate::trail::Trail;

/// What was recorded lately under which key: which request it was, and who is at it right now.
pub(super) struct Repeats(Cache<[u8; 32], Arc<Mutex<Option<Done>>>>);

/// What was recorded under a key.
#[derive(Clone)]
pub(super) struct Done {
    request: [u8; 32],
    pub(super) receipts: Vec<Receipt>,
}

/// A request that may be sent again.
pub(super) struct Repeat {
    slot: Arc<Mutex<Option<Done>>>,
    request: [u8; 32],
    place: [u8; 32],
}

/// The ids of what one document of a request becomes.
#[derive(Debug)]
struct KeyedIds {
    document: [u8; 32],
    next: AtomicU64,
}

impl Repeats {
    pub(super) fn new() -> Self {
        Self(Cache::new(KEYS))
    }

    /// What the header `Idempotency-Key` says, if it is there.
    pub(super) fn of(&self, trail: &Trail, call: &Call) -> Result<Option<Repeat>, Problem> {
        let Some(key) = call.headers.get(IDEMPOTENCY_KEY) else {
            return Ok(None);
        };
        let key = key.as_bytes();
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(Problem::new(
                400,
                "bad_idempotency_key",
                "an idempotency key has 1 to 255 characters",
            )
            .member(IDEMPOTENCY_KEY));
        }
        let route = call.route.name();
        let whose = call.caller.token.map(RecordId::uuid).unwrap_or_default();
        let tenant = trail.tenant().as_str().as_bytes();
        let place = hash(&[tenant, whose.as_bytes(), route.as_bytes(), key]);
        let media = media(&call.headers);
        let made = || Ok::<_, Problem>(Arc::default());
        Ok(Some(Repeat {
            slot: self.0.get_or_insert_with(&place, made)?,
            request: hash(&[media, &call.body.bytes]),
            place,
        }))
    }
}

impl Repeat {
    /// `trail`, which gives what the document at this place of the request becomes the ids that it has
    /// whenever it is sent.
    pub(super) fn taking_ids(&self, trail: &Trail, at: usize) -> Trail {
        let ids = KeyedIds {
            document: self.document(at),
            next: AtomicU64::new(0),
        };
        trail.taking_ids(Arc::new(ids))
    }

    /// The record that the document at this place became already: the one with the id drawn `nth`.
    ///
    /// The log does not have the request, so that of the same caller and kind is taken for the same.
    pub(super) async fn earlier(
        &self,
        trail: &Trail,
        (at, nth): (usize, u64),
        kind: Kind,
    ) -> Result<Option<Receipt>, Problem> {
        let id = RecordId::from_uuid(keyed_id(&self.document(at), nth));
        let Some(stored) = trail.read(id).await? else {
            return Ok(None);
        };
        let (by, own) = (&stored.record().head.actor, trail.actor());
        if stored.record().kind() != kind || (&by.id, by.kind) != (&own.id, own.kind) {
            return Err(reused());
        }
        Ok(Some(stored.receipt()))
    }

    fn document(&self, at: usize) -> [u8; 32] {
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        hash(&[&self.place, &at.to_be_bytes()])
    }

    /// Records by `act`, or gives what was recorded before. Of two requests at once the second waits.
    pub(super) async fn once(
        &self,
        act: impl Future<Output = Result<Vec<Receipt>, Problem>>,
    ) -> Result<Vec<Receipt>, Problem> {
        let mut slot = self.slot.lock().await;
        match &*slot {
            Some(done) if done.request == self.request => Ok(done.receipts.clone()),
            Some(_) => Err(reused()),
            None => {
                let receipts = act.await?;
                *slot = Some(Done {
                    request: self.request,
                    receipts: receipts.clone(),
                });
                Ok(receipts)
            }
        }
    }
}

impl IdSource for KeyedIds {
    fn new_id(&self, _: Timestamp) -> Uuid {
        keyed_id(&self.document, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// An id in the form of all others. There is no time in it: the request may come again tomorrow.
fn keyed_id(document: &[u8; 32], nth: u64) -> Uuid {
    let digest = hash(&[document, &nth.to_be_bytes()]);
    let (bytes, _) = digest.as_chunks::<16>();
    Builder::from_bytes(bytes[0])
        .with_variant(Variant::RFC4122)
        .with_version(Version::SortRand)
        .into_uuid()
}

fn reused() -> Problem {
    Problem::new(
        422,
        "idempotency_key_reused",
        "another request was sent with this idempotency key",
    )
    .member(IDEMPOTENCY_KEY)
    .hint("use a new key for a new request")
}

fn media(headers: &HeaderMap) -> &[u8] {
    headers.get("content-type").map_or(b"", |it| it.as_bytes())
}

/// The SHA-256 of `parts`, each with its length before it.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LONGEST_KEY: usize = 255;
const KEYS: usize = 50_000;
