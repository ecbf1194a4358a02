//! Digests as records carry them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::InvalidValue;

/// A digest with its algorithm: `sha256:` over shared content, `hmac-sha256:` over personal text.
///
/// A bare hash of a low-entropy value can be guessed in a second, so everything personal is keyed
/// with the secret seed of its record.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "String")]
pub enum Digest {
    /// SHA-256 (FIPS 180-4) of the bytes.
    Sha256([u8; 32]),
    /// HMAC-SHA-256 (RFC 2104) of `"digest\0"` and the bytes, keyed with a seed.
    HmacSha256([u8; 32]),
}

impl Digest {
    /// The SHA-256 of `bytes`.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::Sha256(Sha256::digest(bytes).into())
    }

    /// The 32 bytes, whatever the algorithm.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        match self {
            Self::Sha256(bytes) | Self::HmacSha256(bytes) => bytes,
        }
    }
}

impl Digest {
    /// Works on the text of the digest, which needs no allocation.
    fn with_text<R>(&self, work: impl FnOnce(&str) -> R) -> R {
        let (prefix, bytes) = match self {
            Self::Sha256(bytes) => (SHA256, bytes),
            Self::HmacSha256(bytes) => (HMAC_SHA256, bytes),
        };
        let mut text = [0_u8; HMAC_SHA256.len() + 64];
        let (start, rest) = text.split_at_mut(prefix.len());
        start.copy_from_slice(prefix.as_bytes());
        for (pair, byte) in rest.chunks_exact_mut(2).zip(bytes) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        let text = &text[..prefix.len() + 64];
        work(std::str::from_utf8(text).expect("prefixes and hexadecimal digits are ASCII"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl FromStr for Digest {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || {
            InvalidValue::new(
                "digest",
                text,
                "sha256: or hmac-sha256: and 64 lower-case hexadecimal digits",
            )
        };
        let (wrap, hex): (fn([u8; 32]) -> Self, _) =
            if let Some(hex) = text.strip_prefix(HMAC_SHA256) {
                (Self::HmacSha256, hex)
            } else {
                (
                    Self::Sha256,
                    text.strip_prefix(SHA256).ok_or_else(malformed)?,
                )
            };
        let nibble = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let hex = hex.as_bytes();
        if hex.len() != 64 {
            return Err(malformed());
        }
        let mut bytes = [0_u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let (high, low) = nibble(pair[0]).zip(nibble(pair[1])).ok_or_else(malformed)?;
            *byte = high << 4 | low;
        }
        Ok(wrap(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

const SHA256: &str = "sha256:";
const HMAC_SHA256: &str = "hmac-sha256:";
const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_digest_of_abc_reads_back() {
        // FIPS 180-4, example B.1
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::sha256(b"abc").to_string(), text);
        assert_eq!(text.parse::<Digest>().unwrap(), Digest::sha256(b"abc"));
    }

    #[test]
    fn capitals_and_other_lengths_are_refused() {
        assert!("sha256:BA".parse::<Digest>().is_err());
        assert!(
            format!("sha256:{}", "A".repeat(64))
                .parse::<Digest>()
                .is_err()
        );
        assert!(format!("md5:{}", "a".repeat(64)).parse::<Digest>().is_err());
    }
}
