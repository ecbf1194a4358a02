//! What SQLite itself finds: pages that are damaged, indexes that are not those of their tables.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

use crate::store::Finding;

/// Everything that `pragma integrity_check` says, up to a generous limit.
pub(super) async fn faults(connection: &mut SqliteConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let sql = AssertSqlSafe(format!("pragma integrity_check({MOST_NAMED})"));
    let rows = sqlx::query(sql).fetch_all(&mut *connection).await?;
    let sql =
        "select cast(rootpage as text), cast(name as text) from sqlite_schema where rootpage > 0";
    // Without their names, trees are called by their numbers.
    let roots = sqlx::query(sql)
        .fetch_all(connection)
        .await
        .unwrap_or_default();
    let roots: BTreeMap<String, String> = roots
        .iter()
        .filter_map(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?)))
        .collect();
    let mut found = Vec::new();
    for row in rows {
        // What it quotes of a damaged file may be any bytes.
        let said: Vec<u8> = row.try_get(0)?;
        let said = String::from_utf8_lossy(&said);
        let lines = said
            .lines()
            .filter(|line| *line != "ok" && !line.starts_with("***"));
        found.extend(lines.map(|line| read(line, &roots)));
    }
    Ok(found)
}

/// One line as a finding: what it is about comes first in it, or last.
fn read(line: &str, roots: &BTreeMap<String, String>) -> Finding {
    let (row, field) = if let Some(rest) = line.strip_prefix("row ")
        && let Some((row, index)) = rest.split_once(" missing from index ")
    {
        (format!("row {row}"), index.to_owned())
    } else if let Some(index) = line.strip_prefix("wrong # of entries in index ") {
        ("entries".to_owned(), index.to_owned())
    } else if let Some(rest) = line.strip_prefix("Tree ") {
        let place = rest.split_once(": ").map_or(rest, |(place, _)| place);
        let tree = place.split(' ').next().unwrap_or(place);
        let name = roots.get(tree).cloned();
        (
            format!("tree {place}"),
            name.unwrap_or_else(|| "page".to_owned()),
        )
    } else {
        let place = line.split_once(": ").map_or("*", |(place, _)| place);
        (place.to_owned(), "page".to_owned())
    };
    Finding {
        table: "sqlite",
        row,
        field,
        what: line.to_owned(),
    }
}

const MOST_NAMED: usize = 1_000;
