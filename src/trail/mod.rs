//! The trail: an open store plus its appender, and what applications do with it.

mod access;
mod anew;
mod answer;
mod archive;
mod archived;
#[cfg(feature = "network")]
mod asking;
mod attest;
mod copy;
mod decide;
mod diff;
mod diff_sections;
mod disclose;
mod erasure;
mod error;
mod expiring;
mod expiry;
mod export;
mod gone;
mod history;
mod hold;
mod import;
mod journal;
mod keeping;
mod leftover;
mod link;
mod looked;
#[cfg(feature = "sqlite")]
mod moving;
mod open;
mod options;
mod prove;
mod query;
mod redact;
mod registry;
mod relative;
mod relock;
#[cfg(feature = "network")]
mod remote;
mod retaining;
mod retention;
mod review;
mod rotate;
#[cfg(feature = "postgres")]
mod shared;
mod signing;
mod spooling;
mod stored;
mod succeed;
mod tasks;
mod token;
mod used;
mod vault;
mod verify;
mod wire;
mod write;

use std::fmt;
use std::sync::{Arc, Mutex};

use quick_cache::sync::Cache;

use crate::assembly::CountCache;
use crate::capture::{ContextBuilder, Sink};
use crate::notary::Notary;
use crate::privacy::Redaction;
use crate::privacy::keys::Vault;
use crate::record::{Actor, IdSource, RecordId, Tenant};
use crate::store::{Appender, Segments, Spool, Store, StoreStatus};

pub use crate::store::{COMMIT_BOUNDS_US, GROUP_BOUNDS, Load};
pub use access::{
    AccessRecord, AccessValue, AccessWithheld, Explanation, HumanPart, SubjectAccess, UsedDatum,
    UsedDocument, Weight,
};
pub use answer::Answer;
pub use archive::{ArchiveLine, ArchivePlan};
pub use archived::{ArchiveStatus, ArchiveVerified, ArchivedSegment};
pub use decide::{Decided, DecisionBuilder};
pub use diff::{Change, ChangeKind, Diff, diff};
pub use erasure::{Erased, ErasurePlan, PlannedRecord};
pub use error::TrailError;
pub use expiry::{Expired, ExpiredClass};
pub use gone::Removals;
pub use history::{DecisionView, Event};
pub use hold::OpenHold;
pub use import::Imported;
pub use keeping::{Keeping, Kept};
pub use leftover::{Leftover, leftovers_in_file};
pub use looked::AccessFilter;
#[cfg(feature = "sqlite")]
pub use moving::{
    Approval, BackedUp, Copied, CopiedLog, FileFate, MoveError, MovedFile, Progress, Restored,
    RestoredLog,
};
#[cfg(feature = "sqlite")]
pub use open::{check_exists, shown_url};
pub use options::{Evidence, TrailOptions, local_user};
pub use query::{ContextFilter, Pages, Search};
pub use registry::{
    Approved, Deployed, GovernError, OpenFreeze, Registered, Registry, Retired, VersionState,
    content_digest, governing, named_in_role,
};
#[cfg(feature = "network")]
pub use remote::RemoteError;
pub use retention::{PlanHold, PlanLine, PlanState, RetentionPlan};
pub use review::{OutcomeBuilder, ReviewBuilder, Reviewed};
pub use rotate::Rotated;
#[cfg(feature = "postgres")]
pub use shared::Migrated;
pub use stored::Stored;
pub use token::{ApiToken, KnownToken, TokenGrant};
pub use vault::KeyFiles;
pub use verify::Verified;
pub use wire::{By, Found, LookUp};

use link::Linked;
use registry::RegistryCache;
use signing::Signing;
use tasks::Tasks;

/// An open trail. Cloning it is cheap, and all clones are one trail.
///
/// Call [`Trail::close`] before the program ends: it waits for everything under way.
#[derive(Clone)]
pub struct Trail(Arc<Inner>, Acting);

/// As whom, and under which ids, a handle of a trail writes, where it is not as the trail itself.
#[derive(Clone, Default)]
struct Acting {
    actor: Option<Arc<Actor>>,
    ids: Option<Arc<dyn IdSource>>,
}

struct Inner {
    store: Arc<dyn Store>,
    /// `None` when opened for reading.
    appender: Option<Appender>,
    actor: Actor,
    counts: Arc<CountCache>,
    linked: Cache<RecordId, Linked>,
    spool: Mutex<Option<Spool>>,
    /// Where the spool is or would be; `None` in memory.
    spool_path: Option<std::path::PathBuf>,
    /// The place among those that share the trail; let go of by `close`.
    #[cfg(feature = "postgres")]
    seat: Mutex<Option<shared::Seat>>,
    /// Where erasures are promised; `None` in memory.
    journal: Option<std::path::PathBuf>,
    notary: Arc<Notary>,
    vault: Arc<Vault>,
    /// What was moved to the archive.
    segments: Arc<Segments>,
    /// Held by whoever changes keys.
    rekeying: tokio::sync::Mutex<()>,
    redaction: Arc<Redaction>,
    /// What is registered, approved, deployed and frozen.
    registry: RegistryCache,
    /// `None` when opened for reading.
    signing: Option<Signing>,
    /// Writes that nobody waits for.
    tasks: Tasks,
    /// Held by whoever closes the trail.
    closing: tokio::sync::Mutex<()>,
    runtime: Option<tokio::runtime::Handle>,
    options: TrailOptions,
    /// The server that it is behind.
    #[cfg(feature = "network")]
    remote: Option<remote::Remote>,
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail")
            .field("store", &self.0.store)
            .field("tenant", &self.0.options.tenant)
            .finish_non_exhaustive()
    }
}

