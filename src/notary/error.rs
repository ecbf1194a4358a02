//! What can go wrong at the notary.

use std::io;

use crate::log::{CheckpointError, KeyError, NoteError, TreeError};
use crate::record::Digest;
use crate::store::{ArchiveError, LogHead, StoreError};

/// What can go wrong at the notary. Every message names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotaryError {
    /// The log does not contain the newest head that is known.
    #[error(transparent)]
    Frozen(Box<Frozen>),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process signs for the trail, and this one waited for it.
    #[error(
        "another process signs for this trail ({path} is locked) and has not signed what is asked for: see whether it runs; when it ends, another one takes over"
    )]
    AnotherSigns {
        /// The file that it holds locked.
        path: String,
    },
    /// A file of the notary cannot be used.
    #[error("{path} cannot be {verb}")]
    File {
        /// The file.
        path: String,
        /// What was tried: `read`, `written`.
        verb: &'static str,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Heads are known of a database that is not there.
    #[error(
        "{path} is missing, though {heads} knows a head of it with {entries} entries: put the database back, or move the files of the lost trail away to begin a new one"
    )]
    DatabaseMissing {
        /// The database.
        path: String,
        /// The heads file.
        heads: String,
        /// The entries of the newest head.
        entries: u64,
    },
    /// The file with the signing key can be read by others.
    #[error(
        "{path} has mode {mode:o}: others could sign in the name of this trail; chmod 600 {path}, and rotate the key if anybody may have read it"
    )]
    Exposed {
        /// The file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// Heads were signed, and the key is gone.
    #[error(
        "{path} is missing, though heads of this trail were signed with it: restore it, or run `contextrail log key rotate --lost` for a new one"
    )]
    KeyMissing {
        /// The file.
        path: String,
    },
    /// The key in the file is not the one that signs for this trail.
    #[error(
        "{path} holds a key that does not sign for this trail: {public_keys} names another one as the newest. \
         Put the right key back; when that is lost, move the file away and run `contextrail log key rotate --lost`"
    )]
    ForeignKey {
        /// The file with the signing key.
        path: String,
        /// The file with the verification keys.
        public_keys: String,
    },
    /// A line of a file is not what it should be.
    #[error("{path}, line {line}: {what}")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The file that names witnesses and timestamp authorities cannot be understood.
    #[error("{path}, line {line}: {what}")]
    Attesters {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The second place of the signed heads cannot be used.
    #[error(
        "signed heads are kept in the {place} as well, and {what}: make it usable; until then nothing is signed"
    )]
    Elsewhere {
        /// Where it is.
        place: String,
        /// What is wrong.
        what: String,
        /// What it reported.
        #[source]
        source: Option<Box<ArchiveError>>,
    },
    /// A checkpoint cannot be made.
    #[error("the checkpoint cannot be made")]
    Checkpoint(#[from] CheckpointError),
    /// A note cannot be made.
    #[error("the checkpoint cannot be signed")]
    Note(#[from] NoteError),
    /// A key cannot be used.
    #[error("the key cannot be used")]
    Key(#[from] KeyError),
    /// The tiles of the log do not answer.
    #[error("the tree of the log is damaged: {0}; run `contextrail verify`")]
    Tree(#[from] TreeError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a key: {0}")]
    NoEntropy(getrandom::Error),
    /// No client for HTTP can be made.
    #[cfg(feature = "network")]
    #[error("witnesses and timestamp authorities cannot be asked")]
    Client(#[source] reqwest::Error),
    /// The trail was opened for reading.
    #[error("the trail was opened for reading alone: nothing is signed")]
    ReadOnly,
}

impl NotaryError {
    /// What is wrong, and what caused it.
    pub(super) fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

/// A log that does not contain the newest head known of it: an old backup, a stale standby, or a
/// rewritten table. It can be read; nothing is appended or signed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the trail is frozen: {what}. The newest known head of {origin} {}, the database has {} entries and root {}. \
     Put the newest database back; when it is lost for good, `contextrail log succeed --reason TEXT --approved-by A,B` begins a new epoch that says so",
    self.known_in_words(), found.size, Digest::Sha256(found.root)
)]
pub struct Frozen {
    /// Whose head it is.
    pub origin: String,
    /// What is wrong.
    pub what: &'static str,
    /// The newest head known; of one that a witness has seen its size alone, and a root of zeros.
    pub known: LogHead,
    /// The head of the database.
    pub found: LogHead,
    /// The witness that has seen the known head, by its address; `None` when this trail has signed it
    /// and keeps it in its heads file.
    pub witness: Option<String>,
}

impl From<Frozen> for NotaryError {
    fn from(frozen: Frozen) -> Self {
        Self::Frozen(Box::new(frozen))
    }
}

impl Frozen {
    fn known_in_words(&self) -> String {
        let size = self.known.size;
        match &self.witness {
            None => format!(
                "has {size} entries and root {}",
                Digest::Sha256(self.known.root)
            ),
            Some(url) => format!("has {size} entries, says the witness {url}"),
        }
    }
}
