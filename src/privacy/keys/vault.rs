//! The keys of one tenant at work: encrypting the slots of records, and finding them.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use hmac::{Hmac, Mac as _};
use quick_cache::sync::Cache;
use sha2::Sha256;

use super::cipher::{unwrap, wrap};
use super::keyring::Keyring;
use super::{EntityHandle, EntityKey, KeyError, KeyId, KeyProvider, KeyStatus, Secret};
use crate::privacy::HashKey;
use crate::record::{Digest, EntityRef, Tenant, Timestamp};

/// The keys of one tenant.
///
/// ```text
/// key-encryption key (provider) ─▶ tenant key (epoch) ─▶ entity key ─▶ record key (record, slot) ─▶ values
/// ```
///
/// A vault without keys is *locked*: it opens nothing, and everything that is not personal can be
/// read without it.
pub struct Vault {
    pub(super) tenant: Tenant,
    /// `None` when locked.
    pub(super) ring: RwLock<Option<Keyring>>,
    /// The key that finds, which never changes, with its schedule worked out.
    finding: Option<Hmac<Sha256>>,
    /// Why it is locked, in words.
    why: Option<String>,
    /// What keeps the key-encryption key, as far as that is known.
    pub(super) provider: Option<String>,
    /// What the file says of keys that were not opened.
    pub(super) listed: Vec<KeyStatus>,
    /// Keys of entities that were opened.
    opened: Cache<KeyId, Arc<Secret>>,
    /// Keys that were erased, which an older copy of the database may still have.
    denied: RwLock<HashSet<KeyId>>,
    /// Which key of an entity new records are encrypted under.
    newest: Cache<EntityHandle, (u32, Option<Arc<NewKey>>)>,
    /// Keys that others take the place of: they open what is there, and nothing new is put under them.
    retiring: RwLock<HashSet<KeyId>>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("tenant", &self.tenant)
            .field("why_locked", &self.why)
            .finish_non_exhaustive()
    }
}

/// A key of an entity that new values are encrypted under.
#[derive(Clone, Debug)]
pub struct OwnerKey {
    /// Which key it is.
    pub id: KeyId,
    /// The key.
    pub secret: Arc<Secret>,
    /// What is to be stored of it, if it was made here.
    pub new: Option<Arc<NewKey>>,
}

/// A key that was made here, and is stored with the first record that uses it.
#[derive(Debug)]
pub struct NewKey {
    /// What is to be stored.
    pub row: EntityKey,
    is_stored: AtomicBool,
}

impl NewKey {
    /// A key that is not stored yet.
    #[must_use]
    pub const fn of(row: EntityKey) -> Self {
        Self {
            row,
            is_stored: AtomicBool::new(false),
        }
    }

    /// Whether it is known to be stored.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.is_stored.load(Ordering::Acquire)
    }

    /// Notes that it is stored.
    pub fn stored(&self) {
        self.is_stored.store(true, Ordering::Release);
    }
}

impl Vault {
    /// Opens the keys of `tenant` in the file `path`; makes them when there are none and `create`
    /// says when.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the file cannot be used or the provider does not open a key.
    pub async fn open(
        path: Option<&Path>,
        provider: Arc<dyn KeyProvider>,
        tenant: &Tenant,
        create: Option<Timestamp>,
    ) -> Result<Self, KeyError> {
        let described = provider.describe();
        let ring = Keyring::open(path, provider, tenant, create).await?;
        let why = ring.is_none().then(|| {
            let path = path.map_or_else(|| "memory".to_owned(), |it| it.display().to_string());
            let tenant = tenant.to_string();
            KeyError::Missing { path, tenant }.to_string()
        });
        Ok(Self {
            provider: Some(described),
            ..Self::of(tenant, ring, why)
        })
    }

    /// A vault that opens nothing; `why` says so to whoever asks for what is in it.
    #[must_use]
    pub fn locked(tenant: &Tenant, why: String) -> Self {
        Self::of(tenant, None, Some(why))
    }

    fn of(tenant: &Tenant, ring: Option<Keyring>, why: Option<String>) -> Self {
        Self {
            tenant: tenant.clone(),
            finding: ring.as_ref().map(|ring| ring.finding.keyed()),
            ring: RwLock::new(ring),
            why,
            denied: RwLock::default(),
            opened: Cache::new(CACHED),
            newest: Cache::new(CACHED),
            provider: None,
            listed: Vec::new(),
            retiring: RwLock::default(),
        }
    }

    /// Whose keys these are.
    #[must_use]
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Why it opens nothing, if so.
    #[must_use]
    pub fn why_locked(&self) -> Option<&str> {
        self.why.as_deref()
    }

