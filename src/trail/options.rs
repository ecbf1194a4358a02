//! What a trail is opened with.

use std::sync::Arc;

use super::KeyFiles;
#[cfg(feature = "network")]
use crate::notary::Attesters;
use crate::notary::NotaryFiles;
use crate::privacy::Redaction;
use crate::privacy::keys::KeyProvider;
use crate::record::{
    Actor, ActorKind, ActorMethod, Clock, IdSource, Name, RandomIds, Service, SystemClock, Tenant,
};
use crate::store::{AppenderOptions, Archive};

/// When the id of a record becomes visible.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Evidence {
    /// When the record is durable. A store that is away fails the call.
    #[default]
    Required,
    /// At once; the receipt says `queued`. What the queue has no room for goes to a spool on disk, and so
    /// does everything while a server is away.
    BestEffort,
}

/// How a trail is opened.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use contextrail::trail::TrailOptions;
///
/// let trail = TrailOptions::new()
///     .environment("production".parse().unwrap())
///     .open("sqlite::memory:")
///     .await
///     .unwrap();
/// # trail.close().await;
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TrailOptions {
    pub(super) tenant: Tenant,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) actor: Option<Actor>,
    pub(super) evidence: Evidence,
    pub(super) environment: Option<Name>,
    pub(super) service: Option<Service>,
    pub(super) appender: AppenderOptions,
    pub(super) spool_bytes: u64,
    pub(super) notary_files: Option<NotaryFiles>,
    pub(super) head_place: Option<Arc<dyn Archive>>,
    /// `None`: what the address names.
    #[cfg(feature = "postgres")]
    pub(super) state: Option<std::path::PathBuf>,
    pub(super) key_files: Option<KeyFiles>,
    pub(super) key_provider: Option<Arc<dyn KeyProvider>>,
    /// `None`: the one named in the file beside the trail.
    pub(super) archive: Option<Arc<dyn Archive>>,
    pub(super) replace_lost_key: bool,
    /// `None`: the rules in the file beside the trail.
    pub(super) redaction: Option<Redaction>,
    /// `None`: those in the file beside the trail.
    #[cfg(feature = "network")]
    pub(super) attesters: Option<Attesters>,
    /// For a trail that is behind a server.
    #[cfg(feature = "network")]
    pub(super) server: super::remote::ServerOptions,
}

