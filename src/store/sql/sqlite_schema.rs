//! Whether the schema of a file is the one the migrations make.

use std::collections::BTreeMap;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Row};

use crate::store::Finding;

/// Everything of the schema and of the table of migrations that is not as `migrations` make it.
pub(super) async fn faults(
    connection: &mut SqliteConnection,
    migrations: &Migrator,
) -> Result<Vec<Finding>, sqlx::Error> {
    let mut fresh = SqliteConnectOptions::new()
        .in_memory(true)
        .connect()
        .await?;
    migrations
        .run_direct(None, &mut fresh, false)
        .await
        .map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
    settle_times(&mut fresh).await?;
    let mut faults = Vec::new();
    for (table, sql) in [("sqlite_schema", OBJECTS), ("_sqlx_migrations", VERSIONS)] {
        let expected = rows(&mut fresh, sql).await?;
        let found = rows(connection, sql).await?;
        for (name, columns) in &expected {
            match found.get(name) {
                None => faults.push(fault(table, name, "row", "it is missing")),
                Some(there) => {
                    for (column, (is, was)) in there.iter().zip(columns).enumerate() {
                        if is != was {
                            let column = format!("column {column}");
                            faults.push(fault(
                                table,
                                name,
                                &column,
                                "it is not as this version makes it",
                            ));
                        }
                    }
                }
            }
        }
        for name in found.keys().filter(|name| !expected.contains_key(*name)) {
            faults.push(fault(
                table,
                name,
                "row",
                "this version makes no such thing",
            ));
        }
    }
    Ok(faults)
}

/// Replaces the times of migrations, which nothing could ever check, by fixed ones.
pub(super) async fn settle_times(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update _sqlx_migrations set installed_on = '1970-01-01 00:00:00', execution_time = 0",
    )
    .execute(connection)
    .await
    .map(|_| ())
}

async fn rows(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<BTreeMap<String, Vec<String>>, sqlx::Error> {
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let columns = (0..row.len()).map(|at| row.try_get::<String, _>(at));
            let columns: Vec<String> = columns.collect::<Result<_, _>>()?;
            Ok((columns[0].clone(), columns))
        })
        .collect()
}

fn fault(table: &'static str, row: &str, field: &str, what: &str) -> Finding {
    Finding {
        table,
        row: row.to_owned(),
        field: field.to_owned(),
        what: what.to_owned(),
    }
}

// Statistics that `analyze` may have left are no part of the schema. They are named one by one: in a
// pattern, `_` is any character, and a trigger of such a name would not be seen.
const OBJECTS: &str = "select name, type, tbl_name, coalesce(sql, '') from sqlite_schema \
    where not (type = 'table' and name in ('sqlite_stat1', 'sqlite_stat4'))";
const VERSIONS: &str = "select cast(version as text), description, cast(installed_on as text), \
    cast(success as text), hex(checksum), cast(execution_time as text) from _sqlx_migrations";
