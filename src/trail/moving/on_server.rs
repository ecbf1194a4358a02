//! The last step of a restore to PostgreSQL: a schema takes the place of another one.

use std::path::{Path, PathBuf};

use super::Progress;
use super::logs::{Place, copy_logs};
use super::restoring::{Files, Restoring};
use crate::store::{Access, PostgresPlace, PostgresStore, SqliteStore, Store as _};
use crate::trail::{TrailError, TrailOptions};

/// What the schema of `place` is to be called; `None` when it is not there.
pub(super) async fn replaced_by(
    place: &PostgresPlace,
    suffix: i64,
) -> Result<Option<PathBuf>, TrailError> {
    let replaced = place.beside(&format!("{REPLACED}{suffix}"))?;
    if !PostgresStore::has_schema(place).await? {
        return Ok(None);
    }
    Ok(Some(PathBuf::from(replaced.named_schema()?)))
}

impl TrailOptions {
    /// Copies what was staged into a schema beside that of `place`, and lets both change names.
    ///
    /// Stopped anywhere, it is done when this is called again: the file that was staged goes last.
    pub(super) async fn replace_on_server(
        &self,
        place: &PostgresPlace,
        files: &Files,
        state: &Restoring,
        progress: &Progress,
    ) -> Result<(), TrailError> {
        if !files.staged.exists() {
            return Ok(());
        }
        let replaced = replaced_place(place, state.replaced.as_deref())?;
        let is_done = match &replaced {
            Some(replaced) => PostgresStore::has_schema(replaced).await?,
            None => PostgresStore::is_there(place).await?,
        };
        if !is_done {
            let staged = place.beside(RESTORED)?;
            PostgresStore::migrate(&staged, self.fresh()).await?;
            self.copy_staged(files, &staged, progress).await?;
            PostgresStore::replace(place, &staged, replaced.as_ref()).await?;
        }
        Ok(files.unstage()?)
    }

    async fn copy_staged(
        &self,
        files: &Files,
        staged: &PostgresPlace,
        progress: &Progress,
    ) -> Result<(), TrailError> {
        let from = SqliteStore::open(&files.staged, Access::Read, self.fresh()).await?;
        let to = PostgresStore::open(staged, Access::Write).await?;
        let names = (files.staged.display().to_string(), staged.to_string());
        let from_place = Place {
            store: &from,
            name: &names.0,
        };
        let to_place = Place {
            store: &to,
            name: &names.1,
        };
        let copied = copy_logs(from_place, to_place, progress).await;
        for store in [from.close(), to.close()] {
            store.await;
        }
        copied.map(|_| ())
    }
}

/// The place of the schema that is called `name`, which [`replaced_by`] gave.
fn replaced_place(
    place: &PostgresPlace,
    name: Option<&Path>,
) -> Result<Option<PostgresPlace>, TrailError> {
    let Some(name) = name.and_then(Path::to_str) else {
        return Ok(None);
    };
    let end = name.strip_prefix(place.named_schema()?).unwrap_or(name);
    Ok(Some(place.beside(end)?))
}

const RESTORED: &str = "_restored";
const REPLACED: &str = "_replaced_";
