//! Whether every value is stored under the type of its column, in tables and in indexes.
//!
//! SQLite takes any value in any column, and compares 5 and 5.0 as equal; a blob and a text of the
//! same bytes are read alike. Only `typeof` tells them apart.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

use crate::store::Finding;

/// A table with its columns, and the indexes that have copies of them.
pub(super) struct Typed {
    name: &'static str,
    columns: Vec<Column>,
    indexes: Vec<(String, Vec<Column>)>,
}

#[derive(Clone)]
struct Column {
    name: String,
    /// What `typeof` says of its values.
    type_name: &'static str,
    is_key: bool,
}

/// Every table of the database `fresh`, which is as this version makes it.
pub(super) async fn tables(fresh: &mut SqliteConnection) -> Result<Vec<Typed>, sqlx::Error> {
    let sql = "select name, wr from pragma_table_list \
        where schema = 'main' and type = 'table' and substr(name, 1, 7) <> 'sqlite_'";
    let rows = sqlx::query(sql).fetch_all(&mut *fresh).await?;
    let mut tables = Vec::with_capacity(rows.len());
    for row in rows {
        let name: String = row.try_get(0)?;
        let is_without_rowid: bool = row.try_get(1)?;
        let columns = columns(fresh, &name).await?;
        let indexes = match is_without_rowid {
            // The table is its only index.
            true => Vec::new(),
            false => indexes(fresh, &name, &columns).await?,
        };
        tables.push(Typed {
            name: known(&name),
            columns,
            indexes,
        });
    }
    Ok(tables)
}

async fn columns(fresh: &mut SqliteConnection, table: &str) -> Result<Vec<Column>, sqlx::Error> {
    let rows = sqlx::query("select name, lower(type), pk > 0 from pragma_table_info($1)")
        .bind(table)
        .fetch_all(fresh)
        .await?;
    let columns = rows.iter().map(|row| {
        let declared: String = row.try_get(1)?;
        Ok(Column {
            name: row.try_get(0)?,
            type_name: match declared.as_str() {
                "bigint" | "boolean" => "integer",
                "blob" => "blob",
                _ => "text",
            },
            is_key: row.try_get(2)?,
        })
    });
    columns.collect()
}

async fn indexes(
    fresh: &mut SqliteConnection,
    table: &str,
    columns: &[Column],
) -> Result<Vec<(String, Vec<Column>)>, sqlx::Error> {
    let sql = "select i.name, c.name from pragma_index_list($1) i, pragma_index_info(i.name) c \
        order by i.name, c.seqno";
    let rows = sqlx::query(sql).bind(table).fetch_all(fresh).await?;
    let mut indexes: Vec<(String, Vec<Column>)> = Vec::new();
    for row in rows {
        let (index, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if indexes.last().is_none_or(|(last, _)| *last != index) {
            indexes.push((index, Vec::new()));
        }
        let own = columns.iter().find(|own| own.name == column).cloned();
        if let Some((_, own_columns)) = indexes.last_mut() {
            own_columns.extend(own);
        }
    }
    Ok(indexes)
}

impl Typed {
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// What to look through: the table itself, and each index with nothing but its own copies.
    pub(super) fn statements(&self) -> Vec<Scan<'_>> {
        let mut scans = vec![Scan {
            from: "not indexed".to_owned(),
            index: None,
            columns: &self.columns,
        }];
        scans.extend(self.indexes.iter().map(|(index, columns)| Scan {
            from: format!("indexed by {index}"),
            index: Some(index),
            columns,
        }));
        scans
    }

    /// The values that are not of the type of their column.
    pub(super) async fn faults(
        &self,
        connection: &mut SqliteConnection,
        scan: Scan<'_>,
    ) -> Result<Vec<Finding>, sqlx::Error> {
        let rows = sqlx::query(AssertSqlSafe(scan.sql(self.name)))
            .fetch_all(connection)
            .await?;
        let mut found = Vec::new();
        for row in rows {
            // A text may be any bytes.
            let key: Vec<u8> = row.try_get(0)?;
            for (at, column) in (1..).zip(scan.columns) {
                let is: String = row.try_get(at)?;
                if is != column.type_name {
                    let place = scan
                        .index
                        .map_or_else(String::new, |index| format!("in the index {index} "));
                    found.push(Finding {
                        table: self.name,
                        row: String::from_utf8_lossy(&key).into_owned(),
                        field: column.name.clone(),
                        what: format!(
                            "{place}its value is of the type {is}, not {}",
                            column.type_name
                        ),
                    });
                }
            }
        }
        Ok(found)
    }
}

/// One look through a table, or through one of its indexes.
pub(super) struct Scan<'a> {
    from: String,
    index: Option<&'a String>,
    columns: &'a [Column],
}

impl Scan<'_> {
    fn sql(&self, table: &str) -> String {
        let listed = |of: &dyn Fn(&Column) -> String, between: &str| {
            let all: Vec<String> = self.columns.iter().map(of).collect();
            all.join(between)
        };
        let types = listed(&|it| format!("typeof({})", it.name), ", ");
        let wrong = listed(
            &|it| format!("typeof({}) <> '{}'", it.name, it.type_name),
            " or ",
        );
        let key = self.key();
        format!(
            "select {key}, {types} from {table} {} where {wrong} limit {MOST_NAMED}",
            self.from
        )
    }

    /// What names a row: its key, the tenant aside where there is more.
    fn key(&self) -> String {
        let keys = || self.columns.iter().filter(|column| column.is_key);
        let beside = keys().filter(|column| column.name != "tenant");
        let mut parts: Vec<String> = beside.map(shown).collect();
        if parts.is_empty() {
            parts = keys().map(shown).collect();
        }
        if parts.is_empty() {
            parts = self.columns.iter().map(shown).collect();
        }
        format!("cast({} as blob)", parts.join(" || '/' || "))
    }
}

/// A value as text, and not too much of it.
fn shown(column: &Column) -> String {
    let name = &column.name;
    format!(
        "case typeof({name}) when 'blob' then lower(hex(substr({name}, 1, 32))) \
         when 'null' then 'null' else substr(cast({name} as text), 1, 64) end"
    )
}

/// The name of a table as findings have it.
fn known(name: &str) -> &'static str {
    let all = super::TABLES
        .iter()
        .chain(&["_sqlx_migrations", "trail", "tenant"]);
    all.copied()
        .find(|known| *known == name)
        .unwrap_or("sqlite_schema")
}

const MOST_NAMED: usize = 100;
