//! Verification: every byte a store holds of a log, held against what the log commits to.
//!
//! [`Audit`] is fed rows as they lie in the store and names what is wrong with them, all of it. It
//! reads nothing itself, so one implementation judges every store.

mod archived;
mod beside;
mod projection;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::examine::{Content, Examined};
use super::verification::{Finding, Verification};
use super::{BUCKET_RECORDS, LogHead, SegmentId};

use crate::log::{Edge, Hash, TILE_WIDTH, Tile, TileId};
use crate::privacy::keys::KeyId;
use crate::record::{Archival, RecordId, Tenant};
use crate::seal::{Slot, SlotBytes};
pub(super) use archived::Fetching;

/// A row of the record table, with what other tables hold of the record.
#[derive(Clone, Debug, Default)]
pub(super) struct RawRecord {
    pub(super) log_index: u64,
    pub(super) id: Vec<u8>,
    pub(super) kind: i64,
    pub(super) at_us: i64,
    pub(super) entry: Vec<u8>,
    pub(super) slots: Vec<SlotBytes>,
    /// What stands behind the stubs among them, and what is wrong with what should.
    pub(super) fetched: Vec<SlotBytes>,
    pub(super) wrong: Vec<(Slot, String)>,
}

/// The verification of one tenant's log.
pub(super) struct Audit<'p> {
    tenant: &'p Tenant,
    tenant_row: String,
    known: BTreeMap<u64, Vec<Hash>>,
    edge: Edge,
    /// The tiles as they are stored, and those that the entries have made so far.
    stored: BTreeMap<(u8, u64), Vec<u8>>,
    made: BTreeMap<(u8, u64), Tile>,
    /// Entries whose hash is not the one in the stored tile.
    differs: Vec<u64>,
    /// Whether entries are missing that no tile knows the hash of: the tree ends there.
    torn: bool,
    /// The index behind the last record taken.
    next: u64,
    ids: HashSet<RecordId>,
    /// The shared texts that records point at.
    shared: HashSet<[u8; 32]>,
    /// Those that only records point at which were imported without all their texts.
    may_lack: HashSet<[u8; 32]>,
    /// What the projections of the open bucket have to be.
    keys: Vec<(i64, u64)>,
    /// Records of the open bucket that may be found by keys which cannot be told.
    untold: BTreeSet<u64>,
    /// Keys of entities that slots are encrypted under, and those that are there.
    entity_keys: HashSet<KeyId>,
    stored_keys: HashSet<KeyId>,
    /// Slots whose values are not there, and those that were erased by record.
    gone: BTreeSet<(u64, Slot)>,
    erased: BTreeSet<(u64, Slot)>,
    /// Whether values went by a retention policy: keys are left then that nothing is encrypted under.
    has_expiries: bool,
    zone: Option<(i64, i64)>,
    /// What the log says of segments of the archive.
    archivals: BTreeMap<SegmentId, Archival>,
    /// Records whose values are in the archive and cannot be read, with the slots that are there.
    unread: BTreeMap<u64, BTreeSet<Slot>>,
    found: Verification,
}

