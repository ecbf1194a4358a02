//! The values of one slot, encrypted under the keys of its owners.

use std::collections::HashMap;
use std::sync::Arc;

use super::cipher::{open_once, seal_once, unwrap, wrap};
use super::{KeyError, KeyId, Secret, Vault};
use crate::record::RecordId;

/// The record and slot that values belong to.
#[derive(Clone, Copy, Debug)]
pub struct SlotPlace<'a> {
    /// The record.
    pub record: RecordId,
    /// The schema of the record.
    pub schema: &'a str,
    /// The slot.
    pub slot: u16,
}

/// The values of one slot, encrypted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LockedSlot {
    /// The key of the values, encrypted under those of all its owners, and which these are.
    pub keys: Vec<u8>,
    /// The values, encrypted.
    pub bytes: Vec<u8>,
}

/// Keys of entities, opened for what is to be read.
pub type OpenedKeys = HashMap<KeyId, Arc<Secret>>;

/// Why a slot was not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unopened {
    /// The keys of its owners are not here.
    #[error("the key of an owner is not here")]
    Locked,
    /// The bytes are not those that were encrypted for this place under these keys.
    #[error("it is not what was encrypted for this record and slot")]
    Damaged,
}

impl Vault {
    /// Encrypts `values` under a key of their own, and that under the keys of all `owners`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the system gives no random bytes.
    pub fn seal(
        &self,
        place: SlotPlace<'_>,
        owners: &[(KeyId, Arc<Secret>)],
        values: &[u8],
    ) -> Result<LockedSlot, KeyError> {
        let key = Secret::fresh()?;
        let bytes = seal_once(&key, &self.context_at(place, b"slot"), values)?;
        Ok(LockedSlot {
            keys: self.lock_key(place, owners, &key)?,
            bytes,
        })
    }

    fn lock_key(
        &self,
        place: SlotPlace<'_>,
        owners: &[(KeyId, Arc<Secret>)],
        key: &Secret,
    ) -> Result<Vec<u8>, KeyError> {
        let secrets: Vec<&Secret> = owners.iter().map(|(_, secret)| &**secret).collect();
        let ids = owners.iter().map(|(id, _)| id.to_bytes());
        let mut keys: Vec<u8> = ids.flatten().collect();
        let context = self.context_at(place, b"key");
        keys.extend(wrap(&joined(&secrets), &context, key)?);
        Ok(keys)
    }

    /// Opens the values of a slot with the keys of its owners.
    ///
    /// # Errors
    ///
    /// [`Unopened`] says why not.
    pub fn open_slot(
        &self,
        place: SlotPlace<'_>,
        slot: &LockedSlot,
        opened: &OpenedKeys,
    ) -> Result<Vec<u8>, Unopened> {
        let key = self.key_of(place, &slot.keys, opened)?;
        open_once(&key, &self.context_at(place, b"slot"), &slot.bytes).ok_or(Unopened::Damaged)
    }

    fn key_of(
        &self,
        place: SlotPlace<'_>,
        keys: &[u8],
        opened: &OpenedKeys,
    ) -> Result<Secret, Unopened> {
        let ids = key_ids(keys).ok_or(Unopened::Damaged)?;
        let secrets: Option<Vec<&Secret>> = ids
            .iter()
            .map(|id| opened.get(id).map(|it| &**it))
            .collect();
        let secrets = secrets.ok_or(Unopened::Locked)?;
        let wrapped = &keys[ids.len() * KeyId::BYTES..];
        unwrap(&joined(&secrets), &self.context_at(place, b"key"), wrapped).ok_or(Unopened::Damaged)
    }

    /// Encrypts the key of a slot anew, under newer keys of its owners. The values stay as they are.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the slot does not open or the system gives no random bytes.
    pub fn relock(
        &self,
        place: SlotPlace<'_>,
        keys: &[u8],
        opened: &OpenedKeys,
        owners: &[(KeyId, Arc<Secret>)],
    ) -> Result<Vec<u8>, KeyError> {
        let key = self
            .key_of(place, keys, opened)
            .map_err(|why| KeyError::Provider {
                provider: format!("the vault of tenant {}", self.tenant()),
                what: format!("slot {} of record {}: {why}", place.slot, place.record),
            })?;
        self.lock_key(place, owners, &key)
    }

    /// What the values of a slot, and their key, are bound to.
    fn context_at(&self, place: SlotPlace<'_>, what: &[u8]) -> Vec<u8> {
        let mut context = b"contextrail/".to_vec();
        for part in [
            what,
            b"/v1\0",
            self.tenant().as_str().as_bytes(),
            b"\0",
            place.schema.as_bytes(),
            b"\0",
            place.record.uuid().as_bytes(),
            &place.slot.to_be_bytes(),
        ] {
            context.extend(part);
        }
        context
    }
}

/// The keys of entities that the key of a slot is encrypted under; `None` when it cannot be read.
#[must_use]
pub fn key_ids(keys: &[u8]) -> Option<Vec<KeyId>> {
    let ids = keys.len().checked_sub(WRAPPED)?;
    let (ids, rest) = keys[..ids].as_chunks::<{ KeyId::BYTES }>();
    (rest.is_empty() && !ids.is_empty()).then(|| ids.iter().map(KeyId::from_bytes).collect())
}

/// One key out of those of all owners: without any one of them it cannot be made.
fn joined(secrets: &[&Secret]) -> Secret {
    let mut joined = Secret::from_bytes([0; 32]);
    for secret in secrets {
        joined = Secret::from_bytes(secret.mac(&[b"contextrail/owners/v1\0", joined.as_bytes()]));
    }
    joined
}

/// A nonce, a key and a tag.
const WRAPPED: usize = 60;