    pub(super) fn with_ring<R>(&self, act: impl FnOnce(&Keyring) -> R) -> Option<R> {
        let ring = self.ring.read().expect("no holder of this lock panics");
        ring.as_ref().map(act)
    }

    /// The first eight bytes of the keyed hash of `parts`, which records are found by.
    #[must_use]
    pub fn hash(&self, parts: &[&str]) -> Option<u64> {
        let mac = self.mac(b"contextrail/find/v1\0", parts)?;
        mac.first_chunk().map(|first| u64::from_be_bytes(*first))
    }

    /// The key that redaction takes its hashes with; `None` when the vault is locked.
    #[must_use]
    pub fn redaction_key(&self) -> Option<HashKey> {
        self.mac(b"contextrail/redaction/v1\0", &[])
            .map(HashKey::from_bytes)
    }

    /// What stands for an entity where its keys are kept; `None` for values that are about nobody.
    #[must_use]
    pub fn handle(&self, owner: Option<&EntityRef>) -> Option<EntityHandle> {
        let owner = owner.map(ToString::to_string).unwrap_or_default();
        let mac = self.mac(b"contextrail/entity/v1\0", &[&owner])?;
        mac.first_chunk().map(|first| EntityHandle(*first))
    }

    /// A digest that stands for an entity where nothing of it may be told.
    #[must_use]
    pub fn digest_of(&self, entity: &EntityRef) -> Option<Digest> {
        let mac = self.mac(b"contextrail/erased/v1\0", &[&entity.to_string()])?;
        Some(Digest::HmacSha256(mac))
    }

    /// The handles of the owners of a slot: of values about nobody, that of nobody.
    #[must_use]
    pub fn handles(&self, owners: &[EntityRef]) -> Vec<EntityHandle> {
        if owners.is_empty() {
            return self.handle(None).into_iter().collect();
        }
        let handles = owners.iter().map(|owner| self.handle(Some(owner)));
        handles.flatten().collect()
    }

