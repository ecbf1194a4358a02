//! SQLite: one file, one writer, many readers.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool,
    SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, Row, Sqlite};

use super::backend::{Backend, Column, Table};
use super::sqlite_file::{check_place, lock_soon, make, readable};
use super::{Access, SqlStore, texts_cache};
use crate::record::TrailId;
use crate::store::{Finding, StoreError};

/// A store in one SQLite file.
pub type SqliteStore = SqlStore<Sqlite>;

/// The open file that keeps other writing processes out.
#[derive(Debug)]
pub struct WriterLock(#[expect(dead_code, reason = "dropping it unlocks")] Option<File>);

impl WriterLock {
    /// Keeps other writers out of the trail in the file `path`, which need not be there, until it is
    /// dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] while somebody writes to it; [`StoreError`] when the file of the lock
    /// cannot be written.
    pub async fn take(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(Some(lock_soon(path).await?)))
    }
}

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

impl SqliteStore {
    /// Opens the trail in the file `path`; `fresh` is its id should it have to be made.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: a missing folder or file, a file of something else, a newer schema, another
    /// writer, no permission — each its own.
    pub async fn open(path: &Path, access: Access, fresh: TrailId) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        check_place(path, access)?;
        let options = SqliteConnectOptions::new().filename(path);
        let guard = match access {
            Access::Write => {
                let lock = lock_soon(path).await?;
                make(path)?;
                Some(lock)
            }
            Access::Read => None,
        };
        let usual = reading(options.clone());
        let reading = match access {
            Access::Write => usual,
            Access::Read => readable(path, usual).await?,
        };
        let readers = PoolOptions::new()
            .min_connections(0)
            .max_connections(READERS)
            .connect_lazy_with(reading);
        let writer = match access {
            Access::Read => None,
            Access::Write => {
                let pool = single(writing(options)).await;
                Some(pool.map_err(|error| Sqlite::fault(&place, error))?)
            }
        };
        let store = Self::assemble(place, writer, readers, WriterLock(guard));
        store.check_schema(access, fresh).await?;
        Ok(store)
    }

    /// Opens a new trail in memory. It goes with the store.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when SQLite gives no memory.
    pub async fn in_memory(fresh: TrailId) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .foreign_keys(true);
        let pool = single(options)
            .await
            .map_err(|error| Sqlite::fault(MEMORY, error))?;
        let store = Self::assemble(
            MEMORY.to_owned(),
            Some(pool.clone()),
            pool,
            WriterLock(None),
        );
        store.check_schema(Access::Write, fresh).await?;
        Ok(store)
    }

    fn assemble(
        place: String,
        writer: Option<SqlitePool>,
        readers: SqlitePool,
        guard: WriterLock,
    ) -> Self {
        Self {
            place,
            writer,
            readers,
            tenants: std::sync::Mutex::default(),
            known_texts: texts_cache(),
            edges: std::sync::Mutex::default(),
            unsettled_bytes: std::sync::atomic::AtomicUsize::new(0),
            guard: std::sync::Mutex::new(Some(guard)),
        }
    }
}

async fn single(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    PoolOptions::new()
        .min_connections(1)
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
}

fn writing(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .statement_cache_capacity(STATEMENTS)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // why: a checkpoint within a commit makes whoever waits for it wait for the disk twice.
        .pragma("wal_autocheckpoint", "0")
        .pragma("cache_size", "-65536")
        // why: a statement of many rows keeps a journal of its own, which would be a file each time.
        .pragma("temp_store", "memory")
        .thread_name(|_| "contextrail-writer".to_owned())
}

fn reading(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .read_only(true)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("mmap_size", MMAP_BYTES)
        .pragma("query_only", "1")
}

#[async_trait]
impl Backend for Sqlite {
    // why: SQLite takes its write lock at the first write, so two that both read first would
    // deadlock; this takes it at the start.
    const BEGIN: &'static str = "begin immediate";
    const BEGIN_READING: &'static str = "begin";
    const FOR_UPDATE: &'static str = "";
    const SHARED: bool = false;
    const CATALOG: &'static str = "sqlite_schema";
    const LOOKUPS: &'static str =
        "cast(group_concat(coalesce(lookup_key, '') || ' ' || coalesce(log_index, '')) as blob)";

    type Guard = WriterLock;

    async fn insert(
        connection: &mut SqliteConnection,
        table: &'static Table,
        tenant: i64,
        columns: Vec<Column>,
    ) -> Result<(), sqlx::Error> {
        let mut left = columns.first().map_or(0, Column::len);
        let mut columns: Vec<Values> = columns.into_iter().map(Values::from).collect();
        while left > 0 {
            // why: each statement is a hop to the driver's thread, so a small number of rows is one;
            // large ones come in two sizes, so that few statements serve every number.
            let rows = match left {
                LARGE_CHUNK.. => LARGE_CHUNK,
                SMALL_CHUNK.. => SMALL_CHUNK,
                _ => left,
            };
            let mut arguments = SqliteArguments::default();
            arguments.reserve(rows * (1 + columns.len()), 0);
            for _ in 0..rows {
                arguments.add(tenant).map_err(sqlx::Error::Encode)?;
                for column in &mut columns {
                    column.bind(&mut arguments).map_err(sqlx::Error::Encode)?;
                }
            }
            let statement = AssertSqlSafe(insert_rows(table, rows));
            sqlx::query_with(statement, arguments)
                .execute(&mut *connection)
                .await?;
            left -= rows;
        }
        Ok(())
    }

