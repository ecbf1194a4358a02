//! A stored record, and its texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::vault::WhyWithheld;
use super::{Trail, TrailError};
use crate::assembly::render;
use crate::log::Hash;
use crate::privacy::keys::OpenedKeys;
use crate::record::{
    Acknowledged, Body, Context, Decision, Digest, EntityRef, Kind, Receipt, Record, RecordId,
};
use crate::seal::{Entry, Opened, Seed, Slot, Slots, Withheld, entry_hash, open};
use crate::store::{IdPrefix, StoreError, StoredRecord, Unlocked};

/// A stored record, opened and checked against the root in its log entry.
#[derive(Clone, Debug)]
pub struct Stored {
    log_index: u64,
    /// Empty for what came through a server.
    entry: Vec<u8>,
    entry_hash: Hash,
    opened: Opened,
    /// Slots whose keys are not here.
    locked: Vec<Slot>,
    is_archived: bool,
}

impl Stored {
    /// The record.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.opened.record
    }

    /// The id of the record.
    #[must_use]
    pub const fn id(&self) -> RecordId {
        self.opened.record.head.id
    }

    /// Its place in the log, from 0.
    #[must_use]
    pub const fn log_index(&self) -> u64 {
        self.log_index
    }

    /// Whether values of it are in the archive: they were read there.
    #[must_use]
    pub const fn is_archived(&self) -> bool {
        self.is_archived
    }

    /// The bytes of its log entry; none for a record that was read through a server.
    #[must_use]
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }

    /// The ids of the records it names, which need not all be in this trail.
    #[must_use]
    pub fn refers_to(&self) -> Vec<RecordId> {
        super::link::named_ids(&self.opened.record.body)
    }

    /// The hash of its log entry.
    #[must_use]
    pub const fn entry_hash(&self) -> Hash {
        self.entry_hash
    }

    /// The receipt that whoever recorded it was given, as far as it was durable then.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        Receipt {
            id: self.id(),
            kind: self.record().kind(),
            tenant: self.record().head.tenant.clone(),
            log_index: Some(self.log_index),
            entry_hash: Some(Digest::Sha256(self.entry_hash())),
            acknowledged: Acknowledged::Durable,
        }
    }

    /// Whom its personal values are about, staff aside.
    #[must_use]
    pub fn about(&self) -> &[EntityRef] {
        &self.opened.about
    }

    /// Its seeds, by slot: what its keyed digests and commitments are checked with.
    #[must_use]
    pub const fn seeds(&self) -> &BTreeMap<u16, Seed> {
        &self.opened.seeds
    }

    /// The context, if it is one.
    #[must_use]
    pub fn context(&self) -> Option<&Context> {
        match &self.opened.record.body {
            Body::Context(context) => Some(context),
            _ => None,
        }
    }

    /// The decision, if it is one.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        match &self.opened.record.body {
            Body::Decision(decision) => Some(decision),
            _ => None,
        }
    }

    /// The values that are not there: stand-ins are in their place in the record.
    #[must_use]
    pub fn withheld(&self) -> &[Withheld] {
        &self.opened.withheld
    }

    /// The values that are not there since they were erased.
    pub fn erased(&self) -> impl Iterator<Item = &Withheld> {
        let withheld = self.opened.withheld.iter();
        withheld.filter(|it| !self.locked.contains(&it.slot))
    }

    /// Why the value at `path` is not there: `erased`, or that its key is not here.
    #[must_use]
    pub fn why_withheld(&self, path: &str) -> &'static str {
        let mut withheld = self.opened.withheld.iter();
        let slot = withheld.find(|it| it.path == path).map(|it| it.slot);
        if slot.is_some_and(|slot| self.locked.contains(&slot)) {
            WhyWithheld::LOCKED.as_str()
        } else {
            WhyWithheld::ERASED.as_str()
        }
    }

    /// Whether no slot but the tenant's is there: nothing of anybody is left, or ever was.
    pub(super) fn is_emptied(&self) -> bool {
        let tenant = Slot::TENANT.number();
        self.locked.is_empty() && self.opened.seeds.keys().all(|slot| *slot == tenant)
    }

    pub(super) const fn root(&self) -> Hash {
        self.opened.root
    }

    /// The personal texts, which the record itself holds, by digest.
    pub(super) const fn personal_texts(&self) -> &BTreeMap<Digest, Arc<str>> {
        &self.opened.texts
    }

    pub(super) fn personal_texts_in_order(&self) -> Vec<Option<Arc<str>>> {
        texts_in_order(&self.opened.record, &self.opened.texts)
    }

    /// Whether `text` is what the record's `text_digest` was taken of.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        let expected = self
            .context()
            .and_then(|context| context.assembly.as_ref())
            .and_then(|assembly| assembly.text_digest);
        let Record { head, body } = &self.opened.record;
        let slot = Slots::of(head, body, &self.opened.about)
            .map(|slots| slots.everybody().number())
            .unwrap_or(0);
        let seed = self.opened.seeds.get(&slot);
        seed.map(|seed| seed.digest(text.as_bytes())) == expected
    }
}

