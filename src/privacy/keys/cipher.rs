//! Authenticated encryption: AES-256-GCM (NIST SP 800-38D).

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroize as _;

use super::{KeyError, Secret};

/// Encrypts another key under `key`, bound to `context`: 12 bytes of nonce, 32 of key, 16 of tag.
pub(super) fn wrap(key: &Secret, context: &[u8], secret: &Secret) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0_u8; NONCE];
    getrandom::fill(&mut nonce).map_err(KeyError::NoEntropy)?;
    let mut wrapped = nonce.to_vec();
    wrapped.extend(encrypt(key, nonce, context, secret.as_bytes())?);
    Ok(wrapped)
}

/// Undoes [`wrap`]; `None` when it was made under another key or for another context.
pub(super) fn unwrap(key: &Secret, context: &[u8], wrapped: &[u8]) -> Option<Secret> {
    let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>()?;
    let mut bytes = decrypt(key, *nonce, context, sealed)?;
    let secret = bytes.as_slice().try_into().ok().map(Secret::from_bytes);
    bytes.zeroize();
    secret
}

/// Encrypts `bytes` under a key that encrypts others too: 12 bytes of nonce, the bytes, 16 of tag.
pub(super) fn seal(key: &Secret, context: &[u8], bytes: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0_u8; NONCE];
    getrandom::fill(&mut nonce).map_err(KeyError::NoEntropy)?;
    let mut sealed = nonce.to_vec();
    sealed.extend(encrypt(key, nonce, context, bytes)?);
    Ok(sealed)
}

/// Undoes [`seal`]; `None` when the bytes are damaged, or not of this key and context.
pub(super) fn unseal(key: &Secret, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    decrypt(key, *nonce, context, sealed)
}

/// Encrypts `bytes` under a key that encrypts nothing else, so that the nonce can be fixed.
pub(super) fn seal_once(key: &Secret, context: &[u8], bytes: &[u8]) -> Result<Vec<u8>, KeyError> {
    encrypt(key, [0; NONCE], context, bytes)
}

/// Undoes [`seal_once`]; `None` when the bytes are damaged, or not of this key and context.
pub(super) fn open_once(key: &Secret, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    decrypt(key, [0; NONCE], context, sealed)
}

pub(super) fn encrypt(
    key: &Secret,
    nonce: [u8; NONCE],
    context: &[u8],
    bytes: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let payload = Payload {
        msg: bytes,
        aad: context,
    };
    // It fails beyond 64 GiB alone.
    cipher(key)
        .encrypt(&Nonce::from(nonce), payload)
        .map_err(|_| KeyError::TooLong(bytes.len()))
}

pub(super) fn decrypt(
    key: &Secret,
    nonce: [u8; NONCE],
    context: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload {
        msg: sealed,
        aad: context,
    };
    cipher(key).decrypt(&Nonce::from(nonce), payload).ok()
}

fn cipher(key: &Secret) -> Aes256Gcm {
    Aes256Gcm::new(key.as_bytes().into())
}

/// Bytes of a nonce.
pub(super) const NONCE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_is_opened_under_its_key_and_context_alone() {
        let (key, other) = (Secret::fresh().unwrap(), Secret::fresh().unwrap());
        let wrapped = wrap(&key, b"here", &other).unwrap();
        assert_eq!(wrapped.len(), 60);
        let opened = unwrap(&key, b"here", &wrapped).unwrap();
        assert_eq!(opened.as_bytes(), other.as_bytes());
        assert!(unwrap(&key, b"there", &wrapped).is_none());
        assert!(unwrap(&other, b"here", &wrapped).is_none());
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(unwrap(&key, b"here", &changed).is_none(), "byte {at}");
            assert!(unwrap(&key, b"here", &wrapped[..at]).is_none());
        }
    }
}
