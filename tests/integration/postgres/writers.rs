//! Many writers of one log, as stores that know nothing of each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use contextrail::privacy::keys::KeyId;
use contextrail::record::{Draft, Head};
use contextrail::seal::{Source, seal};
use contextrail::store::{
    Access, LookedThrough, PostgresPlace, PostgresStore, Prepared, Rekey, Relocked, Removal, Store,
    StoreError, VerifyPlan,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _};

use super::cluster::Cluster;
use crate::sample::{context, head, id, prepared, tenant, time, vault};

fn small(number: u64) -> Prepared {
    small_of("default", number)
}

/// A record of the log of the tenant `name`.
fn small_of(name: &str, number: u64) -> Prepared {
    let head = Head {
        tenant: tenant(name),
        ..head(id(number))
    };
    let draft = Draft::new(id(number), context(json!({})));
    let sealed = seal(head, draft, &Source::New).unwrap();
    Prepared::new(&sealed, Vec::new(), &vault()).unwrap()
}

async fn open(place: &PostgresPlace) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(place, Access::Write).await.unwrap())
}

async fn is_whole(store: &PostgresStore) -> u64 {
    let verified = store.verify(&VerifyPlan::with(vault())).await.unwrap();
    assert_eq!(verified.findings, []);
    verified.records
}

/// Twelve processes, three logs, none of which is there yet: every index is given once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn many_writers_of_new_logs_leave_no_gap_and_no_fork() {
    let place = Cluster::shared().new_place().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..12_u64 {
        let store = open(&place).await;
        let name = ["a", "b", "c"][usize::try_from(writer % 3).unwrap()];
        let batch =
            |batch: u64| (0..3).map(move |at| small_of(name, 1_000 * writer + 10 * batch + at));
        let batches: Vec<Vec<Prepared>> = (0..8).map(|at| batch(at).collect()).collect();
        writers.spawn(async move {
            let mut placed = Vec::new();
            for batch in batches {
                placed.extend(store.append(&tenant(name), &batch, time(1)).await.unwrap());
            }
            store.close().await;
            (name, placed)
        });
    }
    let mut indexes: BTreeSet<(&str, u64)> = BTreeSet::new();
    for (name, placed) in writers.join_all().await {
        for placed in placed {
            assert!(!placed.existed && indexes.insert((name, placed.log_index)));
        }
    }
    let expected = ["a", "b", "c"]
        .into_iter()
        .flat_map(|name| (0..96).map(move |at| (name, at)));
    assert!(indexes.into_iter().eq(expected));
    let store = open(&place).await;
    assert_eq!(is_whole(&store).await, 3 * 96);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn one_tenant_does_not_wait_for_another() {
    let cluster = Cluster::shared();
    let place = cluster.new_place().await;
    let (store, other) = (open(&place).await, open(&place).await);
    for (number, name) in [(1, "a"), (2, "b")] {
        store
            .append(&tenant(name), &[small(number)], time(1))
            .await
            .unwrap();
    }
    let schema = place
        .to_string()
        .split_once("schema=")
        .unwrap()
        .1
        .to_owned();
    let mut holder = cluster.connect(&schema).await;
    let hold = "begin; select 1 from head where tenant = (select tenant from tenant where name = 'a') for update";
    holder.execute(sqlx::raw_sql(hold)).await.unwrap();
    let waiting = tokio::spawn({
        let batch = [small(3)];
        async move { store.append(&tenant("a"), &batch, time(1)).await.unwrap()[0] }
    });
    // All of these are through while the other log is held.
    for number in 10..30 {
        other
            .append(&tenant("b"), &[small(number)], time(1))
            .await
            .unwrap();
    }
    assert!(!waiting.is_finished());
    holder.execute(sqlx::raw_sql("commit")).await.unwrap();
    assert_eq!(waiting.await.unwrap().log_index, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_connection_that_is_ended_is_replaced_and_nothing_is_stored_twice() {
    let cluster = Cluster::shared();
    let schema = Cluster::new_schema();
    let url = format!("{}&application_name=ended_{schema}", cluster.url(&schema));
    let place = PostgresPlace::parse(&url).unwrap();
    PostgresStore::migrate(&place, crate::sample::trail_id())
        .await
        .unwrap();
    let store = open(&place).await;
    let t = tenant("default");
    let mut acknowledged = 0;
    let end = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ended_{schema}'"
    );
    for round in 0..20_u64 {
        if round % 4 == 0 {
            cluster.execute(&end).await;
        }
        let batch = [small(2 * round), small(2 * round + 1)];
        let placed = store.append(&t, &batch, time(1)).await.unwrap();
        acknowledged += placed.len();
    }
    assert_eq!(is_whole(&store).await, u64::try_from(acknowledged).unwrap());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_record_under_a_key_that_is_gone_is_not_stored() {
    let place = Cluster::shared().new_place().await;
    let (store, other) = (open(&place).await, open(&place).await);
    let t = tenant("default");
    let about = |number: u64| {
        let whom = json!([{"type": "person", "id": "7"}]);
        prepared(Draft::new(id(number), context(json!({"entities": whom}))))
    };
    store.append(&t, &[about(1)], time(1)).await.unwrap();
    let keys = other.entity_keys_after(&t, None, 100).await.unwrap();
    let removed: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
    let stale = about(2);
    let change = Rekey {
        removed: removed.clone(),
        ..Rekey::default()
    };
    assert!(other.rekey(&t, &change).await.unwrap());
    let error = store.append(&t, &[stale], time(2)).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::KeyGone { key, .. } if removed.contains(key)),
        "{error}"
    );
    assert_eq!(store.head(&t).await.unwrap().size, 1);
    for store in [store, other] {
        store.close().await;
    }
}

