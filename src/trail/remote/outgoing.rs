//! A draft as the body of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{RemoteError, sender};
use crate::codec::ExportedRecord;
use crate::record::{Body, Draft, Kind, Receipt, RecordId, Tenant};
use crate::seal::{Source, open};
use crate::trail::{Trail, TrailError};

/// What is sent of one record.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Outgoing {
    pub(super) kind: Kind,
    pub(super) id: RecordId,
    /// For what has no id before it is recorded.
    pub(super) key: Option<String>,
    pub(super) document: Value,
}

impl Outgoing {
    /// Seals a context here, so that the server can check that what comes is what was sent: it goes with
    /// its texts and seeds. What depends on other records is sealed where those are.
    pub(super) fn of(trail: &Trail, mut draft: Draft, source: &Source) -> Result<Self, TrailError> {
        let (id, kind) = (draft.id, draft.body.kind());
        if path(kind).is_none() {
            return Err(RemoteError::NotRecorded(kind).into());
        }
        let stated = draft.actor.clone();
        if draft.actor.is_none() {
            draft.actor = Some(sender(trail.actor()));
        }
        let is_context = matches!(draft.body, Body::Context(_));
        let has_digests = draft.texts.digested.is_some() || draft.texts.text.is_some();
        let mut document = if is_context {
            exported(trail, draft, source)?
        } else if has_digests {
            to_value(&trail.seal_only(draft, source)?.record)?
        } else {
            let head = trail.head_of(&draft);
            to_value(&crate::record::Record {
                head,
                body: draft.body,
            })?
        };
        if let Some(members) = document.as_object_mut() {
            // Whose, and when, is for the server to say.
            members.remove("tenant");
            members.remove("recorded_at");
            if stated.is_none() {
                members.remove("actor");
            }
        }
        Ok(Self {
            kind,
            id,
            key: None,
            document,
        })
    }

    /// A receipt before there is one.
    pub(super) fn queued(&self, tenant: &Tenant) -> Receipt {
        Receipt {
            id: self.id,
            kind: self.kind,
            tenant: tenant.clone(),
            log_index: None,
            entry_hash: None,
            acknowledged: crate::record::Acknowledged::Queued,
        }
    }

    /// Whether it can be sent in one list with `other`.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        self.kind == other.kind && self.key.is_none() && other.key.is_none()
    }
}

/// Where records of a kind are posted.
pub(super) const fn path(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Context => "/v1/contexts",
        Kind::Generation => "/v1/generations",
        Kind::Decision => "/v1/decisions",
        Kind::Review => "/v1/reviews",
        Kind::Outcome => "/v1/outcomes",
        Kind::Kpi => "/v1/kpis",
        Kind::Artifact => "/v1/artifacts",
        Kind::Deployment => "/v1/deployments",
        _ => return None,
    })
}

fn exported(trail: &Trail, draft: Draft, source: &Source) -> Result<Value, TrailError> {
    let sealed = trail.seal_only(draft, source)?;
    let opened = open(&sealed.slots).map_err(|error| TrailError::Incomplete(error.to_string()))?;
    let mut exported = ExportedRecord::from(sealed.record);
    let personal = opened.texts.iter();
    let personal = personal.map(|(digest, text)| (digest.to_string(), text.to_string()));
    let shared = sealed.shared.iter().map(|it| {
        let digest = crate::record::Digest::Sha256(it.sha256);
        (digest.to_string(), it.text.to_string())
    });
    exported.texts = Some(personal.chain(shared).collect());
    let seeds = opened.seeds.iter();
    let seeds = seeds.map(|(slot, seed)| (slot.to_string(), BASE64.encode(seed.as_bytes())));
    exported.seeds = Some(seeds.collect());
    to_value(&exported)
}

fn to_value(value: &impl Serialize) -> Result<Value, TrailError> {
    serde_json::to_value(value).map_err(|error| TrailError::Incomplete(error.to_string()))
}
