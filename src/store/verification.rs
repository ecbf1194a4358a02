//! What a verification is asked for, and what it finds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::{LogHead, Segments};
use crate::privacy::keys::Vault;
use crate::record::Tenant;

/// What to verify.
#[derive(Clone)]
pub struct VerifyPlan {
    /// The first index whose record is opened; what is before it counts by its tiles alone.
    pub since: u64,
    /// The heads that are known of each tenant's log.
    pub known: BTreeMap<Tenant, Vec<LogHead>>,
    /// The keys of one tenant. Values of others stay closed, and count by their commitments.
    pub vault: Arc<Vault>,
    /// What is in the archive. Values of other tenants are read there as well.
    pub segments: Arc<Segments>,
    /// Is told how many entries have been checked.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

impl VerifyPlan {
    /// Everything, with the keys of `vault`, no known heads and no archive.
    #[must_use]
    pub fn with(vault: Arc<Vault>) -> Self {
        Self {
            since: 0,
            known: BTreeMap::new(),
            vault,
            segments: Arc::new(Segments::new(None)),
            progress: Arc::new(|_| {}),
        }
    }

    /// The keys of `tenant`.
    pub(super) fn vault_of(&self, tenant: &Tenant) -> Arc<Vault> {
        if self.vault.tenant() == tenant {
            return Arc::clone(&self.vault);
        }
        let why = "its keys were not asked for".to_owned();
        Arc::new(Vault::locked(tenant, why))
    }
}

impl fmt::Debug for VerifyPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyPlan")
            .field("since", &self.since)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

/// Something that is wrong in a store, and where.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Finding {
    /// The table.
    pub table: &'static str,
    /// The key of the row.
    pub row: String,
    /// The column, or the part of the record.
    pub field: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            row,
            field,
            what,
        } = self;
        write!(f, "table {table}, row {row}, {field}: {what}")
    }
}

/// What was verified, and what is wrong.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Verification {
    /// Entries of the logs that were hashed.
    pub entries: u64,
    /// Records that were opened and hashed, field by field.
    pub records: u64,
    /// Fields of them.
    pub fields: u64,
    /// Bytes of their values and texts.
    pub bytes: u64,
    /// Shared texts that were hashed.
    pub texts: u64,
    /// Records of which the record itself says that it was imported without all its texts and
    /// seeds: what is not there of them is no finding.
    pub without_texts: u64,
    /// Records of which values stay closed, since their keys are not here. What is not personal of
    /// them is checked all the same.
    pub locked: u64,
    /// Values that were erased: their commitments are checked.
    pub erased_slots: u64,
    /// Records of which values are in the archive.
    pub archived: u64,
    /// Segments of the archive that are what the log says, byte by byte.
    pub segments: u64,
    /// Records of which values are in the archive and were not checked, since it is not at hand.
    pub unread: u64,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_unread: Option<String>,
    /// Known heads that the logs contain.
    pub heads: u64,
    /// What is wrong, all of it.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Adds what was found of another log.
    pub(super) fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.records += other.records;
        self.fields += other.fields;
        self.bytes += other.bytes;
        self.texts += other.texts;
        self.without_texts += other.without_texts;
        self.locked += other.locked;
        self.erased_slots += other.erased_slots;
        self.archived += other.archived;
        self.segments += other.segments;
        self.unread += other.unread;
        self.why_unread = self.why_unread.take().or(other.why_unread);
        self.heads += other.heads;
        self.findings.extend(other.findings);
    }
}
