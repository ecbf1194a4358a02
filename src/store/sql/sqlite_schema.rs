//! Whether the schema of a file is the one the migrations make.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Column as _, Row};

use crate::store::Finding;

/// Everything of the schema and of the table of migrations that is not as in `fresh`, which is as
/// this version makes it.
pub(super) async fn faults(
    connection: &mut SqliteConnection,
    fresh: &mut SqliteConnection,
) -> Result<Vec<Finding>, sqlx::Error> {
    let mut faults = Vec::new();
    for (table, sql) in [("sqlite_schema", OBJECTS), ("_sqlx_migrations", VERSIONS)] {
        let (names, expected) = rows(fresh, sql).await?;
        let found = match rows(connection, sql).await {
            Ok((_, found)) => found,
            // It is missing, or lacks a column: the schema says so.
            Err(_) if !faults.is_empty() => continue,
            Err(error) => return Err(error),
        };
        for (name, columns) in &expected {
            let Some(there) = found.get(name) else {
                faults.push(fault(table, name, "row", "it is missing"));
                continue;
            };
            let differs = there.iter().zip(columns).map(|(is, was)| is != was);
            let differs = names.iter().zip(differs).filter(|(_, differs)| *differs);
            let what = "it is not as this version makes it";
            faults.extend(differs.map(|(column, _)| fault(table, name, column, what)));
        }
        for name in found.keys().filter(|name| !expected.contains_key(*name)) {
            let what = "this version makes no such thing";
            faults.push(fault(table, name, "row", what));
        }
    }
    Ok(faults)
}

/// Replaces the times of migrations, which nothing could ever check, by fixed ones. None takes no time,
/// so what was replaced before is told from what was not.
pub(super) async fn settle_times(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update _sqlx_migrations set installed_on = '1970-01-01 00:00:00', execution_time = 0 \
         where execution_time <> 0",
    )
    .execute(connection)
    .await
    .map(|_| ())
}

/// The names of the columns, and the rows by the first of them.
async fn rows(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<(Vec<String>, BTreeMap<String, Vec<Vec<u8>>>), sqlx::Error> {
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let columns = rows.first().map_or(&[][..], Row::columns);
    let columns = columns.iter().map(|column| column.name().to_owned());
    let columns = columns.collect();
    let read = rows.iter().map(|row| {
        let values = (0..row.len()).map(|at| row.try_get::<Vec<u8>, _>(at));
        // A text of a damaged file may be any bytes.
        let values: Vec<Vec<u8>> = values.collect::<Result<_, _>>()?;
        Ok((String::from_utf8_lossy(&values[0]).into_owned(), values))
    });
    Ok((columns, read.collect::<Result<_, sqlx::Error>>()?))
}

fn fault(table: &'static str, row: &str, field: &str, what: &str) -> Finding {
    Finding {
        table,
        row: row.to_owned(),
        field: field.to_owned(),
        what: what.to_owned(),
    }
}

const OBJECTS: &str = "select coalesce(cast(name as text), '') as name, coalesce(cast(type as text), '') as type, \
    coalesce(cast(tbl_name as text), '') as tbl_name, coalesce(cast(sql as text), '') as sql from sqlite_schema";
const VERSIONS: &str = "select coalesce(cast(version as text), '') as version, \
    coalesce(cast(description as text), '') as description, \
    coalesce(cast(installed_on as text), '') as installed_on, \
    coalesce(cast(success as text), '') as success, coalesce(hex(checksum), '') as checksum, \
    coalesce(cast(execution_time as text), '') as execution_time from _sqlx_migrations";
