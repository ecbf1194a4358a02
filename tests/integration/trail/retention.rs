//! Retention carried out: what goes, what stays, and what says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contextrail::record::{
    Body, Draft, Expiry, HoldTarget, Kind, Name, RecordId, Retention, RetentionAction,
    RetentionPolicy, Timestamp,
};
use contextrail::trail::{Answer, Expired, PlanState, Search, Trail, TrailError};
use serde_json::{Value, json};

use super::hold::{DAY, hold_on, people};
use super::record;
use crate::sample::{context, decision, entity, id, time};

/// A policy with the class `short`, that goes at once, and `long`, `stored`, `counted`, `held`.
pub(super) fn policy(version: &str) -> RetentionPolicy {
    let members = json!({"name": "house", "version": version, "classes": {
        "short": {"floor_days": 0, "action": "erase"},
        "counted": {"floor_days": 0, "action": "aggregate"},
        "stored": {"floor_days": 0, "action": "archive"},
        "forever": {"floor_days": 0, "action": "keep"},
        "long": {"floor_days": 100, "ceiling_days": 200, "action": "erase"},
    }});
    serde_json::from_value(members).unwrap()
}

/// A context about `whom` of a class, with a value of theirs.
pub(super) fn about(whom: &str, class: &str) -> Value {
    json!({"entities": [{"type": "applicant", "id": whom}], "inputs": {"income": 4_100},
        "retention": {"class": class}, "use_case": "credit@1"})
}

async fn put(trail: &Trail) -> RetentionPolicy {
    trail.put_retention_policy(policy("1")).await.unwrap();
    policy("1")
}

async fn apply(trail: &Trail) -> Expired {
    let policy = trail.retention_policy().await.unwrap();
    trail
        .retention_apply(time(1_000), &policy, None)
        .await
        .unwrap()
}

/// Whether any value of anybody is left in the record.
async fn is_whole(trail: &Trail, id: RecordId) -> bool {
    let stored = trail.read(id).await.unwrap().unwrap();
    stored.withheld().is_empty()
}

async fn states(trail: &Trail) -> BTreeMap<RecordId, PlanState> {
    let policy = trail.retention_policy().await.unwrap();
    let plan = trail.retention_plan(time(1_000), &policy).await.unwrap();
    plan.lines.iter().map(|it| (it.id, it.state)).collect()
}

/// The records of what went, oldest first.
pub(crate) async fn expiries(trail: &Trail) -> Vec<(u64, Expiry)> {
    let search = Search {
        kind: Some(Kind::Retention),
        ..Search::default()
    };
    let found = trail.search(search).await.unwrap().all().await.unwrap();
    let expiries = found.iter().rev().map(|it| match &it.record().body {
        Body::Retention(expiry) => (it.log_index(), Expiry::clone(expiry)),
        other => panic!("{other:?}"),
    });
    expiries.collect()
}

async fn assert_nothing_is_wrong(trail: &Trail) {
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    let findings = verified.verification.findings;
    assert!(findings.is_empty(), "{findings:?}");
}

