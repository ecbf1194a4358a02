//! Finding records by id, key, kind and time.

use std::sync::Arc;

use contextrail::record::{Draft, Kind, UsedRef};
use contextrail::store::{Find, Handle, IdPrefix, KeyRange, Prepared, Store};
use serde_json::json;

use crate::sample::{context, decision, entity, id, prepared, tenant, time, vault};

fn about(number: u64, seconds: i64, whom: &str) -> Prepared {
    let whom = entity(whom);
    let body = context(json!({"created_at": time(seconds), "entities": [whom]}));
    prepared(Draft::new(id(number), body))
}

fn using(number: u64, feature: &str, version: &str) -> Prepared {
    let feature = json!({"name": feature, "version": version, "source": "compute",
                         "status": "ok", "fetched_at": time(0)});
    prepared(Draft::new(
        id(number),
        context(json!({"features": [feature]})),
    ))
}

fn by(keys: Vec<KeyRange>) -> Find {
    Find {
        keys,
        ..Find::default()
    }
}

fn key_of(whom: &str) -> KeyRange {
    Handle::Entity(entity(whom)).search(&vault()).unwrap()
}

fn used(text: &str) -> KeyRange {
    let used: UsedRef = text.parse().unwrap();
    Handle::search_used(&used).search(&vault()).unwrap()
}

pub(super) async fn ids_are_located_by_prefix_lowest_first(store: Arc<dyn Store>) {
    let t = tenant("t");
    let batch = [about(5, 0, "a:1"), about(1, 0, "a:1"), about(3, 0, "a:1")];
    store.append(&t, &batch, time(1)).await.unwrap();
    let all = IdPrefix {
        first: [0; 16],
        last: [0xff; 16],
    };
    let located = store.locate(&t, all, 9).await.unwrap();
    let found: Vec<_> = located.iter().map(|it| (it.id, it.log_index)).collect();
    assert_eq!(found, [(id(1), 1), (id(3), 2), (id(5), 0)]);
    assert_eq!(store.locate(&t, all, 2).await.unwrap().len(), 2);
    assert!(store.locate(&t, id(2).into(), 9).await.unwrap().is_empty());
    let located = store.locate(&t, id(3).into(), 9).await.unwrap();
    assert_eq!(located[0].log_index, 2);
}

pub(super) async fn records_are_found_by_key(store: Arc<dyn Store>) {
    let t = tenant("t");
    let batch = [about(1, 0, "a:1"), about(2, 0, "a:2"), about(3, 0, "a:1")];
    store.append(&t, &batch, time(1)).await.unwrap();
    let found = store.find(&t, &by(vec![key_of("a:1")]), 9).await.unwrap();
    assert_eq!(found, [2, 0]);
    let found = store.find(&t, &by(vec![key_of("a:3")]), 9).await.unwrap();
    assert!(found.is_empty());
}

