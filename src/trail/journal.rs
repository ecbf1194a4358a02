//! The journal of erasures: what has been promised, outside the database.
//!
//! It is written before anything is taken away, so that an erasure which was interrupted is
//! finished; and it is read whenever the trail is opened, so that a restored database is erased
//! again before anybody reads it.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Trail, TrailError};
use crate::file;
use crate::privacy::keys::{EntityHandle, KeyError, KeyId};
use crate::record::{Actor, Digest, RecordId, Tenant, Timestamp};
use crate::store::StoreError;

/// One erasure that was promised. It names nobody who is erased.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pledge {
    pub(super) at: Timestamp,
    pub(super) tenant: Tenant,
    /// The id that the record of it has.
    pub(super) erasure: RecordId,
    pub(super) subject_digest: Digest,
    pub(super) is_staff: bool,
    /// What records about them are found by.
    pub(super) lookup: i64,
    #[serde(with = "key_ids")]
    pub(super) keys: Vec<KeyId>,
    pub(super) actor: Actor,
    pub(super) reason: String,
    pub(super) approved_by: Vec<Actor>,
}

impl Pledge {
    /// What stands for the entity where its keys are kept.
    pub(super) fn handles(&self) -> Vec<EntityHandle> {
        let handles: BTreeSet<EntityHandle> = self.keys.iter().map(|id| id.entity).collect();
        handles.into_iter().collect()
    }
}

impl Trail {
    /// Writes a pledge; when this returns it is on disk. A trail in memory has no journal.
    pub(super) fn journal_write(&self, pledge: &Pledge) -> Result<(), TrailError> {
        let Some(path) = &self.0.journal else {
            return Ok(());
        };
        let fault = |source| journal_fault(path, "written", source);
        let mut line = serde_json::to_string(pledge).map_err(|error| fault(error.into()))?;
        line.push('\n');
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut journal = options.open(path).map_err(fault)?;
        journal.write_all(line.as_bytes()).map_err(fault)?;
        journal.sync_all().map_err(fault)?;
        file::sync_folder(path).map_err(fault)
    }

    /// Has the keys that were erased opened no longer, where nothing can be taken away. In a database
    /// that has no record of the erasure those are all that the entity has: they may have been
    /// replaced by others between that copy and the erasure.
    pub(super) async fn journal_deny(&self) -> Result<(), TrailError> {
        let Some(path) = &self.0.journal else {
            return Ok(());
        };
        for pledge in read(path)?.iter().filter(|it| it.tenant == *self.tenant()) {
            self.vault().deny(&pledge.keys);
            if self.read(pledge.erasure).await?.is_none() {
                let stored = self.stored_keys(pledge).await?;
                self.vault().deny(&stored);
            }
        }
        Ok(())
    }

    /// The keys there are of the entity of a pledge.
    pub(super) async fn stored_keys(&self, pledge: &Pledge) -> Result<Vec<KeyId>, TrailError> {
        let handles = pledge.handles();
        let rows = self.0.store.entity_keys(self.tenant(), &handles).await?;
        Ok(rows.iter().map(|row| row.id).collect())
    }

    /// Finishes what was promised and is not done, and does again what a restore has undone.
    pub(super) async fn journal_replay(&self) -> Result<(), TrailError> {
        let Some(path) = self.0.journal.clone() else {
            return Ok(());
        };
        for pledge in read(&path)? {
            if pledge.tenant == *self.tenant() && !self.is_fulfilled(&pledge).await? {
                match self.fulfil(&pledge).await {
                    // What was placed since keeps it; it goes when that ends, and is asked for again.
                    Err(TrailError::Kept(why)) => {
                        tracing::warn!(erasure.id = %pledge.erasure, why = %why, "an erasure that was promised is restricted");
                    }
                    // What keeps records stands in values that are away. Until they are back nobody reads
                    // what was promised to go.
                    Err(TrailError::Store(why)) if matches!(*why, StoreError::Archive(_)) => {
                        self.vault().deny(&pledge.keys);
                        tracing::warn!(erasure.id = %pledge.erasure, why = %why, "an erasure that was promised waits for the archive");
                    }
                    fulfilled => drop(fulfilled?),
                }
            }
        }
        Ok(())
    }

    async fn is_fulfilled(&self, pledge: &Pledge) -> Result<bool, TrailError> {
        let stored = self.stored_keys(pledge).await?;
        let is_left = stored.iter().any(|id| pledge.keys.contains(id));
        Ok(!is_left && self.read(pledge.erasure).await?.is_some())
    }
}

/// The pledges in the journal; a last line without an end is what a crash tore off: nothing has been
/// taken away for it.
fn read(path: &Path) -> Result<Vec<Pledge>, TrailError> {
    let text = file::read(path).map_err(|source| journal_fault(path, "read", source))?;
    let text = text.unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let pledges = (1..).zip(whole.lines()).map(|(line, text)| {
        serde_json::from_str(text).map_err(|error| {
            TrailError::from(KeyError::Line {
                path: path.display().to_string(),
                line,
                what: error.to_string(),
            })
        })
    });
    pledges.collect()
}

fn journal_fault(path: &Path, verb: &'static str, source: std::io::Error) -> TrailError {
    KeyError::File {
        path: path.display().to_string(),
        verb,
        source,
    }
    .into()
}

/// Keys as `entity/number` in hexadecimal digits.
mod key_ids {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::privacy::keys::{EntityHandle, KeyId};

    pub(super) fn serialize<S: Serializer>(keys: &[KeyId], to: S) -> Result<S::Ok, S::Error> {
        let texts = keys.iter().map(|id| {
            let entity = u128::from_be_bytes(id.entity.0);
            format!("{entity:032x}/{:08x}", id.number)
        });
        to.collect_seq(texts)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<KeyId>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let keys = texts.iter().map(|text| {
            let (entity, number) = text.split_once('/')?;
            Some(KeyId {
                entity: EntityHandle(u128::from_str_radix(entity, 16).ok()?.to_be_bytes()),
                number: u32::from_str_radix(number, 16).ok()?,
            })
        });
        let keys: Option<Vec<KeyId>> = keys.collect();
        keys.ok_or_else(|| D::Error::custom("a key is not in the form entity/number"))
    }
}
