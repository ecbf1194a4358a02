//! Signed notes (C2SP `signed-note`).

use std::fmt;
use std::str::FromStr;

use super::key::{KeyId, KeyName};
use super::line;
use super::verifier::{Verified, VerifierKey};

/// The length in bytes above which a note is refused.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

/// The number of signatures above which a note is refused.
pub const MAX_SIGNATURES: usize = 100;

/// A text with signatures.
///
/// Until [`verify`](Self::verify) has found a signature by a trusted key, the text says nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note of `text` and `signatures`, which are not checked.
    ///
    /// # Errors
    ///
    /// [`NoteError`] when the text cannot be that of a note, or there are no signatures or too
    /// many.
    pub fn new(text: impl Into<String>, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        let text = text.into();
        check_text(&text)?;
        if signatures.is_empty() {
            return Err(NoteError::NoSignature);
        }
        let note = Self { text, signatures };
        note.check_limits()?;
        Ok(note)
    }

    /// Reads a note. No signature is checked.
    ///
    /// # Errors
    ///
    /// [`NoteError`], which says what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes: bytes.len() });
        }
        let whole = str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8 {
            offset: error.valid_up_to(),
        })?;
        if let Some(offset) = line::control(whole) {
            return Err(NoteError::Control { offset });
        }
        let last = whole.rfind("\n\n").ok_or(NoteError::NoBlankLine)?;
        let (text, signatures) = (&whole[..=last], &whole[last + 2..]);
        Self::new(text, NoteSignature::parse_lines(signatures)?)
    }

    /// The text that is signed. It ends in a newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in their order, checked or not.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature, in place of an earlier one by the same key.
    ///
    /// # Errors
    ///
    /// [`NoteError`] when the note would become too long; it stays as it was.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        let mut signatures = self.signatures.clone();
        signatures.retain(|other| (&other.name, other.id) != (&signature.name, signature.id));
        signatures.push(signature);
        *self = Self::new(self.text.clone(), signatures)?;
        Ok(())
    }

    /// Checks the signatures of the keys in `trusted` and says which of them signed, each once, in
    /// the order of the note. Signatures of other keys are left alone.
    ///
    /// # Errors
    ///
    /// [`VerifyError::BadSignature`] when a signature that names a trusted key does not hold, even
    /// if others do; [`VerifyError::Untrusted`] when no trusted key signed;
    /// [`VerifyError::Ambiguous`] when two different trusted keys have the name and id of a
    /// signature.
    pub fn verify<'k>(
        &self,
        trusted: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<Verified<'k>>, VerifyError> {
        let trusted: Vec<&VerifierKey> = trusted.into_iter().collect();
        let verified = self.verify_known(&trusted)?;
        if verified.is_empty() {
            return Err(VerifyError::Untrusted);
        }
        Ok(verified)
    }

    /// As [`verify`](Self::verify), but no signature at all is no error.
    pub(super) fn verify_known<'k>(
        &self,
        trusted: &[&'k VerifierKey],
    ) -> Result<Vec<Verified<'k>>, VerifyError> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = signature.key_among(trusted)? else {
                continue;
            };
            let holds = key
                .verify(&self.text, &signature.bytes)
                .ok_or_else(|| signature.is_bad())?;
            if !verified.iter().any(|earlier| earlier.key == key) {
                verified.push(holds);
            }
        }
        Ok(verified)
    }

    fn check_limits(&self) -> Result<(), NoteError> {
        if self.signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let lines: usize = self.signatures.iter().map(NoteSignature::line_bytes).sum();
        let bytes = self.text.len() + 1 + lines;
        if bytes > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes });
        }
        Ok(())
    }
}

/// Writes the note as [`Note::parse`] reads it.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// One signature of a note. Its text form is its line without the newline.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoteSignature {
    name: KeyName,
    id: KeyId,
    bytes: Vec<u8>,
}

impl NoteSignature {
    /// The signature `bytes` that the key with `name` and `id` made, for keys that lie elsewhere.
    ///
    /// # Errors
    ///
    /// [`NoteError::NoSignature`] when there are no bytes.
    pub fn new(name: KeyName, id: KeyId, bytes: Vec<u8>) -> Result<Self, NoteError> {
        if bytes.is_empty() {
            return Err(NoteError::NoSignature);
        }
        Ok(Self { name, id, bytes })
    }

