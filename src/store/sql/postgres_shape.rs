//! Whether a schema is the one the migrations make, below what the rows say.
//!
//! The types of values are held by the server; its pages and indexes are what `pg_amcheck` and data
//! checksums are for.

use std::collections::BTreeSet;

use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::postgres_open::migrations;
use crate::store::Finding;

/// Everything of the schema and of the table of migrations that is not as this version makes it.
pub(super) async fn faults(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let found: Vec<String> = sqlx::query_scalar(OBJECTS)
        .fetch_all(&mut *connection)
        .await?;
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let expected: BTreeSet<&str> = SHAPE.lines().collect();
    let missing = expected.difference(&found);
    let missing =
        missing.map(|line| of_schema(line, "it is missing, or not as this version makes it"));
    let strange = found.difference(&expected);
    let strange = strange.map(|line| of_schema(line, "this version makes no such thing"));
    let mut faults: Vec<Finding> = missing.chain(strange).collect();
    faults.extend(versions(connection).await?);
    Ok(faults)
}

async fn versions(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let sql = "select version, description, success, checksum, execution_time, \
        installed_on = '1970-01-01 00:00:00+00' from _sqlx_migrations order by version";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let migrations = migrations();
    let mut left: Vec<_> = migrations.iter().collect();
    let mut faults = Vec::new();
    for row in rows {
        let version: i64 = row.try_get(0)?;
        let Some(at) = left.iter().position(|it| it.version == version) else {
            faults.push(of_version(
                version,
                "row",
                "this version makes no such thing",
            ));
            continue;
        };
        let known = left.remove(at);
        let wrong = [
            (
                "description",
                row.try_get::<String, _>(1)? != known.description,
            ),
            ("success", !row.try_get::<bool, _>(2)?),
            ("checksum", row.try_get::<Vec<u8>, _>(3)? != *known.checksum),
            ("execution_time", row.try_get::<i64, _>(4)? != 0),
            ("installed_on", !row.try_get::<bool, _>(5)?),
        ];
        let wrong = wrong.into_iter().filter(|(_, is_wrong)| *is_wrong);
        faults
            .extend(wrong.map(|(field, _)| {
                of_version(version, field, "it is not as this version makes it")
            }));
    }
    faults.extend(
        left.iter()
            .map(|it| of_version(it.version, "row", "it is missing")),
    );
    Ok(faults)
}

/// A line of [`SHAPE`] is a kind, a table, a name, and how it is defined.
fn of_schema(line: &str, what: &str) -> Finding {
    let mut parts = line.splitn(3, ' ');
    let (kind, row) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let rest = parts.next().unwrap_or("");
    Finding {
        table: "postgres",
        row: row.to_owned(),
        field: kind.to_owned(),
        what: format!("{rest}: {what}"),
    }
}

fn of_version(version: i64, field: &str, what: &str) -> Finding {
    Finding {
        table: "_sqlx_migrations",
        row: version.to_string(),
        field: field.to_owned(),
        what: what.to_owned(),
    }
}

/// What the migrations make, as [`OBJECTS`] says it.
const SHAPE: &str = include_str!("postgres_shape.txt");

/// Columns, indexes, constraints, and whatever else could change what a statement does.
const OBJECTS: &str = "\
with own as (select c.oid, c.relname, c.relkind from pg_class c where c.relnamespace = current_schema()::regnamespace)
select 'table ' || relname || ' ' || relkind::text as line from own where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
union all select 'column ' || own.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
  || case when a.attnotnull then ' not null' else '' end || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  from own join pg_attribute a on a.attrelid = own.oid left join pg_attrdef d on d.adrelid = own.oid and d.adnum = a.attnum
  where own.relkind = 'r' and a.attnum > 0 and not a.attisdropped
union all select 'index ' || own.relname || ' ' || substr(pg_get_indexdef(i.indexrelid), 1, strpos(pg_get_indexdef(i.indexrelid), ' ON '))
  || substr(pg_get_indexdef(i.indexrelid), strpos(pg_get_indexdef(i.indexrelid), ' USING ') + 1)
  || case when i.indisvalid then '' else ' invalid' end
  from own join pg_index i on i.indrelid = own.oid
union all select 'constraint ' || own.relname || ' ' || k.conname || ' ' || replace(pg_get_constraintdef(k.oid), current_schema() || '.', '')
  from own join pg_constraint k on k.conrelid = own.oid where k.contype <> 'n'
union all select 'trigger ' || own.relname || ' ' || t.tgname from own join pg_trigger t on t.tgrelid = own.oid where not t.tgisinternal
union all select 'rule ' || own.relname || ' ' || r.rulename from own join pg_rewrite r on r.ev_class = own.oid where own.relkind = 'r'
union all select 'policy ' || own.relname || ' ' || p.polname from own join pg_policy p on p.polrelid = own.oid
order by 1";
