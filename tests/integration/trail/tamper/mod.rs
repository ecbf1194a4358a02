//! Whoever changes the database is found: every column of every table, every row.

mod below;
mod every;
mod keys;
mod text;
mod value_type;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contextrail::record::Class;
use contextrail::trail::Verified;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::bare::{exported_with_texts, import};
use super::{options, url, with_texts};

/// Enough for a full tile and the level above it.
const RECORDS: u64 = 260;

async fn make(path: &Path) {
    let trail = options().open(&url(path)).await.unwrap();
    let mut records = tokio::task::JoinSet::new();
    for number in 1..=RECORDS {
        let trail = trail.clone();
        let shared = format!("rules of the house, number {}", number % 3);
        let whom = format!("applicant:user_{}", number % 7);
        let texts = [
            ("an income of 4100", Class::Personal),
            (shared.as_str(), Class::Confidential),
        ];
        let draft = with_texts(number, &whom, &texts);
        if number <= 7 {
            // Once the keys of everybody are known, records are appended in the order they come.
            trail.record(draft).await.unwrap();
            continue;
        }
        records.spawn(async move { trail.record(draft).await });
    }
    while let Some(done) = records.join_next().await {
        done.unwrap().unwrap();
    }
    trail.close().await;
}

async fn verified(path: &Path) -> Verified {
    let trail = options().open_for_reading(&url(path)).await.unwrap();
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    trail.close().await;
    verified
}

/// A copy of the trail with every file of it.
fn copy(from: &Path, to: &Path) -> PathBuf {
    let path = to.join("trail.db");
    for end in ["", ".heads", ".key", ".key.pub", ".kek", ".keyring"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        fs::copy(name(from), name(&path)).unwrap();
    }
    path
}

async fn raw(path: &Path) -> SqliteConnection {
    let mut connection = SqliteConnection::connect(&url(path)).await.unwrap();
    for statement in ["pragma foreign_keys = off", "pragma writable_schema = on"] {
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection
}

async fn run(path: &Path, sql: String) {
    let mut connection = raw(path).await;
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn an_untouched_trail_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let verified = verified(&path).await;
    assert_eq!(verified.verification.findings, []);
    assert!(
        verified.ok && verified.warnings.is_empty(),
        "{:?}",
        verified.warnings
    );
    assert_eq!(verified.verification.records, RECORDS);
    assert!(verified.verification.heads >= 1);
}

#[tokio::test]
async fn two_values_that_changed_places_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let swaps = [
        ("record", "entry", "log_index", "3", "9"),
        ("record", "id", "log_index", "3", "9"),
        ("record", "log_index", "log_index", "3", "9"),
        ("slot", "payload", "slot = 0 and log_index", "3", "9"),
        ("slot", "log_index", "slot = 1 and log_index", "3", "9"),
        ("tile", "hashes", "level", "0", "1"),
        ("shared_text", "body", "rowid", "1", "2"),
        ("lookup", "log_index", "log_index", "3", "9"),
    ];
    for (table, column, by, one, two) in swaps {
        let spoiled = tempfile::tempdir().unwrap();
        let copied = copy(&path, spoiled.path());
        let mut connection = raw(&copied).await;
        let value =
            |of: &str| format!("(select quote({column}) from {table} where {by} = {of} limit 1)");
        let sql = format!("select {}, {}", value(one), value(two));
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let (first, second): (String, String) = (row.get(0), row.get(1));
        drop(connection);
        // Through a third value, so that what has to be unique stays so.
        let third = if first.starts_with('X') {
            "x'00'".to_owned()
        } else {
            "99999".to_owned()
        };
        for (set, is) in [(&third, &first), (&first, &second), (&second, &third)] {
            run(
                &copied,
                format!("update {table} set {column} = {set} where {column} = {is}"),
            )
            .await;
        }
        let verified = verified(&copied).await;
        let named = verified
            .verification
            .findings
            .iter()
            .any(|found| found.table == table);
        assert!(
            named,
            "{table}.{column}: {:#?}",
            verified.verification.findings
        );
    }
}

#[tokio::test]
async fn rows_that_were_added_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    for (table, sql) in [
        (
            "slot",
            "insert into slot (tenant, log_index, slot, payload) values (1, 4, 9, x'00')",
        ),
        (
            "slot",
            "insert into slot (tenant, log_index, slot, payload) values (1, 4000, 0, x'00')",
        ),
        (
            "lookup",
            "insert into lookup (tenant, bucket, lookup_key, log_index) values (1, 0, 5, 5)",
        ),
        (
            "lookup",
            "insert into lookup (tenant, bucket, lookup_key, log_index) values (1, 9, 5, 5)",
        ),
        (
            "zone",
            "insert into zone (tenant, bucket, first_us, last_us) values (1, 7, 1, 2)",
        ),
        (
            "tile",
            "insert into tile (tenant, level, tile_index, hashes) values (1, 0, 1, zeroblob(64))",
        ),
        (
            "shared_text",
            "insert into shared_text (tenant, sha256, body) values (1, zeroblob(32), x'000000000161')",
        ),
        (
            "entity_key",
            "insert into entity_key (tenant, entity, number, epoch, wrapped) values (1, zeroblob(16), 5, 1, zeroblob(60))",
        ),
        (
            "entity_key",
            "insert into entity_key (tenant, entity, number, epoch, wrapped) values (1, x'', -9223372036854775808, 1, x'')",
        ),
        (
            "entity_key",
            "insert into entity_key select 1, entity, number + 1, epoch, wrapped from entity_key limit 1",
        ),
        (
            "entity_key",
            "insert into entity_key select 8, entity, number, epoch, wrapped from entity_key limit 1",
        ),
        (
            "record",
            "insert into record (tenant, log_index, id, kind, at_us, entry) values (1, 260, x'01', 1, 1, x'7b7d')",
        ),
        (
            "record",
            "insert into record (tenant, log_index, id, kind, at_us, entry) values (8, 0, x'01', 1, 1, x'7b7d')",
        ),
        (
            "trail",
            "insert into trail (id) values ('018bcfe5-6800-7000-8000-000000000009')",
        ),
        ("sqlite_schema", "create table more (a text)"),
        ("sqlite_schema", "create table sqlitexstat1 (a text)"),
        ("sqlite_schema", "create view v as select id from record"),
        ("sqlite_schema", "analyze"),
        (
            "sqlite_schema",
            "create trigger sqlitexstat1 after insert on slot begin delete from slot; end",
        ),
        (
            "sqlite_schema",
            "create trigger t after insert on record begin delete from slot; end",
        ),
    ] {
        let spoiled = tempfile::tempdir().unwrap();
        let copied = copy(&path, spoiled.path());
        run(&copied, sql.to_owned()).await;
        let verified = verified(&copied).await;
        let named = verified
            .verification
            .findings
            .iter()
            .any(|found| found.table == table);
        assert!(named, "{sql}: {:#?}", verified.verification.findings);
    }
}

