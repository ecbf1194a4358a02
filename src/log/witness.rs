//! What a witness is asked, and when it agrees (C2SP `tlog-witness`).

use std::fmt;

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::line;
use super::note::{MAX_NOTE_BYTES, VerifyError};
use super::proof::{ProofError, verify_consistency};
use super::tree::{Hash, root};
use super::verifier::VerifierKey;

/// The size and root of a tree: what a witness remembers of a log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TreeHead {
    /// The number of leaves.
    pub size: u64,
    /// The root of the tree of that size.
    pub root: Hash,
}

impl TreeHead {
    /// The head of the empty tree: what a witness knows of a log it has seen nothing of.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: root(&[]),
        }
    }
}

/// The request to cosign a checkpoint. The text form is the body of `POST /add-checkpoint`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AddCheckpoint {
    old: u64,
    path: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl AddCheckpoint {
    /// Asks to cosign `checkpoint`, which `path` proves to continue the tree of `old` leaves.
    ///
    /// # Errors
    ///
    /// [`RequestError::PathTooLong`] above 63 hashes.
    pub fn new(
        old: u64,
        path: Vec<Hash>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, RequestError> {
        if path.len() > MAX_PATH {
            return Err(RequestError::PathTooLong);
        }
        Ok(Self {
            old,
            path,
            checkpoint,
        })
    }

    /// Reads a request.
    ///
    /// # Errors
    ///
    /// [`RequestError`], which says what is wrong and where. A witness answers 400.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLong { bytes: bytes.len() });
        }
        let text = str::from_utf8(bytes).map_err(|error| RequestError::NotUtf8 {
            offset: error.valid_up_to(),
        })?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(RequestError::NoBlankLine)?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix(OLD))
            .and_then(line::decimal)
            .ok_or(RequestError::OldSize)?;
        let mut path = Vec::new();
        for (line, number) in lines.zip(1..) {
            if number > MAX_PATH {
                return Err(RequestError::PathTooLong);
            }
            path.push(line::hash(line).ok_or(RequestError::Hash { number })?);
        }
        Self::new(old, path, SignedCheckpoint::parse(checkpoint.as_bytes())?)
    }

    /// The size of the tree that the path starts from.
    #[must_use]
    pub const fn old(&self) -> u64 {
        self.old
    }

    /// The consistency proof.
    #[must_use]
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// The checkpoint to cosign.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Decides whether a witness agrees, and gives the head it has to remember from then on.
    ///
    /// `log_keys` are the keys the witness trusts for the origin of the checkpoint, none for a log
    /// it does not know; `newest` is the last head it cosigned, or [`TreeHead::empty`].
    ///
    /// The new head must be stored before the checkpoint is cosigned, and only if `newest` still
    /// is what is stored: else two requests at once could roll the log back.
    ///
    /// # Errors
    ///
    /// [`Refusal`], with the answer to give.
    pub fn check(&self, log_keys: &[VerifierKey], newest: &TreeHead) -> Result<TreeHead, Refusal> {
        let checkpoint = self.checkpoint.checkpoint();
        if log_keys.is_empty() {
            return Err(Refusal::UnknownLog {
                origin: checkpoint.origin().to_owned(),
            });
        }
        self.checkpoint.verify(log_keys)?;
        let (old, size) = (self.old, checkpoint.size());
        if old > size {
            return Err(Refusal::Shrunk { old, size });
        }
        if old != newest.size {
            return Err(Refusal::Stale {
                old,
                newest: newest.size,
            });
        }
        let root = *checkpoint.root();
        if size == newest.size && root != newest.root {
            return Err(Refusal::Split { size });
        }
        self.check_path(newest, &TreeHead { size, root })
    }

    fn check_path(&self, newest: &TreeHead, new: &TreeHead) -> Result<TreeHead, Refusal> {
        if newest.size == 0 {
            // Every tree continues the empty one.
            return match self.path.len() {
                0 => Ok(*new),
                hashes => Err(ProofError::PathTooLong { hashes }.into()),
            };
        }
        verify_consistency(newest.size, new.size, &newest.root, &new.root, &self.path)?;
        Ok(*new)
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{OLD}{}", self.old)?;
        for hash in &self.path {
            writeln!(f, "{}", line::base64(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why something is no request to a witness.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// More than a request can need.
    #[error("the request has {bytes} bytes, which is too long")]
    TooLong {
        /// The length of the request.
        bytes: usize,
    },
    /// Bytes that are no UTF-8.
    #[error("the request is not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The place of the first wrong byte, from 0.
        offset: usize,
    },
    /// No old size where it should be.
    #[error("line 1 of the request must read \"old\" and a number without leading zeros")]
    OldSize,
    /// A line of the path that is no hash.
    #[error("line {number} of the consistency proof is no hash: it must be 32 bytes in base64")]
    Hash {
        /// The number of the line within the path, from 1.
        number: usize,
    },
    /// More lines than the specification allows.
    #[error("the consistency proof has more than {MAX_PATH} hashes")]
    PathTooLong,
    /// No blank line between the path and the checkpoint.
    #[error("the request has no blank line before its checkpoint")]
    NoBlankLine,
    /// A checkpoint that is none.
    #[error("the checkpoint of the request cannot be read")]
    Checkpoint(#[from] CheckpointError),
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The witness does not know the log.
    #[error("the log {origin:?} is not one this witness watches")]
    UnknownLog {
        /// The log of the checkpoint.
        origin: String,
    },
    /// The log did not sign the checkpoint with a key the witness trusts.
    #[error("the checkpoint is not signed by its log")]
    Unsigned(#[from] VerifyError),
    /// The request contradicts itself.
    #[error("the checkpoint has {size} leaves, fewer than the {old} it is said to continue")]
    Shrunk {
        /// The size that the path starts from.
        old: u64,
        /// The size of the checkpoint.
        size: u64,
    },
    /// The path starts from another size than the witness has.
    #[error("the newest checkpoint here has {newest} leaves, not {old}: send a proof from there")]
    Stale {
        /// The size that the path starts from.
        old: u64,
        /// The size of the head the witness has.
        newest: u64,
    },
    /// Two roots for one size: the log has shown two different trees.
    #[error("the log has shown another root for {size} leaves before: its view is split")]
    Split {
        /// The size for which there are two roots.
        size: u64,
    },
    /// The checkpoint does not continue the tree that the witness has seen.
    #[error("the checkpoint is not proved to continue the newest one here")]
    Inconsistent(#[from] ProofError),
}

impl Refusal {
    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Shrunk { .. } => 400,
            Self::Unsigned(_) => 403,
            Self::UnknownLog { .. } => 404,
            Self::Stale { .. } | Self::Split { .. } => 409,
            Self::Inconsistent(_) => 422,
        }
    }

    /// The size of the head that the witness has, where the answer carries it: with status 409, as
    /// a line of type `text/x.tlog.size`.
    #[must_use]
    pub const fn newest(&self) -> Option<u64> {
        match self {
            Self::Stale { newest, .. } => Some(*newest),
            Self::Split { size } => Some(*size),
            _ => None,
        }
    }
}

const OLD: &str = "old ";

/// The number of hashes that the specification allows in a request.
const MAX_PATH: usize = 63;

/// Room for a checkpoint of the greatest length and the path.
const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + 10_000;