    fn mac(&self, domain: &[u8], parts: &[&str]) -> Option<[u8; 32]> {
        let mut mac = self.finding.clone()?;
        mac.update(domain);
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                mac.update(b"\0");
            }
            mac.update(part.as_bytes());
        }
        Some(mac.finalize().into_bytes().into())
    }

    /// Whether a key is known of each of these entities.
    #[must_use]
    pub fn knows(&self, entities: &[EntityHandle]) -> bool {
        let mut entities = entities.iter();
        entities.all(|entity| self.newest(*entity).is_some())
    }

    /// The key that new values of the entity are encrypted under, if it is known here.
    fn newest(&self, entity: EntityHandle) -> Option<OwnerKey> {
        let (number, new) = self.newest.get(&entity)?;
        let id = KeyId { entity, number };
        let secret = self.opened.get(&id)?;
        Some(OwnerKey { id, secret, new })
    }

    /// The key that new values of the entity are encrypted under; a new one when none is known.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the vault is locked or the system gives no random bytes.
    pub fn newest_or_new(&self, entity: EntityHandle) -> Result<OwnerKey, KeyError> {
        match self.newest(entity) {
            Some(owner) => Ok(owner),
            None => self.create(entity),
        }
    }

    /// Makes a key for the entity, to be stored with the first record that uses it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the vault is locked or the system gives no random bytes.
    pub fn create(&self, entity: EntityHandle) -> Result<OwnerKey, KeyError> {
        let secret = Secret::fresh()?;
        let mut number = [0_u8; 4];
        getrandom::fill(&mut number).map_err(KeyError::NoEntropy)?;
        let id = KeyId {
            entity,
            number: u32::from_be_bytes(number),
        };
        let new = Some(Arc::new(NewKey::of(self.wrap(id, &secret)?)));
        let secret = self.keep(id, secret, new.clone());
        Ok(OwnerKey { id, secret, new })
    }

    /// Encrypts the key of an entity under that of the newest epoch.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the vault is locked or the system gives no random bytes.
    pub fn wrap(&self, id: KeyId, secret: &Secret) -> Result<EntityKey, KeyError> {
        let wrapped = self.with_ring(|ring| {
            let (epoch, key) = ring.current()?;
            Some(wrap(key, &self.context_of(id, epoch), secret).map(|wrapped| (epoch, wrapped)))
        });
        let (epoch, wrapped) = wrapped.flatten().ok_or_else(|| self.locked_error())??;
        Ok(EntityKey { id, epoch, wrapped })
    }

    /// Opens the stored key of an entity.
    ///
    /// # Errors
    ///
    /// [`KeyError::Destroyed`] when its epoch was destroyed, [`KeyError::WrongKey`] when it was
    /// encrypted under another key.
    pub fn unwrap(&self, row: &EntityKey) -> Result<Arc<Secret>, KeyError> {
        if let Some(secret) = self.opened.get(&row.id) {
            return Ok(secret);
        }
        let secret = self.unwrap_anew(row)?;
        Ok(self.keep(row.id, secret, None))
    }

    /// The key, if it was opened before.
    #[must_use]
    pub fn opened(&self, id: KeyId) -> Option<Arc<Secret>> {
        self.opened.get(&id)
    }

    /// Opens the stored key of an entity, whether it is known here or not.
    ///
    /// # Errors
    ///
    /// As [`Vault::unwrap`].
    pub fn unwrap_anew(&self, row: &EntityKey) -> Result<Secret, KeyError> {
        let denied = self.denied.read().expect("no holder of this lock panics");
        if denied.contains(&row.id) {
            return Err(KeyError::Erased);
        }
        drop(denied);
        let opened = self.with_ring(|ring| {
            let Some(key) = ring.epochs.get(&row.epoch) else {
                return Err(KeyError::Destroyed {
                    tenant: self.tenant.to_string(),
                    epoch: row.epoch,
                });
            };
            unwrap(key, &self.context_of(row.id, row.epoch), &row.wrapped).ok_or_else(|| {
                KeyError::WrongKey {
                    provider: format!("the key of tenant {}", self.tenant),
                    what: format!("the key {:08x} of an entity", row.id.number),
                    key: format!("epoch {}", row.epoch),
                }
            })
        });
        opened.ok_or_else(|| self.locked_error())?
    }

    fn keep(&self, id: KeyId, secret: Secret, new: Option<Arc<NewKey>>) -> Arc<Secret> {
        let secret = Arc::new(secret);
        self.opened.insert(id, Arc::clone(&secret));
        let retiring = self.retiring.read().expect("no holder of this lock panics");
        if !retiring.contains(&id) {
            self.newest.insert(id.entity, (id.number, new));
        }
        secret
    }

    /// Has these keys opened no longer: they were erased, whatever a database still has of them.
    pub fn deny(&self, keys: &[KeyId]) {
        let mut denied = self.denied.write().expect("no holder of this lock panics");
        for id in keys {
            self.opened.remove(id);
            denied.insert(*id);
        }
    }

    /// Puts nothing new under these keys from now on.
    pub fn stop_using(&self, old: &[KeyId]) {
        let mut retiring = self
            .retiring
            .write()
            .expect("no holder of this lock panics");
        retiring.extend(old);
        for id in old {
            self.newest
                .remove_if(&id.entity, |(number, _)| *number == id.number);
        }
    }

    /// Puts nothing new under these keys of the entity from now on, and makes one in their place.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the vault is locked or the system gives no random bytes.
    pub fn retire(&self, entity: EntityHandle, old: &[KeyId]) -> Result<OwnerKey, KeyError> {
        self.stop_using(old);
        self.create(entity)
    }

    /// Forgets keys that nothing is encrypted under any longer.
    pub fn retired(&self, old: &[KeyId]) {
        let mut retiring = self
            .retiring
            .write()
            .expect("no holder of this lock panics");
        for id in old {
            retiring.remove(id);
            self.opened.remove(id);
        }
    }

    /// Forgets keys that were made here and are stored nowhere: they are under an earlier epoch.
    pub(super) fn forget_new_keys(&self) {
        self.newest
            .retain(|_, (_, new)| new.as_ref().is_none_or(|new| new.is_stored()));
    }

    /// Forgets the keys of an entity: another process has erased or replaced one. What there is of them
    /// now has to be read again.
    pub fn forget(&self, entity: EntityHandle) {
        self.newest.remove(&entity);
        self.opened.retain(|id, _| id.entity != entity);
    }

    /// What is to be said when something needs keys that are not here.
    #[must_use]
    pub fn locked_error(&self) -> KeyError {
        KeyError::Provider {
            provider: format!("the vault of tenant {}", self.tenant),
            what: self
                .why
                .clone()
                .unwrap_or_else(|| "it is locked".to_owned()),
        }
    }

    /// What the key of an entity is bound to.
    fn context_of(&self, id: KeyId, epoch: u32) -> Vec<u8> {
        let mut context = b"contextrail/entity-key/v1\0".to_vec();
        context.extend(self.tenant.as_str().as_bytes());
        context.push(0);
        context.extend(id.to_bytes());
        context.extend(epoch.to_be_bytes());
        context
    }
}

/// Keys of entities that are remembered.
const CACHED: usize = 50_000;