impl Trail {
    /// Opens the trail at `url`, such as `sqlite://contextrail.db`, `sqlite::memory:` or
    /// `postgres://USER@HOST/DATABASE?state=DIR`, for reading and writing. A file is made when it is
    /// not there; a database has been migrated before. Needs a tokio runtime. `https://HOST` is
    /// a trail behind a server; [`TrailOptions::server_token`] says who asks.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`]: a missing folder, another writer, a newer schema — each its own.
    #[cfg(feature = "sqlite")]
    pub async fn open(url: &str) -> Result<Self, TrailError> {
        TrailOptions::new().open(url).await
    }

    /// Begins a context. Its UUIDv7 and the clock start at `begin`.
    pub fn context(&self, name: &str) -> ContextBuilder {
        let sink: Arc<dyn Sink> = Arc::new(self.clone());
        let mut builder = ContextBuilder::new(sink, name);
        if let Some(environment) = &self.0.options.environment {
            builder = builder.environment(environment.as_str());
        }
        if let Some(service) = &self.0.options.service {
            builder = builder.service(service.clone());
        }
        builder
    }

    /// Whose log this is.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.0.options.tenant
    }

    /// Who causes the records of this trail, unless they say otherwise.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        self.1.actor.as_deref().unwrap_or(&self.0.actor)
    }

    /// The same trail, as whoever writes through it is `actor`: a server is told so by the credential.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        let acting = Acting {
            actor: Some(Arc::new(actor)),
            ids: self.1.ids.clone(),
        };
        Self(Arc::clone(&self.0), acting)
    }

    /// The same trail, whose new records take their ids from `ids`: a server gives a request that is sent
    /// again the ids that it had before.
    #[must_use]
    pub fn taking_ids(&self, ids: Arc<dyn IdSource>) -> Self {
        let acting = Acting {
            actor: self.1.actor.clone(),
            ids: Some(ids),
        };
        Self(Arc::clone(&self.0), acting)
    }

    /// The server that it is behind, if it is.
    #[cfg(feature = "network")]
    fn remote(&self) -> Option<&remote::Remote> {
        self.0.remote.as_ref()
    }

    /// Whether it is behind a server.
    fn is_elsewhere(&self) -> bool {
        #[cfg(feature = "network")]
        let is_elsewhere = self.0.remote.is_some();
        #[cfg(not(feature = "network"))]
        let is_elsewhere = false;
        is_elsewhere
    }

    /// The evidence bundle of a decision, packed by the server that the trail is behind; `None` for a
    /// trail that is here.
    ///
    /// # Errors
    ///
    /// [`TrailError::Remote`].
    #[cfg(feature = "network")]
    pub async fn evidence_from_server(
        &self,
        decision: RecordId,
        absent: Option<&str>,
    ) -> Result<Option<Vec<u8>>, TrailError> {
        match self.remote() {
            Some(remote) => Ok(Some(remote.evidence(decision, absent).await?)),
            None => Ok(None),
        }
    }

    /// Whether it was opened for reading: then nothing is appended, signed or attested.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.0.appender.is_none()
    }

    /// Who signs the heads of the log, and knows them.
    #[must_use]
    pub fn notary(&self) -> &Notary {
        &self.0.notary
    }

    /// How busy what appends is, since the trail was opened; `None` when it was opened for reading.
    #[must_use]
    pub fn load(&self) -> Option<Load> {
        self.0.appender.as_ref().map(Appender::load)
    }

    /// Bytes of records that wait on disk, in the spool of this process.
    #[must_use]
    pub fn spooled_bytes(&self) -> u64 {
        let bytes = |path: &std::path::PathBuf| path.metadata().map_or(0, |it| it.len());
        self.0.spool_path.iter().map(bytes).sum()
    }

    /// What the store says of itself: schema, size, counts, and what is wrong.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when it cannot be read.
    pub async fn status(&self) -> Result<StoreStatus, TrailError> {
        let mut status = self.0.store.status(self.tenant()).await?;
        let spool = self.0.spool_path.as_ref();
        if let Some((path, bytes)) =
            spool.and_then(|path| Some((path, path.metadata().ok()?.len())))
            && bytes > 0
        {
            status.problems.push(format!(
                "{bytes} bytes of records wait in the spool {}: open the trail for writing to append them",
                path.display()
            ));
        }
        Ok(status)
    }

    /// Moves what the store's write-ahead log holds into the database file.
    ///
    /// The trail does so by itself now and then; before a file is copied or measured it may be
    /// asked to.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when it cannot be done now; nothing is lost by that.
    pub async fn settle(&self) -> Result<(), TrailError> {
        Ok(self.0.store.settle(true).await?)
    }

    /// Waits for everything under way, appends what the spool holds, and lets go of the files.
    ///
    /// Nothing is lost without it but what a receipt calls `queued`. One who stops waiting has stopped
    /// nothing else, and may call it again; it returns when all is done, whoever called it first.
    pub async fn close(&self) {
        let _alone = self.0.closing.lock().await;
        self.finish_tasks().await;
        #[cfg(feature = "network")]
        if let Some(remote) = self.remote() {
            remote.close().await;
        }
        if let Err(error) = self.replay_spool().await {
            tracing::warn!(error = %error, "the spool stays on disk and is replayed at the next open");
        }
        if let Some(appender) = &self.0.appender {
            appender.close().await;
        }
        // What came meanwhile is answered, or goes to the spool.
        self.finish_tasks().await;
        if let Some(signing) = &self.0.signing {
            signing.stop().await;
        }
        self.0.store.close().await;
        self.0.notary.let_go().await;
        #[cfg(feature = "postgres")]
        drop(
            self.0
                .seat
                .lock()
                .expect("no holder of this lock panics")
                .take(),
        );
    }
}
