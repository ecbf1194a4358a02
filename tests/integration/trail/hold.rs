//! Legal holds and retention: what keeps a record, and until when.

use std::sync::Arc;

use contextrail::record::{
    Actor, ActorKind, ActorMethod, Draft, Hold, HoldQuery, HoldTarget, RecordId, Release,
    RetentionPolicy, Timestamp,
};
use contextrail::trail::{Answer, Kept, PlanState, Trail, TrailError};
use serde_json::{Value, json};

use super::{deciding, record};
use crate::sample::{decision, entity, id, time};

pub(super) const DAY: i64 = 86_400;

fn person(name: &str) -> Actor {
    Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}

pub(super) fn people(names: &[&str]) -> Vec<Actor> {
    names.iter().copied().map(person).collect()
}

pub(super) fn hold_on(target: HoldTarget) -> Hold {
    Hold {
        matter: "LIT-7".parse().unwrap(),
        target,
        placed_by: person("anna"),
        reason: Some("a claim".to_owned()),
        review_at: Some(time(90 * DAY)),
        owner: Some("legal".parse().unwrap()),
    }
}

fn query(members: Value) -> HoldTarget {
    HoldTarget::Query(serde_json::from_value(members).unwrap())
}

async fn is_held(trail: &Trail, id: RecordId) -> bool {
    let stored = trail.read(id).await.unwrap().unwrap();
    !trail.holds_on(&stored).await.unwrap().is_empty()
}

pub(super) async fn kept(trail: &Trail, id: RecordId, now: Timestamp) -> Option<Kept> {
    let stored = trail.read(id).await.unwrap().unwrap();
    trail.kept_by(&stored, now).await.unwrap()
}

pub(super) fn policy(version: &str, floor_days: u32) -> RetentionPolicy {
    let members = json!({"name": "house", "version": version,
        "classes": {"high_risk": {"floor_days": floor_days, "action": "erase"}}});
    serde_json::from_value(members).unwrap()
}

fn classed(class: &str) -> Value {
    json!({"retention": {"class": class}, "inputs": {"income": 4_100}})
}

pub(super) async fn a_hold_covers_all_that_belongs_to_its_decision(trail: Trail) {
    let context = record(&trail, 1, json!({})).await;
    let other = record(&trail, 2, json!({})).await;
    let decided = trail
        .decide("loan_application", "1")
        .outcome("declined")
        .from_context_id(context.into())
        .generation(Answer::new("gpt-4o", "No."))
        .commit()
        .await
        .unwrap();
    let review = trail.review(decided.id()).by("officer_7");
    let review = review.approve("checked").await.unwrap().receipt.id;
    let outcome = trail.outcome_of(decided.id(), "appealed").commit();
    let outcome = outcome.await.unwrap().id;
    let generation = decided.decision().generations[0].into();
    let receipt = trail.place_hold(hold_on(HoldTarget::Decision(decided.id())));
    let receipt = receipt.await.unwrap();
    for covered in [decided.id().into(), context, generation, review, outcome] {
        assert!(is_held(&trail, covered).await, "{covered}");
    }
    assert!(!is_held(&trail, other).await);
    assert_eq!(
        kept(&trail, context, time(0)).await,
        Some(Kept::Hold {
            id: receipt.id.into(),
            matter: "LIT-7".parse().unwrap(),
            owner: Some("legal".parse().unwrap()),
            review_at: Some(time(90 * DAY)),
        })
    );
}

pub(super) async fn a_hold_covers_an_entity_and_a_business_key(trail: Trail) {
    let about = |of: &str| json!({"entities": [{"type": "applicant", "id": of}]});
    let held = record(&trail, 1, about("1")).await;
    let feature = json!({"name": "score", "entity": "applicant:1", "value": 1, "source": "compute",
        "status": "ok", "fetched_at": time(0)});
    let by_feature = record(&trail, 2, json!({"features": [feature]})).await;
    let free = record(&trail, 3, about("2")).await;
    let decided = trail.record(deciding(4, &[free])).await.unwrap().id;
    let on = |text: &str| hold_on(HoldTarget::Entity(entity(text)));
    let placed = trail.place_hold(on("applicant:1")).await.unwrap().id;
    assert!(is_held(&trail, held).await && is_held(&trail, by_feature).await);
    assert!(!is_held(&trail, free).await && !is_held(&trail, decided).await);
    // It is part of the history of whom it is about.
    let history = trail.history(&entity("applicant:1")).await.unwrap();
    assert!(history.iter().any(|it| it.stored.id() == placed));

    let on_key = trail.place_hold(on("loan_application:12345")).await;
    on_key.unwrap();
    assert!(is_held(&trail, free).await && is_held(&trail, decided).await);

    let officer = trail.review(decided.into()).by("officer_7");
    let review = officer.approve("checked").await.unwrap().receipt.id;
    trail.place_hold(on("staff:officer_7")).await.unwrap();
    let stored = trail.read(review).await.unwrap().unwrap();
    assert_eq!(trail.holds_on(&stored).await.unwrap().len(), 2);
}

