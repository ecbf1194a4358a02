//! Recording without passing the capture down the call stack.

use contextrail::capture::{
    FeatureRequest, FeatureSource, JoinSet, Recorded, RetrievalRequest, Retriever, ambient, spawn,
    spawn_blocking, unscoped_calls,
};
use contextrail::record::{FeatureStatus, Name};

use super::feature::Features;
use super::retrieval::Policies;
use super::sink::KeptDrafts;
use super::{entity, loan, only};

fn ask(name: &str) -> FeatureRequest {
    FeatureRequest::new(Name::new(name).unwrap(), entity("applicant:user_456"))
}

#[tokio::test]
async fn the_scope_is_kept_by_spawned_work() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    assert!(ambient().is_none());
    cx.scope(async {
        spawn(async {
            ambient().unwrap().item("a", "spawned").required();
        })
        .await
        .unwrap();
        spawn_blocking(|| {
            ambient().unwrap().item("b", "blocking").required();
        })
        .await
        .unwrap();
        let mut set = JoinSet::new();
        set.spawn(async { ambient().is_some() });
        set.spawn_blocking(|| ambient().is_some());
        while let Some(inside) = set.join_next().await {
            assert!(inside.unwrap());
        }
        assert!(tokio::spawn(async { ambient().is_none() }).await.unwrap());
    })
    .await;
    assert_eq!(cx.assemble().await.unwrap().text(), "spawned\n\nblocking");
}

#[tokio::test]
async fn wrapped_sources_record_direct_calls_once() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let (features, policies) = (Recorded::new(Features), Recorded::new(Policies));
    cx.scope(async {
        let answer = features.fetch(&ask("credit_score")).await.unwrap();
        assert_eq!(answer.value, Some(720.into()));
        let error = features.fetch(&ask("down")).await.unwrap_err();
        assert_eq!(error.to_string(), "connection refused");
        let mut request = RetrievalRequest::new(Name::new("policy_docs").unwrap(), "rules");
        request.top_k = Some(2);
        assert_eq!(policies.retrieve(&request).await.unwrap().len(), 2);
    })
    .await;
    cx.feature("segment", "user_456")
        .fetch(&features)
        .await
        .unwrap();
    cx.assemble().await.unwrap();
    let context = only(&sink);
    let statuses: Vec<_> = context.features.iter().map(|f| f.status).collect();
    assert_eq!(
        statuses,
        [FeatureStatus::Ok, FeatureStatus::Failed, FeatureStatus::Ok]
    );
    assert_eq!(context.features[0].freshness_ms, Some(5_000));
    assert_eq!(context.retrievals[0].results.len(), 2);
    assert!(context.retrievals[0].index.is_some());
}

#[tokio::test]
async fn calls_outside_a_scope_are_made_and_counted() {
    let before = unscoped_calls();
    let answer = Recorded::new(Features)
        .fetch(&ask("segment"))
        .await
        .unwrap();
    assert_eq!(answer.value, Some("seg-1".into()));
    assert!(unscoped_calls() > before);
}
