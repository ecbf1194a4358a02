//! What can be wrong with the file of a trail, and what may share it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use contextrail::record::Draft;
use contextrail::store::StoreError;
use contextrail::trail::{Trail, TrailError};
use serde_json::json;
use sqlx::Connection as _;

use super::{options, record, url};
use crate::sample::{context, id};

async fn new_trail(path: &Path) -> Trail {
    options().open(&url(path)).await.unwrap()
}

/// Makes a trail with three records, and closes it.
async fn make(path: &Path) {
    let trail = new_trail(path).await;
    for number in 1..=3 {
        record(&trail, number, json!({"inputs": {"a": "x".repeat(300)}})).await;
    }
    trail.close().await;
}

async fn sql(path: &Path, statement: &'static str) {
    let mut connection = sqlx::SqliteConnection::connect(&url(path)).await.unwrap();
    sqlx::query(statement)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

fn store_error(error: TrailError) -> Arc<StoreError> {
    match error {
        TrailError::Store(error) => error,
        other => panic!("not an error of the store: {other:?}"),
    }
}

async fn refused(path: &Path) -> Arc<StoreError> {
    let writing = store_error(options().open(&url(path)).await.unwrap_err());
    let reading = store_error(options().open_for_reading(&url(path)).await.unwrap_err());
    let (one, two) = (
        std::mem::discriminant(&*writing),
        std::mem::discriminant(&*reading),
    );
    assert_eq!(one, two, "{writing} and {reading}");
    assert!(
        writing
            .to_string()
            .contains(path.parent().unwrap().to_str().unwrap()),
        "{writing}"
    );
    writing
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(&folder.path().join("no/trail.db")).await;
    assert!(
        matches!(*error, StoreError::MissingFolder { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_a_text_and_the_database_of_another_application_are_no_trail() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    fs::write(&text, "not a database at all").unwrap();
    let other = folder.path().join("other.db");
    fs::write(&other, "").unwrap();
    sql(&other, "create table customer (id integer)").await;
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    for path in [inner, text.clone(), other] {
        let error = refused(&path).await;
        assert!(matches!(*error, StoreError::NotATrail { .. }), "{error}");
    }
    assert_eq!(fs::read(&text).unwrap(), b"not a database at all");
}

#[tokio::test]
async fn opening_for_reading_never_makes_anything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let error = options().open_for_reading(&url(&path)).await.unwrap_err();
    assert!(matches!(*store_error(error), StoreError::Missing { .. }));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    make(&path).await;
    let before = fs::read(&path).unwrap();
    let reader = options().open_for_reading(&url(&path)).await.unwrap();
    assert!(reader.read(id(1)).await.unwrap().is_some());
    let error = reader
        .record(Draft::new(id(9), context(json!({}))))
        .await
        .unwrap_err();
    assert!(matches!(error, TrailError::ReadOnly), "{error}");
    reader.close().await;
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let later = "insert into _sqlx_migrations select 9999, description, installed_on, success, \
        checksum, execution_time from _sqlx_migrations";
    sql(&path, later).await;
    let error = refused(&path).await;
    assert!(
        matches!(*error, StoreError::NewerSchema { found: 9_999, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_second_writer_is_refused_and_a_reader_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let writer = new_trail(&path).await;
    record(&writer, 1, json!({})).await;
    let error = store_error(options().open(&url(&path)).await.unwrap_err());
    assert!(matches!(*error, StoreError::InUse { .. }), "{error}");
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    let reader = options().open_for_reading(&url(&path)).await.unwrap();
    assert!(reader.read(id(1)).await.unwrap().is_some());
    record(&writer, 2, json!({})).await;
    assert!(reader.read(id(2)).await.unwrap().is_some());
    reader.close().await;
    writer.close().await;
    // Both handles are still there: closing lets go of the file.
    let next = new_trail(&path).await;
    assert_eq!(next.status().await.unwrap().size, 2);
    next.close().await;
}

#[tokio::test]
async fn closing_waits_for_what_is_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let trail = new_trail(&path).await;
    for number in 1..=100 {
        use contextrail::capture::Sink;
        drop(trail.submit(Draft::new(id(number), context(json!({})))));
    }
    trail.close().await;
    let late = trail.record(Draft::new(id(999), context(json!({})))).await;
    assert!(matches!(
        *store_error(late.unwrap_err()),
        StoreError::Closed
    ));
    let trail = new_trail(&path).await;
    assert_eq!(trail.status().await.unwrap().size, 100);
    trail.close().await;
}

#[tokio::test]
async fn a_process_that_died_while_the_file_was_made_leaves_a_trail_to_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    new_trail(&path).await.close().await;
    sql(&path, "delete from trail").await;
    // The times that the migrations leave.
    let times = "update _sqlx_migrations set installed_on = current_timestamp, execution_time = -1";
    sql(&path, times).await;
    let trail = new_trail(&path).await;
    assert_eq!(trail.status().await.unwrap().size, 0);
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert_eq!(verified.verification.findings, vec![]);
    trail.close().await;
    let barely = folder.path().join("barely.db");
    new_trail(&barely).await.close().await;
    for table in [
        "trail",
        "tile",
        "tenant",
        "record",
        "slot",
        "entity_key",
        "shared_text",
        "lookup",
        "zone",
    ] {
        let drop: &'static str = Box::leak(format!("drop table if exists {table}").into());
        sql(&barely, "pragma foreign_keys = 0").await;
        sql(&barely, "drop table if exists head").await;
        sql(&barely, drop).await;
    }
    sql(&barely, "delete from _sqlx_migrations").await;
    let trail = new_trail(&barely).await;
    assert_eq!(trail.status().await.unwrap().size, 0);
    trail.close().await;
}

#[tokio::test]
async fn a_damaged_row_is_damaged_and_not_missing() {
    let statements = [
        "update slot set payload = x'00' where log_index = 1",
        "update slot set payload = substr(payload, 1, 40) || x'ff' || substr(payload, 42) \
         where log_index = 1",
        "delete from slot where log_index = 1",
        "update record set entry = x'7b7d' where log_index = 1",
    ];
    for statement in statements {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trail.db");
        make(&path).await;
        sql(&path, statement).await;
        let trail = options().open_for_reading(&url(&path)).await.unwrap();
        let error = store_error(trail.read(id(2)).await.unwrap_err());
        assert!(
            matches!(*error, StoreError::CorruptRecord { .. }),
            "{statement}: {error}"
        );
        assert!(trail.read(id(1)).await.unwrap().is_some());
        trail.close().await;
    }
}

#[tokio::test]
async fn a_truncated_database_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let whole = fs::metadata(&path).unwrap().len();
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(whole / 2)
        .unwrap();
    let error = match options().open_for_reading(&url(&path)).await {
        Err(error) => store_error(error),
        Ok(trail) => match trail.read(id(3)).await {
            Err(error) => store_error(error),
            Ok(found) => panic!("it was read from half a file: {}", found.is_some()),
        },
    };
    assert!(matches!(*error, StoreError::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn addresses_of_other_things_are_refused() {
    for address in ["", "contextrail.db", "mysql://x", "sqlite://", "sqlite:"] {
        let error = store_error(options().open(address).await.unwrap_err());
        assert!(matches!(*error, StoreError::Address { .. }), "{error}");
    }
}

/// A file system so small that a trail fills it; what was acknowledged before has to be there.
#[tokio::test]
#[ignore = "needs CONTEXTRAIL_TEST_SMALL_DISK, an empty folder on a file system of about 4 MiB"]
#[expect(clippy::disallowed_methods, reason = "where the small disk is")]
async fn a_full_disk_is_an_error_and_loses_nothing_acknowledged() {
    let folder = std::env::var("CONTEXTRAIL_TEST_SMALL_DISK").unwrap();
    let path = Path::new(&folder).join("trail.db");
    let trail = new_trail(&path).await;
    let noise = |number: u64| {
        let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let draw = std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{state:016x}")
        });
        draw.take(500).collect::<String>()
    };
    let mut acknowledged = 0;
    let error = loop {
        let inputs = json!({"noise": noise(acknowledged + 1)});
        let draft = Draft::new(id(acknowledged + 1), context(json!({"inputs": inputs})));
        match trail.record(draft).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break store_error(error),
        }
        assert!(acknowledged < 10_000, "the disk is not small");
    };
    assert!(matches!(*error, StoreError::Full { .. }), "{error}");
    assert!(error.to_string().contains("trail.db"), "{error}");
    assert!(acknowledged > 10);
    let reader = options().open_for_reading(&url(&path)).await.unwrap();
    for number in 1..=acknowledged {
        assert!(
            reader.read(id(number)).await.unwrap().is_some(),
            "{number} is lost"
        );
    }
    reader.close().await;
    trail.close().await;
}
