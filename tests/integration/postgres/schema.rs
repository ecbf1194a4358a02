//! The schema: the same on both databases, fit to be spread by tenant, migrated by command alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use contextrail::store::{
    Access, PostgresPlace, PostgresStore, SqliteStore, Store as _, StoreError, VerifyPlan,
};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row as _};

use super::cluster::Cluster;
use crate::sample::{trail_id, vault};

/// The name of a column and its type; of an index, its columns.
#[derive(Debug, Default, Eq, PartialEq)]
struct Table {
    columns: Vec<(String, String, bool)>,
    indexes: BTreeSet<(Vec<String>, bool)>,
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let store = SqliteStore::open(&path, Access::Write, trail_id())
        .await
        .unwrap();
    store.close().await;
    let on_sqlite = on_sqlite(&path).await;
    let on_postgres = on_postgres(&Cluster::shared().new_place().await).await;
    assert_eq!(on_sqlite.len(), 10, "{on_sqlite:?}");
    assert_eq!(on_postgres, on_sqlite);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn everything_that_is_unique_or_refers_is_led_by_the_tenant() {
    let tables = on_postgres(&Cluster::shared().new_place().await).await;
    for (name, table) in &tables {
        // These two are small, and the same on every node.
        if ["trail", "tenant"].contains(&name.as_str()) {
            continue;
        }
        for (columns, _) in &table.indexes {
            assert_eq!(columns[0], "tenant", "{name} {columns:?}");
        }
        assert_eq!(table.columns[0].0, "tenant", "{name}");
    }
    assert!(tables.len() > 2);
    let place = Cluster::shared().new_place().await;
    let shown = place.to_string();
    let mut connection = Cluster::shared()
        .connect(shown.split_once("schema=").unwrap().1)
        .await;
    let sql = "select k.conrelid::regclass::text, k.contype::text, \
        (select a.attname::text from pg_attribute a where a.attrelid = k.conrelid and a.attnum = k.conkey[1]), \
        (select a.attname::text from pg_attribute a where a.attrelid = k.confrelid and a.attnum = k.confkey[1]) \
        from pg_constraint k where k.connamespace = current_schema()::regnamespace and k.contype <> 'n'";
    let mut refers = 0;
    for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
        let (table, kind): (String, String) = (row.get(0), row.get(1));
        let (first, of): (String, Option<String>) = (row.get(2), row.get(3));
        if kind == "f" {
            refers += 1;
            assert_eq!(
                (&*first, of.as_deref()),
                ("tenant", Some("tenant")),
                "{table}"
            );
        } else if !["trail", "tenant", "_sqlx_migrations"].contains(&&*table) {
            assert_eq!(first, "tenant", "{table}");
        }
    }
    assert!(refers > 0);
    for file in std::fs::read_dir("migrations/postgres").unwrap() {
        let statements = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for word in [
            "trigger", "sequence", "serial", "identity", "advisory", "jsonb",
        ] {
            assert!(!statements.contains(word), "{word}");
        }
    }
}