    async fn bytes_on_disk(_: &mut SqliteConnection, place: &str) -> Result<u64, sqlx::Error> {
        if place == MEMORY {
            return Ok(0);
        }
        let size = |suffix: &str| std::fs::metadata(format!("{place}{suffix}")).map(|it| it.len());
        Ok(size("").unwrap_or(0) + size("-wal").unwrap_or(0))
    }

    async fn engine(connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
        let version: String = sqlx::query_scalar("select sqlite_version()")
            .fetch_one(connection)
            .await?;
        Ok(format!("SQLite {version}"))
    }

    async fn problems(connection: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
        let rows = sqlx::query("pragma quick_check(20)")
            .fetch_all(connection)
            .await?;
        let mut found = Vec::new();
        for row in rows {
            let line: String = row.try_get(0)?;
            if line != "ok" {
                found.push(line);
            }
        }
        Ok(found)
    }

    async fn shape_faults(connection: &mut SqliteConnection) -> Result<Vec<Finding>, sqlx::Error> {
        super::sqlite_shape::faults(connection, &MIGRATIONS).await
    }

    fn is_damage(error: &sqlx::Error) -> bool {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
            // No such table or column, a damaged page, a value that is too large, no database.
            error => matches!(code_of(error), Some(1 | 11 | 18 | 26)),
        }
    }

    /// What was overwritten waits in the write-ahead log.
    async fn tidy(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        Self::settle(connection, true).await
    }

    async fn overwrite(connection: &mut SqliteConnection, on: bool) -> Result<(), sqlx::Error> {
        let statement = if on {
            "pragma secure_delete = on"
        } else {
            "pragma secure_delete = off"
        };
        sqlx::query(statement).execute(connection).await?;
        Ok(())
    }

    async fn settle(connection: &mut SqliteConnection, last: bool) -> Result<(), sqlx::Error> {
        let statement = if last {
            "pragma wal_checkpoint(truncate)"
        } else {
            "pragma wal_checkpoint(passive)"
        };
        let row = sqlx::query(statement).fetch_one(connection).await?;
        match row.try_get::<i64, _>(0)? {
            1 if last => Err(sqlx::Error::PoolTimedOut),
            _ => Ok(()),
        }
    }

    fn rows_affected(done: &sqlx::sqlite::SqliteQueryResult) -> u64 {
        done.rows_affected()
    }

    fn fault(place: &str, error: sqlx::Error) -> StoreError {
        let place = place.to_owned();
        match code_of(&error) {
            Some(5 | 6) => StoreError::Busy { place },
            Some(8) => StoreError::ReadOnly { place },
            Some(13) => StoreError::Full { place },
            _ if matches!(error, sqlx::Error::PoolClosed) => StoreError::Closed,
            _ if matches!(error, sqlx::Error::PoolTimedOut) => StoreError::Busy { place },
            _ if Self::is_damage(&error) => StoreError::Corrupt {
                place,
                source: error.into(),
            },
            _ => StoreError::Backend {
                place,
                source: error.into(),
            },
        }
    }
}

/// The primary code of an error: the low byte (sqlite.org/rescode.html).
fn code_of(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    Some(code.parse::<u32>().ok()? & 0xff)
}

/// The values of one column on their way into statements.
enum Values {
    Int(std::vec::IntoIter<i64>),
    Bytes(std::vec::IntoIter<Vec<u8>>),
}

impl From<Column> for Values {
    fn from(column: Column) -> Self {
        match column {
            Column::Int(values) => Self::Int(values.into_iter()),
            Column::Bytes(values) => Self::Bytes(values.into_iter()),
        }
    }
}

impl Values {
    fn bind(&mut self, arguments: &mut SqliteArguments) -> Result<(), sqlx::error::BoxDynError> {
        match self {
            Self::Int(values) => arguments.add(values.next()),
            Self::Bytes(values) => arguments.add(values.next()),
        }
    }
}

fn insert_rows(table: &Table, rows: usize) -> String {
    let mut sql = format!(
        "insert into {} (tenant, {}) values ",
        table.name,
        table.columns.join(", ")
    );
    // why: parameters without a number: for each that has one, the driver searches a list of names.
    let row = format!("(?{})", ",?".repeat(table.columns.len()));
    sql.push_str(&vec![row; rows].join(","));
    sql.push_str(table.on_conflict);
    sql
}

const MEMORY: &str = "sqlite::memory:";
const READERS: u32 = 8;
/// A context fills most of 8 KiB: on larger pages less room stays empty behind the last that fits.
const PAGE_BYTES: u32 = 16_384;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const MMAP_BYTES: &str = "8589934592";
/// Rows of one statement: 1,536 parameters, far below SQLite's limit.
const LARGE_CHUNK: usize = 256;
const SMALL_CHUNK: usize = 48;
/// One for each number of rows of each table, and those that read.
const STATEMENTS: usize = 320;
