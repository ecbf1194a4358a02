//! Where the key-encryption key is.

use std::fmt;

use async_trait::async_trait;

use super::{KeyError, Secret};

/// A place that keeps the key-encryption key: a file, a command, a key management service.
///
/// It is asked when a trail is opened and when keys are rotated, never for a record. What it wraps
/// are the few keys of a tenant; the key-encryption key itself does not leave it.
#[async_trait]
pub trait KeyProvider: fmt::Debug + Send + Sync {
    /// What it is, for messages and `key status`. It holds no secret.
    fn describe(&self) -> String;

    /// Encrypts `secret` under the newest key-encryption key; `context` has to be given again to
    /// undo it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the key cannot be reached.
    async fn wrap(&self, context: &str, secret: &Secret) -> Result<Wrapped, KeyError>;

    /// Undoes [`KeyProvider::wrap`].
    ///
    /// # Errors
    ///
    /// [`KeyError::WrongKey`] when it was made under a key that is not here.
    async fn unwrap(&self, context: &str, wrapped: &Wrapped) -> Result<Secret, KeyError>;

    /// Makes a new key-encryption key, which later wraps are made under; earlier ones still open.
    ///
    /// Where the key is rotated at the provider itself there is nothing to do: what is wrapped from
    /// then on is wrapped under the newest.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when a new key cannot be made or kept.
    async fn rotate(&self) -> Result<(), KeyError> {
        Ok(())
    }

    /// Lets go of every key-encryption key but the newest, once nothing is wrapped under them.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the keys that stay cannot be kept.
    async fn retire(&self) -> Result<(), KeyError> {
        Ok(())
    }
}

/// A key as its provider encrypted it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wrapped {
    /// The name of the key-encryption key.
    pub key: String,
    /// The encrypted bytes.
    pub bytes: Vec<u8>,
}
