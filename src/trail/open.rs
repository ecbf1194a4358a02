//! Opening a trail: its store, its notary, its appender and its spool.

use std::path::PathBuf;
use std::sync::Arc;

use super::options::local_user;
use super::signing::Signing;
use super::{Evidence, Inner, KeyFiles, Trail, TrailError, TrailOptions};
use crate::assembly::CountCache;
#[cfg(all(feature = "sqlite", feature = "network"))]
use crate::notary::Attesters;
use crate::notary::{Notary, NotaryFiles, NotaryOptions};
#[cfg(feature = "sqlite")]
use crate::privacy::Redaction;
use crate::privacy::keys::Vault;
use crate::record::TrailId;
#[cfg(feature = "sqlite")]
use crate::store::{Access, ArchiveChoice, SqliteStore, StoreError};
use crate::store::{Appender, MemoryStore, Segments, Spool, Store};

impl TrailOptions {
    /// Opens the trail at `url` for reading and writing, and makes it when it is not there.
    ///
    /// Records that an earlier process left in the spool are appended first. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`]: a missing folder, another writer, a newer schema — each its own;
    /// [`TrailError::Rules`] for a file of redaction rules that cannot be used. A file that names the
    /// archive in no known way is an error as well; whether it can be reached shows when it is used.
    #[cfg(feature = "sqlite")]
    pub async fn open(mut self, url: &str) -> Result<Trail, TrailError> {
        let fresh = self.fresh();
        let location = Location::parse(url)?;
        self.find_attesters(&location)?;
        match location {
            Location::Memory => {
                let store = SqliteStore::in_memory(fresh).await?;
                self.start(Arc::new(store), None, Files::default()).await
            }
            Location::File(path) => {
                if self.redaction.is_none() {
                    self.redaction = Redaction::read(&Redaction::beside(&path))?;
                }
                self.find_archive(&path)?;
                let files = self.files_of(&path);
                if !path.exists() {
                    files.check_nothing_is_known(&path)?;
                }
                let store = SqliteStore::open(&path, Access::Write, fresh).await?;
                let spool = spool_path(&path);
                let keys = self.key_files_of(&path);
                let files = Files {
                    notary: Some(files),
                    keys: Some(keys),
                };
                self.start(Arc::new(store), Some(spool), files).await
            }
        }
    }

