//! Trails that cannot be used, each with an error that names the file.

use std::fs;

use contextrail::trail::Trail;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::{Folder, trail_of};

#[test]
fn reading_never_makes_a_trail() {
    let folder = Folder::new();
    for arguments in [
        &["context", "list"][..],
        &["decision", "list"],
        &["doctor"],
        &["entity", "show", "applicant:a"],
        &["context", "export", "--since", "1h"],
    ] {
        folder.run(arguments).refused(6, "contextrail.db");
        assert!(!folder.path("contextrail.db").exists());
    }
}

#[test]
fn a_missing_folder_is_named() {
    let folder = Folder::new();
    folder.write("request.json", super::request("a", "text").to_string());
    let ran = folder.run(&[
        "--trail",
        "sqlite://no/such.db",
        "context",
        "assemble",
        "request.json",
    ]);
    ran.refused(6, "no");
}

#[test]
fn what_is_no_trail_is_said_to_be_none() {
    let folder = Folder::new();
    folder.write("notes.db", "dear diary, ".repeat(1_000));
    folder
        .run(&["--trail", "sqlite://notes.db", "doctor"])
        .refused(6, "notes.db");
    fs::create_dir(folder.path("folder.db")).unwrap();
    folder
        .run(&["--trail", "sqlite://folder.db", "doctor"])
        .refused(6, "folder.db");
}

#[test]
fn a_damaged_file_is_told_from_a_missing_record() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    let path = folder.path("contextrail.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4_096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    folder
        .run(&["context", "show", &id])
        .refused(6, "contextrail.db");
}

#[test]
fn a_trail_that_is_written_elsewhere_can_be_read() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let holder = runtime
        .block_on(Trail::open(&trail_of(&folder.path("contextrail.db"))))
        .unwrap();
    folder
        .run(&["outcome", "add", &id, "--kind", "k"])
        .refused(6, "contextrail.db");
    folder.run(&["context", "show", &id]).done();
    runtime.block_on(holder.close());
    drop(holder);
    folder.decide(&id, "approved");
}

#[test]
fn a_newer_schema_is_left_alone() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    let options = SqliteConnectOptions::new().filename(folder.path("contextrail.db"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query(
            "insert into _sqlx_migrations
             select 999, description, installed_on, success, checksum, execution_time
             from _sqlx_migrations limit 1",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
    });
    folder.run(&["context", "show", &id]).refused(6, "999");
    folder
        .run(&["outcome", "add", &id, "--kind", "k"])
        .refused(6, "999");
}

#[test]
fn a_read_only_database_can_be_read_and_not_written() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    let decision = folder.decide(&id, "approved");
    let path = folder.path("contextrail.db");
    // A write version that SQLite does not know makes a database read-only for everybody, the
    // administrator too, whom permissions do not stop.
    let mut bytes = fs::read(&path).unwrap();
    bytes[18] = 3;
    fs::write(&path, bytes).unwrap();
    folder
        .run(&["outcome", "add", &decision, "--kind", "k"])
        .refused(6, "contextrail.db");
    folder.run(&["context", "show", &id]).done();
}

#[test]
fn a_database_that_another_program_locks_is_named() {
    let folder = Folder::new();
    let context = folder.assemble("a", "text");
    let decision = folder.decide(&context, "approved");
    let options = SqliteConnectOptions::new().filename(folder.path("contextrail.db"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut connection = runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("begin immediate")
            .execute(&mut connection)
            .await
            .unwrap();
        connection
    });
    let outcome = ["outcome", "add", &decision, "--kind", "repaid"];
    folder.run(&outcome).refused(6, "contextrail.db");
    folder.run(&["context", "show", &context]).done();
    runtime.block_on(async {
        sqlx::query("rollback")
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
    folder.run(&outcome).done();
}
