use std::sync::Arc;

use contextrail::record::{
    Automation, Completeness, Context, ContextStatus, Kind, ManualClock, Section,
};
use contextrail::trail::{ContextFilter, Search, Stored, TrailOptions};

use super::*;

async fn trail() -> Trail {
    let now = "2026-11-22T18:42:30Z".parse().unwrap();
    let options = TrailOptions::new().clock(Arc::new(ManualClock::new(now)));
    options.open_in_memory().await.unwrap()
}

async fn ran(trail: &Trail, count: usize) -> Summary {
    run(trail, count, &Answerer::Rules, &mut |_| ())
        .await
        .unwrap()
}

async fn of_kind(trail: &Trail, kind: Kind) -> Vec<Stored> {
    let search = Search {
        kind: Some(kind),
        ..Search::default()
    };
    trail.search(search).await.unwrap().all().await.unwrap()
}

async fn contexts(trail: &Trail) -> Vec<Context> {
    let found = trail.contexts(ContextFilter::default()).await.unwrap();
    let found = found.all().await.unwrap();
    found
        .iter()
        .map(|it| it.context().unwrap().clone())
        .collect()
}

#[tokio::test]
async fn twenty_applicants_make_twenty_contexts_and_one_decision_more() {
    let trail = trail().await;
    ran(&trail, 20).await;
    for (kind, count) in [
        (Kind::Context, 20),
        (Kind::Generation, 20),
        (Kind::Decision, 21),
        (Kind::Review, 1),
    ] {
        assert_eq!(of_kind(&trail, kind).await.len(), count, "{kind}");
    }
    assert!(!of_kind(&trail, Kind::Outcome).await.is_empty());
}

#[tokio::test]
async fn every_section_is_filled_and_the_budget_cuts() {
    let trail = trail().await;
    ran(&trail, 20).await;
    for context in contexts(&trail).await {
        assert_eq!(context.status, ContextStatus::Sealed);
        assert_eq!(context.capture.warnings, Vec::<String>::new());
        for section in Section::ALL {
            let completeness = context.capture.sections.of(section);
            let filled = [Completeness::Complete, Completeness::Redacted];
            assert!(
                filled.contains(&completeness),
                "{section:?} {completeness:?}"
            );
        }
        let cuts = Cuts::of(&context.assembly.unwrap().items);
        assert!(cuts.dropped > 0 && cuts.included > 15, "{cuts:?}");
    }
}

#[tokio::test]
async fn most_contexts_have_a_truncated_policy_and_some_are_not_fresh() {
    let summary = ran(&trail().await, 20).await;
    let truncated = summary.counted(|case| case.cuts().truncated > 0);
    let fresh = summary.counted(Case::is_fresh);
    assert!(truncated > 10, "{truncated}");
    assert!((5..=15).contains(&fresh), "{fresh}");
}

#[tokio::test]
async fn no_contact_details_are_in_any_text() {
    let summary = ran(&trail().await, 20).await;
    for case in &summary.cases {
        let text = case.context.text();
        assert!(
            !text.contains("@post.example") && !text.contains("+49"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_override_takes_the_place_of_a_decision_and_is_seen_on_both() {
    let trail = trail().await;
    let summary = ran(&trail, 20).await;
    let overridden = summary.overridden.unwrap();
    let views = trail.decisions_on(&overridden.application).await.unwrap();
    let [new, old] = &*views else {
        panic!("{views:?}")
    };
    assert_eq!(new.decision.id(), overridden.new_decision.into());
    assert_eq!(old.superseded_by, Some(overridden.new_decision));
    assert_eq!(old.reviews.len(), 1);
}

#[tokio::test]
async fn an_override_is_kept_and_governed_as_the_decision_it_replaces() {
    let trail = trail().await;
    let overridden = ran(&trail, 20).await.overridden.unwrap();
    let views = trail.decisions_on(&overridden.application).await.unwrap();
    let [new, old] = [0, 1].map(|at: usize| views[at].decision.decision().unwrap());
    assert_eq!(new.retention, old.retention);
    assert_eq!(new.governed_by, old.governed_by);
    assert_eq!(new.risk_tier, old.risk_tier);
    assert_eq!(new.automation, Some(Automation::None));
    assert_eq!(old.decided_by.id.as_str(), "loan-api");
}

#[tokio::test]
async fn the_history_of_an_applicant_goes_from_context_to_letter_to_decision() {
    let trail = Trail::open("sqlite::memory:").await.unwrap();
    let summary = ran(&trail, 1).await;
    let history = trail.history(&summary.cases[0].applicant).await.unwrap();
    let kinds: Vec<Kind> = history.iter().map(|it| it.stored.record().kind()).collect();
    let expected = [
        Kind::Context,
        Kind::Generation,
        Kind::Decision,
        Kind::Outcome,
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn a_second_run_adds_history() {
    let trail = trail().await;
    let first = ran(&trail, 3).await;
    ran(&trail, 3).await;
    assert_eq!(contexts(&trail).await.len(), 6);
    let decisions = trail.decisions_on(&first.cases[0].application).await;
    assert_eq!(decisions.unwrap().len(), 2);
}

#[tokio::test]
async fn a_hundred_applications_can_be_decided() {
    let trail = trail().await;
    let summary = ran(&trail, 100).await;
    assert_eq!(summary.cases.len(), 100);
}

#[tokio::test]
async fn no_applicant_and_more_than_there_are_is_refused() {
    let trail = trail().await;
    for count in [0, 1_001] {
        let error = run(&trail, count, &Answerer::Rules, &mut |_| ()).await;
        assert!(matches!(error, Err(FlowError::Count { known: 1_000, .. })));
    }
    assert!(contexts(&trail).await.is_empty());
}

#[tokio::test]
async fn the_account_names_the_trail_in_every_command() {
    let summary = ran(&trail().await, 20).await;
    let account = summary
        .account(Some("sqlite://loan_decision.db"))
        .to_string();
    let named = account.matches("--trail sqlite://loan_decision.db").count();
    assert_eq!(named, 3, "{account}");
    assert!(!summary.account(None).to_string().contains("--trail"));
}
