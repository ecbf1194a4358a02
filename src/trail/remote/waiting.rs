//! What waits for the server: encrypted on disk, in the order it came.

use std::path::{Path, PathBuf};

use super::RemoteError;
use super::outgoing::Outgoing;
use crate::privacy::keys::LocalKeys;
use crate::seal::{Slot, SlotBytes};
use crate::store::{Spool, Spooled};

/// Records on disk that the server does not have yet.
#[derive(Debug)]
pub(super) struct Waiting {
    spool: Spool,
    keys: LocalKeys,
    path: PathBuf,
}

/// What waits on disk.
pub(super) struct Waits {
    /// The records, in the order they came.
    pub(super) records: Vec<Outgoing>,
    /// What a crash tore off.
    torn: Vec<u8>,
    /// The length of the file when it was read.
    pub(super) bytes: u64,
}

impl Waiting {
    /// Opens the spool at `path`. Its key is in the file `….key` beside it, for its owner alone.
    pub(super) fn open(path: &Path, limit_bytes: u64) -> Result<Self, RemoteError> {
        let failed = |why: String| RemoteError::Spool {
            path: path.display().to_string(),
            why,
        };
        let mut key = path.as_os_str().to_owned();
        key.push(".key");
        let spool = Spool::open(path, limit_bytes).map_err(|error| failed(error.to_string()))?;
        if !spool.lock().map_err(|error| failed(error.to_string()))? {
            return Err(failed(
                "another client has it open: give each its own (`TrailOptions::server_spool`)"
                    .to_owned(),
            ));
        }
        let mut waiting = Self {
            spool,
            keys: LocalKeys::open(Path::new(&key)).map_err(|error| failed(error.to_string()))?,
            path: path.to_owned(),
        };
        let torn = waiting.backlog()?.torn;
        let cut = waiting.spool.cut(&torn);
        cut.map_err(|error| failed(error.to_string()))?;
        Ok(waiting)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.spool.is_empty()
    }

    /// Adds a record; when this returns, it is on disk.
    pub(super) fn add(&mut self, outgoing: &Outgoing) -> Result<(), RemoteError> {
        let frame = self.frame(outgoing)?;
        let added = self.spool.add(&frame);
        added.map_err(|error| self.failed(error.to_string()))
    }

    /// Keeps a record that the server refuses for good in the file `….refused` beside the spool.
    pub(super) fn set_aside(&self, outgoing: &Outgoing) -> Result<(), RemoteError> {
        let frame = self.frame(outgoing)?;
        let kept = self.spool.set_aside(&frame);
        kept.map_err(|error| self.failed(error.to_string()))
    }

    /// Adds as many as there is room for, in their order; when this returns, they are on disk.
    pub(super) fn add_some(&mut self, outgoing: &[&Outgoing]) -> Result<usize, RemoteError> {
        let frames = outgoing.iter().map(|it| self.frame(it));
        let frames = frames.collect::<Result<Vec<_>, _>>()?;
        let added = self.spool.add_some(&frames);
        added.map_err(|error| self.failed(error.to_string()))
    }

    /// Everything that waits, and how long the file was then. What cannot be read is kept beside it.
    pub(super) fn backlog(&self) -> Result<Waits, RemoteError> {
        let backlog = self.spool.backlog();
        let backlog = backlog.map_err(|error| self.failed(error.to_string()))?;
        let mut damaged = backlog.torn.clone();
        let mut records = Vec::with_capacity(backlog.records.len());
        for spooled in backlog.records {
            let sealed = spooled.slots.first().map_or(&[][..], |it| &it.bytes);
            let opened = self.keys.unseal(CONTEXT, sealed);
            match opened.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                Some(outgoing) => records.push(outgoing),
                None => damaged.extend_from_slice(sealed),
            }
        }
        if !damaged.is_empty() {
            tracing::error!(
                damaged_bytes = damaged.len(),
                "part of the spool cannot be read, torn off by a crash or of another key; it is kept beside it"
            );
            let kept = self.spool.set_aside_damage(&damaged);
            kept.map_err(|error| self.failed(error.to_string()))?;
        }
        Ok(Waits {
            records,
            torn: backlog.torn,
            bytes: backlog.bytes,
        })
    }

    /// The length of the file.
    pub(super) const fn bytes(&self) -> u64 {
        self.spool.bytes()
    }

    /// Empties the spool, unless something came in since it had `bytes`.
    pub(super) fn clear_if_still(&mut self, bytes: u64) -> Result<(), RemoteError> {
        let cleared = self.spool.clear_if_still(bytes);
        cleared.map_err(|error| self.failed(error.to_string()))
    }

    fn frame(&self, outgoing: &Outgoing) -> Result<Spooled, RemoteError> {
        let bytes = serde_json::to_vec(outgoing).map_err(|error| self.failed(error.to_string()))?;
        let sealed = self.keys.seal(CONTEXT, &bytes);
        let bytes = sealed.map_err(|error| self.failed(error.to_string()))?;
        Ok(Spooled {
            slots: vec![SlotBytes {
                slot: Slot::TENANT,
                bytes,
            }],
            ..Spooled::default()
        })
    }

    fn failed(&self, why: String) -> RemoteError {
        RemoteError::Spool {
            path: self.path.display().to_string(),
            why,
        }
    }
}

const CONTEXT: &str = "contextrail/spool-of-a-client/v1";
