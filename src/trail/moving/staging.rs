//! Looking at a backup and at what it would take the place of, before anything is touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::MoveError;
use super::beside::copy_private;
use super::error::fault;
use super::manifest::{Digesting, Manifest};
use super::place::End;
use super::restoring::{Files, LogToRestore};
use crate::file;
use crate::notary::{KnownHead, Notary, NotaryError};
use crate::privacy::keys::Vault;
use crate::record::{Digest, Kind, Tenant, TrailId};
use crate::store::{Access, LogHead, SqliteStore, Store, StoreError, VerifyPlan};
use crate::trail::open::Location;
use crate::trail::{TrailError, TrailOptions};

/// A backup beside the database, checked.
pub(super) struct Staged {
    pub(super) manifest: Manifest,
    pub(super) logs: Vec<StagedLog>,
}

/// A log of a backup, and what is known of it.
pub(super) struct StagedLog {
    pub(super) to_restore: LogToRestore,
    /// How many entries the log is known to have had.
    known: u64,
}

impl StagedLog {
    /// A log that the backup has nothing of.
    fn unknown(tenant: &Tenant, known: u64) -> Self {
        Self {
            known,
            to_restore: LogToRestore {
                tenant: tenant.clone(),
                entries: 0,
                erasures: 0,
                is_behind: true,
            },
        }
    }
}

/// The logs of the database that would be replaced, as far as they can be read.
pub(super) type Present = Vec<(Tenant, LogHead)>;