    /// Opens the trail at `url` for reading alone. Nothing is ever made or changed.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`]: a missing file, a newer schema — each its own.
    #[cfg(feature = "sqlite")]
    pub async fn open_for_reading(mut self, url: &str) -> Result<Trail, TrailError> {
        let location = Location::parse(url)?;
        self.find_attesters(&location)?;
        let Location::File(path) = location else {
            return Err(StoreError::Missing {
                place: url.to_owned(),
            }
            .into());
        };
        self.find_archive(&path)?;
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&path, Access::Read, self.fresh()).await?);
        let files = self.files_of(&path);
        let notary = self.notary_of(&store, Some(files));
        let notary = Arc::new(Notary::open_for_reading(notary).await?);
        let keys = self.key_files_of(&path);
        let keys = (Some(&keys), self.key_provider.clone());
        let vault = super::vault::for_reading(keys, &self.tenant).await;
        let parts = Parts {
            store,
            notary,
            vault,
            appender: None,
            signing: None,
            spool: None,
            spool_path: Some(spool_path(&path)),
        };
        let trail = self.assemble(parts);
        trail.journal_deny().await?;
        Ok(trail)
    }

    /// Opens a new trail in memory; what it holds goes with it. Needs a tokio runtime.
    pub async fn open_in_memory(self) -> Result<Trail, TrailError> {
        let trail = self.fresh();
        self.start(Arc::new(MemoryStore::new(trail)), None, Files::default())
            .await
    }

    async fn start(
        self,
        store: Arc<dyn Store>,
        spool: Option<PathBuf>,
        files: Files,
    ) -> Result<Trail, TrailError> {
        let keys = (files.keys.as_ref(), self.key_provider.clone());
        let now = self.clock.now();
        let vault = super::vault::for_writing(&store, keys, &self.tenant, now).await?;
        let notary = Arc::new(Notary::open(self.notary_of(&store, files.notary)).await?);
        let appender = Appender::start(
            Arc::clone(&store),
            self.tenant.clone(),
            Arc::clone(&self.clock),
            self.appender,
        );
        let spool_path = spool.clone();
        let spool = match spool {
            // A spool without records is only made when it is needed.
            Some(path) if self.evidence == Evidence::BestEffort || path.exists() => {
                let opened = Spool::open(&path, self.spool_bytes);
                Some(opened.map_err(|source| TrailError::Spool {
                    path: path.display().to_string(),
                    source,
                })?)
            }
            _ => None,
        };
        let trail = self.assemble(Parts {
            store,
            signing: Some(Signing::start(&notary)),
            notary,
            vault,
            appender: Some(appender),
            spool,
            spool_path,
        });
        if trail.0.notary.frozen().is_none() {
            trail.journal_replay().await?;
            trail.replay_spool().await?;
        } else {
            trail.journal_deny().await?;
        }
        Ok(trail)
    }

    /// Finds the archive that the file beside the trail names, unless one was given.
    #[cfg(feature = "sqlite")]
    fn find_archive(&mut self, path: &std::path::Path) -> Result<(), TrailError> {
        if self.archive.is_none() {
            let chosen = ArchiveChoice::read(&ArchiveChoice::beside(path));
            let opened = chosen.and_then(|it| it.map(ArchiveChoice::open).transpose());
            self.archive = opened.map_err(StoreError::from)?;
        }
        Ok(())
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn files_of(&self, path: &std::path::Path) -> NotaryFiles {
        let chosen = self.notary_files.clone();
        chosen.unwrap_or_else(|| NotaryFiles::beside(path))
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn key_files_of(&self, path: &std::path::Path) -> KeyFiles {
        let chosen = self.key_files.clone();
        chosen.unwrap_or_else(|| KeyFiles::beside(path))
    }

    /// Reads the attesters in the file beside the trail, unless they were given.
    #[cfg(all(feature = "sqlite", feature = "network"))]
    pub(super) fn find_attesters(&mut self, location: &Location) -> Result<(), TrailError> {
        if let (None, Location::File(path)) = (&self.attesters, location) {
            self.attesters = Attesters::read(&Attesters::beside(path))?;
        }
        Ok(())
    }

    /// Without HTTP nobody is asked, and no record reaches more than a signed head.
    #[cfg(all(feature = "sqlite", not(feature = "network")))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the other one does"
    )]
    pub(super) fn find_attesters(&mut self, _: &Location) -> Result<(), TrailError> {
        Ok(())
    }

    pub(super) fn notary_of(
        &self,
        store: &Arc<dyn Store>,
        files: Option<NotaryFiles>,
    ) -> NotaryOptions {
        NotaryOptions {
            store: Arc::clone(store),
            tenant: self.tenant.clone(),
            clock: Arc::clone(&self.clock),
            files,
            replace_lost_key: self.replace_lost_key,
            #[cfg(feature = "network")]
            attesters: self.attesters.clone().unwrap_or_default(),
        }
    }

    fn assemble(self, parts: Parts) -> Trail {
        let Parts {
            store,
            notary,
            vault,
            appender,
            signing,
            spool,
            spool_path,
        } = parts;
        let actor = self.actor.clone().unwrap_or_else(local_user);
        Trail(Arc::new(Inner {
            store,
            appender,
            notary,
            vault: Arc::new(vault),
            segments: Arc::new(Segments::new(self.archive.clone())),
            rekeying: tokio::sync::Mutex::default(),
            redaction: Arc::new(self.redaction.clone().unwrap_or_default()),
            registry: super::RegistryCache::default(),
            signing,
            actor,
            counts: Arc::new(CountCache::default()),
            linked: quick_cache::sync::Cache::new(LINKED),
            spool: std::sync::Mutex::new(spool),
            journal: spool_path
                .as_ref()
                .map(|spool| spool.with_extension("erasures")),
            spool_path,
            tasks: std::sync::Mutex::default(),
            runtime: tokio::runtime::Handle::try_current().ok(),
            options: self,
        }))
    }

    pub(super) fn fresh(&self) -> TrailId {
        TrailId::from_uuid(self.ids.new_id(self.clock.now()))
    }
}

/// Says whether there is a trail at `url`, without opening it.
///
/// # Errors
///
/// [`StoreError::Missing`] when there is none, [`StoreError::Address`] for what is no address.
#[cfg(feature = "sqlite")]
pub fn check_exists(url: &str) -> Result<(), TrailError> {
    match Location::parse(url)? {
        Location::File(path) if path.exists() => Ok(()),
        _ => Err(StoreError::Missing {
            place: url.to_owned(),
        }
        .into()),
    }
}

/// The files beside a database; none in memory.
#[derive(Default)]
struct Files {
    notary: Option<NotaryFiles>,
    keys: Option<KeyFiles>,
}

/// What a trail is put together from.
struct Parts {
    store: Arc<dyn Store>,
    notary: Arc<Notary>,
    vault: Vault,
    appender: Option<Appender>,
    signing: Option<Signing>,
    spool: Option<Spool>,
    spool_path: Option<PathBuf>,
}

/// Where a trail is.
#[cfg(feature = "sqlite")]
pub(super) enum Location {
    Memory,
    File(PathBuf),
}

#[cfg(feature = "sqlite")]
impl Location {
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let path = url
            .strip_prefix("sqlite:")
            .map(|rest| rest.strip_prefix("//").unwrap_or(rest));
        match path {
            Some(":memory:") => Ok(Self::Memory),
            Some(path) if !path.is_empty() && !path.contains('\0') => Ok(Self::File(path.into())),
            _ => Err(StoreError::Address {
                url: url.to_owned(),
            }),
        }
    }
}

#[cfg(feature = "sqlite")]
pub(super) fn spool_path(path: &std::path::Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".spool");
    name.into()
}

/// Records whose entries and entities are remembered for those that refer to them.
const LINKED: usize = 20_000;
