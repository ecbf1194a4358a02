//! Queries.

use contextrail::record::{FreshnessStatus, Kind, RecordId, UsedRef};
use contextrail::trail::{ContextFilter, Trail, TrailError};
use serde_json::json;

use super::{decide, record};
use crate::sample::{entity, id, time};

pub(super) async fn history_is_in_the_order_of_time(trail: Trail) {
    record(
        &trail,
        1,
        json!({"entities": [entity("a:1")], "created_at": time(50)}),
    )
    .await;
    record(
        &trail,
        2,
        json!({"entities": [entity("a:1")], "created_at": time(20)}),
    )
    .await;
    record(&trail, 3, json!({"entities": [entity("a:2")]})).await;
    let decision = decide(&trail, id(1), "declined").await;
    trail
        .review(decision)
        .by("officer_7")
        .reject("no")
        .await
        .unwrap();
    trail
        .outcome_of(decision, "appealed")
        .at(time(2_000))
        .commit()
        .await
        .unwrap();
    let events = trail.history(&entity("a:1")).await.unwrap();
    let kinds: Vec<Kind> = events.iter().map(|it| it.stored.record().kind()).collect();
    assert_eq!(
        kinds,
        [
            Kind::Context,
            Kind::Context,
            Kind::Decision,
            Kind::Review,
            Kind::Outcome
        ]
    );
    assert_eq!(events[0].stored.id(), id(2));
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(events.iter().all(|it| !it.summary().is_empty()));
    assert!(trail.history(&entity("a:3")).await.unwrap().is_empty());
}

pub(super) async fn an_entity_only_in_a_feature_has_a_history(trail: Trail) {
    let feature = json!({"name": "score", "entity": "applicant:9", "value": 1, "source": "compute",
                         "status": "ok", "fetched_at": time(0)});
    record(&trail, 1, json!({"features": [feature]})).await;
    decide(&trail, id(1), "approved").await;
    let events = trail.history(&entity("applicant:9")).await.unwrap();
    assert!(!events.is_empty(), "the context is not found");
    assert_eq!(events.len(), 2, "its decision is not found");
}

async fn found(trail: &Trail, filter: ContextFilter) -> Vec<RecordId> {
    let found = trail.contexts(filter).await.unwrap().all().await.unwrap();
    found.iter().map(contextrail::trail::Stored::id).collect()
}

pub(super) async fn contexts_are_found_by_every_filter(trail: Trail) {
    let results =
        json!([{"rank": 1, "document": "doc", "chunk": "c1", "version": "7", "used": "unused"}]);
    record(
        &trail,
        1,
        json!({
            "name": "wanted", "status": "refused", "environment": "production",
            "created_at": time(100), "entities": [entity("a:1")],
            "freshness": {"status": "degraded", "violations": []},
            "retrievals": [{"retriever": "r", "query": "q", "status": "ok", "results": results}],
        }),
    )
    .await;
    record(&trail, 2, json!({})).await;
    decide(&trail, id(1), "approved").await;
    let all = ContextFilter::default;
    let filters = [
        ContextFilter {
            name: Some("wanted".parse().unwrap()),
            ..all()
        },
        ContextFilter {
            status: Some(contextrail::record::ContextStatus::Refused),
            ..all()
        },
        ContextFilter {
            environment: Some("production".parse().unwrap()),
            ..all()
        },
        ContextFilter {
            since: Some(time(100)),
            ..all()
        },
        ContextFilter {
            entity: Some(entity("a:1")),
            ..all()
        },
        ContextFilter {
            freshness: Some(FreshnessStatus::Degraded),
            ..all()
        },
        ContextFilter {
            decision: Some(entity("loan_application:12345")),
            ..all()
        },
        ContextFilter {
            used: Some("document:doc".parse().unwrap()),
            ..all()
        },
        ContextFilter {
            used: Some("document:doc#c1".parse().unwrap()),
            ..all()
        },
        ContextFilter {
            used: Some("document:doc#c1@7".parse().unwrap()),
            ..all()
        },
        ContextFilter {
            used: Some("document:doc@7".parse().unwrap()),
            ..all()
        },
        ContextFilter {
            after: None,
            until: Some(time(101)),
            since: Some(time(1)),
            ..all()
        },
    ];
    for filter in filters {
        assert_eq!(found(&trail, filter.clone()).await, [id(1)], "{filter:?}");
    }
    let nothing = [
        ContextFilter {
            used: Some("document:doc@8".parse().unwrap()),
            ..all()
        },
        ContextFilter {
            used: Some("document:doc#c2".parse().unwrap()),
            ..all()
        },
        ContextFilter {
            entity: Some(entity("a:2")),
            ..all()
        },
        ContextFilter {
            until: Some(time(100)),
            since: Some(time(1)),
            ..all()
        },
        ContextFilter {
            name: Some("wanted".parse().unwrap()),
            entity: Some(entity("a:2")),
            ..all()
        },
    ];
    for filter in nothing {
        assert!(found(&trail, filter.clone()).await.is_empty(), "{filter:?}");
    }
    assert_eq!(found(&trail, all()).await, [id(2), id(1)]);
    assert_eq!(
        found(
            &trail,
            ContextFilter {
                until: Some(time(100)),
                ..all()
            }
        )
        .await,
        [id(2)]
    );
}