/// A version that comes expands the schema first. The one before goes on with it, running or started
/// again, until the new one contracts it.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_old_and_a_new_version_work_side_by_side_until_the_schema_is_contracted() {
    let cluster = Cluster::shared();
    let place = cluster.new_place().await;
    let schema = place
        .to_string()
        .split_once("schema=")
        .unwrap()
        .1
        .to_owned();
    let t = crate::sample::tenant("default");
    let batch = |number: u64| {
        let body = crate::sample::context(serde_json::json!({}));
        let draft = contextrail::record::Draft::new(crate::sample::id(number), body);
        [crate::sample::prepared(draft)]
    };
    let time = crate::sample::time(1);
    let running = PostgresStore::open(&place, Access::Write).await.unwrap();
    running.append(&t, &batch(1), time).await.unwrap();
    let migrated = |version: i64, what: &str| {
        format!(
            "insert into {schema}._sqlx_migrations values ({version}, '{what}', now(), true, 'x', 0)"
        )
    };
    cluster
        .execute(&format!(
            "alter table {schema}.record add column origin text; \
             create table {schema}.origin (tenant bigint primary key); {}",
            migrated(2, "expand record by origin")
        ))
        .await;
    running.append(&t, &batch(2), time).await.unwrap();
    running.close().await;
    let started = PostgresStore::open(&place, Access::Write).await.unwrap();
    started.append(&t, &batch(3), time).await.unwrap();
    let read = started.read(&t, &[0, 1, 2]).await.unwrap();
    assert_eq!(read.len(), 3);
    // It cannot say of the rest what it is.
    let plan = VerifyPlan::with(vault());
    let findings = started.verify(&plan).await.unwrap().findings;
    assert!(
        !findings.is_empty()
            && findings
                .iter()
                .all(|it| { it.table == "_sqlx_migrations" || it.to_string().contains("origin") }),
        "{findings:?}"
    );
    started.close().await;
    let migrating = PostgresStore::migrate(&place, trail_id())
        .await
        .unwrap_err();
    assert!(
        matches!(migrating, StoreError::NewerSchema { .. }),
        "{migrating}"
    );

    cluster
        .execute(&migrated(3, "contract record to origin"))
        .await;
    let opened = PostgresStore::open(&place, Access::Write).await;
    let newer = opened.map(|_| ()).unwrap_err();
    let is_third = matches!(
        newer,
        StoreError::NewerSchema {
            found: 3,
            known: 1,
            ..
        }
    );
    assert!(is_third, "{newer}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_schema_is_migrated_by_command_alone_and_once() {
    let url = Cluster::shared().url(&Cluster::new_schema());
    let place = PostgresPlace::parse(&url).unwrap();
    let refused =
        |opened: Result<PostgresStore, StoreError>| opened.map(|_| ()).unwrap_err().to_string();
    for access in [Access::Read, Access::Write] {
        let said = refused(PostgresStore::open(&place, access).await);
        assert!(
            said.contains("there is no trail yet") && said.contains("migrate"),
            "{said}"
        );
    }
    let mut migrating = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let place = place.clone();
        migrating.spawn(async move { PostgresStore::migrate(&place, trail_id()).await });
    }
    for migrated in migrating.join_all().await {
        let (_, now) = migrated.unwrap();
        assert_eq!(now, 1);
    }
    assert_eq!(
        PostgresStore::migrate(&place, trail_id()).await.unwrap(),
        (1, 1)
    );
    let store = PostgresStore::open(&place, Access::Write).await.unwrap();
    assert_eq!(store.trail().await.unwrap(), trail_id());
    store.close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn another_version_of_the_schema_is_named() {
    let cluster = Cluster::shared();
    let schema = Cluster::new_schema();
    let place = PostgresPlace::parse(&cluster.url(&schema)).unwrap();
    PostgresStore::migrate(&place, trail_id()).await.unwrap();
    let set = |version: i64| format!("update {schema}._sqlx_migrations set version = {version}");
    cluster.execute(&set(7)).await;
    let newer = PostgresStore::open(&place, Access::Write)
        .await
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(
            newer,
            StoreError::NewerSchema {
                found: 7,
                known: 1,
                ..
            }
        ),
        "{newer}"
    );
    let newer = PostgresStore::migrate(&place, trail_id())
        .await
        .unwrap_err();
    assert!(matches!(newer, StoreError::NewerSchema { .. }), "{newer}");
    cluster.execute(&set(0)).await;
    let older = PostgresStore::open(&place, Access::Read)
        .await
        .map(|_| ())
        .unwrap_err();
    assert!(
        older.to_string().contains("schema 0, older than 1"),
        "{older}"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn tables_of_another_application_are_left_alone() {
    let cluster = Cluster::shared();
    let schema = Cluster::new_schema();
    cluster
        .execute(&format!(
            "create schema {schema}; create table {schema}.customer (id bigint)"
        ))
        .await;
    let place = PostgresPlace::parse(&cluster.url(&schema)).unwrap();
    for error in [
        PostgresStore::open(&place, Access::Write)
            .await
            .map(|_| ())
            .unwrap_err(),
        PostgresStore::migrate(&place, trail_id())
            .await
            .map(|_| ())
            .unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NotATrail { .. }), "{error}");
        assert!(error.to_string().contains("customer"), "{error}");
    }
}