/// The personal texts of a context's items, in the order of the items.
pub(super) fn texts_in_order(
    record: &Record,
    texts: &BTreeMap<Digest, Arc<str>>,
) -> Vec<Option<Arc<str>>> {
    let Body::Context(context) = &record.body else {
        return Vec::new();
    };
    let items = context.assembly.iter().flat_map(|assembly| &assembly.items);
    items
        .map(|item| item.digest.and_then(|digest| texts.get(&digest).cloned()))
        .collect()
}

#[cfg(feature = "network")]
impl Stored {
    /// A record that came through a server, with its texts and seeds, whose place `receipt` has.
    pub(super) fn from_server(
        exported: crate::codec::ExportedRecord,
        receipt: &Receipt,
        about: Vec<EntityRef>,
    ) -> Result<Self, String> {
        let crate::codec::ExportedRecord {
            record,
            text: _,
            texts,
            seeds,
            withheld,
        } = exported;
        let (Some(log_index), Some(Digest::Sha256(entry_hash))) =
            (receipt.log_index, receipt.entry_hash)
        else {
            return Err("a record has no place in the log".to_owned());
        };
        let mut known = BTreeMap::new();
        for (digest, text) in texts.unwrap_or_default() {
            let digest: Digest = digest.parse().map_err(|_| "a digest is none".to_owned())?;
            known.insert(digest, Arc::from(text));
        }
        let seeds = super::import::read_seeds(seeds.unwrap_or_default())
            .map_err(|error| error.to_string())?;
        // Which slots they were in is not said: one stands for those that are erased, one for the others.
        let mut gone = Vec::new();
        for (path, why) in withheld.unwrap_or_default() {
            let slot = if why == WhyWithheld::LOCKED.as_str() {
                LOCKED_ELSEWHERE
            } else {
                ERASED_ELSEWHERE
            };
            gone.push(Withheld { path, slot });
        }
        Ok(Self {
            log_index,
            entry: Vec::new(),
            entry_hash,
            locked: vec![LOCKED_ELSEWHERE],
            is_archived: false,
            opened: Opened {
                record,
                about,
                texts: known,
                seeds,
                fields: 0,
                root: [0; 32],
                listed: 0,
                withheld: gone,
            },
        })
    }
}

#[cfg(feature = "network")]
const LOCKED_ELSEWHERE: Slot = Slot::new(u16::MAX);
#[cfg(feature = "network")]
const ERASED_ELSEWHERE: Slot = Slot::new(u16::MAX - 1);

impl Trail {
    /// The record with this id, if it is there.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or the record is damaged; absence is no
    /// error.
    pub async fn read(&self, id: impl Into<RecordId>) -> Result<Option<Stored>, TrailError> {
        let id = id.into();
        #[cfg(feature = "network")]
        if let Some(remote) = self.remote() {
            return remote.read(id).await;
        }
        let prefix = IdPrefix::from(id);
        let located = self.0.store.locate(self.tenant(), prefix, 1).await?;
        let Some(located) = located.first() else {
            return Ok(None);
        };
        let stored = self.read_indexes(&[located.log_index]).await?;
        match stored.into_iter().next() {
            Some(stored) => Ok(Some(stored)),
            None => Err(self.damaged(located.id, "its row is missing")),
        }
    }

    /// The record with this id, which has to be there and of this kind.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotFound`], [`TrailError::WrongKind`], and those of [`Trail::read`].
    pub async fn read_kind(&self, id: RecordId, kind: Kind) -> Result<Stored, TrailError> {
        let stored = self.read(id).await?.ok_or_else(|| TrailError::NotFound {
            prefix: id.to_string(),
        })?;
        let found = stored.record().kind();
        if found == kind {
            Ok(stored)
        } else {
            Err(TrailError::WrongKind {
                named_as: kind.as_str(),
                id,
                found,
            })
        }
    }

    /// The records at these places in the log, in that order.
    pub(super) async fn read_indexes(&self, indexes: &[u64]) -> Result<Vec<Stored>, TrailError> {
        let rows = self.read_rows(indexes).await?;
        let keys = self.keys_for(&rows).await?;
        rows.into_iter()
            .map(|row| self.open_row(row, &keys))
            .collect()
    }

    /// The rows at these places in the log, with what they have in the archive.
    pub(super) async fn read_rows(&self, indexes: &[u64]) -> Result<Vec<StoredRecord>, TrailError> {
        let mut rows = self.0.store.read(self.tenant(), indexes).await?;
        let fetched = self.0.segments.fetch_all(self.tenant(), &mut rows).await;
        fetched.map_err(StoreError::from)?;
        Ok(rows)
    }

