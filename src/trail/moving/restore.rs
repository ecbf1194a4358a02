//! Restoring a backup: what was erased since is erased again, and the log says what it lost.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::manifest::Manifest;
use super::place::{End, Held};
use super::restoring::{Files, LogToRestore, Restoring};
use super::staging::{Staged, name_lost};
use super::{MoveError, Progress};
use crate::record::{Actor, Body, Kind, RecordId, Tenant, Timestamp, TrailId};
#[cfg(feature = "postgres")]
use crate::trail::open::Location;
use crate::trail::succeed::check_approvers;
use crate::trail::verify::Verified;
use crate::trail::{Trail, TrailError, TrailOptions};

/// Why entries that are known may be lost, and who approves that.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Why.
    pub reason: String,
    /// Two different people at least.
    pub approved_by: Vec<Actor>,
}

/// A trail that was restored.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// The trail.
    pub trail: TrailId,
    /// The moment the backup is of.
    pub of: Timestamp,
    /// Where the database is that was replaced: its file, or the name of its schema. `None` when none
    /// was there.
    pub replaced: Option<PathBuf>,
    /// Its logs.
    pub logs: Vec<RestoredLog>,
    /// What verifying it has found.
    pub verified: Verified,
}

/// A log that was restored.
#[derive(Clone, Debug, Serialize)]
pub struct RestoredLog {
    /// Whose log.
    pub tenant: Tenant,
    /// How many entries the backup has.
    pub entries: u64,
    /// The record that begins a new epoch, when entries are lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub succession: Option<RecordId>,
    /// The first index that is lost, and the one behind the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<(u64, u64)>,
    /// How many erasures of the journal were carried out again.
    pub erased_again: u64,
}

impl TrailOptions {
    /// Puts the backup in `backup` in the place of the trail at `url`, or where none is.
    ///
    /// The backup is checked as a whole before anything is touched: its digest, its entries and its
    /// signed heads. The files beside the trail stay those of the present: the heads say what is lost,
    /// and the journal has those erased again who were erased since the backup, before anybody reads
    /// it. When the log knows of more entries than the backup has, an `approval` is needed, and each log
    /// begins a new epoch with a record that names the lost indexes. The database that was there stays
    /// under another name: on PostgreSQL the backup is copied into a schema beside that of the trail, and
    /// both get their new names in one transaction.
    ///
    /// Stopped anywhere, the old trail is there or the restored one, and the same call finishes it.
    /// `progress` is told the number of entries copied to a server, then of those verified.
    ///
    /// # Errors
    ///
    /// [`MoveError::Damaged`], [`MoveError::OtherTrail`], [`MoveError::Newer`] without an approval,
    /// each with nothing changed; [`TrailError::Store`] when somebody writes to the trail;
    /// [`TrailError::Notary`] and [`TrailError::Key`] when keys are not here.
    pub async fn restore(
        mut self,
        backup: &Path,
        url: &str,
        approval: Option<Approval>,
        progress: Progress,
    ) -> Result<Restored, TrailError> {
        let end = End::parse(&self, url)?;
        // A witness may have seen more than anything here.
        self.find_attesters(Some(&end.base))?;
        let files = Files::of(&end.base);
        let (state, held) = match files.state()? {
            Some(state) => {
                let state = resume(&files, state, backup, approval)?;
                (state, end.hold().await?)
            }
            None => self.decide(backup, (&end, &files), approval).await?,
        };
        self.replace(&end, &files, &state, &progress).await?;
        drop(held);
        self.go_on(url, &files, state, progress).await
    }

    /// Checks the backup and what it would take the place of, and decides on it. Nobody writes there
    /// as long as what is given besides lives.
    async fn decide(
        &self,
        backup: &Path,
        (end, files): (&End, &Files),
        approval: Option<Approval>,
    ) -> Result<(Restoring, Held), TrailError> {
        // A file is locked by whoever opens it, a server is not.
        let early = match end.location.file() {
            None => Some(end.hold().await?),
            Some(_) => None,
        };
        let present = self.look_at_present(backup, end).await?;
        let held = match early {
            Some(held) => held,
            None => end.hold().await?,
        };
        let replaced = self.replaced_by(end).await?;
        let staged = self.stage(backup, files, &present).await;
        let state = staged.and_then(|staged| state_of(backup, replaced, staged, approval));
        let state = match state {
            Ok(state) => state,
            Err(error) => {
                files.unstage()?;
                return Err(error);
            }
        };
        files.decide(&state)?;
        Ok((state, held))
    }

    /// What the database is to be called that is there; `None` when none is.
    async fn replaced_by(&self, end: &End) -> Result<Option<PathBuf>, TrailError> {
        let suffix = self.clock.now().as_micros();
        #[cfg(feature = "postgres")]
        if let Location::Server(place) = &end.location {
            return super::on_server::replaced_by(place, suffix).await;
        }
        let replaced = super::beside::named(&end.base, &format!(".replaced-{suffix}"));
        Ok(end.base.exists().then_some(replaced))
    }

    /// Puts what was staged in the place of the database that is there, if that is still to be done.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_variables, reason = "a file needs less than a server")
    )]
    async fn replace(
        &self,
        end: &End,
        files: &Files,
        state: &Restoring,
        progress: &Progress,
    ) -> Result<(), TrailError> {
        #[cfg(feature = "postgres")]
        if let Location::Server(place) = &end.location {
            return self.replace_on_server(place, files, state, progress).await;
        }
        Ok(files.replace(state.replaced.as_deref())?)
    }
}

