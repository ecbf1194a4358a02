//! Every column of every table, whichever they are: a change is named by table, row and field.

use std::path::Path;

use contextrail::record::{Body, Class};
use contextrail::store::Finding;
use sqlx::{AssertSqlSafe, Row as _};

use super::{copy, make, raw, run, verified};
use crate::sample::{tenant, time};
use crate::trail::{options, url, with_texts};

/// A table as the database describes it.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

pub(super) struct Column {
    pub(super) name: String,
    pub(super) is_key: bool,
}

/// One row: each column as an SQL literal, and as findings show it.
pub(super) struct Row {
    literals: Vec<String>,
    shown: Vec<String>,
}

impl Table {
    fn keys(&self) -> impl Iterator<Item = usize> + '_ {
        let all = || self.columns.iter().enumerate().filter(|(_, it)| it.is_key);
        let is_more = all().count() > 1;
        let keys = all().filter(move |(_, it)| !is_more || it.name != "tenant");
        keys.map(|(at, _)| at)
    }

    /// What names a row in findings, when the column `changed` has another value.
    fn named(&self, row: &Row, changed: Option<(usize, &str)>) -> String {
        let part = |at: usize| match changed {
            Some((column, value)) if column == at => value.to_owned(),
            _ => row.shown[at].clone(),
        };
        self.keys().map(part).collect::<Vec<_>>().join("/")
    }

    /// The condition that holds for `row` alone.
    pub(super) fn is(&self, row: &Row) -> String {
        let columns = self.columns.iter().zip(&row.literals);
        let each = columns.map(|(column, value)| format!("{} is {value}", column.name));
        each.collect::<Vec<_>>().join(" and ")
    }
}

pub(super) async fn tables(path: &Path) -> Vec<Table> {
    let mut connection = raw(path).await;
    let sql = "select name from sqlite_schema where type = 'table' order by name";
    let names: Vec<String> = sqlx::query_scalar(sql)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut tables = Vec::new();
    for name in names {
        let sql = "select name, pk > 0 from pragma_table_info($1)";
        let rows = sqlx::query(sql)
            .bind(&name)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let columns = rows.iter().map(|row| Column {
            name: row.get(0),
            is_key: row.get(1),
        });
        tables.push(Table {
            name,
            columns: columns.collect(),
        });
    }
    tables
}

/// All rows of a small table, and the one in the middle of any other.
pub(super) async fn rows(path: &Path, table: &Table) -> Vec<Row> {
    let mut connection = raw(path).await;
    let all = |of: &dyn Fn(&str) -> String| {
        let columns = table.columns.iter().map(|column| of(&column.name));
        columns.collect::<Vec<_>>().join(", ")
    };
    let literals = all(&|name| format!("quote({name})"));
    let shown = all(&|name| {
        format!(
            "case typeof({name}) when 'blob' then lower(hex({name})) else cast({name} as text) end"
        )
    });
    let sql = format!("select {literals}, {shown} from {}", table.name);
    let found = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let width = table.columns.len();
    let row = |row: &sqlx::sqlite::SqliteRow| Row {
        literals: (0..width).map(|at| row.get(at)).collect(),
        shown: (width..2 * width).map(|at| row.get(at)).collect(),
    };
    match found.len() {
        0..=4 => found.iter().map(row).collect(),
        many => vec![row(&found[many / 2])],
    }
}

/// A trail in which every table that can have two rows has them.
async fn make_two(path: &Path) {
    make(path).await;
    let other = options().tenant(tenant("other"));
    let trail = other.open(&url(path)).await.unwrap();
    for number in 1..=8 {
        let texts = [("a text of another", Class::Personal)];
        let mut draft = with_texts(number, "applicant:user_9", &texts);
        if let Body::Context(context) = &mut draft.body {
            context.created_at = time(5_000);
        }
        trail.record(draft).await.unwrap();
    }
    trail.close().await;
}

async fn findings(path: &Path) -> Vec<Finding> {
    verified(path).await.verification.findings
}

#[tokio::test]
async fn a_trail_of_two_tenants_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make_two(&path).await;
    assert_eq!(findings(&path).await, []);
    for table in tables(&path).await {
        assert!(!rows(&path, &table).await.is_empty(), "{}", table.name);
    }
}