pub(super) async fn a_hold_covers_what_fits_its_query_now_and_later(trail: Trail) {
    let members = |case: &str, class: &str| json!({"use_case": case, "retention": {"class": class}, "created_at": time(50)});
    let fitting = record(&trail, 1, members("credit@1", "high_risk")).await;
    let other_case = record(&trail, 2, members("fraud@1", "high_risk")).await;
    let other_class = record(&trail, 3, members("credit@1", "low")).await;
    let wanted =
        json!({"use_case": "credit", "class": "high_risk", "since": time(50), "until": time(60)});
    trail.place_hold(hold_on(query(wanted))).await.unwrap();
    let later = record(&trail, 4, members("credit@2", "high_risk")).await;
    assert!(is_held(&trail, fitting).await && is_held(&trail, later).await);
    assert!(!is_held(&trail, other_case).await && !is_held(&trail, other_class).await);
    let decided = trail.record(deciding(5, &[fitting])).await.unwrap().id;
    assert!(
        is_held(&trail, decided).await,
        "it rests on a context that fits"
    );
    let named = hold_on(query(json!({"name": "no_such_context"})));
    trail.place_hold(named).await.unwrap();
    assert!(!is_held(&trail, other_case).await);
}

pub(super) async fn a_hold_on_what_is_not_there_is_refused(trail: Trail) {
    let unknown = trail.place_hold(hold_on(HoldTarget::Decision(id(9).into())));
    let error = unknown.await.unwrap_err();
    assert!(matches!(error, TrailError::UnknownRecord { .. }), "{error}");
    let context = record(&trail, 1, json!({})).await;
    let wrong = trail.place_hold(hold_on(HoldTarget::Decision(context.into())));
    let error = wrong.await.unwrap_err();
    assert!(matches!(error, TrailError::WrongKind { .. }), "{error}");
    let nobody = trail.place_hold(hold_on(HoldTarget::Entity(entity("applicant:nobody"))));
    let error = nobody.await.unwrap_err();
    assert!(matches!(error, TrailError::NothingToHold { .. }), "{error}");
    let all = trail.place_hold(hold_on(HoldTarget::Query(HoldQuery::default())));
    let error = all.await.unwrap_err();
    assert!(matches!(error, TrailError::Incomplete(_)), "{error}");
    assert!(trail.holds().await.unwrap().is_empty());
}

pub(super) async fn two_people_release_a_hold(trail: Trail) {
    record(
        &trail,
        1,
        json!({"entities": [{"type": "applicant", "id": "1"}]}),
    )
    .await;
    let on = hold_on(HoldTarget::Entity(entity("applicant:1")));
    let hold = trail.place_hold(on).await.unwrap().id;
    let mut robot = people(&["anna", "ben"]);
    robot[1].kind = ActorKind::Service;
    for approvers in [
        people(&[]),
        people(&["anna"]),
        people(&["anna", "Anna"]),
        people(&["anna", " ANNA "]),
        people(&["anna", "ben", "Ben"]),
        robot,
    ] {
        let released = trail.release_hold(hold.into(), "settled", approvers).await;
        let error = released.unwrap_err();
        assert!(matches!(error, TrailError::NotApproved(_)), "{error}");
    }
    assert!(is_held(&trail, id(1)).await);
    // Who placed it may be one of the two.
    let two = || people(&["anna", "ben"]);
    let release = trail.release_hold(hold.into(), "settled", two()).await;
    let release = trail.read(release.unwrap().id).await.unwrap().unwrap();
    assert_eq!(release.refers_to(), [hold]);
    assert!(!is_held(&trail, id(1)).await);
    let again = trail.release_hold(hold.into(), "settled", two()).await;
    let error = again.unwrap_err();
    assert!(matches!(error, TrailError::AlreadyReleased(_)), "{error}");
    let unknown = trail.release_hold(id(99).into(), "settled", two()).await;
    let error = unknown.unwrap_err();
    assert!(matches!(error, TrailError::UnknownRecord { .. }), "{error}");
    let wrong = trail.release_hold(id(1).into(), "settled", two()).await;
    let error = wrong.unwrap_err();
    assert!(matches!(error, TrailError::WrongKind { .. }), "{error}");
}

pub(super) async fn a_release_that_one_person_approved_ends_nothing_however_it_came_in(
    trail: Trail,
) {
    record(
        &trail,
        1,
        json!({"entities": [{"type": "applicant", "id": "1"}]}),
    )
    .await;
    let on = hold_on(HoldTarget::Entity(entity("applicant:1")));
    let hold = trail.place_hold(on).await.unwrap().id;
    let release = Release {
        hold: hold.into(),
        reason: "settled".to_owned(),
        approved_by: people(&["anna", "ANNA"]),
    };
    trail.record(Draft::new(id(50), release)).await.unwrap();
    assert!(is_held(&trail, id(1)).await);
    let two = people(&["anna", "ben"]);
    trail
        .release_hold(hold.into(), "settled", two)
        .await
        .unwrap();
    assert!(!is_held(&trail, id(1)).await);
}