fn state_of(
    backup: &Path,
    replaced: Option<PathBuf>,
    staged: Staged,
    approval: Option<Approval>,
) -> Result<Restoring, TrailError> {
    let Staged { manifest, logs } = staged;
    let lost = name_lost(&logs);
    let (reason, approved_by) = match (lost, approval) {
        (None, _) => (String::new(), Vec::new()),
        (Some(lost), None) => return Err(MoveError::Newer { lost }.into()),
        (Some(_), Some(approval)) => approval.checked()?,
    };
    Ok(Restoring {
        backup: backup.to_owned(),
        sha256: manifest.sha256,
        of: manifest.at,
        replaced,
        logs: logs.into_iter().map(|log| log.to_restore).collect(),
        reason,
        approved_by,
    })
}

impl TrailOptions {
    /// Begins new epochs where entries are lost, and erases again what was erased.
    async fn go_on(
        &self,
        url: &str,
        files: &Files,
        state: Restoring,
        progress: Progress,
    ) -> Result<Restored, TrailError> {
        let mut logs = Vec::with_capacity(state.logs.len());
        for log in state
            .logs
            .iter()
            .filter(|log| log.entries > 0 || log.is_behind)
        {
            logs.push(self.go_on_with(url, log, &state).await?);
        }
        let trail = self.clone().open_for_reading(url).await?;
        let verified = trail.verify(0, progress).await;
        let id = trail.0.store.trail().await;
        trail.close().await;
        let restored = Restored {
            trail: id?,
            of: state.of,
            replaced: state.replaced,
            logs,
            verified: verified?,
        };
        files.finish()?;
        Ok(restored)
    }

    async fn go_on_with(
        &self,
        url: &str,
        log: &LogToRestore,
        state: &Restoring,
    ) -> Result<RestoredLog, TrailError> {
        let options = self.clone().tenant(log.tenant.clone());
        let trail = options.clone().open(url).await?;
        let continued = continue_frozen(&trail, log, state).await;
        trail.close().await;
        continued?;
        // A log that goes on is erased from again before anything else is done with it.
        let trail = options.open(url).await?;
        let restored = what_became(&trail, log).await;
        trail.close().await;
        restored
    }
}

/// Goes on with a restore that was stopped after it had been decided on.
fn resume(
    files: &Files,
    mut state: Restoring,
    backup: &Path,
    approval: Option<Approval>,
) -> Result<Restoring, TrailError> {
    if Manifest::read(backup)?.sha256 != state.sha256 {
        let backup = state.backup.display().to_string();
        return Err(MoveError::Unfinished { backup }.into());
    }
    if let Some(approval) = approval {
        (state.reason, state.approved_by) = approval.checked()?;
        files.decide(&state)?;
    }
    Ok(state)
}

/// Begins a new epoch, if entries of the log are lost.
async fn continue_frozen(
    trail: &Trail,
    log: &LogToRestore,
    state: &Restoring,
) -> Result<(), TrailError> {
    let Some(frozen) = trail.notary().frozen() else {
        return Ok(());
    };
    // Somebody wrote to the old database after the restore had been decided on without them.
    if state.approved_by.is_empty() {
        let (tenant, from, known) = (&log.tenant, log.entries, frozen.known.size);
        let lost = format!("of tenant {tenant}, which had {known} entries, those from {from} on");
        return Err(MoveError::Newer { lost }.into());
    }
    if has_succeeded(trail, log, state).await? {
        trail.notary().begin_epoch().await?;
        return Ok(());
    }
    let people = state.approved_by.clone();
    trail.succeed(&state.reason, people).await.map(|_| ())
}

/// Whether this restore was stopped between the record that begins the epoch and the first head signed
/// in it. Nothing else may have come behind the restored entries.
async fn has_succeeded(
    trail: &Trail,
    log: &LogToRestore,
    state: &Restoring,
) -> Result<bool, TrailError> {
    if trail.0.store.head(trail.tenant()).await?.size != log.entries + 1 {
        return Ok(false);
    }
    let newest = trail.successions().await?.pop();
    let newest = newest.filter(|stored| stored.log_index() == log.entries);
    Ok(newest.is_some_and(|stored| match &stored.record().body {
        Body::Succession(said) => {
            said.reason == state.reason
                && said.approved_by == state.approved_by
                && said.restored.size == log.entries
        }
        _ => false,
    }))
}

impl Approval {
    /// The reason and the people, two of them at least.
    fn checked(self) -> Result<(String, Vec<Actor>), TrailError> {
        check_approvers(&self.approved_by, "a new epoch")?;
        Ok((self.reason, self.approved_by))
    }
}

async fn what_became(trail: &Trail, log: &LogToRestore) -> Result<RestoredLog, TrailError> {
    let newest = match log.is_behind {
        true => trail.successions().await?.pop(),
        false => None,
    };
    let lost = newest
        .as_ref()
        .and_then(|stored| match &stored.record().body {
            Body::Succession(succession) => Some((succession.lost_from, succession.lost_to)),
            _ => None,
        });
    let counts = trail.status().await?.counts;
    let erasures = counts.iter().find(|(kind, _)| *kind == Kind::Erasure);
    let erasures = erasures.map_or(0, |(_, count)| *count);
    Ok(RestoredLog {
        tenant: log.tenant.clone(),
        entries: log.entries,
        succession: newest.map(|stored| stored.id()),
        lost,
        erased_again: erasures.saturating_sub(log.erasures),
    })
}
