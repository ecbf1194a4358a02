//! Proofs that stand alone in a file (C2SP `tlog-proof`).

use std::fmt;

use super::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use super::line;
use super::note::{MAX_NOTE_BYTES, VerifyError};
use super::proof::{ProofError, verify_inclusion};
use super::quorum::Quorum;
use super::tree::Hash;
use super::verifier::{Verified, VerifierKey};

/// The proof that an entry is in a log: its index, the path to the root, and the signed checkpoint
/// with that root. The text form is the content of a `.tlog-proof` file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlogProof {
    extra: Option<Vec<u8>>,
    index: u64,
    path: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// A proof of the entry at `index`; nothing is checked.
    ///
    /// # Errors
    ///
    /// [`TlogProofError::PathTooLong`] when no tree has so long a path.
    pub fn new(
        index: u64,
        path: Vec<Hash>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, TlogProofError> {
        if path.len() > MAX_PATH {
            return Err(TlogProofError::PathTooLong);
        }
        Ok(Self {
            extra: None,
            index,
            path,
            checkpoint,
        })
    }

    /// Adds data that the proof does not cover, and that no reader may trust.
    ///
    /// # Errors
    ///
    /// [`TlogProofError::TooLong`] above [`MAX_NOTE_BYTES`] in base64.
    pub fn with_extra(mut self, extra: Vec<u8>) -> Result<Self, TlogProofError> {
        if extra.len() > MAX_NOTE_BYTES / 4 * 3 {
            return Err(TlogProofError::TooLong { bytes: extra.len() });
        }
        self.extra = Some(extra);
        Ok(self)
    }

    /// Reads a proof; nothing in it is checked yet.
    ///
    /// # Errors
    ///
    /// [`TlogProofError`], which says what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(TlogProofError::TooLong { bytes: bytes.len() });
        }
        let text = str::from_utf8(bytes).map_err(|error| TlogProofError::NotUtf8 {
            offset: error.valid_up_to(),
        })?;
        let rest = text.strip_prefix(HEADER).ok_or(TlogProofError::Header)?;
        let (proof, checkpoint) = rest.split_once("\n\n").ok_or(TlogProofError::NoBlankLine)?;
        let mut lines = proof.split('\n').peekable();
        let extra = match lines.next_if(|line| line.starts_with(EXTRA)) {
            Some(line) => Some(line::bytes(&line[EXTRA.len()..]).ok_or(TlogProofError::Extra)?),
            None => None,
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix(INDEX))
            .and_then(line::decimal)
            .ok_or(TlogProofError::Index)?;
        let mut path = Vec::new();
        for (line, number) in lines.zip(1..) {
            if number > MAX_PATH {
                return Err(TlogProofError::PathTooLong);
            }
            path.push(line::hash(line).ok_or(TlogProofError::Hash { number })?);
        }
        let proof = Self::new(index, path, SignedCheckpoint::parse(checkpoint.as_bytes())?)?;
        match extra {
            Some(extra) => proof.with_extra(extra),
            None => Ok(proof),
        }
    }

    /// The data that came with the proof. Nothing vouches for it.
    #[must_use]
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The index of the entry in the log, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The hashes from the sibling of the leaf up to the child of the root.
    #[must_use]
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// The checkpoint with its signatures.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Checks that a log that is trusted has the entry with the leaf hash `leaf`, and that enough
    /// witnesses saw the checkpoint that says so.
    ///
    /// # Errors
    ///
    /// [`UnprovenError`], which says what is not proved.
    pub fn verify<'k>(
        &self,
        leaf: &Hash,
        log_keys: &'k [VerifierKey],
        quorum: &'k Quorum,
    ) -> Result<Proven<'_, 'k>, UnprovenError> {
        let signatures = self
            .checkpoint
            .verify(log_keys)
            .map_err(UnprovenError::Log)?;
        let cosignatures = self
            .checkpoint
            .cosignatures(quorum.witnesses())
            .map_err(UnprovenError::Witness)?;
        if cosignatures.len() < quorum.threshold() {
            return Err(UnprovenError::Quorum {
                cosigned: cosignatures.len(),
                threshold: quorum.threshold(),
            });
        }
        let checkpoint = self.checkpoint.checkpoint();
        let (size, root) = (checkpoint.size(), checkpoint.root());
        verify_inclusion(self.index, size, leaf, &self.path, root)?;
        Ok(Proven {
            index: self.index,
            checkpoint,
            signatures,
            cosignatures,
        })
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        if let Some(extra) = &self.extra {
            writeln!(f, "{EXTRA}{}", line::base64(extra))?;
        }
        writeln!(f, "{INDEX}{}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", line::base64(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// What a [`TlogProof`] proves.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Proven<'p, 'k> {
    /// The index at which the log has the entry, from 0.
    pub index: u64,
    /// The checkpoint that vouches for it.
    pub checkpoint: &'p Checkpoint,
    /// The signatures of the log, one at least.
    pub signatures: Vec<Verified<'k>>,
    /// The cosignatures of known witnesses, as many as the quorum asks for at least.
    pub cosignatures: Vec<Verified<'k>>,
}

/// Why something is no proof of this form.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TlogProofError {
    /// More than a proof can need.
    #[error("the proof or its extra data has {bytes} bytes, which is too long")]
    TooLong {
        /// The length found.
        bytes: usize,
    },
    /// Bytes that are no UTF-8.
    #[error("the proof is not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The place of the first wrong byte, from 0.
        offset: usize,
    },
    /// Another first line.
    #[error("the proof does not begin with the line c2sp.org/tlog-proof@v1")]
    Header,
    /// Extra data that is no base64.
    #[error("the extra line of the proof is no base64")]
    Extra,
    /// No index where it should be.
    #[error("the proof has no index line: it reads \"index\" and a number without leading zeros")]
    Index,
    /// A line of the path that is no hash.
    #[error("line {number} of the path is no hash: it must be 32 bytes in base64")]
    Hash {
        /// The number of the line within the path, from 1.
        number: usize,
    },
    /// A path longer than any tree is high.
    #[error("the path has more than {MAX_PATH} hashes, longer than any tree is high")]
    PathTooLong,
    /// No blank line between the path and the checkpoint.
    #[error("the proof has no blank line before its checkpoint")]
    NoBlankLine,
    /// A checkpoint that is none.
    #[error("the checkpoint of the proof cannot be read")]
    Checkpoint(#[from] CheckpointError),
}

/// What a proof does not prove.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnprovenError {
    /// The log did not sign the checkpoint with a key that is trusted.
    #[error("the checkpoint is not proved to be the log's")]
    Log(#[source] VerifyError),
    /// A witness that counts did not make the cosignature that bears its name.
    #[error("a cosignature of the checkpoint is not its witness's")]
    Witness(#[source] VerifyError),
    /// Too few witnesses cosigned.
    #[error("{cosigned} known witnesses cosigned the checkpoint, {threshold} are needed")]
    Quorum {
        /// The number of witnesses that count and cosigned.
        cosigned: usize,
        /// The number that is needed.
        threshold: usize,
    },
    /// The entry is not at its place in the tree.
    #[error("the entry is not proved to be in the log")]
    Inclusion(#[from] ProofError),
}

const HEADER: &str = "c2sp.org/tlog-proof@v1\n";
const EXTRA: &str = "extra ";
const INDEX: &str = "index ";

/// The height of the largest tree.
const MAX_PATH: usize = 64;

/// Room for a checkpoint and extra data of the greatest length, and for the path.
const MAX_PROOF_BYTES: usize = 2 * MAX_NOTE_BYTES + 10_000;
