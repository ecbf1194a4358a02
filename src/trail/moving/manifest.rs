//! What stands beside a backup: what it has to be, by digest and by signed head.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::beside::named;
use super::error::{MoveError, fault};
use super::logs::MovedLog;
use crate::file;
use crate::log::VerifierKey;
use crate::notary::KnownHead;
use crate::record::{Digest, Tenant, Timestamp, TrailId};

/// The file `BACKUP.manifest`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    schema: String,
    pub(super) trail: TrailId,
    /// When the backup was begun: it is of this moment.
    pub(super) at: Timestamp,
    pub(super) bytes: u64,
    /// Of the file.
    pub(super) sha256: Digest,
    pub(super) logs: Vec<LogState>,
    /// Lines of the heads file: the newest head of each log that the backup contains, and those that
    /// link one key to the next.
    heads: Vec<String>,
    pub(super) public_keys: Vec<String>,
}

/// A log in the backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogState {
    pub(super) tenant: Tenant,
    pub(super) size: u64,
    pub(super) root: Digest,
}

impl Manifest {
    /// What to say of a backup that was written.
    pub(super) fn new(
        trail: TrailId,
        at: Timestamp,
        (bytes, sha256): (u64, Digest),
        logs: &[MovedLog],
        heads: &[KnownHead],
        keys: &[VerifierKey],
    ) -> Result<Self, String> {
        let logs = logs.iter().map(|log| LogState {
            tenant: log.tenant.clone(),
            size: log.head.size,
            root: Digest::Sha256(log.head.root),
        });
        let heads: Result<_, String> = heads.iter().map(KnownHead::to_line).collect();
        Ok(Self {
            schema: SCHEMA.to_owned(),
            trail,
            at,
            bytes,
            sha256,
            logs: logs.collect(),
            heads: heads?,
            public_keys: keys.iter().map(ToString::to_string).collect(),
        })
    }

    pub(super) fn path(backup: &Path) -> PathBuf {
        named(backup, ".manifest")
    }

    pub(super) fn write(&self, backup: &Path) -> Result<(), MoveError> {
        let path = Self::path(backup);
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other);
        let text = text.map_err(fault(&path, "written"))? + "\n";
        file::replace(&path, &text, 0o600).map_err(fault(&path, "written"))
    }

    pub(super) fn read(backup: &Path) -> Result<Self, MoveError> {
        let path = Self::path(backup);
        let damaged = |what| MoveError::Damaged {
            path: backup.display().to_string(),
            what,
        };
        let text = file::read(&path).map_err(fault(&path, "read"))?;
        let Some(text) = text else {
            // why: a name that is mistyped is no backup that is damaged.
            fs::metadata(backup).map_err(fault(backup, "read"))?;
            return Err(damaged(format!(
                "{} is not there, which says what the backup has to be",
                path.display()
            )));
        };
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|error| damaged(format!("{}: {error}", path.display())))?;
        match manifest.schema.as_str() {
            SCHEMA => Ok(manifest),
            other => Err(damaged(format!(
                "its manifest is {other:?}, not {SCHEMA:?}"
            ))),
        }
    }

    /// The heads that the backup contains.
    pub(super) fn known_heads(&self) -> Result<Vec<KnownHead>, String> {
        self.heads
            .iter()
            .map(|line| KnownHead::of_line(line))
            .collect()
    }

    /// What the heads file held of them.
    pub(super) fn heads_text(&self) -> String {
        self.heads.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Takes the digest of a file that is read in pieces.
#[derive(Default)]
pub(super) struct Digesting {
    hasher: Sha256,
    bytes: u64,
}

impl Digesting {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += u64::try_from(bytes.len()).unwrap_or(0);
    }

    /// The number of bytes, and their digest.
    pub(super) fn finish(self) -> (u64, Digest) {
        (self.bytes, Digest::Sha256(self.hasher.finalize().into()))
    }

    /// Those of a whole file.
    pub(super) fn of(path: &Path) -> Result<(u64, Digest), MoveError> {
        use std::io::Read as _;
        let mut file = fs::File::open(path).map_err(fault(path, "read"))?;
        let (mut digesting, mut buffer) = (Self::default(), vec![0; 1 << 20]);
        loop {
            let count = file.read(&mut buffer).map_err(fault(path, "read"))?;
            match buffer.get(..count) {
                Some(bytes) if count > 0 => digesting.take(bytes),
                _ => return Ok(digesting.finish()),
            }
        }
    }
}

const SCHEMA: &str = "contextrail.backup/1";