#[tokio::test]
async fn all_faults_are_named_and_not_the_first_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    run(&path, "delete from record where log_index = 17".to_owned()).await;
    run(
        &path,
        "update record set at_us = at_us + 1 where log_index = 40".to_owned(),
    )
    .await;
    run(
        &path,
        "delete from slot where log_index = 90 and slot = 1".to_owned(),
    )
    .await;
    let findings = verified(&path).await.verification.findings;
    for (table, row, field) in [
        ("record", "17", "row"),
        ("record", "40", "at_us"),
        ("slot", "90/1", "row"),
    ] {
        let named = findings
            .iter()
            .any(|it| (it.table, it.row.as_str(), it.field.as_str()) == (table, row, field));
        assert!(named, "{table} {row} {field}: {findings:#?}");
    }
    let blamed: Vec<_> = findings
        .iter()
        .filter(|it| it.table == "record" && it.field == "entry")
        .collect();
    assert!(
        blamed.is_empty(),
        "records that nobody touched are blamed: {blamed:#?}"
    );
}

#[tokio::test]
async fn any_byte_of_a_payload_or_an_entry_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let trail = options().open(&url(&path)).await.unwrap();
    let texts = [
        ("an income of 4100", Class::Personal),
        ("the rules", Class::Confidential),
    ];
    trail
        .record(with_texts(1, "applicant:user_1", &texts))
        .await
        .unwrap();
    trail.close().await;
    for (table, column) in [
        ("slot", "payload"),
        ("record", "entry"),
        ("shared_text", "body"),
        ("head", "root"),
    ] {
        let mut connection = raw(&path).await;
        let sql = format!("select {column} from {table}");
        let values: Vec<Vec<u8>> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for value in values {
            for at in (0..value.len()).step_by(3) {
                let mut changed = value.clone();
                changed[at] ^= 1 << (at % 8);
                let sql = format!("update {table} set {column} = $1 where {column} = $2");
                let set = |to: Vec<u8>, from: Vec<u8>| {
                    sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                        .bind(to)
                        .bind(from)
                };
                set(changed.clone(), value.clone())
                    .execute(&mut connection)
                    .await
                    .unwrap();
                let verified = verified(&path).await;
                let named = verified
                    .verification
                    .findings
                    .iter()
                    .any(|found| found.table == table);
                assert!(
                    named,
                    "{table}.{column}, byte {at} of {value:02x?}: {:#?}",
                    verified.verification.findings
                );
                set(value.clone(), changed)
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
        }
    }
    assert!(verified(&path).await.ok);
}

#[tokio::test]
async fn projections_are_rebuilt_to_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let rows = |path: PathBuf| async move {
        let mut connection = raw(&path).await;
        let sql = "select quote(tenant) || quote(bucket) || quote(lookup_key) || quote(log_index) from lookup \
            union all select quote(tenant) || quote(bucket) || quote(first_us) || quote(last_us) from zone \
            union all select quote(tenant) || quote(level) || quote(tile_index) || quote(hashes) from tile order by 1";
        sqlx::query_scalar::<_, String>(sql)
            .fetch_all(&mut connection)
            .await
            .unwrap()
    };
    let before = rows(path.clone()).await;
    for table in ["lookup", "zone", "tile"] {
        run(&path, format!("delete from {table}")).await;
    }
    assert!(!verified(&path).await.ok);
    // Without its tiles the log cannot be appended to, but its projections can be made anew.
    let trail = options().open(&url(&path)).await.unwrap();
    assert_eq!(trail.rebuild().await.unwrap(), RECORDS);
    trail.close().await;
    assert_eq!(rows(path.clone()).await, before);
    assert_eq!(verified(&path).await.verification.findings, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_a_whole_record_points_at_is_missed_beside_an_import_without_texts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let mut bare = exported_with_texts().await;
    (bare.text, bare.texts, bare.seeds) = (None, None, None);
    let trail = options().open(&url(&path)).await.unwrap();
    import(&trail, bare).await;
    let texts = [("Policy", Class::Confidential)];
    trail.record(with_texts(2, "a:2", &texts)).await.unwrap();
    trail.close().await;
    assert!(verified(&path).await.ok);
    run(&path, "delete from shared_text".to_owned()).await;
    let verified = verified(&path).await;
    let findings = &verified.verification.findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].table, "shared_text");
}
