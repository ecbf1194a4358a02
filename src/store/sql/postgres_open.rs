//! Opening a trail on PostgreSQL, and the one command that changes its schema.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Connection as _, Postgres};

use super::postgres::PostgresStore;
use super::postgres_check::{Found, Server};
use super::postgres_error::code_of;
use super::postgres_place::PostgresPlace;
use super::{Access, postgres_check, postgres_error, texts_cache};
use crate::record::TrailId;
use crate::store::StoreError;

impl PostgresStore {
    /// Opens the trail at `place`, which has been migrated.
    ///
    /// # Errors
    ///
    /// [`StoreError::Away`] when the server cannot be reached; [`StoreError::Refused`] for whatever
    /// has to be set right there, with what to do; [`StoreError::NewerSchema`],
    /// [`StoreError::NotATrail`].
    pub async fn open(place: &PostgresPlace, access: Access) -> Result<Self, StoreError> {
        let name = place.to_string();
        let mut connection = connect(place).await?;
        let server = postgres_check::server(&mut connection, &name, access).await?;
        let known = newest();
        let refused = |what: String| StoreError::Refused {
            place: name.clone(),
            what,
            todo: "run `contextrail migrate` on it".to_owned(),
        };
        match postgres_check::found(&mut connection, &name).await? {
            Found::Nothing => return Err(refused("there is no trail yet".to_owned())),
            Found::Trail(found) if found.needed > known => {
                return Err(StoreError::NewerSchema {
                    place: name,
                    found: found.newest,
                    known,
                });
            }
            Found::Trail(found) if found.newest < known => {
                let what = format!("it has schema {}, older than {known}", found.newest);
                return Err(refused(what));
            }
            Found::Trail(_) => {}
        }
        postgres_check::rights(&mut connection, &name, access).await?;
        // What cannot be ended nicely ends with the connection.
        drop(connection.close().await);
        let readers = pool(place, &server, Access::Read);
        let writer = (access == Access::Write).then(|| pool(place, &server, Access::Write));
        Ok(Self {
            place: name,
            writer,
            readers,
            tenants: std::sync::Mutex::default(),
            known_texts: texts_cache(),
            edges: std::sync::Mutex::default(),
            unsettled_bytes: std::sync::atomic::AtomicUsize::new(0),
            guard: std::sync::Mutex::new(Some(())),
        })
    }

    /// Brings the schema at `place` to the version known here, and makes it when there is none;
    /// `fresh` is the id of the trail should it have to be made. Gives the version that was there, 0
    /// for none, and the one that is there now.
    ///
    /// Each version is one transaction; two that migrate at once do it once.
    ///
    /// # Errors
    ///
    /// As [`PostgresStore::open`].
    pub async fn migrate(place: &PostgresPlace, fresh: TrailId) -> Result<(i64, i64), StoreError> {
        let name = place.to_string();
        let fault = |error| postgres_error::fault(&name, error);
        let mut connection = connect(place).await?;
        postgres_check::server(&mut connection, &name, Access::Write).await?;
        if let Some(schema) = &place.schema {
            make_schema(&mut connection, schema).await.map_err(fault)?;
        }
        let known = newest();
        let before = version(&mut connection, &name).await?;
        if before > known {
            return Err(StoreError::NewerSchema {
                place: name,
                found: before,
                known,
            });
        }
        let mut tries = 0;
        while version(&mut connection, &name).await? < known {
            let migrated = migrations().run_direct(None, &mut connection, false).await;
            let Err(error) = migrated else { break };
            // Another one may be doing the same: its tables are seen when it has committed.
            if tries == MIGRATION_TRIES || !is_made_meanwhile(&error) {
                return Err(migration_fault(&name, error));
            }
            tries += 1;
            tokio::time::sleep(MIGRATION_PAUSE).await;
        }
        // why: a process that died right after the migrations has left a schema without it. The lock
        // keeps two from each making one.
        let mut transaction = connection.begin().await.map_err(fault)?;
        for sql in ["lock table trail in exclusive mode", SETTLE_TIMES] {
            sqlx::query(sql)
                .execute(&mut *transaction)
                .await
                .map_err(fault)?;
        }
        sqlx::query("insert into trail (id) select $1 where not exists (select 1 from trail) and not exists (select 1 from record)")
            .bind(fresh.to_string())
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
        transaction.commit().await.map_err(fault)?;
        drop(connection.close().await);
        Ok((before, known))
    }
}

/// Whether a migration failed over what another one had just made.
fn is_made_meanwhile(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    // Not unique, a table or an object that is there, a deadlock.
    code_of(error).is_some_and(|code| matches!(&*code, "23505" | "42P07" | "42710" | "40P01"))
}

