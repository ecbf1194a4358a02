//! Secret bytes.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::ZeroizeOnDrop;

use super::KeyError;

/// A secret key of 32 bytes. It is never shown, and overwritten when it is dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Draws a new one from the operating system.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoEntropy`] when the system gives no random bytes.
    pub fn fresh() -> Result<Self, KeyError> {
        let mut secret = Self([0; 32]);
        getrandom::fill(&mut secret.0).map_err(KeyError::NoEntropy)?;
        Ok(secret)
    }

    /// Wraps secret bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 under this key, its schedule worked out.
    pub(super) fn keyed(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.0).expect("HMAC takes keys of any length")
    }

    /// HMAC-SHA-256 of the parts, one after the other, under this key.
    pub(super) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.keyed();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
