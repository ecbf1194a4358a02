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
        let torn = waiting.torn()?;
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

    /// What a crash tore off the end; it is kept beside the spool.
    fn torn(&self) -> Result<Vec<u8>, RemoteError> {
        let mut from = 0;
        while from < self.bytes() {
            let part = self.spool.backlog_from(from, PART);
            let part = part.map_err(|error| self.failed(error.to_string()))?;
            if !part.torn.is_empty() {
                self.set_aside_damage(&part.torn)?;
                return Ok(part.torn);
            }
            from = part.bytes;
        }
        Ok(Vec::new())
    }

    /// Some of what waits, from a place in the file on, and where the rest begins. What cannot be read is
    /// kept beside the spool.
    pub(super) fn part(&self, from: u64) -> Result<(Vec<Outgoing>, u64), RemoteError> {
        let part = self.spool.backlog_from(from, PART);
        let part = part.map_err(|error| self.failed(error.to_string()))?;
        let mut damaged = part.torn;
        let mut records = Vec::with_capacity(part.records.len());
        for spooled in part.records {
            let sealed = spooled.slots.first().map_or(&[][..], |it| &it.bytes);
            let opened = self.keys.unseal(CONTEXT, sealed);
            match opened.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                Some(outgoing) => records.push(outgoing),
                None => damaged.extend_from_slice(sealed),
            }
        }
        if !damaged.is_empty() {
            self.set_aside_damage(&damaged)?;
        }
        Ok((records, part.bytes))
    }

    fn set_aside_damage(&self, damaged: &[u8]) -> Result<(), RemoteError> {
        tracing::error!(
            damaged_bytes = damaged.len(),
            "part of the spool cannot be read, torn off by a crash or of another key; it is kept beside it"
        );
        let kept = self.spool.set_aside_damage(damaged);
        kept.map_err(|error| self.failed(error.to_string()))
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
/// Bytes of the spool that are read at once.
const PART: u64 = 4 << 20;