#[tokio::test]
async fn a_changed_value_of_any_column_is_named_by_table_row_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make_two(&path).await;
    for table in tables(&path).await {
        for row in rows(&path, &table).await {
            for (at, column) in table.columns.iter().enumerate() {
                let spoiled = tempfile::tempdir().unwrap();
                let copied = copy(&path, spoiled.path());
                let name = &column.name;
                // One byte of a value, in the middle of it; of a number, its lowest bits.
                let changed = format!(
                    "case typeof({name}) when 'integer' then {name} + 1000003 \
                     when 'text' then substr({name}, 1, length({name}) / 2) || 'x' || substr({name}, length({name}) / 2 + 2) \
                     else cast(substr({name}, 1, length({name}) / 2) \
                     || case substr({name}, length({name}) / 2 + 1, 1) when x'a7' then x'a8' else x'a7' end \
                     || substr({name}, length({name}) / 2 + 2) as blob) end"
                );
                let condition = table.is(&row);
                let sql = format!(
                    "select case typeof({name}) when 'blob' then lower(hex({changed})) else cast({changed} as text) end \
                     from {} where {condition}",
                    table.name
                );
                let mut connection = raw(&copied).await;
                let value: String = sqlx::query_scalar(AssertSqlSafe(sql))
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                drop(connection);
                run(
                    &copied,
                    format!(
                        "update {} set {name} = {changed} where {condition}",
                        table.name
                    ),
                )
                .await;
                let found = findings(&copied).await;
                let (before, after) = (
                    table.named(&row, None),
                    table.named(&row, Some((at, &value))),
                );
                let named = found.iter().any(|it| {
                    it.table == table.name
                        && (it.row == before || it.row == after)
                        && (it.field == *name || (column.is_key && it.field == "row"))
                });
                assert!(named, "{}.{name} of {before}: {found:#?}", table.name);
            }
        }
    }
}

#[tokio::test]
async fn a_deleted_row_of_any_table_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make_two(&path).await;
    for table in tables(&path).await {
        for row in rows(&path, &table).await {
            let spoiled = tempfile::tempdir().unwrap();
            let copied = copy(&path, spoiled.path());
            run(
                &copied,
                format!("delete from {} where {}", table.name, table.is(&row)),
            )
            .await;
            let found = findings(&copied).await;
            let key = table.named(&row, None);
            let named = found.iter().any(|it| {
                it.table == table.name
                    && match table.name.as_str() {
                        // Nothing else says what it was.
                        "trail" => it.row == "*",
                        _ => it.row == key && it.field == "row",
                    }
            });
            assert!(named, "{} {key}: {found:#?}", table.name);
        }
    }
}

#[tokio::test]
async fn two_rows_of_any_table_that_changed_places_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make_two(&path).await;
    let mut swapped = Vec::new();
    for table in tables(&path).await {
        let values: Vec<&str> = table
            .columns
            .iter()
            .filter(|column| !column.is_key)
            .map(|column| column.name.as_str())
            .collect();
        let mut connection = raw(&path).await;
        let sql = format!("select count(*) from {}", table.name);
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        if count < 2 || values.is_empty() {
            continue;
        }
        let keys: Vec<&str> = table
            .columns
            .iter()
            .filter(|column| column.is_key)
            .map(|column| column.name.as_str())
            .collect();
        let spoiled = tempfile::tempdir().unwrap();
        let copied = copy(&path, spoiled.path());
        let (name, columns, key) = (&table.name, values.join(", "), keys.join(", "));
        let kept = format!(
            "create temp table two as select {key}, {columns} from {name} order by {key} limit 2"
        );
        let other = |column: &str| {
            format!(
                "(select {column} from two where ({key}) is not ({}))",
                all_of(name, &keys)
            )
        };
        let taken: Vec<String> = values
            .iter()
            .map(|column| format!("{column} = {}", other(column)))
            .collect();
        // The second is put aside meanwhile, so that what has to be unique stays so.
        let statements = [
            kept,
            format!("delete from {name} where ({key}) in (select {key} from two limit 1 offset 1)"),
            format!(
                "update {name} set {} where ({key}) in (select {key} from two)",
                taken.join(", ")
            ),
            format!(
                "insert into {name} ({key}, {columns}) select {}, {} from two a, two b where a.rowid = 2 and b.rowid = 1",
                all_of("a", &keys),
                all_of("b", &values)
            ),
        ];
        let mut connection = raw(&copied).await;
        for sql in statements {
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let shown = table.keys().map(|at| {
            let name = &table.columns[at].name;
            format!("case typeof({name}) when 'blob' then lower(hex({name})) else cast({name} as text) end")
        });
        let sql = format!(
            "select {} from two",
            shown.collect::<Vec<_>>().join(" || '/' || ")
        );
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        drop(connection);
        let found = findings(&copied).await;
        for row in rows {
            let named = found.iter().any(|it| it.table == *name && it.row == row);
            assert!(named, "{name} {row}: {found:#?}");
        }
        swapped.push(name.clone());
    }
    let all = [
        "entity_key",
        "head",
        "record",
        "shared_text",
        "slot",
        "tenant",
        "tile",
        "zone",
    ];
    assert_eq!(swapped, all);
}

fn all_of(table: &str, columns: &[&str]) -> String {
    let each = columns.iter().map(|column| format!("{table}.{column}"));
    each.collect::<Vec<_>>().join(", ")
}
