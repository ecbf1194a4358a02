//! A backup in the place of a trail on PostgreSQL: its schema takes the place of another one.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use contextrail::store::{Access, PostgresPlace, PostgresStore, Store as _, StoreError};
use contextrail::trail::{Approval, MoveError, Restored, Trail, TrailError, TrailOptions};

use super::killed::{killed, program};
use super::{Place, approval, erase, is_readable, quiet, record};
use crate::postgres::cluster::Cluster;
use crate::sample::id;

/// A trail in a schema of its own, with the folder of its state.
struct OnServer {
    place: Place,
    schema: String,
}

impl OnServer {
    /// A schema that is not there yet.
    fn new() -> Self {
        let place = Place::new();
        fs::create_dir(place.path("state")).unwrap();
        let schema = Cluster::new_schema();
        Self { place, schema }
    }

    async fn migrated() -> Self {
        let on = Self::new();
        on.options().migrate(&on.url()).await.unwrap();
        on
    }

    fn url(&self) -> String {
        Cluster::shared().url(&self.schema)
    }

    fn state(&self) -> PathBuf {
        self.place.path("state")
    }

    fn options(&self) -> TrailOptions {
        TrailOptions::new().state(self.state())
    }

    async fn open(&self) -> Trail {
        self.options().open(&self.url()).await.unwrap()
    }

    async fn backup(&self, name: &str) -> PathBuf {
        let path = self.place.path(name);
        let trail = self.options().open_for_reading(&self.url()).await.unwrap();
        trail.backup(&path, quiet()).await.unwrap();
        trail.close().await;
        path
    }

    async fn restore(
        &self,
        name: &str,
        approval: Option<Approval>,
    ) -> Result<Restored, TrailError> {
        let options = self.options();
        let path = self.place.path(name);
        options.restore(&path, &self.url(), approval, quiet()).await
    }

    /// The schemas that begin as that of the trail.
    async fn schemas(&self) -> Vec<String> {
        let mut connection = Cluster::shared().connect("").await;
        sqlx::query_scalar(
            "select nspname::text from pg_namespace where nspname = $1 or nspname like $1 || '\\_%' order by 1",
        )
        .bind(&self.schema)
        .fetch_all(&mut connection)
        .await
        .unwrap()
    }

    async fn is_whole(&self) -> u64 {
        let trail = self.options().open_for_reading(&self.url()).await.unwrap();
        let verified = trail.verify(0, quiet()).await.unwrap();
        trail.close().await;
        assert!(verified.ok, "{verified:?}");
        assert_eq!(verified.verification.findings, []);
        verified.verification.entries
    }
}

