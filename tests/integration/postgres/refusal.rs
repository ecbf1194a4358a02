//! Everything that is in the way says what it is, and what to do; a password is never said.

use contextrail::store::{Access, PostgresPlace, PostgresStore, StoreError};

use super::cluster::{Cluster, WITH_PASSWORD};
use crate::sample::trail_id;

async fn refused(url: &str, access: Access) -> StoreError {
    let place = PostgresPlace::parse(url).unwrap();
    PostgresStore::open(&place, access)
        .await
        .map(|_| ())
        .unwrap_err()
}

fn schema_of(place: &PostgresPlace) -> String {
    place
        .to_string()
        .split_once("schema=")
        .unwrap()
        .1
        .to_owned()
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn commits_that_a_crash_could_take_back_are_refused_wherever_that_is_set() {
    let cluster = Cluster::start("");
    let schema = schema_of(&cluster.new_place().await);
    let url = cluster.url(&schema);
    let settings = [
        (
            "alter database postgres set synchronous_commit = off",
            "alter database postgres reset all",
            "database",
        ),
        (
            "alter role postgres set synchronous_commit = off",
            "alter role postgres reset all",
            "user",
        ),
        (
            "alter system set synchronous_commit = off",
            "alter system reset all",
            "configuration file",
        ),
    ];
    for (set, reset, source) in settings {
        cluster.set(set).await;
        let said = refused_soon(&url).await;
        assert!(
            said.contains("synchronous_commit is off") && said.contains(source),
            "{said}"
        );
        // What is only read can be read.
        let place = PostgresPlace::parse(&url).unwrap();
        PostgresStore::open(&place, Access::Read).await.unwrap();
        cluster.set(reset).await;
    }
    let by_address = format!("{url}&options=-c%20synchronous_commit%3Doff");
    let said = refused(&by_address, Access::Write).await.to_string();
    assert!(said.contains("synchronous_commit is off"), "{said}");
    cluster.set("alter system set fsync = off").await;
    let said = refused_soon(&url).await;
    assert!(said.contains("fsync is off"), "{said}");
}

/// Settings that are read again take a moment to be everybody's.
async fn refused_soon(url: &str) -> String {
    let place = PostgresPlace::parse(url).unwrap();
    for _ in 0..200 {
        match PostgresStore::open(&place, Access::Write).await {
            Err(error) => return error.to_string(),
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
    panic!("it was opened")
}

/// What was looked at when the trail was opened holds for every later connection.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn turning_it_off_later_changes_nothing_for_a_trail_that_is_open() {
    use contextrail::store::Store as _;
    let cluster = Cluster::start("");
    let place = cluster.new_place().await;
    let store = PostgresStore::open(&place, Access::Write).await.unwrap();
    cluster
        .set("alter system set synchronous_commit = off")
        .await;
    cluster
        .execute("create table seen (value text); grant all on seen to public")
        .await;
    // The first write opens the connection: what it runs under is written down by the server itself.
    cluster
        .execute(&format!(
            "create function note() returns trigger language plpgsql as \
             'begin insert into public.seen values (current_setting(''synchronous_commit'')); return new; end'; \
             create trigger note after insert on {}.record for each row execute function note()",
            schema_of(&place)
        ))
        .await;
    let draft = contextrail::record::Draft::new(
        crate::sample::id(1),
        crate::sample::context(serde_json::json!({})),
    );
    let batch = [crate::sample::prepared(draft)];
    store
        .append(&crate::sample::tenant("t"), &batch, crate::sample::time(1))
        .await
        .unwrap();
    let mut connection = cluster.connect("public").await;
    let seen: Vec<String> = sqlx::query_scalar("select value from seen")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(seen, ["on"]);
    store.close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_user_without_the_rights_is_told_which() {
    let cluster = Cluster::shared();
    let schema = schema_of(&cluster.new_place().await);
    let user = format!("reader_of_{schema}");
    cluster
        .execute(&format!(
            "create role {user} login; grant usage on schema {schema} to {user}; \
             grant select on all tables in schema {schema} to {user}"
        ))
        .await;
    let url = cluster.url_as(&user, &schema);
    let said = refused(&url, Access::Write).await.to_string();
    assert!(
        said.contains(&user) && said.contains("insert on record"),
        "{said}"
    );
    let place = PostgresPlace::parse(&url).unwrap();
    PostgresStore::open(&place, Access::Read).await.unwrap();
    let other = cluster.url_as(&user, &Cluster::new_schema());
    let place = PostgresPlace::parse(&other).unwrap();
    let said = PostgresStore::migrate(&place, trail_id())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("permission denied") && said.contains("grant"),
        "{said}"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn what_cannot_be_reached_is_named_without_its_password() {
    let cluster = Cluster::shared();
    cluster.user_with_password().await;
    let port = cluster.port();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let cases = [
        (
            format!("postgres://{WITH_PASSWORD}:s3cret@127.0.0.1:{port}/postgres"),
            "password authentication failed",
            "check user and password",
        ),
        (
            format!("postgres://postgres:s3cret@127.0.0.1:{port}/nowhere"),
            "database \"nowhere\" does not exist",
            "createdb",
        ),
        (
            format!("postgres://nobody:s3cret@127.0.0.1:{port}/postgres"),
            "role \"nobody\" does not exist",
            "check user",
        ),
        (
            format!("postgres://postgres:s3cret@127.0.0.1:{closed}/postgres"),
            "is away",
            "check that the server runs",
        ),
        (
            format!("postgres://postgres:s3cret@no-such-host.invalid:{port}/postgres"),
            "is away",
            "check that the server runs",
        ),
    ];
    for (url, what, todo) in cases {
        let error = refused(&url, Access::Write).await;
        let said = format!("{error} {error:?}");
        assert!(said.contains(what) && said.contains(todo), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
        assert!(said.contains("postgres://"), "{said}");
    }
}