fn migration_fault(place: &str, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            postgres_error::fault(place, error)
        }
        other => StoreError::Backend {
            place: place.to_owned(),
            source: other.into(),
        },
    }
}

/// The version of the schema that is there; 0 for none.
async fn version(connection: &mut PgConnection, place: &str) -> Result<i64, StoreError> {
    Ok(match postgres_check::found(connection, place).await? {
        Found::Nothing => 0,
        Found::Trail(found) => found.newest,
    })
}

async fn make_schema(connection: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    if super::postgres_replace::has_schema(connection, schema).await? {
        return Ok(());
    }
    // Its name is one of a-z, 0-9 and _ alone.
    let sql = format!("create schema if not exists \"{schema}\"");
    let made = sqlx::query(sqlx::AssertSqlSafe(sql))
        .execute(connection)
        .await;
    match made {
        // Another one has made it meanwhile.
        Err(error) if code_of(&error).is_some_and(|code| code == "23505") => Ok(()),
        made => made.map(|_| ()),
    }
}

/// One connection outside of the pools, whose error is that of connecting.
pub(super) async fn connect(place: &PostgresPlace) -> Result<PgConnection, StoreError> {
    let name = place.to_string();
    let connecting = PgConnection::connect_with(&place.options);
    let connected = match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(connected) => connected,
        Err(_) => {
            return Err(StoreError::Away {
                place: name,
                source: format!("it did not answer within {} s", PATIENCE.as_secs()).into(),
            });
        }
    };
    let mut connection = connected.map_err(|error| postgres_error::fault(&name, error))?;
    begin_session(&mut connection, place.schema.as_deref())
        .await
        .map_err(|error| postgres_error::fault(&name, error))?;
    Ok(connection)
}

/// What every session has, whatever server, database and user are set to.
///
/// Statements are planned for the tables as they are: a plan kept from when these were small reads all
/// of them, until the server next looks at the statistics.
async fn begin_session(
    connection: &mut PgConnection,
    schema: Option<&str>,
) -> Result<(), sqlx::Error> {
    let sql = "select set_config('search_path', coalesce($1, current_setting('search_path')), false), \
        set_config('default_transaction_isolation', 'read committed', false), \
        set_config('lock_timeout', '30s', false), \
        set_config('plan_cache_mode', 'force_custom_plan', false)";
    sqlx::query(sql)
        .bind(schema.map(str::to_owned))
        .execute(connection)
        .await
        .map(|_| ())
}

fn pool(place: &PostgresPlace, server: &Server, access: Access) -> PgPool {
    let schema = place.schema.clone();
    let synchronous_commit = server.synchronous_commit.clone();
    let connections = match access {
        Access::Write => WRITERS,
        Access::Read => READERS,
    };
    PoolOptions::<Postgres>::new()
        .min_connections(0)
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .after_connect(move |connection, _| {
            let (schema, synchronous_commit) = (schema.clone(), synchronous_commit.clone());
            Box::pin(async move {
                begin_session(&mut *connection, schema.as_deref()).await?;
                // why: what commits are worth was looked at when the trail was opened, and stays so. A
                // process that is stopped with a head locked is not waited for longer than this.
                let sql = match access {
                    Access::Write => {
                        "select set_config('synchronous_commit', $1, false), \
                         set_config('idle_in_transaction_session_timeout', '10s', false)"
                    }
                    Access::Read => {
                        "select set_config('default_transaction_read_only', 'on', false), $1"
                    }
                };
                sqlx::query(sql)
                    .bind(synchronous_commit)
                    .execute(connection)
                    .await
                    .map(|_| ())
            })
        })
        .connect_lazy_with(place.options.clone())
}

/// The migrations. They are kept apart by transactions, and not by an advisory lock, which poolers
/// and distributed databases do not have.
pub(super) fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("migrations/postgres");
    migrations.set_locking(false);
    migrations
}

fn newest() -> i64 {
    migrations().iter().map(|it| it.version).max().unwrap_or(0)
}

/// Replaces the times of migrations, which nothing could ever check, by fixed ones.
const SETTLE_TIMES: &str = "update _sqlx_migrations set installed_on = '1970-01-01 00:00:00+00', execution_time = 0 \
    where execution_time <> 0";
const PATIENCE: Duration = Duration::from_secs(10);
const MIGRATION_TRIES: u32 = 50;
const MIGRATION_PAUSE: Duration = Duration::from_millis(100);
const WRITERS: u32 = 2;
const READERS: u32 = 4;