pub(super) async fn what_is_due_loses_its_values_and_a_record_says_so(trail: Trail) {
    let gone = record(&trail, 1, about("1", "short")).await;
    let shared = json!({"retriever": "docs", "class": "shared", "query": "eligibility", "status": "ok",
        "fetched_at": time(0), "latency_us": 1,
        "results": [{"document": "policy_7", "version": "1", "rank": 1, "used": "unused"}]});
    let mut with_document = about("1", "short");
    with_document["retrievals"] = json!([shared]);
    let documented = record(&trail, 2, with_document).await;
    let kept = record(&trail, 3, about("2", "long")).await;
    let unclassed = record(&trail, 4, json!({"inputs": {"a": 1}})).await;
    let bare = record(&trail, 5, json!({"retention": {"class": "short"}})).await;
    let policy = put(&trail).await;
    let foreseen = trail
        .retention_due(time(1_000), &policy, None)
        .await
        .unwrap();
    assert!(is_whole(&trail, gone).await);

    let mut done = apply(&trail).await;
    let [class] = &mut done.classes[..] else {
        panic!("{done:?}");
    };
    assert_eq!(
        (class.records, class.slots, class.restricted, class.left),
        (2, 2, 0, 0)
    );
    let recorded = std::mem::take(&mut class.recorded);
    assert_eq!(done, foreseen, "what would be done is what is done");
    let [(_, expiry)] = &expiries(&trail).await[..] else {
        panic!("one record");
    };
    assert_eq!(recorded.len(), 1);
    assert_eq!(expiry.policy.to_string(), "house@1");
    assert_eq!((expiry.class.as_str(), expiry.records), ("short", 2));
    assert_eq!(expiry.slots, [[0, 1], [1, 1]]);
    assert!(expiry.aggregates.is_empty());

    for emptied in [gone, documented] {
        let stored = trail.read(emptied).await.unwrap().unwrap();
        assert_eq!(stored.why_withheld("/inputs/income"), "erased");
        assert_eq!(stored.context().unwrap().name.as_str(), "loan_decision");
    }
    for whole in [kept, unclassed, bare] {
        assert!(is_whole(&trail, whole).await);
    }
    // What is still there is found, what is gone is not.
    assert!(
        trail
            .history(&entity("applicant:1"))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        trail.history(&entity("applicant:2")).await.unwrap().len(),
        1
    );
    let used = contextrail::trail::ContextFilter {
        used: Some("document:policy_7".parse().unwrap()),
        ..Default::default()
    };
    let used = trail.contexts(used).await.unwrap().all().await.unwrap();
    assert_eq!(used.len(), 1, "a shared document is nobody's");
    assert_nothing_is_wrong(&trail).await;
    trail.rebuild().await.unwrap();
    assert_nothing_is_wrong(&trail).await;
    let states = states(&trail).await;
    assert_eq!(states[&gone], PlanState::Expired);
    assert_eq!(states[&bare], PlanState::Expired, "it never had any value");
    assert_eq!(states[&kept], PlanState::BeforeFloor);
    // What is done is done.
    assert_eq!(apply(&trail).await.classes, []);
    assert_eq!(expiries(&trail).await.len(), 1);
}

pub(super) async fn what_belongs_to_a_record_goes_with_it(trail: Trail) {
    let context = record(&trail, 1, about("1", "short")).await;
    let decided = trail
        .decide("loan_application", "1")
        .outcome("declined")
        .from_context_id(context.into())
        .generation(Answer::new("gpt-4o", "No."))
        .retention(Retention {
            class: "short".parse().unwrap(),
            policy: None,
        })
        .commit()
        .await
        .unwrap();
    let review = trail.review(decided.id()).by("officer_7");
    let review = review.approve("checked").await.unwrap().receipt.id;
    let outcome = trail.outcome_of(decided.id(), "appealed").commit();
    let outcome = outcome.await.unwrap().id;
    let generation = decided.decision().generations[0].into();
    let all = [decided.id().into(), context, generation, review, outcome];
    put(&trail).await;
    let before = states(&trail).await;
    assert_eq!(before.values().collect::<Vec<_>>(), [&PlanState::Due; 5]);
    let done = apply(&trail).await;
    assert_eq!(done.classes[0].records, 5);
    for emptied in all {
        assert!(!is_whole(&trail, emptied).await, "{emptied}");
    }
    let view = trail.read(decided.id()).await.unwrap().unwrap();
    let view = trail.view(view).await.unwrap();
    assert_eq!((view.reviews.len(), view.outcomes.len()), (1, 1));
    assert_nothing_is_wrong(&trail).await;
    trail.rebuild().await.unwrap();
    assert_nothing_is_wrong(&trail).await;
}