/// Another process may put something under a key between the look and the erasure, that is found by
/// nothing, take away what was seen, or encrypt what stays under what is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn what_another_process_changed_meanwhile_is_looked_at_again() {
    let place = Cluster::shared().new_place().await;
    let (store, other) = (open(&place).await, open(&place).await);
    let t = tenant("default");
    let about = |number: u64| {
        let whom = json!([{"type": "person", "id": "7"}]);
        let body = json!({"entities": whom, "inputs": {"n": number}});
        prepared(Draft::new(id(number), context(body)))
    };
    store.append(&t, &[about(1)], time(1)).await.unwrap();
    let row = store.read(&t, &[0]).await.unwrap().remove(0);
    let keys: Vec<KeyId> = row.key_ids().collect();
    let removal = |number: u64, size: u64| Removal {
        slots: row.owned_slots().map(|slot| (0, slot)).collect(),
        keys: keys.clone(),
        lookups: Vec::new(),
        relocked: Vec::new(),
        new_keys: Vec::new(),
        looked_through: LookedThrough {
            keys: BTreeSet::new(),
            size,
        },
        record: small(number),
    };
    other.append(&t, &[about(2)], time(1)).await.unwrap();
    let late = other.read(&t, &[1]).await.unwrap().remove(0);
    assert!(late.key_ids().any(|key| keys.contains(&key)));
    let erased = store.erase(&t, &removal(8, 1), time(2)).await.unwrap();
    assert_eq!(erased, None);

    let mut whole = removal(8, 2);
    whole.slots.extend(late.owned_slots().map(|slot| (1, slot)));
    assert!(store.erase(&t, &whole, time(2)).await.unwrap().is_some());
    // What is gone is not taken away a second time.
    let again = Removal {
        keys: Vec::new(),
        ..removal(9, 3)
    };
    assert_eq!(other.erase(&t, &again, time(3)).await.unwrap(), None);

    // What is to stay is under a key that the other one took away.
    store
        .append(&t, &[about_another(3)], time(3))
        .await
        .unwrap();
    let kept = store.read(&t, &[3]).await.unwrap().remove(0);
    let slot = kept.owned_slots().next().unwrap();
    let bytes = row.slots.iter().find(|it| it.slot == slot).unwrap();
    let stale = Removal {
        slots: Vec::new(),
        keys: kept.key_ids().collect(),
        relocked: vec![Relocked {
            log_index: 3,
            slot,
            bytes: bytes.bytes.clone(),
        }],
        ..removal(9, 4)
    };
    assert_eq!(other.erase(&t, &stale, time(4)).await.unwrap(), None);
    assert_eq!(store.read(&t, &[3]).await.unwrap().remove(0), kept);
    assert_eq!(store.head(&t).await.unwrap().size, 4);
    for store in [store, other] {
        store.close().await;
    }
}

fn about_another(number: u64) -> Prepared {
    let whom = json!([{"type": "person", "id": "8"}]);
    prepared(Draft::new(id(number), context(json!({"entities": whom}))))
}

/// As when a standby takes over that lacked the newest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_log_that_went_back_is_not_gone_on_with() {
    let cluster = Cluster::shared();
    let place = cluster.new_place().await;
    let store = open(&place).await;
    let t = tenant("default");
    store
        .append(&t, &[small(1), small(2)], time(1))
        .await
        .unwrap();
    let earlier = store.head(&t).await.unwrap();
    store.append(&t, &[small(3)], time(1)).await.unwrap();
    let schema = place
        .to_string()
        .split_once("schema=")
        .unwrap()
        .1
        .to_owned();
    let mut connection = cluster.connect(&schema).await;
    sqlx::query("update head set size = 2, root = $1")
        .bind(earlier.root.to_vec())
        .execute(&mut connection)
        .await
        .unwrap();
    for table in ["record", "slot", "lookup"] {
        let sql = format!("delete from {table} where log_index = 2");
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let error = store.append(&t, &[small(4)], time(1)).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::RolledBack {
                known: 3,
                found: 2,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(store.head(&t).await.unwrap().size, 2);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_socket_serves_as_well_as_an_address() {
    let cluster = Cluster::shared();
    let schema = Cluster::new_schema();
    let place = PostgresPlace::parse(&cluster.socket_url(&schema)).unwrap();
    PostgresStore::migrate(&place, crate::sample::trail_id())
        .await
        .unwrap();
    for url in [cluster.socket_url(&schema), cluster.url(&schema)] {
        let store = open(&PostgresPlace::parse(&url).unwrap()).await;
        let size = store.head(&tenant("default")).await.unwrap().size;
        for group in 0..10 {
            let from = 10_000 * (size + 1) + 300 * group;
            let batch: Vec<Prepared> = (from..from + 256).map(small).collect();
            store
                .append(&tenant("default"), &batch, time(1))
                .await
                .unwrap();
        }
        is_whole(&store).await;
        store.close().await;
    }
}
