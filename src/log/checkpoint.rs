//! Checkpoints: what a log says its tree is (C2SP `tlog-checkpoint`).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::key::{KeyKind, SigningKey};
use super::line;
use super::note::{Note, NoteError, NoteSignature, VerifyError, check_text};
use super::tree::Hash;
use super::verifier::{Verified, VerifierKey};

/// The root of a log at a size. The text form is the text of the note that is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// The checkpoint of the log `origin` with `size` leaves.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] when the origin is empty or has control characters.
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        let origin = origin.into();
        if !is_line(&origin) {
            return Err(CheckpointError::Origin);
        }
        Ok(Self {
            origin,
            size,
            root,
            extensions: Vec::new(),
        })
    }

    /// Adds an extension line. The specification advises against them: nobody checks them.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Extension`] when the line is empty or has control characters.
    pub fn with_extension(mut self, line: impl Into<String>) -> Result<Self, CheckpointError> {
        let line = line.into();
        let number = self.extensions.len() + 1;
        if !is_line(&line) {
            return Err(CheckpointError::Extension { number });
        }
        self.extensions.push(line);
        Ok(self)
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree of [`size`](Self::size) leaves.
    #[must_use]
    pub const fn root(&self) -> &Hash {
        &self.root
    }

    /// The lines after the root, whose meaning is the log's affair.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = line::base64(&self.root);
        writeln!(f, "{}\n{}\n{root}", self.origin, self.size)?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        check_text(text)?;
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let origin = lines
            .next()
            .filter(|line| is_line(line))
            .ok_or(CheckpointError::Origin)?;
        let size = lines
            .next()
            .and_then(line::decimal)
            .ok_or(CheckpointError::Size)?;
        let root = lines
            .next()
            .and_then(line::hash)
            .ok_or(CheckpointError::Root)?;
        let checkpoint = Self::new(origin, size, root)?;
        lines.try_fold(checkpoint, Self::with_extension)
    }
}

/// A checkpoint with the signatures of its log and of witnesses.
///
/// Until [`verify`](Self::verify) has found the signature of the log, it says nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Signs `checkpoint` as its log. The name of the key is the origin.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::OtherLog`] when the key has another name.
    pub fn sign(checkpoint: Checkpoint, key: &SigningKey) -> Result<Self, CheckpointError> {
        if key.name().as_str() != checkpoint.origin {
            return Err(CheckpointError::OtherLog {
                origin: checkpoint.origin,
                key: key.name().to_string(),
            });
        }
        let text = checkpoint.to_string();
        let signature = key.sign(&text)?;
        let note = Note::new(text, vec![signature])?;
        Ok(Self { checkpoint, note })
    }

    /// Takes a note for a signed checkpoint. No signature is checked.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] when its text is no checkpoint.
    pub fn from_note(note: Note) -> Result<Self, CheckpointError> {
        let checkpoint = note.text().parse()?;
        Ok(Self { checkpoint, note })
    }

    /// Reads a signed checkpoint. No signature is checked.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`], which says what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        Self::from_note(Note::parse(bytes)?)
    }

    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint as a note.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The SHA-256 digest of the text that is signed, which timestamps of the checkpoint are taken
    /// over: the same however many have signed since.
    #[must_use]
    pub fn text_digest(&self) -> [u8; 32] {
        Sha256::digest(self.note.text().as_bytes()).into()
    }

    /// Adds a signature, in place of an earlier one by the same key.
    ///
    /// # Errors
    ///
    /// [`NoteError`] when the note would become too long; it stays as it was.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        self.note.add(signature)
    }

    /// Checks that the log itself signed, and says with which of the keys in `log_keys`, each
    /// once.
    ///
    /// Only keys whose name is the origin count: a key of one log says nothing about another.
    ///
    /// # Errors
    ///
    /// As [`Note::verify`]. [`VerifyError::Untrusted`] also when none of the keys is one of this
    /// log.
    pub fn verify<'k>(
        &self,
        log_keys: &'k [VerifierKey],
    ) -> Result<Vec<Verified<'k>>, VerifyError> {
        self.note.verify(log_keys.iter().filter(|key| {
            key.kind() == KeyKind::Note && key.name().as_str() == self.checkpoint.origin
        }))
    }

    /// Checks the cosignatures of the keys in `witnesses` and says which of them cosigned, and
    /// when. None is no error; keys of another kind are left alone.
    ///
    /// # Errors
    ///
    /// As [`Note::verify`], except [`VerifyError::Untrusted`].
    pub fn cosignatures<'k>(
        &self,
        witnesses: &'k [VerifierKey],
    ) -> Result<Vec<Verified<'k>>, VerifyError> {
        let witnesses: Vec<&VerifierKey> = witnesses
            .iter()
            .filter(|key| key.kind() == KeyKind::Cosignature)
            .collect();
        self.note.verify_known(&witnesses)
    }

    /// Adds what a witness answered: those of the signature lines that hold under a key in
    /// `witnesses`. Says how many.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Note`] when the answer is none, [`CheckpointError::Cosignature`] when one
    /// of a known witness does not hold. The checkpoint then stays as it was.
    pub fn add_cosignatures(
        &mut self,
        answer: &str,
        witnesses: &[VerifierKey],
    ) -> Result<usize, CheckpointError> {
        let answered = Note::new(self.note.text(), NoteSignature::parse_lines(answer)?)?;
        let answered = Self::from_note(answered)?;
        let verified = answered.cosignatures(witnesses)?;
        let mut note = self.note.clone();
        for signature in answered.note.signatures() {
            let by =
                |key: &VerifierKey| (key.name(), key.id()) == (signature.name(), signature.id());
            if verified.iter().any(|verified| by(verified.key)) {
                note.add(signature.clone())?;
            }
        }
        self.note = note;
        Ok(verified.len())
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// Why something is no checkpoint, or cannot be signed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Something that is no note.
    #[error("the checkpoint is no signed note")]
    Note(#[from] NoteError),
    /// An origin that is empty or has control characters.
    #[error("line 1 of the checkpoint is no origin: it must not be empty")]
    Origin,
    /// A size that is no number.
    #[error("line 2 of the checkpoint is no tree size: it must be a number without leading zeros")]
    Size,
    /// A root that is no hash.
    #[error("line 3 of the checkpoint is no root: it must be 32 bytes in base64")]
    Root,
    /// An extension line that is empty or has control characters.
    #[error("extension line {number} of the checkpoint is empty or has control characters")]
    Extension {
        /// The number of the line among the extensions, from 1.
        number: usize,
    },
    /// A key of another log.
    #[error("the key of {key} cannot sign for {origin}: a log signs with a key of its own name")]
    OtherLog {
        /// The log of the checkpoint.
        origin: String,
        /// The name of the key.
        key: String,
    },
    /// A cosignature of a known witness that does not hold.
    #[error("the witness's answer cannot be used")]
    Cosignature(#[from] VerifyError),
    /// A time that cosignatures cannot carry.
    #[error("{0} seconds is too late a time for a cosignature: give seconds since 1970")]
    Time(u64),
}

/// Whether a checkpoint can have this line: one or more characters, none of control.
fn is_line(line: &str) -> bool {
    !line.is_empty() && !line.bytes().any(|byte| byte < 0x20)
}