pub(super) async fn holds_and_the_floor_of_a_decision_keep_what_is_due(trail: Trail) {
    let held = record(&trail, 1, about("1", "short")).await;
    let evidence = record(&trail, 2, about("2", "short")).await;
    let body = decision(json!({"contexts": [evidence], "retention": {"class": "long"}}));
    trail.record(Draft::new(id(10), body)).await.unwrap();
    let free = record(&trail, 3, about("3", "short")).await;
    put(&trail).await;
    let on = HoldTarget::Entity(entity("applicant:1"));
    let hold = trail.place_hold(hold_on(on)).await.unwrap().id;
    let planned = states(&trail).await;
    assert_eq!(planned[&held], PlanState::Restricted);
    assert_eq!(planned[&evidence], PlanState::BeforeFloor);
    let stored = trail.read(evidence).await.unwrap().unwrap();
    let kept = trail.kept_by(&stored, time(1_000)).await.unwrap().unwrap();
    assert!(kept.to_string().contains("class long"), "{kept}");

    let done = apply(&trail).await;
    assert_eq!(
        (done.classes[0].records, done.classes[0].restricted),
        (1, 1)
    );
    assert!(is_whole(&trail, held).await && is_whole(&trail, evidence).await);
    assert!(!is_whole(&trail, free).await);
    let two = people(&["anna", "ben"]);
    trail.release_hold(hold.into(), "over", two).await.unwrap();
    assert_eq!(apply(&trail).await.classes[0].records, 1);
    assert!(!is_whole(&trail, held).await);
    assert_nothing_is_wrong(&trail).await;
}

pub(super) async fn what_records_add_up_to_is_kept(trail: Trail) {
    let mut expected = Vec::new();
    for (number, (month, at)) in [("2025-11", 0), ("2025-11", 60), ("2025-10", -30 * DAY)]
        .into_iter()
        .enumerate()
    {
        let mut more = about("1", "counted");
        more["created_at"] = json!(time(at));
        record(&trail, u64::try_from(number).unwrap(), more).await;
        expected.push(month);
    }
    put(&trail).await;
    apply(&trail).await;
    let expiries = expiries(&trail).await;
    let (_, expiry) = &expiries[0];
    assert_eq!(expiry.action, RetentionAction::Aggregate);
    let text = serde_json::to_value(&expiry.aggregates).unwrap();
    let count = |month: &str, count: u64| {
        json!({"month": month, "kind": "context", "use_case": "credit@1", "name": "loan_decision",
            "count": count})
    };
    assert_eq!(text, json!([count("2025-10", 1), count("2025-11", 2)]));
    assert_nothing_is_wrong(&trail).await;
}

pub(super) async fn what_is_not_to_be_erased_here_is_left(trail: Trail) {
    let archived = record(&trail, 1, about("1", "stored")).await;
    let kept = record(&trail, 2, about("1", "forever")).await;
    let strange = record(&trail, 3, about("1", "no_such_class")).await;
    put(&trail).await;
    let done = apply(&trail).await;
    let class = &done.classes[0];
    assert_eq!(
        (class.action, class.left, class.records),
        (RetentionAction::Archive, 1, 0)
    );
    assert_eq!(done.classes.len(), 1);
    for whole in [archived, kept, strange] {
        assert!(is_whole(&trail, whole).await);
    }
    assert!(expiries(&trail).await.is_empty());
}

pub(super) async fn only_the_policy_in_force_is_carried_out_and_not_ahead_of_time(trail: Trail) {
    record(&trail, 1, about("1", "short")).await;
    record(&trail, 2, about("1", "counted")).await;
    let in_force = put(&trail).await;
    let at = |now: Timestamp, policy: RetentionPolicy, class: Option<&'static str>| {
        let trail = trail.clone();
        async move {
            let class: Option<Name> = class.map(|it| it.parse().unwrap());
            trail.retention_apply(now, &policy, class.as_ref()).await
        }
    };
    for (refused, expected) in [
        (
            at(time(1_000), policy("2"), None).await,
            "the policy in force",
        ),
        (
            at(time(1_001), in_force.clone(), None).await,
            "not in the future",
        ),
        (
            at(time(1_000), in_force.clone(), Some("none")).await,
            "one of the classes",
        ),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, TrailError::Invalid(_)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let done = at(time(1_000), in_force, Some("counted")).await.unwrap();
    assert_eq!(done.classes.len(), 1);
    assert!(is_whole(&trail, id(1)).await && !is_whole(&trail, id(2)).await);
}