impl<'p> Audit<'p> {
    /// The verification of the log of `tenant`, going on from `edge`.
    pub(super) fn new(
        tenant: &'p Tenant,
        row: i64,
        edge: Edge,
        stored: BTreeMap<(u8, u64), Vec<u8>>,
        known: &[LogHead],
    ) -> Self {
        let mut roots: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
        for head in known {
            roots.entry(head.size).or_default().push(head.root);
        }
        let mut audit = Self {
            tenant,
            tenant_row: row.to_string(),
            known: roots,
            next: edge.size(),
            edge,
            stored,
            made: BTreeMap::new(),
            differs: Vec::new(),
            torn: false,
            ids: HashSet::new(),
            shared: HashSet::new(),
            may_lack: HashSet::new(),
            keys: Vec::new(),
            untold: BTreeSet::new(),
            entity_keys: HashSet::new(),
            stored_keys: HashSet::new(),
            gone: BTreeSet::new(),
            erased: BTreeSet::new(),
            has_expiries: false,
            zone: None,
            archivals: BTreeMap::new(),
            unread: BTreeMap::new(),
            found: Verification::default(),
        };
        audit.known = audit.known.split_off(&audit.edge.size());
        audit.compare_known();
        audit
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers name rows by numbers and by words"
    )]
    pub(super) fn wrong(
        &mut self,
        table: &'static str,
        row: impl ToString,
        field: &str,
        what: impl Into<String>,
    ) {
        self.found.findings.push(Finding {
            table,
            row: row.to_string(),
            field: field.to_owned(),
            what: what.into(),
        });
    }

    /// Takes the next record. What lies between it and the one before is missing.
    pub(super) fn record(&mut self, index: u64, examined: Examined) {
        self.missing_until(index);
        self.next = index + 1;
        self.found.entries += 1;
        self.found.bytes += examined.bytes;
        self.found.archived += u64::from(examined.is_archived);
        self.found.unread += u64::from(examined.is_unread);
        self.found.findings.extend(examined.findings);
        self.entity_keys.extend(examined.entity_keys);
        let hash = examined.entry_hash;
        if self.stored_leaf(index).is_some_and(|stored| stored != hash) {
            self.differs.push(index);
        }
        self.grow(hash);
        if examined.id.is_some_and(|id| !self.ids.insert(id)) {
            self.wrong("record", index, "id", "an earlier record has the same id");
        }
        match examined.content {
            Some(content) => self.content(index, content),
            None if examined.is_unread => self.unread(index, examined.at_us, examined.slots),
            // What is wrong with it was named; what it is to be found by is not known.
            None => drop(self.untold.insert(index)),
        }
    }

    /// Takes a record of which nothing can be read now: its row is all there is of it.
    fn unread(&mut self, index: u64, at_us: i64, slots: BTreeSet<Slot>) {
        self.untold.insert(index);
        self.unread.insert(index, slots);
        self.happened(at_us);
    }

    /// Takes note that no record is there up to `index`; the tree goes on with what tiles know.
    fn missing_until(&mut self, index: u64) {
        let gap = self.next..index;
        if gap.is_empty() {
            return;
        }
        let leaves = gap.clone().take(MOST_FILLED);
        let leaves: Option<Vec<Hash>> = leaves.map(|index| self.stored_leaf(index)).collect();
        match leaves.filter(|leaves| u64::try_from(leaves.len()) == Ok(gap.end - gap.start)) {
            Some(leaves) => {
                for (index, leaf) in gap.zip(leaves) {
                    self.wrong("record", index, "row", "it is missing");
                    self.grow(leaf);
                }
            }
            None => {
                let row = format!("{}..{}", gap.start, gap.end);
                self.wrong("record", row, "row", "they are missing");
                self.torn = true;
            }
        }
    }

    fn grow(&mut self, leaf: Hash) {
        if self.torn {
            return;
        }
        for tile in self.edge.push(leaf) {
            self.made
                .insert((tile.id().level(), tile.id().index()), tile);
        }
        self.compare_known();
    }

    /// The hash of an entry as the stored tile has it.
    fn stored_leaf(&self, index: u64) -> Option<Hash> {
        let width = u64::from(TILE_WIDTH);
        let tile = self.stored.get(&(0, index / width))?;
        let place = usize::try_from(index % width).ok()?;
        tile.as_chunks::<32>().0.get(place).copied()
    }

    fn content(&mut self, index: u64, content: Content) {
        self.found.records += 1;
        self.found.fields += content.fields;
        if content.tenant != *self.tenant && !self.names_tenant() {
            let what = format!("records of this log say {}", content.tenant);
            let row = self.tenant_row.clone();
            self.wrong("tenant", row, "name", what);
        }
        self.keys
            .extend(content.keys.iter().map(|key| (*key, index)));
        if content.has_untold_keys {
            self.untold.insert(index);
        }
        self.found.locked += u64::from(content.is_locked);
        let gone = content.gone.into_iter().map(|slot| (index, slot));
        self.gone.extend(gone);
        self.erased.extend(content.erased);
        self.has_expiries |= content.is_expiry;
        if content.is_without_texts {
            self.found.without_texts += 1;
            self.may_lack.extend(content.shared);
        } else {
            self.shared.extend(content.shared);
        }
        // What the projection was made from is the column, which is checked by itself.
        self.happened(content.at_us);
        self.archivals.extend(content.archival);
    }

    fn happened(&mut self, at: i64) {
        self.zone = Some(
            self.zone
                .map_or((at, at), |(first, last)| (first.min(at), last.max(at))),
        );
    }

    /// Whether the name of the tenant was found to be wrong already.
    fn names_tenant(&self) -> bool {
        let mut found = self.found.findings.iter();
        found.any(|known| known.table == "tenant")
    }

    fn compare_known(&mut self) {
        let size = self.edge.size();
        let Some(roots) = self.known.remove(&size) else {
            return;
        };
        let root = self.edge.root();
        for known in roots {
            if known == root {
                self.found.heads += 1;
            } else {
                self.wrong(
                    "record",
                    format!("0..{size}"),
                    "entry",
                    format!("the entries do not have the root that was signed for {size} of them"),
                );
            }
        }
    }

    fn compare_tiles(&mut self, since: u64) {
        let stored = std::mem::take(&mut self.stored);
        let partial = self
            .edge
            .partial()
            .into_iter()
            .filter(|tile| tile.id().level() > 0);
        let mut expected = std::mem::take(&mut self.made);
        expected.extend(partial.map(|tile| ((tile.id().level(), tile.id().index()), tile)));
        for ((level, index), tile) in &expected {
            let name = format!("{level}/{index}");
            match stored.get(&(*level, *index)) {
                None => self.wrong("tile", name, "row", "it is missing"),
                Some(bytes) if bytes != tile.bytes() => {
                    self.wrong("tile", name, "hashes", "they are not those of the entries");
                }
                Some(_) => {}
            }
        }
        let size = self.edge.size();
        for (level, index) in stored.keys() {
            let is_before = TileId::in_tree(since, *level, *index).is_some_and(|id| id.is_full());
            if !expected.contains_key(&(*level, *index)) && !is_before {
                let what = format!("a log of {size} entries has no such tile");
                self.wrong("tile", format!("{level}/{index}"), "row", what);
            }
        }
    }

    /// Holds the values that are not there against what erasures say.
    fn compare_erased(&mut self, since: u64) {
        let (gone, erased) = (
            std::mem::take(&mut self.gone),
            std::mem::take(&mut self.erased),
        );
        for (index, slot) in gone.difference(&erased) {
            let row = format!("{index}/{}", slot.number());
            self.wrong(
                "slot",
                row,
                "row",
                "it is missing, and no record says it was erased",
            );
        }
        let unread = std::mem::take(&mut self.unread);
        let is_there = |index: &u64, slot: &Slot| {
            // Of what cannot be read the rows are there, and say which slots are.
            unread.get(index).is_none_or(|slots| slots.contains(slot))
        };
        let back = erased.difference(&gone);
        let back = back.filter(|(index, slot)| is_there(index, slot));
        for (index, slot) in back.filter(|(index, _)| *index >= since && *index < self.next) {
            let row = format!("{index}/{}", slot.number());
            self.found.findings.push(Finding {
                table: "slot",
                row,
                field: "row".to_owned(),
                what: "it was erased, and is there again".to_owned(),
            });
        }
        self.found.erased_slots += u64::try_from(gone.len()).unwrap_or(0);
    }

    /// Ends the verification of this log, whose head says `head`, and which began at `since`.
    pub(super) fn finish(mut self, head: Option<LogHead>, since: u64) -> Verification {
        let missing: BTreeSet<[u8; 32]> = std::mem::take(&mut self.shared).into_iter().collect();
        for digest in missing {
            let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            self.wrong("shared_text", name, "row", "it is missing");
        }
        self.missing_keys();
        self.compare_erased(since);
        let row = self.tenant_row.clone();
        if !self.torn {
            self.compare_tiles(since);
        }
        match head {
            None => self.wrong("head", &row, "row", "it is missing"),
            Some(head) if head.size != self.next => {
                let what = format!("it says {}, there are {} entries", head.size, self.next);
                self.wrong("head", &row, "size", what);
            }
            Some(head) if !self.torn && head.root != self.edge.root() => {
                self.wrong("head", &row, "root", "it is not the root over the entries");
                for index in std::mem::take(&mut self.differs) {
                    self.wrong(
                        "record",
                        index,
                        "entry",
                        "it is not the one the log's tree was made of",
                    );
                }
            }
            Some(_) => {}
        }
        let beyond: Vec<u64> = self
            .known
            .keys()
            .copied()
            .filter(|size| *size > self.next)
            .collect();
        for size in beyond {
            let there = self.next;
            let what = format!("a head of {size} entries was signed, and there are {there}");
            self.wrong("record", format!("{there}..{size}"), "row", what);
        }
        self.found
    }
}

/// The most missing entries that are named one by one.
const MOST_FILLED: usize = 10_000;

/// The bucket of the lookup index that a record is in.
pub(super) const fn bucket_of(log_index: u64) -> u64 {
    log_index / BUCKET_RECORDS
}
