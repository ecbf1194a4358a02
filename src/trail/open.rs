//! Opening a trail: its store, its notary, its appender and its spool.

#[cfg(feature = "sqlite")]
use std::path::Path;
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
#[cfg(feature = "postgres")]
use crate::store::{PostgresPlace, PostgresStore};

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
        #[cfg(feature = "network")]
        if super::remote::is_server(url) {
            return self.connect(url).await;
        }
        let fresh = self.fresh();
        let location = Location::parse(url)?;
        let base = self.base_of(&location)?;
        self.find_attesters(base.as_deref())?;
        match location {
            #[cfg(feature = "postgres")]
            Location::Server(place) => self.open_on_server(&place).await,
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
                    ..Files::default()
                };
                self.start(Arc::new(store), Some(spool), files).await
            }
        }
    }

    #[cfg(feature = "postgres")]
    async fn open_on_server(mut self, place: &PostgresPlace) -> Result<Trail, TrailError> {
        let base = self.shared_base(place)?;
        if self.redaction.is_none() {
            self.redaction = Redaction::read(&Redaction::beside(&base))?;
        }
        self.find_archive(&base)?;
        let store = PostgresStore::open(place, Access::Write).await?;
        let _alone = super::shared::opening(&base).await?;
        let seat = super::shared::Seat::take(&base)?;
        let spool = seat.spool.clone();
        let files = Files {
            notary: Some(self.files_of(&base)),
            keys: Some(self.key_files_of(&base)),
            signer: Some(super::shared::beside(&base, ".signer")),
            journal: Some(super::shared::beside(&base, ".erasures")),
            seat: Some(seat),
        };
        self.start(Arc::new(store), Some(spool), files).await
    }

    /// What the names of the files of a trail begin with; `None` in memory.
    #[cfg(feature = "sqlite")]
    pub(super) fn base_of(&self, location: &Location) -> Result<Option<PathBuf>, StoreError> {
        Ok(match location {
            Location::Memory => None,
            Location::File(path) => Some(path.clone()),
            #[cfg(feature = "postgres")]
            Location::Server(place) => Some(self.shared_base(place)?),
        })
    }

    /// Opens the trail at `url` for reading alone. Nothing is ever made or changed.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`]: a missing file, a newer schema — each its own.
    #[cfg(feature = "sqlite")]
    pub async fn open_for_reading(mut self, url: &str) -> Result<Trail, TrailError> {
        #[cfg(feature = "network")]
        if super::remote::is_server(url) {
            return self.connect(url).await;
        }
        let location = Location::parse(url)?;
        let Some(path) = self.base_of(&location)? else {
            return Err(StoreError::Missing {
                place: url.to_owned(),
            }
            .into());
        };
        self.find_attesters(Some(&path))?;
        self.find_archive(&path)?;
        let store: Arc<dyn Store> = match &location {
            #[cfg(feature = "postgres")]
            Location::Server(place) => Arc::new(PostgresStore::open(place, Access::Read).await?),
            _ => Arc::new(SqliteStore::open(&path, Access::Read, self.fresh()).await?),
        };
        let files = self.files_of(&path);
        let notary = self.notary_of(&store, (Some(files), None));
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
            #[cfg(feature = "network")]
            remote: None,
            journal: None,
            #[cfg(feature = "postgres")]
            seat: None,
        };
        let trail = self.assemble(parts);
        trail.journal_deny().await?;
        Ok(trail)
    }

    /// Makes ready to use the trail behind the server at `url`, which need not be there yet. Contexts,
    /// generations, decisions, reviews and outcomes are recorded and read through it; what is done where
    /// the trail is gives [`TrailError::Store`]. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`TrailError::Remote`] for an address or token that cannot be used, or a spool that cannot be opened.
    #[cfg(feature = "network")]
    pub async fn connect(self, url: &str) -> Result<Trail, TrailError> {
        let remote = super::remote::Remote::open(url, &self)?;
        // Nothing is stored in it: what is sealed here is sealed for the way.
        let none: Arc<dyn Store> = Arc::new(MemoryStore::new(self.fresh()));
        let now = self.clock.now();
        let vault = super::vault::for_writing(&none, (None, None), &self.tenant, now).await?;
        let notary = Arc::new(Notary::open(self.notary_of(&none, (None, None))).await?);
        Ok(self.assemble(Parts {
            store: remote.store(),
            notary,
            vault,
            appender: None,
            signing: None,
            spool: None,
            spool_path: None,
            journal: None,
            #[cfg(feature = "postgres")]
            seat: None,
            remote: Some(remote),
        }))
    }

    /// Opens a new trail in memory; what it holds goes with it. Needs a tokio runtime.
    pub async fn open_in_memory(self) -> Result<Trail, TrailError> {
        let trail = self.fresh();
        self.start(Arc::new(MemoryStore::new(trail)), None, Files::default())
            .await
    }

    /// Opens a trail for writing in `store`, of whatever kind: one of the application's own, or one
    /// that stands before another. Records wait in the file `spool` with [`Evidence::BestEffort`].
    ///
    /// Signed heads and keys are in the files that [`Self::notary_files`] and [`Self::key_files`] name,
    /// and in memory where they name none. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read; [`TrailError::Key`] when it has records, and
    /// their keys are not here.
    pub async fn open_on(
        self,
        store: Arc<dyn Store>,
        spool: Option<PathBuf>,
    ) -> Result<Trail, TrailError> {
        let files = Files {
            notary: self.notary_files.clone(),
            keys: self.key_files.clone(),
            ..Files::default()
        };
        self.start(store, spool, files).await
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
        let of_notary = self.notary_of(&store, (files.notary, files.signer));
        let notary = Arc::new(Notary::open(of_notary).await?);
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
            #[cfg(feature = "network")]
            remote: None,
            journal: files.journal,
            #[cfg(feature = "postgres")]
            seat: files.seat,
        });
        if trail.0.notary.frozen().is_none() {
            trail.journal_replay().await?;
            trail.replay_spool().await?;
        } else {
            trail.journal_deny().await?;
        }
        Ok(trail)
    }

    /// Finds the archive, and the second place for heads, that files beside the trail name, unless they
    /// were given.
    #[cfg(feature = "sqlite")]
    fn find_archive(&mut self, path: &Path) -> Result<(), TrailError> {
        if self.archive.is_none() {
            let chosen = ArchiveChoice::read(&ArchiveChoice::beside(path));
            let opened = chosen.and_then(|it| it.map(ArchiveChoice::open).transpose());
            self.archive = opened.map_err(StoreError::from)?;
        }
        if self.head_place.is_none() {
            let chosen = ArchiveChoice::read(&ArchiveChoice::of_heads_beside(path));
            let opened = chosen.and_then(|it| it.map(ArchiveChoice::open).transpose());
            self.head_place = opened.map_err(StoreError::from)?;
        }
        Ok(())
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn files_of(&self, path: &Path) -> NotaryFiles {
        let chosen = self.notary_files.clone();
        chosen.unwrap_or_else(|| NotaryFiles::beside(path))
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn key_files_of(&self, path: &Path) -> KeyFiles {
        let chosen = self.key_files.clone();
        chosen.unwrap_or_else(|| KeyFiles::beside(path))
    }

    /// Reads the attesters in the file beside the trail, unless they were given.
    #[cfg(all(feature = "sqlite", feature = "network"))]
    pub(super) fn find_attesters(&mut self, base: Option<&Path>) -> Result<(), TrailError> {
        if let (None, Some(path)) = (&self.attesters, base) {
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
    pub(super) fn find_attesters(&mut self, _: Option<&Path>) -> Result<(), TrailError> {
        Ok(())
    }

    pub(super) fn notary_of(
        &self,
        store: &Arc<dyn Store>,
        (files, signer): (Option<NotaryFiles>, Option<PathBuf>),
    ) -> NotaryOptions {
        NotaryOptions {
            store: Arc::clone(store),
            tenant: self.tenant.clone(),
            clock: Arc::clone(&self.clock),
            files,
            signer,
            elsewhere: self.head_place.clone(),
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
            #[cfg(feature = "network")]
            remote,
            journal,
            #[cfg(feature = "postgres")]
            seat,
        } = parts;
        let beside_spool = spool_path.as_ref().map(|it| it.with_extension("erasures"));
        let actor = self.actor.clone().unwrap_or_else(local_user);
        let inner = Inner {
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
            #[cfg(feature = "postgres")]
            seat: std::sync::Mutex::new(seat),
            journal: journal.or(beside_spool),
            spool_path,
            tasks: super::tasks::Tasks::default(),
            closing: tokio::sync::Mutex::default(),
            runtime: tokio::runtime::Handle::try_current().ok(),
            options: self,
            #[cfg(feature = "network")]
            remote,
        };
        Trail(Arc::new(inner), super::Acting::default())
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
    #[cfg(feature = "network")]
    if super::remote::is_server(url) {
        return Ok(());
    }
    match Location::parse(url)? {
        Location::File(path) if path.exists() => Ok(()),
        // Opening says whether it is there: nothing is made by that.
        #[cfg(feature = "postgres")]
        Location::Server(_) => Ok(()),
        _ => Err(StoreError::Missing {
            place: url.to_owned(),
        }
        .into()),
    }
}

/// The address `url` as it may be shown: without a password.
#[cfg(feature = "sqlite")]
#[must_use]
pub fn shown_url(url: &str) -> String {
    #[cfg(feature = "postgres")]
    if PostgresPlace::is_meant_by(url) {
        return PostgresPlace::shown(url);
    }
    #[cfg(feature = "network")]
    if super::remote::is_server(url) {
        return super::remote::shown(url);
    }
    url.to_owned()
}

/// The files beside a database; none in memory.
#[derive(Default)]
struct Files {
    notary: Option<NotaryFiles>,
    keys: Option<KeyFiles>,
    /// What whoever signs holds locked, where several processes share a trail.
    signer: Option<PathBuf>,
    /// `None`: beside the spool.
    journal: Option<PathBuf>,
    #[cfg(feature = "postgres")]
    seat: Option<super::shared::Seat>,
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
    #[cfg(feature = "network")]
    remote: Option<super::remote::Remote>,
    /// `None`: beside the spool.
    journal: Option<PathBuf>,
    #[cfg(feature = "postgres")]
    seat: Option<super::shared::Seat>,
}

/// Where a trail is.
#[cfg(feature = "sqlite")]
pub(super) enum Location {
    Memory,
    File(PathBuf),
    #[cfg(feature = "postgres")]
    Server(Box<PostgresPlace>),
}

#[cfg(feature = "sqlite")]
impl Location {
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        #[cfg(feature = "postgres")]
        if PostgresPlace::is_meant_by(url) {
            return Ok(Self::Server(Box::new(PostgresPlace::parse(url)?)));
        }
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
pub(super) fn spool_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".spool");
    name.into()
}

/// Records whose entries and entities are remembered for those that refer to them.
const LINKED: usize = 20_000;
