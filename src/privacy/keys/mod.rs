//! Keys: who can read personal values, and how that ends.

mod chosen;
mod cipher;
mod command;
mod error;
#[cfg(feature = "network")]
mod http;
mod keyring;
mod local;
mod provider;
mod secret;
mod slot;
mod status;
mod tenant;
mod token;
mod vault;

pub use chosen::ProviderChoice;
pub use command::CommandKeys;
pub use error::KeyError;
#[cfg(feature = "network")]
pub use http::HttpKeys;
pub use local::LocalKeys;
pub use provider::{KeyProvider, Wrapped};
pub use secret::Secret;
pub use slot::{LockedSlot, OpenedKeys, SlotPlace, Unopened, key_ids};
pub use status::KeyStatus;
pub use token::{Token, TokenKey};
pub use vault::{NewKey, OwnerKey, Vault};

/// What stands for an entity where its keys are kept: a keyed hash of `type:id`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntityHandle(pub [u8; 16]);

/// Names one key of an entity.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId {
    /// Whose key it is.
    pub entity: EntityHandle,
    /// Which of that entity's keys: a random number.
    pub number: u32,
}

impl KeyId {
    pub(crate) const BYTES: usize = 20;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&self.entity.0);
        bytes[16..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let (entity, number) = bytes.split_first_chunk().expect("there are 20 bytes");
        Self {
            entity: EntityHandle(*entity),
            number: u32::from_be_bytes(number.try_into().expect("four are left")),
        }
    }
}

/// The key of an entity as it is stored: encrypted under the key of its tenant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EntityKey {
    /// Which key it is.
    pub id: KeyId,
    /// The epoch of the tenant's key that it is encrypted under.
    pub epoch: u32,
    /// The encrypted key.
    pub wrapped: Vec<u8>,
}