pub(super) async fn another_policy_moves_the_dates_of_what_exists(trail: Trail) {
    let context = record(&trail, 1, classed("high_risk")).await;
    let body = decision(json!({"contexts": [context]}));
    let unclassed = trail.record(Draft::new(id(2), body)).await.unwrap().id;
    let built_in = RetentionPolicy::built_in();
    let plan = trail.retention_plan(time(0), &built_in).await.unwrap();
    assert_eq!(plan.lines.len(), 1, "what has no class has no dates");
    assert_eq!(plan.lines[0].floor_until, Some(time(3650 * DAY)));
    let floor = |days: i64, policy: &str| {
        Some(Kept::Floor {
            class: "high_risk".parse().unwrap(),
            policy: policy.parse().unwrap(),
            until: Some(time(days * DAY)),
        })
    };
    let shown = kept(&trail, context, time(0)).await;
    assert_eq!(shown, floor(3650, "default@1"));
    assert_eq!(kept(&trail, unclassed, time(0)).await, None);

    trail.put_retention_policy(policy("1", 10)).await.unwrap();
    assert_eq!(
        kept(&trail, context, time(10 * DAY - 1)).await,
        floor(10, "house@1")
    );
    assert_eq!(kept(&trail, context, time(10 * DAY)).await, None);
    let in_force = trail.retention_policy().await.unwrap();
    let state = async |now| {
        let plan = trail.retention_plan(now, &in_force).await.unwrap();
        plan.lines[0].state
    };
    assert_eq!(state(time(10 * DAY - 1)).await, PlanState::BeforeFloor);
    assert_eq!(state(time(10 * DAY)).await, PlanState::Due);

    let other = json!({"name": "other", "version": "1", "default_class": "low",
        "classes": {"low": {"floor_days": 5, "ceiling_days": 9, "action": "aggregate"}}});
    let other: RetentionPolicy = serde_json::from_value(other).unwrap();
    trail.put_retention_policy(other.clone()).await.unwrap();
    let plan = trail.retention_plan(time(5 * DAY), &other).await.unwrap();
    let states: Vec<_> = plan.lines.iter().map(|it| (it.id, it.state)).collect();
    let expected = [
        (unclassed, PlanState::Kept),
        (context, PlanState::UnknownClass),
    ];
    assert_eq!(states, expected);
    // A class that nobody knows the floor of is no permission.
    assert!(kept(&trail, context, time(9_000 * DAY)).await.is_some());
    let later = trail.retention_plan(time(9 * DAY), &other).await.unwrap();
    assert_eq!(later.due().map(|it| it.id).collect::<Vec<_>>(), [unclassed]);
}

pub(super) async fn a_version_of_a_policy_never_changes(trail: Trail) {
    let put = async |version, days| trail.put_retention_policy(policy(version, days)).await;
    assert!(put("1", 10).await.unwrap().is_some());
    assert!(put("1", 10).await.unwrap().is_none());
    let error = put("1", 11).await.unwrap_err();
    assert!(matches!(error, TrailError::PolicyExists(_)), "{error}");
    let built_in = RetentionPolicy {
        default_class: Some("low".parse().unwrap()),
        ..RetentionPolicy::built_in()
    };
    let error = trail.put_retention_policy(built_in).await.unwrap_err();
    assert!(matches!(error, TrailError::PolicyExists(_)), "{error}");
    assert!(put("2", 11).await.unwrap().is_some());
    // What comes in by another door cannot take the place of a version either.
    trail
        .record(Draft::new(id(60), policy("1", 0)))
        .await
        .unwrap();
    let in_force = trail.retention_policy().await.unwrap();
    assert_eq!(in_force, policy("2", 11));
}

pub(super) async fn nothing_is_wrong_with_a_trail_that_has_holds(trail: Trail) {
    let about = json!({"entities": [{"type": "applicant", "id": "1"}]});
    let context = record(&trail, 1, about).await;
    let decided = trail.record(deciding(2, &[context])).await.unwrap().id;
    for target in [
        HoldTarget::Entity(entity("applicant:1")),
        HoldTarget::Entity(entity("staff:officer_7")),
        HoldTarget::Decision(decided.into()),
        query(json!({"name": "loan_decision"})),
    ] {
        let hold = hold_on(target);
        let bare = Hold {
            reason: None,
            review_at: None,
            owner: None,
            ..hold.clone()
        };
        for hold in [hold, bare] {
            let hold = trail.place_hold(hold).await.unwrap().id;
            let two = people(&["anna", "ben"]);
            let released = trail.release_hold(hold.into(), "settled", two).await;
            released.unwrap();
        }
    }
    trail.put_retention_policy(policy("1", 1)).await.unwrap();
    assert_nothing_is_wrong(&trail).await;
    trail.rebuild().await.unwrap();
    assert_nothing_is_wrong(&trail).await;
}

async fn assert_nothing_is_wrong(trail: &Trail) {
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    let findings = verified.verification.findings;
    assert!(findings.is_empty(), "{findings:?}");
}
