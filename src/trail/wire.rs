//! What a client of a server asks for, and gets: records whole, with what they are checked with.

use serde::{Deserialize, Serialize};

use super::{Search, Stored, Trail, TrailError};
use crate::codec::ExportedRecord;
use crate::record::{
    ContextStatus, EntityRef, FreshnessStatus, InvalidValue, Kind, Name, Receipt, RecordId,
    Timestamp,
};
#[cfg(feature = "network")]
use crate::record::{UsedKind, UsedRef};
use crate::store::Handle;

/// A search that goes over the wire.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LookUp {
    /// The id, or the beginning of it; nothing else counts then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What contexts, and decisions that rest on them, have to have used; with `after` and `limit` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<String>,
    /// Only those before this record in the log, with `used`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RecordId>,
    /// The kind of record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What it has to be found by: all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<By>,
    /// The earliest time, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The latest time, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only those before this place in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How many at most.
    pub limit: u32,
}

/// One thing that a record is found by.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// An entity it is about.
    Entity(EntityRef),
    /// The business key of a decision.
    Subject(EntityRef),
    /// A record it refers to.
    Refers(RecordId),
    /// The name of a context.
    Name(Name),
    /// How a context ended.
    Status(ContextStatus),
    /// Where a context was made.
    Environment(Name),
    /// How fresh a context is.
    Freshness(FreshnessStatus),
    /// Something it used: `feature:credit_score@3`.
    Used(String),
}

/// A record that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Where it is in the log.
    pub receipt: Receipt,
    /// Whom its personal values are about, staff aside.
    pub about: Vec<EntityRef>,
    /// The record with its texts and seeds.
    pub record: ExportedRecord,
}

impl LookUp {
    /// Records in one answer at most: they come whole.
    pub const MOST: u32 = 64;

    /// The entities that are asked for.
    pub fn entities(&self) -> Vec<EntityRef> {
        let by = self.by.iter().filter_map(|by| match by {
            By::Entity(entity) | By::Subject(entity) => Some(entity.clone()),
            _ => None,
        });
        by.collect()
    }
}

impl By {
    /// `handle` as it goes over the wire; `None` for what is looked for at the trail alone.
    #[cfg(feature = "network")]
    pub(super) fn of(handle: &Handle) -> Option<Self> {
        Some(match handle {
            Handle::Entity(entity) => Self::Entity(entity.clone()),
            Handle::Subject(subject) => Self::Subject(subject.clone()),
            Handle::Refers(id) => Self::Refers(*id),
            Handle::Name(name) => Self::Name(name.clone()),
            Handle::Status(word) => {
                Self::Status(*ContextStatus::ALL.iter().find(|it| it.as_str() == *word)?)
            }
            Handle::Environment(name) => Self::Environment(name.clone()),
            Handle::Freshness(word) => Self::Freshness(
                *FreshnessStatus::ALL
                    .iter()
                    .find(|it| it.as_str() == *word)?,
            ),
            Handle::Used(kind, name, version) => Self::Used(
                UsedRef {
                    kind: *UsedKind::ALL.iter().find(|it| it.as_str() == *kind)?,
                    name: name.clone(),
                    version: version.clone(),
                }
                .to_string(),
            ),
            Handle::Chunk(document, chunk, version) => Self::Used(
                UsedRef {
                    kind: UsedKind::Document,
                    name: Name::new(format!("{document}#{chunk}")).ok()?,
                    version: version.clone(),
                }
                .to_string(),
            ),
            Handle::Erased(_) | Handle::Artifact(..) | Handle::Metric(_) => return None,
        })
    }

    fn handle(&self) -> Result<Handle, InvalidValue> {
        Ok(match self {
            Self::Entity(entity) => Handle::Entity(entity.clone()),
            Self::Subject(subject) => Handle::Subject(subject.clone()),
            Self::Refers(id) => Handle::Refers(*id),
            Self::Name(name) => Handle::Name(name.clone()),
            Self::Status(status) => Handle::status(*status),
            Self::Environment(name) => Handle::Environment(name.clone()),
            Self::Freshness(status) => Handle::freshness(*status),
            Self::Used(text) => Handle::search_used(&text.parse()?),
        })
    }
}

impl Trail {
    /// The records that `look_up` asks for, newest first. Whoever serves it has recorded the look.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::search`] and [`Trail::resolve`].
    pub async fn look_up(&self, look_up: &LookUp) -> Result<Vec<Stored>, TrailError> {
        if let Some(prefix) = &look_up.id {
            return match self.resolve(prefix).await {
                Ok(id) => Ok(self.read(id).await?.into_iter().collect()),
                Err(TrailError::NotFound { .. }) => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let limit = usize::try_from(look_up.limit).unwrap_or(usize::MAX);
        if let Some(used) = &look_up.used {
            return self.used(&used.parse()?, look_up.after, limit).await;
        }
        let handles = look_up.by.iter().map(By::handle);
        let search = Search {
            kind: look_up.kind,
            handles: handles.collect::<Result<_, _>>()?,
            since: look_up.since,
            until: look_up.until,
            ..Search::default()
        };
        self.pages(search, look_up.before).take(limit).await
    }

    /// A record as it goes over the wire.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::export`].
    pub async fn found(&self, stored: &Stored) -> Result<Found, TrailError> {
        Ok(Found {
            receipt: stored.receipt(),
            about: stored.about().to_vec(),
            record: self.export(stored, true).await?,
        })
    }
}
