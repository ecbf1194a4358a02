//! Below the rows: indexes, pages, the header, the schema. All of it is found, and none of it stops
//! the verification of the rest.

use std::fs;
use std::path::Path;

use contextrail::store::Finding;

use super::{copy, make, raw, run, verified};

async fn found_after(path: &Path, statements: &[&str]) -> Vec<Finding> {
    let spoiled = tempfile::tempdir().unwrap();
    let copied = copy(path, spoiled.path());
    for sql in statements {
        run(&copied, (*sql).to_owned()).await;
    }
    verified(&copied).await.verification.findings
}

/// The findings after `change` on the bytes of the file.
async fn found_in(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Vec<Finding> {
    let spoiled = tempfile::tempdir().unwrap();
    let copied = copy(path, spoiled.path());
    let mut bytes = fs::read(&copied).unwrap();
    change(&mut bytes);
    fs::write(&copied, bytes).unwrap();
    verified(&copied).await.verification.findings
}

#[tokio::test]
async fn an_index_that_is_not_that_of_its_table_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let text = "create index record_kind on record (tenant, kind, log_index)";
    let restored = format!("update sqlite_schema set sql = '{text}' where name = 'record_kind'");
    let kept = "create table kept as select type, name, tbl_name, rootpage, sql from sqlite_schema where name = 'record_kind'";
    let back = "insert into sqlite_schema select * from kept";
    let gone = "delete from sqlite_schema where name = 'record_kind'";
    let swapped = "update sqlite_schema set rootpage = (select sum(rootpage) from sqlite_schema \
        where name in ('record_id', 'record_kind')) - rootpage where name in ('record_id', 'record_kind')";
    let cases: [&[&str]; 5] = [
        // Not all rows are in it, and its text is as it was.
        &[
            "drop index record_kind",
            "create index record_kind on record (tenant, kind, log_index) where log_index > 5",
            &restored,
        ],
        &[
            "drop index record_kind",
            "create index record_kind on record (tenant, kind, log_index desc)",
            &restored,
        ],
        // A row is only in the index, or only in the table.
        &[kept, gone, "delete from record where log_index = 7", back],
        &[
            kept,
            gone,
            "insert into record select tenant, 300, x'01', kind, at_us, entry from record where log_index = 7",
            back,
        ],
        &[swapped],
    ];
    for case in cases {
        let found = found_after(&path, case).await;
        let named = found
            .iter()
            .any(|it| it.table == "sqlite" && it.field == "record_kind");
        assert!(named, "{case:?}: {found:#?}");
    }
}

#[tokio::test]
async fn a_flipped_bit_in_the_page_of_an_index_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let mut connection = raw(&path).await;
    let indexes: Vec<String> =
        sqlx::query_scalar("select name from sqlite_schema where type = 'index'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert!(indexes.len() > 5);
    for index in indexes {
        let sql =
            "select pageno * pgsize from dbstat where name = $1 and pagetype = 'leaf' limit 1";
        let end: i64 = sqlx::query_scalar(sql)
            .bind(&index)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        for before in [1, 2] {
            let at = usize::try_from(end).unwrap() - before;
            let found = found_in(&path, |bytes| bytes[at] ^= 4).await;
            assert!(
                found.iter().any(|it| it.table == "sqlite"),
                "{index} -{before}: {found:#?}"
            );
        }
    }
}

#[tokio::test]
async fn a_page_that_is_lost_is_found_and_the_rest_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let mut connection = raw(&path).await;
    let (page, pages): (i64, i64) =
        sqlx::query_as("select page_size, page_count from pragma_page_size, pragma_page_count")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    drop(connection);
    let (page, pages) = (
        usize::try_from(page).unwrap(),
        usize::try_from(pages).unwrap(),
    );
    for lost in (0..pages).step_by(1 + pages / 40) {
        for with in [0x00, 0xff, 0x0d] {
            let header = if lost == 0 { 100 } else { 0 };
            let found = found_in(&path, |bytes| {
                bytes[lost * page + header..(lost + 1) * page].fill(with);
            })
            .await;
            assert!(!found.is_empty(), "page {lost}");
        }
    }
    for pages in 1..6 {
        let found = found_in(&path, |bytes| bytes.truncate(pages * page)).await;
        assert!(!found.is_empty(), "{pages} pages");
    }
    // What SQLite counts and notes for itself differs between two files of the same rows.
    let own = [18..20, 24..28, 40..44, 92..100];
    for at in (16..100).filter(|at| !own.iter().any(|range| range.contains(at))) {
        let found = found_in(&path, |bytes| bytes[at] ^= 0x40).await;
        assert!(!found.is_empty(), "byte {at} of the header");
    }
}

#[tokio::test]
async fn what_lies_outside_of_the_tables_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    for (sql, row, field) in [
        ("pragma user_version = 7", "header", "user_version"),
        ("pragma application_id = 7", "header", "application_id"),
    ] {
        let found = found_after(&path, &[sql]).await;
        let named =
            |it: &Finding| (it.table, it.row.as_str(), it.field.as_str()) == ("sqlite", row, field);
        assert!(found.iter().any(named), "{sql}: {found:#?}");
    }
    let found = found_after(&path, &["analyze"]).await;
    let named = |it: &Finding| it.table == "sqlite_schema" && it.row == "sqlite_stat1";
    assert!(found.iter().any(named), "{found:#?}");
    let found = found_in(&path, |bytes| bytes.extend_from_slice(b"more")).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        found[0].to_string(),
        "table sqlite, row file, length: 4 bytes lie behind the last page"
    );
}

#[tokio::test]
async fn a_schema_that_was_changed_is_named_and_the_rest_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    for sql in [
        "drop table zone",
        "drop table lookup",
        "drop table trail",
        "drop table head",
        "drop table record",
        "drop table _sqlx_migrations",
        "drop index record_id",
        "alter table record drop column at_us",
        "alter table slot rename column payload to other",
        "alter table tile rename to tiles",
        "alter table zone add column more text",
        "update sqlite_schema set sql = 'create nonsense' where name = 'zone'",
        "update sqlite_schema set rootpage = 99999 where name = 'record'",
        "update sqlite_schema set rootpage = 99999 where name = 'record_kind'",
        "update sqlite_schema set rootpage = 2 where name = 'slot'",
        "update sqlite_schema set tbl_name = 'slot' where name = 'record_kind'",
    ] {
        let found = found_after(&path, &[sql]).await;
        let named = |it: &Finding| it.table.starts_with("sqlite");
        assert!(found.iter().any(named), "{sql}: {found:#?}");
    }
}
