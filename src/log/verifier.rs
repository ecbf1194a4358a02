//! The keys that check signatures (C2SP `signed-note`).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};

use super::cosignature;
use super::key::{KeyError, KeyId, KeyKind, KeyName, split_key};
use super::line;

/// A key that checks signatures, with the name it stands for.
///
/// The text form is `<name>+<id>+<base64>`, as in `golang.org/x/mod/sumdb/note`.
///
/// # Examples
///
/// ```
/// use contextrail::log::VerifierKey;
///
/// let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// let key: VerifierKey = text.parse()?;
/// assert_eq!(key.name().as_str(), "PeterNeumann");
/// assert_eq!(key.to_string(), text);
/// # Ok::<(), contextrail::log::KeyError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The key with these 32 bytes (RFC 8032 §5.1.5).
    ///
    /// # Errors
    ///
    /// [`KeyError::Point`] when the bytes are no public key, or one of small order, under which a
    /// signature can hold for any text.
    pub fn new(name: KeyName, kind: KeyKind, public_key: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self::of(name, kind, key))
    }

    /// Reads the keys in `text`, one a line. Blank lines and those that begin with `#` are left
    /// out.
    ///
    /// # Errors
    ///
    /// [`KeyListError`] with the number of the first line that is no key.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, KeyListError> {
        (1..)
            .zip(text.lines().map(str::trim))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(number, line)| {
                line.parse().map_err(|source| KeyListError {
                    line: number,
                    source,
                })
            })
            .collect()
    }

    /// The name of the key.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What the key signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    pub(super) fn of(name: KeyName, kind: KeyKind, key: VerifyingKey) -> Self {
        let id = KeyId::of(&name, kind, key.as_bytes());
        Self {
            name,
            id,
            kind,
            key,
        }
    }

    /// Checks a signature over `text`, without the id in front of it. `None` when it does not
    /// hold.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> Option<Verified<'_>> {
        let time = match self.kind {
            KeyKind::Note => {
                self.verify_bytes(text.as_bytes(), signature.try_into().ok()?)?;
                None
            }
            KeyKind::Cosignature => {
                let (time, signature) = cosignature::split(signature)?;
                self.verify_bytes(cosignature::message(time, text).as_bytes(), signature)?;
                Some(time)
            }
        };
        Some(Verified { key: self, time })
    }

    fn verify_bytes(&self, message: &[u8], signature: &[u8; 64]) -> Option<()> {
        self.key
            .verify_strict(message, &Signature::from_bytes(signature))
            .ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [self.kind.byte(); 33];
        bytes[1..].copy_from_slice(self.public_key());
        write!(f, "{}+{}+{}", self.name, self.id, line::base64(&bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, stated, key) = split_key(text)?;
        let bytes = line::bytes(key).ok_or(KeyError::Base64)?;
        let (kind, public_key) = bytes.split_first().ok_or(KeyError::Length(0))?;
        let kind = KeyKind::from_byte(*kind)?;
        let public_key = public_key
            .try_into()
            .map_err(|_| KeyError::Length(public_key.len()))?;
        let key = Self::new(name, kind, public_key)?;
        if key.id != stated {
            return Err(KeyError::Id {
                stated,
                expected: key.id,
            });
        }
        Ok(key)
    }
}

/// A signature that holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verified<'k> {
    /// The trusted key that made it.
    pub key: &'k VerifierKey,
    /// When a witness says it saw the checkpoint, in seconds since 1970-01-01T00:00:00Z; `None`
    /// for a signature of another kind.
    pub time: Option<u64>,
}

/// A line of a list of keys that is no key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line} of the keys cannot be used")]
pub struct KeyListError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub source: KeyError,
}
