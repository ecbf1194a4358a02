//! Recording, linking, deciding, reviewing.

use contextrail::capture::Sink;
use contextrail::record::{Acknowledged, Body, Class, Draft, Kind, ReviewVerdict};
use contextrail::trail::{Answer, Trail, TrailError};
use serde_json::json;

use super::{decide, deciding, record, with_texts};
use crate::sample::{context, entity, id, time};

pub(super) async fn a_record_is_read_back_as_it_was_recorded(trail: Trail) {
    let body = context(json!({"inputs": {"a": [1, "x", null]}}));
    let receipt = trail.record(Draft::new(id(1), body.clone())).await.unwrap();
    assert_eq!(
        (receipt.id, receipt.kind, receipt.log_index),
        (id(1), Kind::Context, Some(0))
    );
    assert_eq!(receipt.acknowledged, Acknowledged::Durable);
    let stored = trail.read(id(1)).await.unwrap().unwrap();
    assert_eq!(stored.record().body, Body::from(body));
    assert_eq!(receipt.entry_hash.unwrap().as_bytes(), &stored.entry_hash());
    assert!(trail.read(id(2)).await.unwrap().is_none());
}

pub(super) async fn the_same_record_twice_gives_the_same_receipt(trail: Trail) {
    let draft = with_texts(
        1,
        "applicant:1",
        &[("a", Class::Personal), ("b", Class::Confidential)],
    );
    let first = trail.record(draft.clone()).await.unwrap();
    assert_eq!(trail.record(draft.clone()).await.unwrap(), first);
    let (one, two) = tokio::join!(trail.record(draft.clone()), trail.record(draft));
    assert_eq!((one.unwrap(), two.unwrap()), (first.clone(), first));
    assert_eq!(trail.status().await.unwrap().size, 1);
}

pub(super) async fn the_same_id_with_other_content_is_a_conflict_and_the_first_stays(trail: Trail) {
    let draft = with_texts(1, "applicant:1", &[("a", Class::Personal)]);
    trail.record(draft.clone()).await.unwrap();
    let other_text = with_texts(1, "applicant:1", &[("x", Class::Personal)]);
    let other_input = Draft::new(id(1), context(json!({"inputs": {"a": true}})));
    for other in [other_text, other_input] {
        let error = trail.record(other).await.unwrap_err();
        assert!(
            matches!(error, TrailError::Conflict(it) if it == id(1)),
            "{error}"
        );
    }
    assert!(trail.record(draft).await.is_ok());
    let stored = trail.read(id(1)).await.unwrap().unwrap();
    assert_eq!(trail.text(&stored).await.unwrap().as_deref(), Some("a"));
}

pub(super) async fn a_decision_naming_an_unknown_context_is_refused(trail: Trail) {
    let error = trail.record(deciding(2, &[id(1)])).await.unwrap_err();
    let named =
        matches!(error, TrailError::UnknownRecord { named_as: "context", id: it } if it == id(1));
    assert!(named, "{error}");
    assert_eq!(trail.status().await.unwrap().size, 0);
}

pub(super) async fn a_record_named_as_what_it_is_not_is_refused(trail: Trail) {
    record(&trail, 1, json!({})).await;
    let made = decide(&trail, id(1), "approved").await;
    let error = trail.record(deciding(9, &[made.into()])).await.unwrap_err();
    let wrong = matches!(
        error,
        TrailError::WrongKind {
            found: Kind::Decision,
            ..
        }
    );
    assert!(wrong, "{error}");
    let error = trail
        .outcome_of(id(1).into(), "repaid")
        .commit()
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            TrailError::WrongKind {
                found: Kind::Context,
                ..
            }
        ),
        "{error}"
    );
}

pub(super) async fn a_decision_takes_over_the_entities_of_its_contexts(trail: Trail) {
    record(
        &trail,
        1,
        json!({"entities": [entity("a:1"), entity("a:2")]}),
    )
    .await;
    record(
        &trail,
        2,
        json!({"entities": [entity("a:2"), entity("a:3")]}),
    )
    .await;
    trail.record(deciding(3, &[id(1), id(2)])).await.unwrap();
    let stored = trail.read(id(3)).await.unwrap().unwrap();
    let entities: Vec<String> = stored
        .decision()
        .unwrap()
        .entities
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(entities, ["a:1", "a:2", "a:3"]);
}

pub(super) async fn an_answer_becomes_a_generation_of_its_own(trail: Trail) {
    record(&trail, 1, json!({"entities": [entity("a:1")]})).await;
    let decided = trail
        .decide("loan_application", "12345")
        .outcome("approved")
        .from_context_id(id(1).into())
        .generation(
            Answer::new("gpt-4o", "approve it")
                .request(b"{}")
                .usage(10, 2),
        )
        .commit();
    let decided = decided.await.unwrap();
    let generation = decided.decision().generations[0];
    let stored = trail.read(generation).await.unwrap().unwrap();
    let Body::Generation(body) = &stored.record().body else {
        panic!("a generation was recorded");
    };
    assert_eq!(
        (body.text.as_str(), body.context),
        ("approve it", id(1).into())
    );
    assert!(
        body.request_digest
            .unwrap()
            .to_string()
            .starts_with("hmac-sha256:")
    );
    assert_eq!(stored.about(), [entity("a:1")]);
}