pub(super) async fn pages_go_on_behind_a_record(trail: Trail) {
    for number in 1..=150 {
        record(&trail, number, json!({"entities": [entity("a:1")]})).await;
    }
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let filter = ContextFilter {
            entity: Some(entity("a:1")),
            after,
            ..ContextFilter::default()
        };
        let page = trail
            .contexts(filter)
            .await
            .unwrap()
            .take(40)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id());
        seen.extend(page.iter().map(contextrail::trail::Stored::log_index));
    }
    assert_eq!(seen, (0..150).rev().collect::<Vec<u64>>());
    let unknown = ContextFilter {
        after: Some(id(999)),
        ..ContextFilter::default()
    };
    let error = trail.contexts(unknown).await.unwrap_err();
    assert!(matches!(error, TrailError::NotFound { .. }), "{error}");
}

pub(super) async fn used_finds_contexts_and_their_decisions(trail: Trail) {
    let feature = |version: &str| {
        json!([{"name": "score", "version": version, "source": "compute",
                                          "status": "ok", "fetched_at": time(0)}])
    };
    record(
        &trail,
        1,
        json!({
            "features": feature("1"), "template": {"name": "prompt", "version": "2"},
            "model": {"name": "gpt-4o"},
            "guardrails": [{"name": "pii", "version": "3", "stage": "input", "verdict": "pass",
                            "policy": {"name": "privacy", "version": "4"}}],
            "retrievals": [{"retriever": "r", "query": "q", "status": "empty",
                            "index": {"name": "policies", "version": "s1"}}],
        }),
    )
    .await;
    record(&trail, 2, json!({"features": feature("2")})).await;
    let decision = RecordId::from(decide(&trail, id(1), "approved").await);
    let used = async |text: &str| {
        let used: UsedRef = text.parse().unwrap();
        let found = trail.used(&used, None, 50).await.unwrap();
        found
            .iter()
            .map(contextrail::trail::Stored::id)
            .collect::<Vec<_>>()
    };
    assert_eq!(used("feature:score").await, [decision, id(2), id(1)]);
    assert_eq!(used("feature:score@2").await, [id(2)]);
    for text in [
        "template:prompt@2",
        "template:prompt",
        "model:gpt-4o",
        "guardrail:pii@3",
        "policy:privacy@4",
        "index:policies@s1",
    ] {
        assert_eq!(used(text).await, [decision, id(1)], "{text}");
    }
    for text in [
        "template:prompt@3",
        "feature:prompt",
        "model:gpt",
        "index:policies@s2",
    ] {
        assert!(used(text).await.is_empty(), "{text}");
    }
}

pub(super) async fn prefixes_are_resolved_or_say_why_not(trail: Trail) {
    record(&trail, 1, json!({})).await;
    record(&trail, 2, json!({})).await;
    let whole = id(1).to_string();
    assert_eq!(trail.resolve(&whole).await.unwrap(), id(1));
    assert_eq!(trail.resolve(&whole[..35]).await.unwrap(), id(1));
    let ambiguous = trail.resolve(&whole[..8]).await.unwrap_err();
    assert!(
        matches!(ambiguous, TrailError::Ambiguous { .. }),
        "{ambiguous}"
    );
    let missing = trail.resolve("00000000").await.unwrap_err();
    assert!(matches!(missing, TrailError::NotFound { .. }), "{missing}");
    for malformed in [
        "",
        "0194",
        "zzzzzzzz",
        "../../etc/passwd",
        "'; DROP TABLE x",
    ] {
        let error = trail.resolve(malformed).await.unwrap_err();
        assert!(matches!(error, TrailError::Invalid(_)), "{error}");
    }
}