    pub(super) fn open_row(
        &self,
        row: StoredRecord,
        keys: &OpenedKeys,
    ) -> Result<Stored, TrailError> {
        let (entry, unlocked) = self.unlock(&row, keys)?;
        let damaged = |what: &str| self.damaged(entry.id, what);
        let opened = open(&unlocked.slots).map_err(|error| damaged(&error.to_string()))?;
        if entry.root_hash() != Some(opened.root) {
            return Err(damaged("its fields are not those its log entry commits to"));
        }
        Ok(Stored {
            log_index: row.log_index,
            is_archived: row.is_archived(),
            entry_hash: entry_hash(&row.entry),
            entry: row.entry,
            opened,
            locked: unlocked.locked,
        })
    }

    /// The entry of a row, and its slots as far as `keys` open them.
    pub(super) fn unlock(
        &self,
        row: &StoredRecord,
        keys: &OpenedKeys,
    ) -> Result<(Entry, Unlocked), TrailError> {
        let unknown = RecordId::from_uuid(uuid::Uuid::nil());
        let entry: Entry = serde_json::from_slice(&row.entry).map_err(|error| {
            let what = format!(
                "the entry at index {} cannot be read: {error}",
                row.log_index
            );
            self.damaged(unknown, &what)
        })?;
        let unlocked = row.unlocked((entry.id, &entry.schema), self.vault(), keys);
        let unlocked = unlocked.map_err(|it| {
            let what = format!("slot {}: {}", it.slot.number(), it.what);
            self.damaged(entry.id, &what)
        })?;
        Ok((entry, unlocked))
    }

    pub(super) fn damaged(&self, id: RecordId, what: &str) -> TrailError {
        StoreError::CorruptRecord {
            place: format!("the trail of tenant {}", self.tenant()),
            id,
            what: what.to_owned(),
        }
        .into()
    }

    /// The texts of a context, by digest: those of its items, and of its template.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when a text cannot be read or is not that of its digest.
    pub async fn texts(&self, stored: &Stored) -> Result<BTreeMap<Digest, Arc<str>>, TrailError> {
        let mut texts = stored.opened.texts.clone();
        let Some(context) = stored.context() else {
            return Ok(texts);
        };
        let template = context.template.as_ref().and_then(|used| used.digest);
        let items = context.assembly.iter().flat_map(|assembly| &assembly.items);
        let digests = items.filter_map(|item| item.digest).chain(template);
        self.add_shared(digests, &mut texts).await?;
        Ok(texts)
    }

    /// The texts of a context, by digest: those of [`Trail::texts`], and of what was retrieved.
    pub(super) async fn all_texts(
        &self,
        stored: &Stored,
    ) -> Result<BTreeMap<Digest, Arc<str>>, TrailError> {
        let mut texts = self.texts(stored).await?;
        let calls = stored.context().into_iter().flat_map(|it| &it.retrievals);
        let results = calls.flat_map(|call| &call.results);
        let digests = results.filter_map(|result| result.digest);
        self.add_shared(digests, &mut texts).await?;
        Ok(texts)
    }

    /// Reads the shared texts among `digests` that are stored.
    async fn add_shared(
        &self,
        digests: impl Iterator<Item = Digest> + Send,
        texts: &mut BTreeMap<Digest, Arc<str>>,
    ) -> Result<(), TrailError> {
        let mut wanted: Vec<[u8; 32]> = digests
            .filter(|digest| !texts.contains_key(digest))
            .filter_map(|digest| match digest {
                Digest::Sha256(sha256) => Some(sha256),
                Digest::HmacSha256(_) => None,
            })
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = self.0.store.texts(self.tenant(), &wanted).await?;
        texts.extend(
            wanted
                .into_iter()
                .zip(found)
                .filter_map(|(sha256, text)| Some((Digest::Sha256(sha256), text?))),
        );
        Ok(())
    }

    /// The texts of a context's items, in their order; `None` where one is not stored.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::texts`].
    pub async fn item_texts(&self, stored: &Stored) -> Result<Vec<Option<Arc<str>>>, TrailError> {
        let texts = self.texts(stored).await?;
        Ok(texts_in_order(stored.record(), &texts))
    }

    /// The text as sent, rendered again from the items and checked against its digest.
    ///
    /// `None` when the context never had a text, or an item's text is not stored any longer.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the text rendered is not the one recorded: the record is damaged.
    pub async fn text(&self, stored: &Stored) -> Result<Option<String>, TrailError> {
        let Some(assembly) = stored
            .context()
            .and_then(|context| context.assembly.as_ref())
        else {
            return Ok(None);
        };
        if assembly.text_digest.is_none() {
            return Ok(None);
        }
        let texts = self.item_texts(stored).await?;
        let Some(texts) = texts.into_iter().collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let text = render(assembly, &texts)
            .map_err(|error| self.damaged(stored.id(), &error.to_string()))?;
        if stored.is_text(&text) {
            Ok(Some(text))
        } else {
            Err(self.damaged(
                stored.id(),
                "its text is not the one its digest was taken of",
            ))
        }
    }
}