fn why(refused: Result<Restored, TrailError>) -> MoveError {
    match refused {
        Err(TrailError::Move(error)) => *error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_backup_takes_the_place_of_a_schema_and_nobody_erased_comes_back() {
    let on = OnServer::migrated().await;
    let cluster = Cluster::shared();
    let schema = &on.schema;
    cluster
        .execute(&format!(
            "create role writer_of_{schema} login; grant usage on schema {schema} to writer_of_{schema}; \
             grant select, insert, update, delete on all tables in schema {schema} to writer_of_{schema}; \
             grant select on {schema}.record to public"
        ))
        .await;
    let trail = on.open().await;
    record(&trail, 1..30).await;
    trail.close().await;
    on.backup("a.backup").await;
    let trail = on.open().await;
    record(&trail, 30..40).await;
    erase(&trail, 7).await;

    // Nobody may be writing.
    let refused = on.restore("a.backup", approval()).await.unwrap_err();
    let TrailError::Store(error) = &refused else {
        panic!("{refused}")
    };
    assert!(matches!(**error, StoreError::InUse { .. }), "{error}");
    trail.close().await;
    let refused = why(on.restore("a.backup", None).await);
    assert!(
        refused.to_string().contains("entries 29 to 39"),
        "{refused}"
    );
    assert_eq!(on.schemas().await, [schema.as_str()]);
    assert_eq!(on.is_whole().await, 40);

    let restored = on.restore("a.backup", approval()).await.unwrap();
    assert!(restored.verified.ok, "{:?}", restored.verified);
    let log = &restored.logs[0];
    assert_eq!(
        (log.entries, log.lost, log.erased_again),
        (29, Some((29, 40)), 1)
    );
    let replaced = restored.replaced.unwrap().display().to_string();
    assert_eq!(on.schemas().await, [schema.clone(), replaced.clone()]);
    // Whoever could write still can; what was replaced is as it was.
    let url = cluster.url_as(&format!("writer_of_{schema}"), schema);
    let trail = on.options().open(&url).await.unwrap();
    assert!(trail.notary().frozen().is_none());
    assert!(!is_readable(&trail, 7).await, "they were erased");
    assert!(is_readable(&trail, 8).await);
    assert!(trail.read(id(35)).await.unwrap().is_none());
    record(&trail, 50..55).await;
    trail.close().await;
    assert_eq!(on.is_whole().await, 29 + 2 + 5);
    let place = PostgresPlace::parse(&cluster.url(&replaced)).unwrap();
    let was = PostgresStore::open(&place, Access::Read).await.unwrap();
    let head = was.head(&crate::sample::tenant("default")).await.unwrap();
    assert_eq!(head.size, 40);
    was.close().await;
    let left = fs::read_dir(on.state()).unwrap();
    let left = left.map(|it| it.unwrap().file_name().into_string().unwrap());
    let odd: Vec<String> = left.filter(|name| name.contains("restor")).collect();
    assert_eq!(odd, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_server_that_is_lost_is_replaced_by_a_new_one() {
    let on = OnServer::migrated().await;
    let trail = on.open().await;
    record(&trail, 1..30).await;
    trail.close().await;
    on.backup("a.backup").await;
    // Neither a schema nor an empty one is a reason to ask anybody, as long as nothing is lost.
    for is_migrated in [false, true] {
        let drop = format!("drop schema {} cascade", on.schema);
        Cluster::shared().execute(&drop).await;
        if is_migrated {
            on.options().migrate(&on.url()).await.unwrap();
        }
        let restored = on.restore("a.backup", None).await.unwrap();
        assert!(restored.verified.ok, "{:?}", restored.verified);
        assert_eq!(restored.replaced.is_some(), is_migrated);
        assert_eq!(on.is_whole().await, 29);
    }
    let trail = on.open().await;
    record(&trail, 30..35).await;
    trail.close().await;
    assert_eq!(on.is_whole().await, 34);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn what_is_not_of_the_trail_is_not_replaced() {
    let on = OnServer::migrated().await;
    let trail = on.open().await;
    record(&trail, 1..4).await;
    trail.close().await;
    on.backup("a.backup").await;
    let schema = &on.schema;
    Cluster::shared()
        .execute(&format!(
            "drop schema {schema} cascade; create schema {schema}; create table {schema}.customer (id bigint)"
        ))
        .await;
    let refused = on.restore("a.backup", approval()).await.unwrap_err();
    assert!(refused.to_string().contains("customer"), "{refused}");
    assert_eq!(on.schemas().await, [schema.as_str()]);

    let other = OnServer::migrated().await;
    let trail = other.open().await;
    record(&trail, 1..4).await;
    trail.close().await;
    let options = other.options();
    let path = on.place.path("a.backup");
    let url = other.url();
    let refused = why(options.restore(&path, &url, approval(), quiet()).await);
    assert!(matches!(refused, MoveError::OtherTrail { .. }), "{refused}");
    assert_eq!(other.is_whole().await, 3);

    // Without a name nothing can be put beside it.
    let url = Cluster::shared().url("");
    let url = url.strip_suffix("?schema=").unwrap();
    let refused = on.options().restore(&path, url, approval(), quiet()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("names no schema"), "{refused}");
}

/// One of the two trails is there at any moment, and the same command finishes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_restore_that_is_killed_is_finished_by_the_next_call() {
    let origin = Place::new();
    origin.fill("a.db", 1..60).await;
    origin.backup("a.db", "a.backup").await;
    let trail = origin.open("a.db").await;
    record(&trail, 60..80).await;
    erase(&trail, 7).await;
    trail.close().await;
    let (mut whole, mut kills, mut old, mut new) = (Duration::ZERO, 0, 0, 0);
    for moment in 0..13 {
        let on = OnServer::migrated().await;
        for file in fs::read_dir(origin.path("")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), on.place.path("").join(file.file_name())).unwrap();
        }
        let (from, url) = (on.place.url("a.db"), on.url());
        let copied = on.options().copy(&from, &url, true, quiet()).await.unwrap();
        assert!(copied.verified.ok);
        let arguments = [
            "--state",
            "state",
            "restore",
            "a.backup",
            "--to",
            &url,
            "--reason",
            "lost",
            "--approved-by",
            "anna,ben",
        ];
        let run = || program(&on.place.path(""), &arguments).status().unwrap();
        if moment == 0 {
            let started = Instant::now();
            assert!(run().success());
            whole = started.elapsed();
        } else {
            let delay = whole * moment / 12;
            kills += u32::from(killed(&on.place.path(""), &arguments, delay));
            let trail = on.options().open_for_reading(&url).await.unwrap();
            assert!(!is_readable(&trail, 7).await, "moment {moment}");
            let size = trail.status().await.unwrap().size;
            trail.close().await;
            match size {
                80 => old += 1,
                59..=61 => new += 1,
                size => panic!("moment {moment}: {size} entries"),
            }
            // It may have been done, and killed before it could say so.
            if size != 61 || on.state().join("trail.restoring").exists() {
                assert!(run().success(), "moment {moment}");
            }
        }
        assert_eq!(on.is_whole().await, 61, "moment {moment}");
        let trail = on.options().open_for_reading(&url).await.unwrap();
        assert_eq!(trail.successions().await.unwrap().len(), 1);
        assert!(!is_readable(&trail, 7).await && is_readable(&trail, 8).await);
        trail.close().await;
        assert_eq!(on.schemas().await.len(), 2, "moment {moment}");
    }
    assert!(kills > 0 && old > 0 && new > 0, "{kills} {old} {new}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_copy_to_a_server_goes_on_however_often_it_is_killed() {
    let on = OnServer::migrated().await;
    on.place.fill("a.db", 1..2_600).await;
    let url = on.url();
    let arguments = [
        "--state",
        "state",
        "copy",
        "--from",
        "sqlite://a.db",
        "--to",
        &url,
    ];
    let folder = on.place.path("");
    let mut connection = Cluster::shared().connect(&on.schema).await;
    let (mut kills, mut sizes) = (0, Vec::new());
    for moment in 1..7 {
        kills += u32::from(killed(
            &folder,
            &arguments,
            Duration::from_millis(150 * moment),
        ));
        let size: Option<i64> = sqlx::query_scalar("select sum(size)::bigint from head")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        sizes.push(size.unwrap_or(0));
    }
    assert!(kills > 0, "it was always done before");
    assert!(sizes.is_sorted(), "{sizes:?}");
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&seen);
    let progress = std::sync::Arc::new(move |done: u64| told.lock().unwrap().push(done));
    let from = on.place.url("a.db");
    let copied = on.options().copy(&from, &url, false, progress);
    let copied = copied.await.unwrap();
    assert!(copied.verified.ok, "{:?}", copied.verified);
    assert_eq!(copied.verified.verification.entries, 2_599);
    assert_eq!(*seen.lock().unwrap(), [1_024, 2_048, 2_599]);
    assert_eq!(on.is_whole().await, 2_599);
}