impl Default for TrailOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl TrailOptions {
    /// The defaults: tenant `default`, the system's clock, evidence required.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tenant: Tenant::default(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds::default()),
            actor: None,
            evidence: Evidence::Required,
            environment: None,
            service: None,
            appender: AppenderOptions::default(),
            spool_bytes: SPOOL_BYTES,
            notary_files: None,
            head_place: None,
            #[cfg(feature = "postgres")]
            state: None,
            key_files: None,
            key_provider: None,
            archive: None,
            replace_lost_key: false,
            redaction: None,
            #[cfg(feature = "network")]
            attesters: None,
            #[cfg(feature = "network")]
            server: super::remote::ServerOptions::default(),
        }
    }

    /// Whose log to read and write.
    #[must_use]
    pub fn tenant(mut self, tenant: Tenant) -> Self {
        self.tenant = tenant;
        self
    }

    /// Where the time of day comes from.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where ids come from.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = ids;
        self
    }

    /// Who causes the records; the user of the operating system when not set.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// When ids become visible.
    #[must_use]
    pub const fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// Where the application runs; `development` when not set.
    #[must_use]
    pub fn environment(mut self, environment: Name) -> Self {
        self.environment = Some(environment);
        self
    }

    /// The application, named in every context.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// How much the appender takes at once.
    #[must_use]
    pub const fn appender(mut self, options: AppenderOptions) -> Self {
        self.appender = options;
        self
    }

    /// How large the spool may grow, in bytes; 1 GiB when not set.
    #[must_use]
    pub const fn spool_bytes(mut self, limit: u64) -> Self {
        self.spool_bytes = limit;
        self
    }

    /// Where signed heads and keys are kept; beside the database when not set.
    ///
    /// Heads in another place than the database are what an older copy of it is found by.
    #[must_use]
    pub fn notary_files(mut self, files: NotaryFiles) -> Self {
        self.notary_files = Some(files);
        self
    }

    /// The folder of what a trail on a server keeps outside of the database: keys, signed heads, what
    /// waits. All processes that share the trail name the same one, and it has to be there.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn state(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        self.state = Some(folder.into());
        self
    }

    /// Where the keys of personal values are kept; beside the database when not set.
    ///
    /// Keys in another place than the database are not in its backups.
    #[must_use]
    pub fn key_files(mut self, files: KeyFiles) -> Self {
        self.key_files = Some(files);
        self
    }

    /// Who keeps the key-encryption key. When not set, whom the file [`KeyFiles::provider`] names; the
    /// file [`KeyFiles::key_encryption`] when there is none.
    #[must_use]
    pub fn key_provider(mut self, provider: Arc<dyn KeyProvider>) -> Self {
        self.key_provider = Some(provider);
        self
    }

    /// Where the values of records are that moved to the archive, and where [`Trail::archive_due`]
    /// moves more. The archive named in the file [`ArchiveChoice::beside`] the database when not set;
    /// none when there is no such file.
    ///
    /// [`Trail::archive_due`]: super::Trail::archive_due
    /// [`ArchiveChoice::beside`]: crate::store::ArchiveChoice::beside
    #[must_use]
    pub fn archive(mut self, archive: Arc<dyn Archive>) -> Self {
        self.archive = Some(archive);
        self
    }

    /// A second place for signed heads, such as an object store ([`ObjectArchive`]): one that goes down with
    /// neither the database nor the files beside it. The one named in the file
    /// [`ArchiveChoice::of_heads_beside`] the database when not set; none when there is no such file.
    ///
    /// Each head is put there after it is signed. While the place is away nothing is signed, and a trail
    /// that does not contain the newest head there is frozen.
    ///
    /// [`ObjectArchive`]: crate::store::ObjectArchive
    /// [`ArchiveChoice::of_heads_beside`]: crate::store::ArchiveChoice::of_heads_beside
    #[must_use]
    pub fn head_place(mut self, place: Arc<dyn Archive>) -> Self {
        self.head_place = Some(place);
        self
    }

    /// Who is asked to attest signed heads: witnesses, and timestamp authorities. Those named in the
    /// file [`Attesters::beside`] the database when not set; nobody when there is no such file.
    ///
    /// A trail whose witness has seen a head that the log does not contain is frozen.
    #[cfg(feature = "network")]
    #[must_use]
    pub fn attesters(mut self, attesters: Attesters) -> Self {
        self.attesters = Some(attesters);
        self
    }

    /// Who asks a server: the token that it was told of. Only for trails behind a server.
    #[cfg(feature = "network")]
    #[must_use]
    pub fn server_token(mut self, token: impl Into<String>) -> Self {
        self.server.token = Some(super::remote::Token(zeroize::Zeroizing::new(token.into())));
        self
    }

    /// What a server is asked for personal values for; it is on record there.
    #[cfg(feature = "network")]
    #[must_use]
    pub fn server_purpose(mut self, purpose: impl Into<String>) -> Self {
        self.server.purpose = Some(purpose.into());
        self
    }

    /// Certificates of authorities that the certificate of a server may come from, in PEM, besides those
    /// that the system trusts.
    #[cfg(feature = "network")]
    #[must_use]
    pub fn server_roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.server.roots = pem.into();
        self
    }

    /// How long a server is tried before it counts as away; 10 seconds when not set.
    #[cfg(feature = "network")]
    #[must_use]
    pub const fn server_patience(mut self, patience: std::time::Duration) -> Self {
        self.server.patience = patience;
        self
    }

    /// Where records wait while a server is away, with [`Evidence::BestEffort`]: encrypted, under the key
    /// in the file `….key` beside it. `contextrail-HOST.spool` in the folder of the process when not set.
    #[cfg(feature = "network")]
    #[must_use]
    pub fn server_spool(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.server.spool = Some(path.into());
        self
    }

    /// The rules that every record is redacted by before it is sealed. Those in the file
    /// [`Redaction::beside`] the database when not set; none when there is no such file.
    #[must_use]
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = Some(redaction);
        self
    }

    /// Whether a signing key that is gone may be replaced by a new one; not so unless set.
    ///
    /// Auditors who trust the old key alone cannot check heads signed by the new one.
    #[must_use]
    pub const fn replace_lost_key(mut self, replace: bool) -> Self {
        self.replace_lost_key = replace;
        self
    }
}

/// The user of the operating system, as whom a trail without a named actor writes.
#[must_use]
pub fn local_user() -> Actor {
    let name = whoami::username()
        .ok()
        .and_then(|name| Name::new(name).ok())
        .unwrap_or_else(|| Name::new("unknown").expect("it is a name"));
    Actor {
        id: name,
        kind: ActorKind::Service,
        method: ActorMethod::LocalOs,
    }
}

const SPOOL_BYTES: u64 = 1 << 30;
