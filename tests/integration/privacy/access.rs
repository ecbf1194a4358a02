//! What a person may know, and what of others they may not.

use contextrail::record::{Class, DecisionId, Draft};
use contextrail::trail::{Trail, TrailError, TrailOptions};
use serde_json::json;

use crate::sample::{assembled, context, decision, entity, id, time};

/// A context about two people, with values of each, of both, and of nobody, and a decision on it.
async fn both() -> Trail {
    let trail = TrailOptions::new().open_in_memory().await.unwrap();
    let (assembly, texts) = assembled(&[
        ("the policy of the house", Class::Confidential),
        ("a text about both", Class::Personal),
    ]);
    let feature = |whom: &str, value: &str| {
        json!({"name": "income", "entity": whom, "value": value, "source": "compute", "status": "ok",
               "fetched_at": time(0), "origin": {"system": "bank"}})
    };
    let mut draft = Draft::new(
        id(1),
        context(json!({
            "entities": [entity("person:ann"), entity("person:bob")],
            "inputs": {"shared": "of both"},
            "features": [feature("person:ann", "of ann"), feature("person:bob", "of bob")],
            "assembly": assembly,
        })),
    );
    draft.texts = texts;
    trail.record(draft).await.unwrap();
    let body = decision(json!({
        "contexts": [id(1)],
        "rationale": [{"signal": "a", "contribution": 0.1}, {"signal": "b", "contribution": -0.4}],
    }));
    trail.record(Draft::new(id(2), body)).await.unwrap();
    trail
}

#[tokio::test]
async fn everybody_is_given_their_own_and_nothing_of_others() {
    let trail = both().await;
    let access = trail.subject_access(&entity("person:ann")).await.unwrap();
    let text = serde_json::to_string(&access).unwrap();
    assert!(text.contains("of ann"));
    for other in [
        "of bob",
        "of both",
        "a text about both",
        "the policy of the house",
    ] {
        assert!(!text.contains(other), "{other} in {text}");
    }
    let whys = |path: &str| {
        let withheld = access.records[0].withheld.iter();
        withheld
            .filter(|it| it.path == path)
            .map(|it| it.why)
            .collect::<Vec<_>>()
    };
    assert_eq!(whys("/features/1/value"), ["about somebody else"]);
    assert_eq!(whys("/inputs/shared"), ["about others as well"]);
    assert!(matches!(
        trail.subject_access(&entity("person:eve")).await,
        Err(TrailError::NothingHeld(_))
    ));
    trail.close().await;
}

#[tokio::test]
async fn a_decision_is_explained_to_the_one_it_is_about() {
    let trail = both().await;
    let (decision, ann) = (DecisionId::from(id(2)), entity("person:ann"));
    let unclear = trail.explain(decision, None, "write to us").await;
    assert!(
        matches!(unclear, Err(TrailError::Incomplete(_))),
        "{unclear:?}"
    );
    let stranger = entity("person:eve");
    assert!(trail.explain(decision, Some(&stranger), "x").await.is_err());
    let explained = trail
        .explain(decision, Some(&ann), "write to us")
        .await
        .unwrap();
    let data: Vec<_> = explained
        .data
        .iter()
        .map(|it| it.value.clone().unwrap())
        .collect();
    assert_eq!(data, [json!("of ann")]);
    assert_eq!(explained.data[0].system.as_ref().unwrap().as_str(), "bank");
    let weights: Vec<_> = explained
        .weights
        .iter()
        .map(|it| it.signal.as_str())
        .collect();
    assert_eq!(weights, ["b", "a"], "the heaviest first");
    assert_eq!(explained.contest, "write to us");
    trail.close().await;
}
