//! Tokens: what stands for a value, and gives it back as long as its owner's key is there.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use super::cipher::{NONCE, decrypt, encrypt};
use super::{KeyError, KeyId, Secret, Vault};
use crate::record::{InvalidValue, Tenant};

/// A value encrypted under the key of an entity, written `[tok:…]`.
///
/// It says which key that is, and how long the value is; nothing else without the key. One value
/// has one token under one key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    key: KeyId,
    nonce: [u8; NONCE],
    sealed: Vec<u8>,
}

/// What tokens are made with, and opened: it comes from the key of one entity.
#[derive(Clone, Debug)]
pub struct TokenKey {
    tenant: Tenant,
    id: KeyId,
    encrypting: Secret,
    numbering: Secret,
}

impl Vault {
    /// What tokens are made with under the key `id` of an entity.
    #[must_use]
    pub fn token_key(&self, id: KeyId, secret: &Secret) -> TokenKey {
        let derived = |use_of: &[u8]| {
            Secret::from_bytes(secret.mac(&[b"contextrail/token/v1\0".as_slice(), use_of]))
        };
        TokenKey {
            tenant: self.tenant().clone(),
            id,
            encrypting: derived(b"encrypt"),
            numbering: derived(b"nonce"),
        }
    }
}

impl TokenKey {
    /// The token of `value`.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooLong`] beyond 64 GiB.
    pub fn token(&self, value: &str) -> Result<Token, KeyError> {
        // why: the nonce comes from the value, so that a record sent twice is the same record; one
        // nonce is then only ever used for one value.
        let mac = self.numbering.mac(&[value.as_bytes()]);
        let (nonce, _) = mac.split_first_chunk().expect("a hash is longer");
        Ok(Token {
            key: self.id,
            nonce: *nonce,
            sealed: encrypt(&self.encrypting, *nonce, &self.context(), value.as_bytes())?,
        })
    }

    /// The value of `token`; `None` when it was not made with this key, or is damaged.
    #[must_use]
    pub fn reveal(&self, token: &Token) -> Option<String> {
        let context = self.context();
        let bytes = decrypt(&self.encrypting, token.nonce, &context, &token.sealed)?;
        String::from_utf8(bytes).ok()
    }

    fn context(&self) -> Vec<u8> {
        let mut context = b"contextrail/token/v1\0".to_vec();
        context.extend(self.tenant.as_str().as_bytes());
        context.push(0);
        context.extend(self.id.to_bytes());
        context
    }
}

impl Token {
    /// The key that it was made under.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.key
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![VERSION];
        bytes.extend(self.key.to_bytes());
        bytes.extend(self.nonce);
        bytes.extend(&self.sealed);
        write!(f, "[tok:{}]", BASE64.encode(bytes))
    }
}

impl FromStr for Token {
    type Err = InvalidValue;

    /// Reads `[tok:…]`, or what is within.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || InvalidValue::new("token", text, "[tok:…], as it stands in the record");
        let inner = text.trim().trim_start_matches("[tok:");
        let inner = inner.trim_end_matches(']');
        let bytes = BASE64.decode(inner).map_err(|_| malformed())?;
        let rest = bytes.strip_prefix(&[VERSION]).ok_or_else(malformed)?;
        let (key, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or_else(malformed)?;
        Ok(Self {
            key: KeyId::from_bytes(key),
            nonce: *nonce,
            sealed: sealed.to_vec(),
        })
    }
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::keys::EntityHandle;

    fn key(vault: &Vault, number: u32) -> TokenKey {
        let id = KeyId {
            entity: EntityHandle([7; 16]),
            number,
        };
        vault.token_key(id, &Secret::from_bytes([3; 32]))
    }

    #[test]
    fn a_token_gives_its_value_back_under_its_key_alone() {
        let vault = Vault::locked(&Tenant::default(), "a test".to_owned());
        let token = key(&vault, 1).token("ada@example.org").unwrap();
        let text = token.to_string();
        assert_eq!(
            text,
            key(&vault, 1).token("ada@example.org").unwrap().to_string()
        );
        let read: Token = text.parse().unwrap();
        assert_eq!(read, token);
        assert_eq!(
            key(&vault, 1).reveal(&read).as_deref(),
            Some("ada@example.org")
        );
        assert_eq!(key(&vault, 2).reveal(&read), None);
        let other = vault.token_key(token.key(), &Secret::from_bytes([4; 32]));
        assert_eq!(other.reveal(&read), None);
        for wrong in ["", "[tok:]", "[tok:AAAA]", "ada", &text[..text.len() - 4]] {
            let read = wrong.parse::<Token>();
            assert!(read.is_err() || read.is_ok_and(|it| key(&vault, 1).reveal(&it).is_none()));
        }
    }
}
