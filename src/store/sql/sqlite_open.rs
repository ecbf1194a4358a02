//! The schema of a file: found, made, and looked at when it is opened.

use sqlx::Sqlite;
use sqlx::sqlite::SqliteConnection;

use super::backend::Backend;
use super::sqlite::{MIGRATIONS, SqliteStore};
use super::{Access, TABLES, sqlite_schema, sqlite_shape};
use crate::record::TrailId;
use crate::store::StoreError;

impl SqliteStore {
    /// Makes what is not there yet, or says why the file is not one to work on.
    ///
    /// A damaged trail is opened for reading all the same: verification says what is wrong with it.
    pub(super) async fn check_schema(
        &self,
        access: Access,
        trail: TrailId,
    ) -> Result<(), StoreError> {
        let fault = |error| Sqlite::fault(&self.place, error);
        let pool = self.writer.as_ref().unwrap_or(&self.readers);
        let mut connection = match pool.acquire().await.map_err(fault) {
            Err(error) if access == Access::Read && error.is_damage() => return Ok(()),
            acquired => acquired?,
        };
        let known = MIGRATIONS.iter().map(|it| it.version).max().unwrap_or(0);
        let found = match self.found_schema(&mut connection).await {
            Err(error) if access == Access::Read && error.is_damage() => return Ok(()),
            found => found?,
        };
        let found = match found {
            Found::Nothing => 0,
            Found::Version(found) => found,
            Found::NoVersion if access == Access::Read => return Ok(()),
            Found::NoVersion => {
                let what = "it does not say the version of the schema: run `contextrail verify`";
                return Err(self.damaged("_sqlx_migrations", "*".to_owned(), what));
            }
        };
        if found != known && access == Access::Read {
            // why: when the schema is the one known here, it is the number that is wrong.
            let made = sqlite_shape::is_made_by(&mut connection, &MIGRATIONS).await;
            if made.unwrap_or(false) {
                return Ok(());
            }
        }
        if found > known {
            return Err(StoreError::NewerSchema {
                place: self.place.clone(),
                found,
                known,
            });
        }
        if found < known && access == Access::Read {
            return Err(StoreError::OlderSchema {
                place: self.place.clone(),
                found,
                known,
            });
        }
        if found < known {
            MIGRATIONS
                .run_direct(None, &mut *connection, false)
                .await
                .map_err(|error| self.migration_fault(error))?;
        }
        if access == Access::Write {
            // why: a process that died right after the migrations has left their times.
            sqlite_schema::settle_times(&mut connection)
                .await
                .map_err(fault)?;
            // why: a process that died right after the migrations has left a file without it.
            let sql = "insert into trail (id) select $1 \
                       where not exists (select 1 from trail) and not exists (select 1 from record)";
            sqlx::query(sql)
                .bind(trail.to_string())
                .execute(&mut *connection)
                .await
                .map_err(fault)?;
        }
        Ok(())
    }

    async fn found_schema(&self, connection: &mut SqliteConnection) -> Result<Found, StoreError> {
        let fault = |error| Sqlite::fault(&self.place, error);
        let tables: Vec<String> =
            sqlx::query_scalar("select name from sqlite_schema where type = 'table'")
                .fetch_all(&mut *connection)
                .await
                .map_err(fault)?;
        let has = |name: &str| tables.iter().any(|table| table == name);
        // The table of migrations is made before the first of them: a process may die in between.
        if tables.is_empty() || (tables.len() == 1 && has("_sqlx_migrations")) {
            return Ok(Found::Nothing);
        }
        // why: a trail that lost a table is a damaged trail, not something else.
        if TABLES.iter().filter(|table| has(table)).count() < TABLES.len() / 2 {
            return Err(StoreError::NotATrail {
                place: self.place.clone(),
                reason: format!(
                    "it has the tables of another application ({})",
                    tables.join(", ")
                ),
            });
        }
        if !has("_sqlx_migrations") {
            return Ok(Found::NoVersion);
        }
        let sql = "select coalesce(max(cast(version as integer)), 0) from _sqlx_migrations";
        let version: i64 = sqlx::query_scalar(sql)
            .fetch_one(connection)
            .await
            .map_err(fault)?;
        Ok(match version {
            0 => Found::NoVersion,
            version => Found::Version(version),
        })
    }

    fn migration_fault(&self, error: sqlx::migrate::MigrateError) -> StoreError {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => Sqlite::fault(&self.place, error),
            other => StoreError::Backend {
                place: self.place.clone(),
                source: other.into(),
            },
        }
    }
}

/// What a file was found to hold.
enum Found {
    /// No table of a trail.
    Nothing,
    /// A trail with a schema of this version.
    Version(i64),
    /// A trail that does not say the version of its schema, as every trail does.
    NoVersion,
}