pub(super) async fn an_override_makes_a_review_and_a_decision(trail: Trail) {
    record(&trail, 1, json!({"entities": [entity("a:1")]})).await;
    let first = decide(&trail, id(1), "declined").await;
    let reviewed = trail
        .review(first)
        .by("officer_7")
        .reason_code("payslip_verified")
        .override_to("approved", "payslip checked");
    let reviewed = reviewed.await.unwrap();
    let new = reviewed.new_decision.as_ref().unwrap().id;
    let views = trail
        .decisions_on(&entity("loan_application:12345"))
        .await
        .unwrap();
    assert_eq!(views.len(), 2);
    assert_eq!(views[0].decision.id(), new);
    assert_eq!(views[1].superseded_by, Some(new.into()));
    assert_eq!(views[0].superseded_by, None);
    let Body::Review(review) = &views[1].reviews[0].record().body else {
        panic!("a review was recorded");
    };
    assert_eq!(review.verdict, ReviewVerdict::Override);
    assert_eq!(
        (review.original_outcome.as_str(), review.new_decision),
        ("declined", Some(new.into()))
    );
    let made = views[0].decision.decision().unwrap();
    assert_eq!(
        (made.supersedes, made.outcome.as_str()),
        (Some(first), "approved")
    );
    assert_eq!(made.decided_by.id.as_str(), "officer_7");
    let incomplete = trail.review(first).approve("").await.unwrap_err();
    assert!(
        matches!(incomplete, TrailError::Incomplete(_)),
        "{incomplete}"
    );
}

pub(super) async fn an_outcome_follows_its_decision(trail: Trail) {
    record(&trail, 1, json!({"entities": [entity("a:1")]})).await;
    let decision = decide(&trail, id(1), "approved").await;
    let receipt = trail
        .outcome_of(decision, "repaid")
        .value(12.5)
        .at(time(9))
        .commit();
    let receipt = receipt.await.unwrap();
    let found = trail.referring(decision, Kind::Outcome).await.unwrap();
    assert_eq!(found[0].id(), receipt.id);
    assert_eq!(found[0].about(), [entity("a:1")]);
    let unknown = trail
        .outcome_of(id(77).into(), "repaid")
        .commit()
        .await
        .unwrap_err();
    assert!(
        matches!(unknown, TrailError::UnknownRecord { .. }),
        "{unknown}"
    );
}

pub(super) async fn dropping_the_future_after_one_poll_still_records(trail: Trail) {
    for (number, draft) in [
        (1, Draft::new(id(1), context(json!({})))),
        (2, deciding(2, &[id(1)])),
    ] {
        let mut recording = Box::pin(trail.record(draft));
        tokio::select! {
            biased;
            _ = &mut recording => {}
            () = std::future::ready(()) => {}
        }
        drop(recording);
        let found = async {
            while trail.read(id(number)).await.unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), found).await;
        assert!(waited.is_ok(), "record {number} is lost");
    }
}

pub(super) async fn a_submitted_draft_is_recorded(trail: Trail) {
    let pending = trail.submit(Draft::new(id(1), context(json!({}))));
    assert_eq!(pending.await.unwrap().id, id(1));
    drop(trail.submit(Draft::new(id(2), context(json!({})))));
    let refused = trail.submit(deciding(3, &[id(9)])).await;
    assert!(refused.is_err());
}

pub(super) async fn the_text_is_rendered_again(trail: Trail) {
    let texts = [
        ("Policy", Class::Confidential),
        ("Score: 720", Class::Personal),
    ];
    trail.record(with_texts(1, "a:1", &texts)).await.unwrap();
    let stored = trail.read(id(1)).await.unwrap().unwrap();
    let text = trail.text(&stored).await.unwrap();
    assert_eq!(text.as_deref(), Some("Policy\n\nScore: 720"));
    record(&trail, 2, json!({})).await;
    let without = trail.read(id(2)).await.unwrap().unwrap();
    assert_eq!(trail.text(&without).await.unwrap(), None);
}

pub(super) async fn nasty_texts_are_given_back_verbatim(trail: Trail) {
    let megabyte = "§\0".repeat(400_000);
    let nasty = [
        "x'; DROP TABLE contexts; --",
        "../../etc/passwd",
        "[bold]",
        "مرحبا 🙂 \u{202e}",
        "a\0b",
        &megabyte,
    ];
    for (number, text) in (1..).zip(nasty) {
        let whom: String = text.chars().filter(|c| *c != '\0').take(60).collect();
        let texts = [(text, Class::Personal), (text, Class::Confidential)];
        let draft = with_texts(number, &format!("applicant:{whom}"), &texts);
        trail.record(draft).await.unwrap();
        let stored = trail.read(id(number)).await.unwrap().unwrap();
        let expected = format!("{text}\n\n{text}");
        assert_eq!(trail.text(&stored).await.unwrap(), Some(expected));
        let about = entity(&format!("applicant:{whom}"));
        assert_eq!(
            trail.history(&about).await.unwrap()[0].stored.id(),
            id(number)
        );
    }
}