    /// Reads signature lines, each with its newline: what follows the text of a note, and what a
    /// witness answers.
    ///
    /// # Errors
    ///
    /// [`NoteError`] when there are none or too many, or a line is not one.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, NoteError> {
        if text.is_empty() {
            return Err(NoteError::NoSignature);
        }
        let lines = text.strip_suffix('\n').ok_or(NoteError::NoNewline)?;
        (1..)
            .zip(lines.split('\n'))
            .map(|(number, line)| {
                if number > MAX_SIGNATURES {
                    return Err(NoteError::TooManySignatures);
                }
                Self::read(line).ok_or(NoteError::SignatureLine { number })
            })
            .collect()
    }

    /// The name of the key that is said to have signed.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key that is said to have signed.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The signature itself, as its kind of key defines it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn of(key: &VerifierKey, bytes: Vec<u8>) -> Self {
        Self {
            name: key.name().clone(),
            id: key.id(),
            bytes,
        }
    }

    fn read(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = line::bytes(signature)?;
        let (id, bytes) = bytes.split_first_chunk()?;
        Self::new(name.parse().ok()?, KeyId::from_bytes(*id), bytes.to_vec()).ok()
    }

    fn key_among<'k>(
        &self,
        trusted: &[&'k VerifierKey],
    ) -> Result<Option<&'k VerifierKey>, VerifyError> {
        let mut named = trusted
            .iter()
            .filter(|key| (key.name(), key.id()) == (&self.name, self.id));
        let first = named.next().copied();
        if named.any(|other| Some(*other) != first) {
            return Err(VerifyError::Ambiguous {
                name: self.name.clone(),
                id: self.id,
            });
        }
        Ok(first)
    }

    fn is_bad(&self) -> VerifyError {
        VerifyError::BadSignature {
            name: self.name.clone(),
            id: self.id,
        }
    }

    /// The length of the line, with its newline.
    fn line_bytes(&self) -> usize {
        let signature = (self.bytes.len() + 4).div_ceil(3) * 4;
        DASH.len() + self.name.as_str().len() + 1 + signature + 1
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.as_bytes(), self.bytes.as_slice()].concat();
        write!(f, "{DASH}{} {}", self.name, line::base64(&bytes))
    }
}

impl FromStr for NoteSignature {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        Self::read(line).ok_or(NoteError::SignatureLine { number: 1 })
    }
}

/// Why something is no note.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// More than [`MAX_NOTE_BYTES`].
    #[error("the note has {bytes} bytes, more than {MAX_NOTE_BYTES}")]
    TooLong {
        /// The length of the note.
        bytes: usize,
    },
    /// Bytes that are no UTF-8.
    #[error("the note is not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The place of the first wrong byte, from 0.
        offset: usize,
    },
    /// A control character other than a newline.
    #[error("the note has a control character at byte {offset}")]
    Control {
        /// The place of the character, from 0.
        offset: usize,
    },
    /// No blank line between text and signatures.
    #[error("the note has no blank line before its signatures")]
    NoBlankLine,
    /// A text or signature line without the newline at its end.
    #[error("the note is cut: its text and its last line must end in a newline")]
    NoNewline,
    /// A note that nobody signed.
    #[error("the note has no signature")]
    NoSignature,
    /// More than [`MAX_SIGNATURES`].
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A line that is no signature.
    #[error("signature line {number} is not of the form \"— NAME BASE64\"")]
    SignatureLine {
        /// The number of the line among the signatures, from 1.
        number: usize,
    },
}

/// Why a note is not to be believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// No key that is trusted signed.
    #[error("no trusted key signed the note: check that the keys given are those of its signer")]
    Untrusted,
    /// A signature that names a trusted key and does not hold.
    #[error("the signature of {name}+{id} does not hold: the note was changed or forged")]
    BadSignature {
        /// The name of the key.
        name: KeyName,
        /// The id of the key.
        id: KeyId,
    },
    /// Two trusted keys of one name and id.
    #[error("two different trusted keys are called {name}+{id}: leave one out")]
    Ambiguous {
        /// The name of the keys.
        name: KeyName,
        /// The id of the keys.
        id: KeyId,
    },
}

/// Checks that `text` can be the text of a note.
pub(super) fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong { bytes: text.len() });
    }
    if let Some(offset) = line::control(text) {
        return Err(NoteError::Control { offset });
    }
    if !text.ends_with('\n') {
        return Err(NoteError::NoNewline);
    }
    Ok(())
}

/// An em dash and a space: what each signature line begins with.
const DASH: &str = "— ";
