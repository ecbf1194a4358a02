//! A backup: the trail as of one moment, in a file of its own, checked before it has its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::beside::{named, remove};
use super::error::fault;
use super::logs::{MovedLog, Place, Progress, copy_logs};
use super::manifest::{Digesting, Manifest};
use super::{CopiedLog, MoveError};
use crate::file;
use crate::log::TiledTree;
use crate::notary::KnownHead;
use crate::record::{Digest, Timestamp, TrailId};
use crate::store::{Access, LogHead, SqliteStore, Store, VerifyPlan};
use crate::trail::{Trail, TrailError};

/// A backup that was made.
#[derive(Clone, Debug, Serialize)]
pub struct BackedUp {
    /// The file.
    pub path: PathBuf,
    /// What it has to be, by digest and by signed head: to be kept with it.
    pub manifest: PathBuf,
    /// The trail it is of.
    pub trail: TrailId,
    /// The moment it is of.
    pub at: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Digest,
    /// The logs in it.
    pub logs: Vec<CopiedLog>,
    /// The size of the newest signed head that it contains, of the log of this tenant.
    pub signed: Option<u64>,
}

impl Trail {
    /// Writes everything as of now to `path`, and what it has to be to `path` with `.manifest` at its
    /// end. Others may write to the trail meanwhile. Both files are for their owner alone.
    ///
    /// The file has its name only when it is complete, on disk and verified; one that was stopped goes
    /// on. It holds no key but those of entities, encrypted: without the keys beside the trail nothing
    /// personal in it can be read.
    ///
    /// # Errors
    ///
    /// [`MoveError::Exists`] when there is a file; [`MoveError::Unsound`] when something is wrong with
    /// the trail; [`TrailError::Store`].
    pub async fn backup(&self, path: &Path, progress: Progress) -> Result<BackedUp, TrailError> {
        // A manifest alone is what a crash left.
        if path.exists() {
            let path = path.display().to_string();
            return Err(MoveError::Exists { path }.into());
        }
        let at = self.0.options.clock.now();
        // Heads of before are of entries that the moment has.
        let heads = self.notary().all_heads().await;
        let partial = named(path, ".partial");
        let trail = self.0.store.trail().await?;
        let (logs, heads) = self.copy_to(&partial, (trail, &heads), &progress).await?;
        let found = digest_and_sync(&partial)?;
        let keys = self.notary().trail_keys()?;
        let manifest = Manifest::new(trail, at, found, &logs, &heads, &keys);
        let manifest = manifest.map_err(std::io::Error::other);
        manifest.map_err(fault(path, "written"))?.write(path)?;
        std::fs::rename(&partial, path).map_err(fault(path, "written"))?;
        file::sync_folder(path).map_err(fault(path, "written"))?;
        remove(&named(&partial, ".lock"))?;
        let ours = self.notary().heads().await;
        let signed = heads.iter().filter(|head| ours.contains(head));
        Ok(BackedUp {
            path: path.to_owned(),
            manifest: Manifest::path(path),
            trail,
            at,
            bytes: found.0,
            sha256: found.1,
            signed: signed.map(|head| head.head().size).max(),
            logs: logs.into_iter().map(CopiedLog::from).collect(),
        })
    }

    /// Copies the logs into the file `partial`, and verifies them there.
    async fn copy_to(
        &self,
        partial: &Path,
        (trail, heads): (TrailId, &[KnownHead]),
        progress: &Progress,
    ) -> Result<(Vec<MovedLog>, Vec<KnownHead>), TrailError> {
        let store = SqliteStore::open(partial, Access::Write, trail).await?;
        let kept = async {
            let logs = self.copy_verified(&store, partial, progress).await?;
            let heads = contained(heads, &logs, self.notary().trail_origin(), &store).await?;
            Ok((logs, heads))
        };
        let kept = kept.await;
        store.close().await;
        kept
    }

    async fn copy_verified(
        &self,
        store: &SqliteStore,
        partial: &Path,
        progress: &Progress,
    ) -> Result<Vec<MovedLog>, TrailError> {
        let name = partial.display().to_string();
        let from = Place {
            store: &*self.0.store,
            name: TRAIL,
        };
        let to = Place { store, name: &name };
        let logs = copy_logs(from, to, progress).await?;
        let mut plan = VerifyPlan::with(Arc::clone(&self.0.vault));
        let (mut findings, mut warnings) = (Vec::new(), Vec::new());
        plan.known = self.known_heads(&mut findings, &mut warnings).await?;
        for (tenant, known) in &mut plan.known {
            let log = logs.iter().find(|log| log.tenant == *tenant);
            let size = log.map_or(0, |log| log.head.size);
            known.retain(|head| head.size <= size);
        }
        plan.known.retain(|_, known| !known.is_empty());
        findings.extend(store.verify(&plan).await?.findings);
        match findings.first() {
            None => Ok(logs),
            Some(first) => Err(MoveError::Unsound {
                place: TRAIL.to_owned(),
                findings: findings.len(),
                first: first.to_string(),
            }
            .into()),
        }
    }
}

/// The newest head of each log that the copy contains, and those that link one key to the next.
async fn contained(
    heads: &[KnownHead],
    logs: &[MovedLog],
    trail: &str,
    store: &dyn Store,
) -> Result<Vec<KnownHead>, TrailError> {
    let mut kept: Vec<KnownHead> = Vec::new();
    for head in heads.iter().rev() {
        let origin = head.checkpoint.checkpoint().origin();
        let is_newest = kept
            .iter()
            .all(|it| it.checkpoint.checkpoint().origin() != origin);
        if !is_newest && !head.links_keys() {
            continue;
        }
        let rest = origin.strip_prefix(trail).unwrap_or_default();
        let tenant = rest.split('/').next().unwrap_or_default();
        let log = logs.iter().find(|log| log.tenant.as_str() == tenant);
        let LogHead { size, root } = head.head();
        let Some(log) = log.filter(|log| size <= log.head.size) else {
            continue;
        };
        // A head of entries that were lost is of another tree.
        let tree = TiledTree::new(size);
        let tiles = store.tiles(&log.tenant, &tree.root_tiles()).await?;
        if tree.root(&tiles).is_ok_and(|it| it == root) {
            kept.push(head.clone());
        }
    }
    kept.reverse();
    Ok(kept)
}

/// The size and digest of a file whose bytes are on disk.
fn digest_and_sync(path: &Path) -> Result<(u64, Digest), MoveError> {
    let file = std::fs::File::open(path).map_err(fault(path, "read"))?;
    file.sync_all().map_err(fault(path, "written"))?;
    Digesting::of(path)
}

const TRAIL: &str = "the trail";
