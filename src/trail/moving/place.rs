//! Opening the store at a place, whatever database it is on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::MoveError;
use crate::record::TrailId;
use crate::store::{Access, SqliteStore, Store, WriterLock};
use crate::trail::open::{Location, spool_path};
#[cfg(feature = "postgres")]
use crate::trail::shared;
use crate::trail::{TrailError, TrailOptions};

/// A place that a trail is copied from or to.
pub(super) struct End {
    pub(super) location: Location,
    /// The address, as it may be shown.
    pub(super) name: String,
    /// What the names of the files of the trail begin with.
    pub(super) base: PathBuf,
}

/// What keeps everybody from writing to a trail, until it is dropped.
#[expect(dead_code, reason = "dropping it unlocks")]
pub(super) enum Held {
    File(WriterLock),
    #[cfg(feature = "postgres")]
    Server(std::fs::File),
}

impl End {
    pub(super) fn parse(options: &TrailOptions, url: &str) -> Result<Self, TrailError> {
        let location = Location::parse(url)?;
        let name = crate::trail::shown_url(url);
        match options.base_of(&location)? {
            Some(base) => Ok(Self {
                location,
                name,
                base,
            }),
            None => Err(MoveError::InMemory { place: name }.into()),
        }
    }

    /// Refuses while records wait beside the database.
    pub(super) fn check_spool(&self) -> Result<(), TrailError> {
        #[cfg(feature = "postgres")]
        if matches!(self.location, Location::Server(_)) {
            return shared::spools(&self.base).try_for_each(|spool| check_spool(&spool));
        }
        check_spool(&spool_path(&self.base))
    }

    /// Keeps everybody from writing to it.
    pub(super) async fn hold(&self) -> Result<Held, TrailError> {
        #[cfg(feature = "postgres")]
        if matches!(self.location, Location::Server(_)) {
            return Ok(Held::Server(shared::alone(&self.base, None).await?));
        }
        Ok(Held::File(WriterLock::take(&self.base).await?))
    }

    /// Whether both are the same database, or have the same files.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let real = |path: &Path| {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
            let whole = path.canonicalize();
            whole.ok().or_else(|| Some(folder.join(path.file_name()?)))
        };
        let is_one_place = match (&self.location, &other.location) {
            #[cfg(feature = "postgres")]
            (Location::Server(one), Location::Server(other)) => {
                one.to_string() == other.to_string()
            }
            _ => false,
        };
        is_one_place || self.base == other.base || {
            let base = real(&self.base);
            base.is_some() && base == real(&other.base)
        }
    }
}

impl Location {
    /// The file of the database; `None` for one that is not a file.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Memory => None,
            #[cfg(feature = "postgres")]
            Self::Server(_) => None,
        }
    }

    /// Opens the store alone: without keys, heads or an appender.
    pub(super) async fn open(
        &self,
        access: Access,
        fresh: TrailId,
    ) -> Result<Arc<dyn Store>, TrailError> {
        match self {
            Self::File(path) => Ok(Arc::new(SqliteStore::open(path, access, fresh).await?)),
            Self::Memory => Err(MoveError::InMemory {
                place: "sqlite::memory:".to_owned(),
            }
            .into()),
            #[cfg(feature = "postgres")]
            Self::Server(place) => {
                let store = crate::store::PostgresStore::open(place, access).await?;
                Ok(Arc::new(store))
            }
        }
    }
}

/// Refuses while records wait in the file `spool`.
fn check_spool(spool: &Path) -> Result<(), TrailError> {
    match spool.metadata().map_or(0, |it| it.len()) {
        0 => Ok(()),
        bytes => Err(MoveError::Spool {
            spool: spool.display().to_string(),
            bytes,
        }
        .into()),
    }
}
