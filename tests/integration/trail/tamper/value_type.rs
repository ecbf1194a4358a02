//! Values of another type than that of their column, which SQLite takes and compares as equal.

use std::path::Path;

use sqlx::AssertSqlSafe;

use super::every::{rows, tables};
use super::{copy, make, raw, run, verified};

/// Runs statements while columns have no type and take anything; then they have their types again.
async fn run_untyped(path: &Path, statements: &[&str]) {
    let keep =
        "create table kept as select name as n, sql as s from sqlite_schema where type = 'table'";
    let lift = "update sqlite_schema set sql = replace(replace(replace(replace(replace(replace(sql, \
        'bigint', ''), 'BIGINT', ''), 'BOOLEAN', ''), 'TIMESTAMP', ''), ' TEXT', ''), ' text ', ' ') \
        where type = 'table' and name <> 'kept'";
    let back = "update sqlite_schema set sql = (select s from kept where n = name) \
        where type = 'table' and name <> 'kept'";
    let lifted = [keep, lift].into_iter().chain(statements.iter().copied());
    for sql in lifted.chain([back, "drop table kept"]) {
        run(path, sql.to_owned()).await;
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_named_in_every_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    for table in tables(&path).await {
        let row = rows(&path, &table).await.remove(0);
        let condition = table.is(&row);
        for column in &table.columns {
            let name = &column.name;
            let mut connection = raw(&path).await;
            let sql = format!(
                "select typeof({name}) from {} where {condition}",
                table.name
            );
            let is: String = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut connection)
                .await
                .unwrap();
            drop(connection);
            let others: &[String] = match is.as_str() {
                "integer" => &[
                    format!("cast({name} as real)"),
                    format!("cast({name} as text)"),
                    format!("{name} + 0.5"),
                    "'z'".to_owned(),
                ],
                "text" => &[format!("cast({name} as blob)"), "7".to_owned()],
                _ => &[format!("cast({name} as text)"), "7".to_owned()],
            };
            for other in others {
                let spoiled = tempfile::tempdir().unwrap();
                let copied = copy(&path, spoiled.path());
                let change = format!(
                    "update {} set {name} = {other} where {condition}",
                    table.name
                );
                run_untyped(&copied, &[&change]).await;
                let found = verified(&copied).await.verification.findings;
                let named = found.iter().any(|it| {
                    it.table == table.name && it.field == *name && it.what.contains("of the type")
                });
                assert!(named, "{}.{name} as {other}: {found:#?}", table.name);
                let strange = found.iter().find(|it| it.table == "sqlite_schema");
                assert!(strange.is_none(), "{strange:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_value_of_another_type_in_an_index_alone_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let statements = [
        "update record set kind = cast(kind as real) where log_index = 7",
        "create table of_index as select * from sqlite_schema where name = 'record_kind'",
        "delete from sqlite_schema where name = 'record_kind'",
        "update record set kind = cast(kind as integer) where log_index = 7",
        "insert into sqlite_schema select * from of_index",
        "drop table of_index",
    ];
    run_untyped(&path, &statements).await;
    let found = verified(&path).await.verification.findings;
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    let only = "table record, row 7, kind: in the index record_kind its value is of the type real, not integer";
    assert_eq!(said, [only]);
}

#[tokio::test]
async fn values_in_other_forms_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    for (table, sql) in [
        ("trail", "update trail set id = upper(id)"),
        ("trail", "update trail set id = id || x'00'"),
        ("tenant", "update tenant set name = name || ' '"),
        (
            "shared_text",
            "update shared_text set sha256 = x'' where rowid = 1",
        ),
        (
            "shared_text",
            "insert into shared_text select 1, x'', body from shared_text limit 1",
        ),
        (
            "record",
            "insert into record select 1, 2048.5, x'01', 1, 1, x'7b7d'",
        ),
        (
            "record",
            "insert into record select 1, 'z', x'01', 1, 1, x'7b7d'",
        ),
        (
            "record",
            "insert into record select 1, -4, x'01', 1, 1, x'7b7d'",
        ),
        ("slot", "insert into slot select 1, 4, -1, x'00'"),
        ("slot", "insert into slot select 1, 4, 70000, x'00'"),
        ("slot", "insert into slot select 1, 4, 0.5, x'00'"),
        ("slot", "insert into slot select 1, -4, 0, x'00'"),
        (
            "entity_key",
            "insert into entity_key select 1, x'', 0.5, 1, x''",
        ),
        (
            "entity_key",
            "insert into entity_key select 1, 'z', 5, 1, zeroblob(60)",
        ),
        (
            "entity_key",
            "insert into entity_key select 1, zeroblob(16), -1, 1, zeroblob(60)",
        ),
        ("entity_key", "update entity_key set epoch = -epoch"),
        ("entity_key", "update entity_key set epoch = epoch + 0.5"),
        ("lookup", "insert into lookup select 1, 0.5, 5, 5"),
        ("zone", "insert into zone select 1, -1, 5, 5"),
        ("tile", "insert into tile select 1, 0, 0.5, x'00'"),
        ("head", "update head set size = size + 0.5"),
    ] {
        let spoiled = tempfile::tempdir().unwrap();
        let copied = copy(&path, spoiled.path());
        run(&copied, sql.to_owned()).await;
        let found = verified(&copied).await.verification.findings;
        assert!(
            found.iter().any(|it| it.table == table),
            "{sql}: {found:#?}"
        );
    }
}
