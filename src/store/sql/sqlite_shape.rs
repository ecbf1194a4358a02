//! Whether an SQLite file has the shape this version gives it, below what the rows say.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Sqlite};

use super::backend::Backend;
use super::{sqlite_integrity, sqlite_schema, sqlite_types};
use crate::store::Finding;

/// Everything that is not as `migrations` and this version make it: the file, the schema, the types
/// of values, the pages and the indexes.
///
/// A part of the database that is too damaged to be looked at is a finding, and the others are
/// looked at all the same.
///
/// # Errors
///
/// What has nothing to do with damage: a lock, a disk that fails.
pub(super) async fn faults(
    connection: &mut SqliteConnection,
    migrations: &Migrator,
) -> Result<Vec<Finding>, sqlx::Error> {
    let mut fresh = fresh(migrations).await?;
    let mut found = Vec::new();
    let schema = sqlite_schema::faults(connection, &mut fresh).await;
    found.extend(or_finding("sqlite_schema", schema)?);
    for table in sqlite_types::tables(&mut fresh).await? {
        for sql in table.statements() {
            let faults = table.faults(connection, sql).await;
            found.extend(or_finding(table.name(), faults)?);
        }
    }
    let integrity = sqlite_integrity::faults(connection).await;
    found.extend(or_finding("sqlite", integrity)?);
    let settings = settings(connection, &mut fresh).await;
    found.extend(or_finding("sqlite", settings)?);
    let file = file(connection).await;
    found.extend(or_finding("sqlite", file)?);
    Ok(found)
}

/// Whether the schema is as `migrations` make it, whatever versions its table of migrations names;
/// a later version names one more.
pub(super) async fn is_made_by(
    connection: &mut SqliteConnection,
    migrations: &Migrator,
) -> Result<bool, sqlx::Error> {
    let mut fresh = fresh(migrations).await?;
    let count = "select count(*) from _sqlx_migrations";
    let is: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *connection)
        .await?;
    let was: i64 = sqlx::query_scalar(count).fetch_one(&mut fresh).await?;
    let faults = sqlite_schema::faults(connection, &mut fresh).await?;
    let is_made = faults.iter().all(|fault| fault.table == "_sqlx_migrations");
    Ok(is <= was && is_made)
}

/// A database in memory as this version makes it, to hold others against.
async fn fresh(migrations: &Migrator) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let mut fresh = options.connect().await?;
    migrations
        .run_direct(None, &mut fresh, false)
        .await
        .map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
    sqlite_schema::settle_times(&mut fresh).await?;
    Ok(fresh)
}

/// What a part of the look gave, or that the database is too damaged for it.
fn or_finding(
    table: &'static str,
    faults: Result<Vec<Finding>, sqlx::Error>,
) -> Result<Vec<Finding>, sqlx::Error> {
    match faults {
        Err(error) if Sqlite::is_damage(&error) => Ok(vec![Finding {
            table,
            row: "*".to_owned(),
            field: "row".to_owned(),
            what: format!("it cannot be read: {error}"),
        }]),
        faults => faults,
    }
}

/// Settings that lie in the file and that nothing here makes use of.
async fn settings(
    connection: &mut SqliteConnection,
    fresh: &mut SqliteConnection,
) -> Result<Vec<Finding>, sqlx::Error> {
    let mut found = Vec::new();
    for setting in ["application_id", "user_version", "auto_vacuum", "encoding"] {
        let sql = || {
            AssertSqlSafe(format!(
                "select cast({setting} as text) from pragma_{setting}"
            ))
        };
        let is: String = sqlx::query_scalar(sql())
            .fetch_one(&mut *connection)
            .await?;
        let was: String = sqlx::query_scalar(sql()).fetch_one(&mut *fresh).await?;
        if is != was {
            found.push(of_file(
                "header",
                setting,
                format!("it is {is}, and not {was}"),
            ));
        }
    }
    Ok(found)
}

/// What lies in the file where SQLite keeps nothing: in its header, and behind its last page.
async fn file(connection: &mut SqliteConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let sql = "select file from pragma_database_list where name = 'main'";
    let path: Option<Vec<u8>> = sqlx::query_scalar(sql)
        .fetch_optional(&mut *connection)
        .await?;
    let path = path.and_then(|path| String::from_utf8(path).ok());
    let Some(path) = path.filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(Vec::new());
    };
    let sql = "select page_count * page_size from pragma_page_count, pragma_page_size";
    let size: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    let mut found = Vec::new();
    let beyond = path
        .metadata()?
        .len()
        .saturating_sub(u64::try_from(size).unwrap_or(0));
    if beyond > 0 {
        let what = format!("{beyond} bytes lie behind the last page");
        found.push(of_file("file", "length", what));
    }
    let mut header = [0; 100];
    match File::open(&path).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) => found.extend(header_faults(&header)),
        // All of it is in the write-ahead log as yet.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(error.into()),
    }
    Ok(found)
}

/// Parts of the header that are the same in every file (sqlite.org/fileformat2.html, 1.3).
fn header_faults(header: &[u8; 100]) -> Vec<Finding> {
    // The first is that of a file whose tables are in the write-ahead log as yet.
    let constant: [(&str, usize, &[&[u8]]); 7] = [
        (
            "reserved space and payload fractions",
            20,
            &[&[0, 64, 32, 32]],
        ),
        ("schema format", 44, &[&[0; 4], &[0, 0, 0, 4]]),
        ("default page cache size", 48, &[&[0; 4]]),
        ("largest root page", 52, &[&[0; 4]]),
        ("text encoding", 56, &[&[0; 4], &[0, 0, 0, 1]]),
        ("incremental vacuum", 64, &[&[0; 4]]),
        ("reserved for expansion", 72, &[&[0; 20]]),
    ];
    let differs = constant.into_iter().filter(|(_, from, allowed)| {
        let mut allowed = allowed.iter();
        !allowed.any(|bytes| header[*from..].starts_with(bytes))
    });
    differs
        .map(|(name, from, allowed)| {
            let to = from + allowed[0].len();
            let what = format!("bytes {from} to {} are {:02x?}", to - 1, &header[from..to]);
            of_file("header", name, what)
        })
        .collect()
}

fn of_file(row: &str, field: &str, what: String) -> Finding {
    Finding {
        table: "sqlite",
        row: row.to_owned(),
        field: field.to_owned(),
        what,
    }
}