pub(super) async fn records_are_found_by_a_range_of_keys(store: Arc<dyn Store>) {
    let t = tenant("t");
    let batch = [
        using(1, "score", "1"),
        using(2, "score", "2"),
        using(3, "income", "1"),
    ];
    store.append(&t, &batch, time(1)).await.unwrap();
    let find = |text: &str| by(vec![used(text)]);
    assert_eq!(
        store.find(&t, &find("feature:score"), 9).await.unwrap(),
        [1, 0]
    );
    assert_eq!(
        store.find(&t, &find("feature:score@2"), 9).await.unwrap(),
        [1]
    );
    assert!(
        store
            .find(&t, &find("feature:score@3"), 9)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(super) async fn every_key_given_has_to_fit(store: Arc<dyn Store>) {
    let t = tenant("t");
    let both = context(json!({"entities": [entity("a:1"), entity("a:2")]}));
    let batch = [
        about(1, 0, "a:1"),
        prepared(Draft::new(id(2), both)),
        about(3, 0, "a:2"),
    ];
    store.append(&t, &batch, time(1)).await.unwrap();
    let name = Handle::Name("loan_decision".parse().unwrap())
        .search(&vault())
        .unwrap();
    for keys in [
        vec![key_of("a:1"), key_of("a:2")],
        vec![name, key_of("a:2"), key_of("a:1")],
    ] {
        assert_eq!(store.find(&t, &by(keys), 9).await.unwrap(), [1]);
    }
    let other = Handle::Name("other".parse().unwrap())
        .search(&vault())
        .unwrap();
    let find = by(vec![key_of("a:1"), other]);
    assert!(store.find(&t, &find, 9).await.unwrap().is_empty());
}

pub(super) async fn records_are_found_by_kind(store: Arc<dyn Store>) {
    let t = tenant("t");
    let whom = json!({"entities": [entity("a:1")]});
    let batch = [
        about(1, 0, "a:1"),
        prepared(Draft::new(id(2), decision(whom))),
        about(3, 0, "a:1"),
    ];
    store.append(&t, &batch, time(1)).await.unwrap();
    for keys in [vec![], vec![key_of("a:1")]] {
        let find = |kind| Find {
            kind: Some(kind),
            ..by(keys.clone())
        };
        assert_eq!(
            store.find(&t, &find(Kind::Context), 9).await.unwrap(),
            [2, 0]
        );
        assert_eq!(store.find(&t, &find(Kind::Decision), 9).await.unwrap(), [1]);
        assert!(
            store
                .find(&t, &find(Kind::Review), 9)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

pub(super) async fn time_bounds_include_the_first_and_exclude_the_last(store: Arc<dyn Store>) {
    let t = tenant("t");
    // Times do not follow the order of the log.
    let batch = [
        about(1, 30, "a:1"),
        about(2, 10, "a:1"),
        about(3, 40, "a:2"),
        about(4, 20, "a:1"),
    ];
    store.append(&t, &batch, time(1)).await.unwrap();
    let find = |since: Option<i64>, until: Option<i64>, keys: &[KeyRange]| Find {
        since: since.map(time),
        until: until.map(time),
        ..by(keys.to_vec())
    };
    let cases: [(_, _, &[KeyRange], &[u64]); 6] = [
        (Some(20), Some(40), &[], &[3, 0]),
        (Some(20), None, &[], &[3, 2, 0]),
        (None, Some(20), &[], &[1]),
        (Some(41), None, &[], &[]),
        (Some(40), Some(40), &[], &[]),
        (Some(20), None, &[key_of("a:1")], &[3, 0]),
    ];
    for (since, until, keys, expected) in cases {
        let found = store.find(&t, &find(since, until, keys), 9).await.unwrap();
        assert_eq!(found, expected, "{since:?} to {until:?}");
    }
}

pub(super) async fn newest_come_first_up_to_the_limit_and_before_an_index(store: Arc<dyn Store>) {
    let t = tenant("t");
    let batch: Vec<Prepared> = (0..10).map(|at| about(at, 0, "a:1")).collect();
    store.append(&t, &batch, time(1)).await.unwrap();
    let searches = [
        by(vec![]),
        by(vec![key_of("a:1")]),
        Find {
            since: Some(time(0)),
            ..Find::default()
        },
        Find {
            kind: Some(Kind::Context),
            ..Find::default()
        },
    ];
    for find in searches {
        assert_eq!(store.find(&t, &find, 3).await.unwrap(), [9, 8, 7]);
        let before = |index| Find {
            before: Some(index),
            ..find.clone()
        };
        assert_eq!(store.find(&t, &before(2), 9).await.unwrap(), [1, 0]);
        assert_eq!(store.find(&t, &before(100), 1).await.unwrap(), [9]);
        assert_eq!(store.find(&t, &before(u64::MAX), 1).await.unwrap(), [9]);
        assert!(store.find(&t, &before(0), 9).await.unwrap().is_empty());
        assert!(store.find(&t, &find, 0).await.unwrap().is_empty());
    }
}

pub(super) async fn nothing_is_missed_across_bucket_borders(store: Arc<dyn Store>) {
    let t = tenant("t");
    let template = about(0, 0, "a:even");
    let odd = about(0, 0, "a:odd");
    for start in (0..9_000_u64).step_by(1_000) {
        let batch: Vec<Prepared> = (start..start + 1_000)
            .map(|number| Prepared {
                id: id(number),
                at: time(i64::try_from(number).unwrap()),
                ..if number % 2 == 0 {
                    template.clone()
                } else {
                    odd.clone()
                }
            })
            .collect();
        store.append(&t, &batch, time(1)).await.unwrap();
    }
    let all: Vec<u64> = (0..9_000).rev().collect();
    let odd: Vec<u64> = all.iter().copied().filter(|it| it % 2 == 1).collect();
    let find = by(vec![key_of("a:odd")]);
    assert_eq!(store.find(&t, &find, 10_000).await.unwrap(), odd);
    assert_eq!(store.find(&t, &Find::default(), 10_000).await.unwrap(), all);
    for border in [4_095, 4_096, 4_097, 8_191, 8_192, 8_193] {
        let before = Find {
            before: Some(border),
            ..find.clone()
        };
        let expected: Vec<u64> = odd
            .iter()
            .copied()
            .filter(|it| *it < border)
            .take(5)
            .collect();
        assert_eq!(store.find(&t, &before, 5).await.unwrap(), expected);
    }
    let timed = Find {
        since: Some(time(4_090)),
        until: Some(time(4_100)),
        ..Find::default()
    };
    let expected: Vec<u64> = (4_090..4_100).rev().collect();
    assert_eq!(store.find(&t, &timed, 100).await.unwrap(), expected);
    let keyed = Find {
        keys: find.keys,
        ..timed
    };
    assert_eq!(
        store.find(&t, &keyed, 100).await.unwrap(),
        [4_099, 4_097, 4_095, 4_093, 4_091]
    );
}
