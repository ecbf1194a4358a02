//! `Idempotency-Key`: the same request again gives the same answer, and records nothing twice.

use std::sync::Arc;

use axum::http::HeaderMap;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::call::Call;
use super::problem::Problem;
use crate::record::{Receipt, RecordId};

/// What was recorded under which key. It is in memory: a restart forgets it.
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
}

impl Repeats {
    pub(super) fn new() -> Self {
        Self(Cache::new(KEYS))
    }

    /// What the header `Idempotency-Key` says, if it is there.
    pub(super) fn of(&self, call: &Call) -> Result<Option<Repeat>, Problem> {
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
        let place = hash(&[whose.as_bytes(), route.as_bytes(), key]);
        let media = media(&call.headers);
        let made = || Ok::<_, Problem>(Arc::default());
        Ok(Some(Repeat {
            slot: self.0.get_or_insert_with(&place, made)?,
            request: hash(&[media, &call.body.bytes]),
        }))
    }
}

impl Repeat {
    /// Records by `act`, or gives what was recorded before. Of two requests at once the second waits.
    pub(super) async fn once(
        self,
        act: impl Future<Output = Result<Vec<Receipt>, Problem>>,
    ) -> Result<Vec<Receipt>, Problem> {
        let mut slot = self.slot.lock().await;
        match &*slot {
            Some(done) if done.request == self.request => Ok(done.receipts.clone()),
            Some(_) => Err(Problem::new(
                422,
                "idempotency_key_reused",
                "another request was sent with this idempotency key",
            )
            .member(IDEMPOTENCY_KEY)
            .hint("use a new key for a new request")),
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