/// Which entries a restore would lose, in words.
pub(super) fn name_lost(logs: &[StagedLog]) -> Option<String> {
    let behind = logs.iter().filter(|log| log.to_restore.is_behind);
    let names = behind.map(|log| {
        let LogToRestore {
            tenant, entries, ..
        } = &log.to_restore;
        match log.known > *entries {
            true => format!("entries {entries} to {} of tenant {tenant}", log.known - 1),
            false => format!("entries of tenant {tenant} that were replaced by others"),
        }
    });
    let names: Vec<String> = names.collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The store that a backup would take the place of; `None` when there is none that can be read.
async fn present(
    location: &Location,
    trail: TrailId,
    is_known: bool,
) -> Result<Option<Arc<dyn Store>>, TrailError> {
    let is_there = match location {
        #[cfg(feature = "postgres")]
        Location::Server(place) => crate::store::PostgresStore::is_there(place).await?,
        location => location.file().is_some_and(Path::exists),
    };
    if !is_there {
        return Ok(None);
    }
    match location.open(Access::Write, trail).await {
        Ok(store) => Ok(Some(store)),
        Err(TrailError::Store(error)) => match &*error {
            error if error.is_damage() => Ok(None),
            // The header is damaged: whose file it was is known by the heads beside it.
            StoreError::NotATrail { .. } if is_known && location.file().is_some() => Ok(None),
            _ => Err(TrailError::Store(error)),
        },
        Err(error) => Err(error),
    }
}

impl TrailOptions {
    /// Looks at the database that would be replaced. The heads of its logs are signed, so that what a
    /// restore loses is known, and what its write-ahead log holds is moved into the file.
    ///
    /// A database that is too damaged to be opened is one that nothing is known of but its heads.
    pub(super) async fn look_at_present(
        &self,
        backup: &Path,
        end: &End,
    ) -> Result<Present, TrailError> {
        let path = end.base.as_path();
        let manifest = Manifest::read(backup)?;
        let files = self.files_of(path);
        let of_trail = format!("contextrail/{}/", manifest.trail);
        let heads = files.known_heads()?;
        let stranger = heads
            .last()
            .map(|head| head.checkpoint.checkpoint().origin());
        let is_known = stranger.map(|origin| origin.starts_with(&of_trail));
        if let (Some(false), Some(origin)) = (is_known, stranger) {
            let found = origin.split('/').nth(1).and_then(|id| id.parse().ok());
            return Err(MoveError::OtherTrail {
                place: files.heads.display().to_string(),
                found: found.unwrap_or(TrailId::from_uuid(uuid::Uuid::nil())),
                expected: manifest.trail,
            }
            .into());
        }
        let is_known = is_known == Some(true);
        let Some(store) = present(&end.location, manifest.trail, is_known).await? else {
            return Ok(Vec::new());
        };
        let looked = self.sign_present(&store, &manifest, end).await;
        store.close().await;
        match looked {
            Err(TrailError::Store(error)) if error.is_damage() => Ok(Vec::new()),
            looked => looked,
        }
    }

    async fn sign_present(
        &self,
        store: &Arc<dyn Store>,
        manifest: &Manifest,
        end: &End,
    ) -> Result<Present, TrailError> {
        let found = store.trail().await?;
        // A schema that was migrated and never written to is nobody's.
        let is_new = end.location.file().is_none() && super::is_empty(&**store).await?;
        if found != manifest.trail && !is_new {
            return Err(MoveError::OtherTrail {
                place: end.name.clone(),
                found,
                expected: manifest.trail,
            }
            .into());
        }
        let logs = store.snapshot().await?.logs().await?;
        for (tenant, head) in &logs {
            if head.size == 0 {
                continue;
            }
            let options = self.clone().tenant(tenant.clone());
            let files = Some(self.files_of(&end.base));
            let notary = options.notary_of(store, (files, None));
            let signed = async { Notary::open(notary).await?.checkpoint().await };
            match signed.await {
                // More is known than is there: that is what the backup is held against.
                Err(NotaryError::Frozen(_) | NotaryError::Tree(_)) => {}
                signed => drop(signed?),
            }
        }
        Ok(logs)
    }

    /// Copies the backup beside the database and checks it there.
    pub(super) async fn stage(
        &self,
        backup: &Path,
        files: &Files,
        present: &Present,
    ) -> Result<Staged, TrailError> {
        let manifest = Manifest::read(backup)?;
        let damaged = |what: String| MoveError::Damaged {
            path: backup.display().to_string(),
            what,
        };
        files.unstage()?;
        let mut digesting = Digesting::default();
        copy_private(backup, &files.staged, |bytes| digesting.take(bytes))?;
        let (bytes, sha256) = digesting.finish();
        if (bytes, sha256) != (manifest.bytes, manifest.sha256) {
            let what = format!(
                "its {bytes} bytes are not the {} that were written",
                manifest.bytes
            );
            return Err(damaged(what).into());
        }
        let heads = manifest.known_heads().map_err(damaged)?;
        self.check_keys(&heads, &files.database, &damaged)?;
        let store = SqliteStore::open(&files.staged, Access::Read, manifest.trail).await;
        let store: Arc<dyn Store> = match store {
            Err(error) if error.is_damage() => return Err(damaged(error.to_string()).into()),
            store => Arc::new(store?),
        };
        let logs = self.check_staged((&store, &manifest, &heads), files, present, &damaged);
        let logs = logs.await;
        store.close().await;
        files.tidy()?;
        Ok(Staged {
            logs: logs?,
            manifest,
        })
    }

    /// Looks whether a key of the trail signed the heads of the backup, when keys are known here.
    fn check_keys(
        &self,
        heads: &[KnownHead],
        database: &Path,
        damaged: &(dyn Fn(String) -> MoveError + Sync),
    ) -> Result<(), TrailError> {
        let keys = self.files_of(database).known_keys()?;
        let mut unsigned = heads
            .iter()
            .filter(|head| head.checkpoint.verify(&keys).is_err());
        match unsigned.next() {
            Some(_) if !keys.is_empty() => {
                let what = "no key of this trail signed its head".to_owned();
                Err(damaged(what).into())
            }
            _ => Ok(()),
        }
    }

    async fn check_staged(
        &self,
        (store, manifest, heads): (&Arc<dyn Store>, &Manifest, &[KnownHead]),
        files: &Files,
        present: &Present,
        damaged: &(dyn Fn(String) -> MoveError + Sync),
    ) -> Result<Vec<StagedLog>, TrailError> {
        let of_trail = format!("contextrail/{}/", manifest.trail);
        // Its bytes are those that were written. Keys are not asked for: commitments are held.
        let locked = Vault::locked(
            &self.tenant,
            "they are not needed to check a backup".to_owned(),
        );
        let mut plan = VerifyPlan::with(Arc::new(locked));
        for head in heads {
            let origin = head.checkpoint.checkpoint().origin();
            let rest = origin.strip_prefix(&of_trail);
            let tenant = rest.and_then(|rest| rest.split('/').next()?.parse::<Tenant>().ok());
            let tenant =
                tenant.ok_or_else(|| damaged(format!("{origin} is not a log of its trail")))?;
            plan.known.entry(tenant).or_default().push(head.head());
        }
        let findings = store.verify(&plan).await?.findings;
        if let Some(first) = findings.first() {
            let what = format!("{} findings, first {first}", findings.len());
            return Err(damaged(what).into());
        }
        let logs = store.snapshot().await?.logs().await?;
        let said = manifest
            .logs
            .iter()
            .map(|log| (&log.tenant, log.size, log.root));
        let is = logs
            .iter()
            .map(|(tenant, head)| (tenant, head.size, Digest::Sha256(head.root)));
        if store.trail().await? != manifest.trail || !said.eq(is) {
            return Err(damaged("its logs are not those of its manifest".to_owned()).into());
        }
        self.keep_heads(manifest, &files.database)?;
        let known = self.known_sizes(&of_trail, &files.database)?;
        let mut staged = Vec::with_capacity(logs.len());
        for (tenant, size) in &known {
            if logs.iter().all(|(it, _)| it != tenant) {
                staged.push(StagedLog::unknown(tenant, *size));
            }
        }
        for (tenant, head) in logs {
            let frozen = self
                .would_freeze(store, (&tenant, head), &files.database)
                .await?;
            let now = present.iter().find(|(it, _)| *it == tenant);
            let now = now.map_or(0, |(_, head)| head.size);
            let counts = store.status(&tenant).await?.counts;
            let erasures = counts.iter().find(|(kind, _)| *kind == Kind::Erasure);
            staged.push(StagedLog {
                known: known
                    .get(&tenant)
                    .copied()
                    .max(frozen)
                    .unwrap_or(0)
                    .max(now),
                to_restore: LogToRestore {
                    is_behind: frozen.is_some(),
                    entries: head.size,
                    erasures: erasures.map_or(0, |(_, count)| *count),
                    tenant,
                },
            });
        }
        Ok(staged)
    }

    /// The size of the head that the log of a backup would be frozen by in the place of the trail, if
    /// so; an error when it could not be written to there for want of a key.
    async fn would_freeze(
        &self,
        store: &Arc<dyn Store>,
        (tenant, head): (&Tenant, LogHead),
        database: &Path,
    ) -> Result<Option<u64>, TrailError> {
        if head.size == 0 {
            return Ok(None);
        }
        let options = self.clone().tenant(tenant.clone());
        let keys = options.key_files_of(database);
        let keys = (Some(&keys), options.key_provider.clone());
        let now = self.clock.now();
        drop(crate::trail::vault::for_writing(store, keys, tenant, now).await?);
        let notary = options.notary_of(store, (Some(self.files_of(database)), None));
        let notary = Notary::open(notary).await?;
        Ok(notary.frozen().map(|frozen| frozen.known.size))
    }

    /// Puts the heads of the backup in the place of a heads file that is lost.
    fn keep_heads(&self, manifest: &Manifest, database: &Path) -> Result<(), TrailError> {
        let files = self.files_of(database);
        let (heads, keys) = (&manifest.heads_text(), &manifest.public_keys);
        if !files.heads.exists() && !heads.is_empty() {
            let written = file::replace(&files.heads, heads, 0o600);
            written.map_err(fault(&files.heads, "written"))?;
        }
        if !files.public_keys.exists() && !keys.is_empty() {
            let keys: String = keys.iter().map(|key| format!("{key}\n")).collect();
            let written = file::replace(&files.public_keys, &keys, 0o644);
            written.map_err(fault(&files.public_keys, "written"))?;
        }
        Ok(())
    }

    /// The size of the newest head that is known of each log of the trail.
    fn known_sizes(
        &self,
        of_trail: &str,
        database: &Path,
    ) -> Result<BTreeMap<Tenant, u64>, TrailError> {
        let mut sizes: BTreeMap<Tenant, u64> = BTreeMap::new();
        for head in self.files_of(database).known_heads()? {
            let origin = head.checkpoint.checkpoint().origin();
            let rest = origin.strip_prefix(of_trail);
            let Some(tenant) = rest.and_then(|rest| rest.split('/').next()?.parse().ok()) else {
                continue;
            };
            // Oldest first: what an epoch that was given up had does not count.
            sizes.insert(tenant, head.head().size);
        }
        Ok(sizes)
    }
}
