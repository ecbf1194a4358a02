//! A trail on a server, which several processes share: what each keeps outside of the database.
//!
//! All of them name one folder. In it lie the keys, the signed heads and the journal of erasures,
//! which are everybody's, and a spool for each process that is at work.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Trail, TrailError, TrailOptions};
use crate::record::TrailId;
use crate::store::{PostgresPlace, PostgresStore, StoreError};

/// What a migration has done: the version of the schema before and after, 0 for none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Migrated {
    /// The version that was there; 0 when there was no trail.
    pub from: i64,
    /// The version that is there now.
    pub to: i64,
}

impl TrailOptions {
    /// Brings the schema of the trail at `url` to the version this one knows, and makes the trail
    /// when there is none. Only a trail on PostgreSQL needs it: a file is migrated when it is opened
    /// for writing.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`]: what is in the way, and what to do.
    pub async fn migrate(&self, url: &str) -> Result<Migrated, TrailError> {
        if !PostgresPlace::is_meant_by(url) {
            return Err(StoreError::Refused {
                place: super::shown_url(url),
                what: "it is not on PostgreSQL".to_owned(),
                todo: "a file is migrated when it is opened for writing".to_owned(),
            }
            .into());
        }
        let place = PostgresPlace::parse(url)?;
        let fresh = TrailId::from_uuid(self.ids.new_id(self.clock.now()));
        let (from, to) = PostgresStore::migrate(&place, fresh).await?;
        Ok(Migrated { from, to })
    }

    /// What the files of the trail at `place` begin with: they lie in the folder that was named.
    pub(super) fn shared_base(&self, place: &PostgresPlace) -> Result<PathBuf, StoreError> {
        let named = self.state.as_deref().or(place.state());
        let folder = named.ok_or_else(|| StoreError::Refused {
            place: place.to_string(),
            what: "a trail on a server keeps its keys and signed heads outside of the database, and no folder is named for them".to_owned(),
            todo: "name one that all of its processes share, and that is backed up apart from the database: by --state, CONTEXTRAIL_STATE, ?state=DIR in the address, or TrailOptions::state".to_owned(),
        })?;
        // why: a volume that is not mounted must not be taken for a trail without keys.
        if !folder.is_dir() {
            return Err(StoreError::MissingFolder {
                folder: folder.display().to_string(),
            });
        }
        Ok(folder.join("trail"))
    }
}

/// The place of one process among those that share a trail. Dropping it lets go of it.
#[derive(Debug)]
pub(super) struct Seat {
    /// Where its records wait.
    pub(super) spool: PathBuf,
    base: PathBuf,
    number: u32,
    _lock: File,
}

impl Seat {
    /// Takes a seat that nobody sits on; one first where records wait.
    pub(super) fn take(base: &Path) -> Result<Self, TrailError> {
        let waits = |seat: &u32| spool(base, *seat).metadata().is_ok_and(|it| it.len() > 0);
        let (left, rest): (Vec<u32>, Vec<u32>) = (0..SEATS).partition(waits);
        for seat in left.into_iter().chain(rest) {
            let path = beside(base, &format!(".seat-{seat}.lock"));
            if let Some(lock) = try_lock(&path)? {
                return Ok(Self {
                    spool: spool(base, seat),
                    base: base.to_owned(),
                    number: seat,
                    _lock: lock,
                });
            }
        }
        Err(StoreError::InUse {
            place: base.display().to_string(),
            holder: format!("{SEATS} processes"),
        }
        .into())
    }
}

impl Trail {
    /// Refuses while another process has the trail open for writing, and keeps them out as long as
    /// what is given lives: others would go on with the keys they know.
    pub(super) async fn keep_others_out(&self) -> Result<Option<File>, TrailError> {
        let seated = || self.0.seat.lock().expect("no holder of this lock panics");
        let Some((base, own)) = seated()
            .as_ref()
            .map(|seat| (seat.base.clone(), seat.number))
        else {
            return Ok(None);
        };
        alone(&base, Some(own)).await.map(Some)
    }
}

/// Refuses while a process has the trail open for writing whose seat is not `own`, and keeps all from
/// opening it as long as what is given lives.
pub(super) async fn alone(base: &Path, own: Option<u32>) -> Result<File, TrailError> {
    let alone = opening(base).await?;
    for seat in (0..SEATS).filter(|seat| Some(*seat) != own) {
        let path = beside(base, &format!(".seat-{seat}.lock"));
        if path.exists() && try_lock(&path)?.is_none() {
            return Err(StoreError::InUse {
                place: base.display().to_string(),
                holder: "process".to_owned(),
            }
            .into());
        }
    }
    Ok(alone)
}

/// Where records of the trail may wait.
pub(super) fn spools(base: &Path) -> impl Iterator<Item = PathBuf> {
    (0..SEATS).map(|seat| spool(base, seat))
}

fn spool(base: &Path, seat: u32) -> PathBuf {
    beside(base, &format!(".seat-{seat}.spool"))
}

/// Keeps other processes from opening the trail for as long as it lives: of two that find no keys,
/// one makes them.
pub(super) async fn opening(base: &Path) -> Result<File, TrailError> {
    let path = beside(base, ".opening");
    for _ in 0..OPENING_TRIES {
        if let Some(lock) = try_lock(&path)? {
            return Ok(lock);
        }
        tokio::time::sleep(OPENING_PAUSE).await;
    }
    Err(StoreError::Busy {
        place: path.display().to_string(),
    }
    .into())
}

fn try_lock(path: &Path) -> Result<Option<File>, TrailError> {
    let fault = |source: std::io::Error| StoreError::Backend {
        place: path.display().to_string(),
        source: source.into(),
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(fault(source).into()),
    }
}

pub(super) fn beside(base: &Path, end: &str) -> PathBuf {
    let mut name = base.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// As many processes as can share one trail.
const SEATS: u32 = 256;
const OPENING_TRIES: u32 = 600;
const OPENING_PAUSE: Duration = Duration::from_millis(50);