pub(super) async fn whoever_expired_altogether_is_erased_with_their_key(trail: Trail) {
    record(&trail, 1, about("person-1", "short")).await;
    put(&trail).await;
    apply(&trail).await;
    let whom = entity("applicant:person-1");
    assert_eq!(trail.leftovers(&whom).await.unwrap().len(), 1, "their key");
    let erased = trail.erase(&whom, "on request", people(&["anna", "ben"]));
    let erased = erased.await.unwrap();
    let Body::Erasure(erasure) = &erased.record.body else {
        panic!("{erased:?}");
    };
    assert_eq!((erasure.slots.len(), erasure.keys), (0, 1));
    assert_eq!(trail.leftovers(&whom).await.unwrap(), []);
    assert_nothing_is_wrong(&trail).await;
}

pub(super) async fn a_record_that_says_too_much_is_found(trail: Trail) {
    record(&trail, 1, about("1", "long")).await;
    put(&trail).await;
    let forged = Expiry {
        policy: "house@1".parse().unwrap(),
        class: "long".parse().unwrap(),
        action: RetentionAction::Erase,
        records: 1,
        slots: vec![[0, 1]],
        aggregates: Vec::new(),
    };
    trail.record(Draft::new(id(50), forged)).await.unwrap();
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    let findings: Vec<String> = verified
        .verification
        .findings
        .iter()
        .map(|it| format!("{} {}", it.row, it.what))
        .collect();
    assert_eq!(findings, ["0/1 it was erased, and is there again"]);
}

/// Writers go on while values go, and a hold keeps whatever had not gone when it was recorded.
pub(super) async fn writers_and_holds_come_in_between(trail: Trail) {
    const RECORDS: u64 = 3_000;
    let mut recording = tokio::task::JoinSet::new();
    for number in 0..RECORDS {
        let body = context(about(&(number % 7).to_string(), "short"));
        let trail = trail.clone();
        recording.spawn(async move { trail.record(Draft::new(id(number), body)).await });
    }
    let recorded = recording.join_all().await;
    let of_three: BTreeSet<RecordId> = (0..RECORDS).filter(|it| it % 7 == 3).map(id).collect();
    let receipts = recorded.into_iter().map(Result::unwrap);
    let receipts = receipts.filter(|it| of_three.contains(&it.id));
    let of_three: BTreeSet<u64> = receipts.filter_map(|it| it.log_index).collect();
    put(&trail).await;
    let writing = {
        let trail = trail.clone();
        tokio::spawn(async move {
            let (mut written, mut hold) = (0, None);
            loop {
                let number = 1_000_000 + written;
                let draft = context(about("writer", "long"));
                trail.record(Draft::new(id(number), draft)).await.unwrap();
                written += 1;
                let expiries = expiries(&trail).await;
                if hold.is_none() && !expiries.is_empty() {
                    let on = hold_on(HoldTarget::Entity(entity("applicant:3")));
                    let receipt = trail.place_hold(on).await.unwrap();
                    hold = receipt.log_index;
                }
                if let Some(hold) = hold
                    && written > 40
                {
                    return (written, hold);
                }
            }
        })
    };
    apply(&trail).await;
    let (written, hold) = writing.await.unwrap();
    apply(&trail).await;
    let mut gone = 0;
    for (index, expiry) in expiries(&trail).await {
        gone += expiry.slots.len();
        if index > hold {
            let held = expiry
                .slots
                .iter()
                .filter(|[index, _]| of_three.contains(index));
            assert_eq!(
                held.count(),
                0,
                "the record at {index} is after the hold at {hold}"
            );
        }
    }
    let mut kept = 0;
    for number in 0..RECORDS {
        let is_whole = is_whole(&trail, id(number)).await;
        assert!(number % 7 == 3 || !is_whole, "{number} is due");
        kept += usize::from(is_whole);
    }
    assert_eq!(gone + kept, usize::try_from(RECORDS).unwrap());
    assert!(written > 40);
    assert_nothing_is_wrong(&trail).await;
}