/// Verification compares with a list of everything the migrations make.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_schema_that_was_changed_is_found() {
    let cluster = Cluster::shared();
    let changes = [
        "create index stray on SCHEMA.record (kind)",
        "alter table SCHEMA.slot add column note text",
        "alter table SCHEMA.head alter column size type numeric",
        "alter table SCHEMA.record alter column kind set default 1",
        "drop index SCHEMA.record_kind",
        "alter table SCHEMA.zone drop constraint zone_pkey",
        "create table SCHEMA.other (id bigint)",
        "create rule quiet as on delete to SCHEMA.slot do instead nothing",
        "create function SCHEMA.nothing() returns trigger language plpgsql as 'begin return null; end'; \
         create trigger quiet before insert on SCHEMA.record for each row execute function SCHEMA.nothing()",
        "update SCHEMA._sqlx_migrations set checksum = 'x'",
        "insert into SCHEMA.trail values ('0')",
        "insert into SCHEMA.tenant values (2, 'behind a gap')",
    ];
    for change in changes {
        let schema = Cluster::new_schema();
        let place = PostgresPlace::parse(&cluster.url(&schema)).unwrap();
        PostgresStore::migrate(&place, trail_id()).await.unwrap();
        let store = PostgresStore::open(&place, Access::Read).await.unwrap();
        let plan = VerifyPlan::with(vault());
        assert_eq!(store.verify(&plan).await.unwrap().findings, []);
        let change = change.replace("SCHEMA", &schema);
        cluster.execute(&change).await;
        let findings = store.verify(&plan).await.unwrap().findings;
        assert!(!findings.is_empty(), "{change}");
        store.close().await;
    }
}

async fn on_sqlite(path: &Path) -> BTreeMap<String, Table> {
    let url = format!("sqlite://{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let sql = "select m.name, p.name, lower(p.type), p.\"notnull\" from sqlite_schema m \
        join pragma_table_info(m.name) p where m.type = 'table' and m.name <> '_sqlx_migrations' \
        and m.name not like 'sqlite_%' order by m.name, p.cid";
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
        let column = (
            row.get(1),
            row.get::<String, _>(2).replace("blob", "bytea"),
            row.get(3),
        );
        tables.entry(row.get(0)).or_default().columns.push(column);
    }
    let sql = "select m.name, i.name, i.\"unique\", c.name from sqlite_schema m \
        join pragma_index_list(m.name) i join pragma_index_info(i.name) c \
        where m.type = 'table' and m.name <> '_sqlx_migrations' order by m.name, i.name, c.seqno";
    let mut indexes: BTreeMap<(String, String, bool), Vec<String>> = BTreeMap::new();
    for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
        indexes
            .entry((row.get(0), row.get(1), row.get(2)))
            .or_default()
            .push(row.get(3));
    }
    // A table whose key is one integer has no index besides itself.
    let sql = "select m.name, p.name from sqlite_schema m join pragma_table_info(m.name) p \
        where m.type = 'table' and p.pk > 0 and lower(p.type) = 'integer'";
    assert!(
        sqlx::query(sql)
            .fetch_all(&mut connection)
            .await
            .unwrap()
            .is_empty()
    );
    for ((table, _, is_unique), columns) in indexes {
        tables
            .get_mut(&table)
            .unwrap()
            .indexes
            .insert((columns, is_unique));
    }
    connection.close().await.unwrap();
    tables
}

async fn on_postgres(place: &PostgresPlace) -> BTreeMap<String, Table> {
    let shown = place.to_string();
    let schema = shown.split_once("schema=").unwrap().1;
    let mut connection = Cluster::shared().connect(schema).await;
    let sql = "select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull \
        from pg_class c join pg_attribute a on a.attrelid = c.oid \
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attnum > 0 \
        and c.relname <> '_sqlx_migrations' order by c.relname, a.attnum";
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
        let column = (row.get(1), row.get(2), row.get(3));
        tables.entry(row.get(0)).or_default().columns.push(column);
    }
    let sql = "select c.relname::text, i.indisunique, \
        (select array_agg(a.attname::text order by k.at) from unnest(i.indkey::int[]) with ordinality as k (number, at) \
         join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number) \
        from pg_class c join pg_index i on i.indrelid = c.oid \
        where c.relnamespace = current_schema()::regnamespace and c.relname <> '_sqlx_migrations'";
    for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
        let index = (row.get::<Vec<String>, _>(2), row.get(1));
        tables
            .get_mut(&row.get::<String, _>(0))
            .unwrap()
            .indexes
            .insert(index);
    }
    connection.close().await.unwrap();
    tables
}
