//! The names, ids and kinds of keys, and the key that signs (C2SP `signed-note`).

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

use super::line;
use super::note::{NoteError, NoteSignature, check_text};
use super::verifier::VerifierKey;

/// The name of a key: not empty, without Unicode spaces, control characters and plus signs.
///
/// The key of a log has the name of its origin, such as `contextrail/<trail id>/<tenant>`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyName(String);

impl KeyName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        let refused = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        if name.is_empty() || name.contains(refused) {
            return Err(KeyError::Name(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }
}

/// The id of a key: with its name it says which key made a signature, and of which kind.
///
/// It is short, and no proof of anything: a key is trusted because it was given, never for its id.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// The id with these bytes, which is how signatures carry it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }

    /// The id that follows from a key: the beginning of
    /// `SHA-256(name ‖ 0x0A ‖ kind ‖ public key)`.
    #[must_use]
    pub fn of(name: &KeyName, kind: KeyKind, public_key: &[u8; 32]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(name.as_str());
        hasher.update([b'\n', kind.byte()]);
        hasher.update(public_key);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 8 || !text.bytes().all(digits) {
            return Err(KeyError::Form);
        }
        let id = u32::from_str_radix(text, 16).map_err(|_| KeyError::Form)?;
        Ok(Self(id.to_be_bytes()))
    }
}

/// What a key signs. All keys are Ed25519 keys.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum KeyKind {
    /// The text of a note, as a log signs its checkpoints (type 0x01).
    Note,
    /// A checkpoint and the time at which a witness saw it (type 0x04).
    Cosignature,
}

impl KeyKind {
    /// The byte that stands for the kind in ids and texts of keys.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    pub(super) const fn from_byte(byte: u8) -> Result<Self, KeyError> {
        match byte {
            0x01 => Ok(Self::Note),
            0x04 => Ok(Self::Cosignature),
            other => Err(KeyError::Algorithm(other)),
        }
    }
}

/// The key that signs notes: an Ed25519 key with a name.
///
/// The secret is wiped when the key is dropped, and `Debug` does not show it. The text form, for
/// [`FromStr`] and [`to_secret_text`](Self::to_secret_text), is that of `golang.org/x/mod/sumdb/note`:
/// `PRIVATE+KEY+<name>+<id>+<base64>`.
///
/// # Examples
///
/// ```
/// use contextrail::log::{Note, SigningKey};
///
/// let key = SigningKey::from_seed("example.com/log".parse()?, &[7; 32]);
/// let note = Note::new("hello\n", vec![key.sign("hello\n")?])?;
/// assert_eq!(note.verify(&[key.verifier_key()])?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    name: KeyName,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key with the 32 random bytes `seed` as its secret (RFC 8032 §5.1.5).
    #[must_use]
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        Self { name, key }
    }

    /// The same secret under another name: each log signs under its own origin.
    #[must_use]
    pub fn with_name(&self, name: KeyName) -> Self {
        let key = self.key.clone();
        Self { name, key }
    }

    /// The name of the key.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key that checks the signatures of this one.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        self.verifier_key_of(KeyKind::Note)
    }

    /// Signs the text of a note.
    ///
    /// # Errors
    ///
    /// [`NoteError`] when `text` cannot be the text of a note.
    pub fn sign(&self, text: &str) -> Result<NoteSignature, NoteError> {
        check_text(text)?;
        let bytes = self.sign_bytes(text.as_bytes()).to_vec();
        Ok(NoteSignature::of(&self.verifier_key(), bytes))
    }

    /// The text form with the secret in it, for a file that nobody else can read.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let mut secret = [0; SECRET_BYTES];
        secret[0] = KeyKind::Note.byte();
        secret[1..].copy_from_slice(self.key.as_bytes());
        let key = self.verifier_key();
        let text = format!(
            "{PRIVATE}{}+{}+{}",
            key.name(),
            key.id(),
            line::base64(&secret)
        );
        wipe(&mut secret);
        text
    }

    pub(super) fn verifier_key_of(&self, kind: KeyKind) -> VerifierKey {
        VerifierKey::of(self.name.clone(), kind, self.key.verifying_key())
    }

    pub(super) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let parts = text.strip_prefix(PRIVATE).ok_or(KeyError::Form)?;
        let (name, id, secret_text) = split_key(parts)?;
        let mut secret = [0; SECRET_BYTES];
        let key = read_secret(secret_text, &mut secret).map(|seed| Self::from_seed(name, seed));
        wipe(&mut secret);
        let key = key?;
        let expected = key.verifier_key().id();
        if id != expected {
            return Err(KeyError::Id {
                stated: id,
                expected,
            });
        }
        Ok(key)
    }
}

/// Why something is no key, or no name of one. The secret of a key is never in here.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A name that notes cannot carry.
    #[error("{0:?} is no name of a key: it must not be empty or contain spaces or plus signs")]
    Name(String),
    /// A text of another form.
    #[error("this is no key: one reads NAME+ID+KEY, with the id in 8 small hexadecimal digits")]
    Form,
    /// A part that is not padded base64.
    #[error("the last part of the key is no base64")]
    Base64,
    /// A kind of key that is not supported.
    #[error("keys of type {0:#04x} are not supported: use an Ed25519 key")]
    Algorithm(u8),
    /// A key of another length.
    #[error("an Ed25519 key has 32 bytes, this one {0}")]
    Length(usize),
    /// Bytes that are no public key, or one under which anything can be signed.
    #[error("the bytes are no safe Ed25519 public key")]
    Point,
    /// An id that does not follow from the key.
    #[error("the key says its id is {stated}, but it is {expected}: it was changed or cut")]
    Id {
        /// The id in the text.
        stated: KeyId,
        /// The id that follows from name and key.
        expected: KeyId,
    },
}

/// Splits `NAME+ID+KEY`.
pub(super) fn split_key(text: &str) -> Result<(KeyName, KeyId, &str), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
    let (id, key) = rest.split_once('+').ok_or(KeyError::Form)?;
    Ok((name.parse()?, id.parse()?, key))
}

fn read_secret<'a>(
    text: &str,
    secret: &'a mut [u8; SECRET_BYTES],
) -> Result<&'a [u8; 32], KeyError> {
    // Decoded into a buffer that can be wiped.
    if text.len() != SECRET_CHARS {
        return Err(KeyError::Length((text.len() / 4 * 3).saturating_sub(1)));
    }
    match STANDARD.decode_slice(text, secret) {
        Ok(SECRET_BYTES) => {}
        Ok(other) => return Err(KeyError::Length(other.saturating_sub(1))),
        Err(_) => return Err(KeyError::Base64),
    }
    let (kind, seed) = secret.split_first_chunk::<1>().ok_or(KeyError::Form)?;
    match KeyKind::from_byte(kind[0])? {
        KeyKind::Note => seed.try_into().map_err(|_| KeyError::Length(seed.len())),
        KeyKind::Cosignature => Err(KeyError::Algorithm(kind[0])),
    }
}

fn wipe(secret: &mut [u8]) {
    secret.fill(0);
    // Without this the compiler may leave out writes to memory that nobody reads any more.
    black_box(secret);
}

const PRIVATE: &str = "PRIVATE+KEY+";

/// A byte for the kind, then the seed.
const SECRET_BYTES: usize = 33;
const SECRET_CHARS: usize = 44;
