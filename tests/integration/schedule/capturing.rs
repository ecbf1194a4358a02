//! A whole flow of an application, given up at every place where it waits: its context is one record.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contextrail::assembly::Budget;
use contextrail::capture::{
    BoxError, Document, FeatureAnswer, FeatureRequest, FeatureSource, RetrievalRequest, Retriever,
};
use contextrail::record::{ContextStatus, Kind, RetrieverClass};
use contextrail::trail::{Answer, Search, Stored, Trail};

use super::cut::{Cut, CutOff, cuts};
use super::disk::{Disk, SimStore};
use super::recording::options;
use super::seed::{Chance, Named, on_simulated_time};

/// Something outside that takes its time.
struct Slow;

impl Slow {
    async fn wait() {
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

#[async_trait]
impl FeatureSource for Slow {
    async fn fetch(&self, _: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        Self::wait().await;
        Ok(FeatureAnswer::value(720))
    }
}

#[async_trait]
impl Retriever for Slow {
    fn class(&self) -> RetrieverClass {
        RetrieverClass::Shared
    }

    async fn retrieve(&self, _: &RetrievalRequest) -> Result<Vec<Document>, BoxError> {
        Self::wait().await;
        Ok(vec![Document::new("doc_1", "Rule 1.")])
    }
}

/// How the application takes its context.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Taking {
    /// When it is recorded.
    Assembled,
    /// At once.
    Prepared,
}

async fn flow(trail: Trail, taking: Taking) -> Result<(), BoxError> {
    let mut cx = trail
        .context("loan_decision")
        .entity("applicant", "user_456")
        .budget(Budget::tokens(1_000))
        .begin();
    let score = cx.feature("credit_score", "user_456").fetch(&Slow).await?;
    cx.item("score", format!("Credit score: {score}"))
        .required();
    let rules = cx.retrieve("policy_docs", "eligibility").run(&Slow).await?;
    cx.items("policy", &rules);
    let decision = trail.decide("loan_application", 1).outcome("approved");
    let decision = decision.generation(Answer::new("gpt-4o", "yes"));
    let decision = match taking {
        Taking::Assembled => decision.from_context(&cx.assemble().await?),
        Taking::Prepared => decision.from_prepared(cx.prepare().await?),
    };
    decision.commit().await?;
    Ok(())
}

async fn all(trail: &Trail, kind: Kind) -> Vec<Stored> {
    let search = Search {
        kind: Some(kind),
        ..Search::default()
    };
    let found = trail.search(search).await.unwrap().all().await;
    found.unwrap()
}

/// Gives the flow up where `cut` says; whether it ended before that.
async fn give_up(taking: Taking, cut: Cut) -> bool {
    let disk = Disk {
        slowest_ms: 30,
        ..Disk::default()
    };
    let store = SimStore::new(Chance::new(4), disk);
    let opened = options().open_on(Arc::clone(&store) as _, None).await;
    let trail = opened.unwrap();
    let ended = CutOff::new(flow(trail.clone(), taking), cut).await;
    let is_whole = ended.is_some();
    if let Some(Err(error)) = ended {
        panic!("{error}");
    }
    trail.close().await;
    store.disk().slowest_ms = 0;
    let contexts = all(&trail, Kind::Context).await;
    assert_eq!(contexts.len(), usize::from(cut.polls > 0));
    let generations = all(&trail, Kind::Generation).await;
    let decisions = all(&trail, Kind::Decision).await;
    assert!(decisions.len() <= generations.len() && generations.len() <= 1);
    let status = contexts.first().and_then(|it| Some(it.context()?.status));
    if is_whole {
        assert_eq!((status, decisions.len()), (Some(ContextStatus::Sealed), 1));
    }
    let is_sealed = status == Some(ContextStatus::Sealed);
    assert!(
        is_sealed || generations.is_empty(),
        "an answer to {status:?}"
    );
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert!(verified.ok, "{:?}", verified.verification.findings);
    is_whole
}

fn is_given_up_everywhere(taking: Taking) {
    for polls in 0..2_000 {
        let mut ended = true;
        for cut in cuts(polls) {
            let _named = Named(format!("{taking:?} given up: {cut:?}"));
            ended &= on_simulated_time(give_up(taking, cut));
        }
        if ended {
            return assert!(polls > 5, "the flow hardly waits");
        }
    }
    panic!("the flow never ends");
}

#[test]
fn a_context_that_is_assembled_is_one_record() {
    is_given_up_everywhere(Taking::Assembled);
}

#[test]
fn a_context_that_is_prepared_is_one_record() {
    is_given_up_everywhere(Taking::Prepared);
}
