//! Limits, seeds from elsewhere, damage.

use contextrail::record::{Class, Draft};
use contextrail::seal::{OpenError, SealError, Source, open, seal};
use serde_json::{Map, Value, json};

use crate::sample::{assembled, context, head, id, sealed};

#[test]
fn a_record_with_more_than_4096_fields_is_refused() {
    let with_inputs = |count: usize| {
        let inputs: Map<String, Value> = (0..count).map(|it| (it.to_string(), json!(it))).collect();
        Draft::new(id(1), context(json!({"inputs": inputs})))
    };
    let own = sealed(with_inputs(0)).fields;
    let most = 4_096 - usize::try_from(own).unwrap();
    let largest = sealed(with_inputs(most));
    assert_eq!(largest.fields, 4_096);
    assert_eq!(open(&largest.slots).unwrap().root, largest.root);
    let refused = seal(head(id(1)), with_inputs(most + 1), &Source::New);
    assert!(matches!(refused, Err(SealError::TooManyFields(4_097))));
}

#[test]
fn a_record_sealed_again_with_its_seeds_and_texts_has_the_same_slots() {
    let texts = [("policy", Class::Confidential), ("720", Class::Personal)];
    let (assembly, texts) = assembled(&texts);
    let whom = json!([{"type": "applicant", "id": "1"}, {"type": "applicant", "id": "2"}]);
    let mut draft = Draft::new(
        id(1),
        context(json!({"assembly": assembly, "entities": whom})),
    );
    draft.texts = texts;
    let first = seal(head(id(1)), draft, &Source::New).unwrap();
    let opened = open(&first.slots).unwrap();
    let mut texts = opened.texts.clone();
    for shared in &first.shared {
        let digest = contextrail::record::Digest::Sha256(shared.sha256);
        texts.insert(digest, shared.text.clone());
    }
    let source = Source::Elsewhere {
        seeds: opened.seeds,
        texts,
    };
    let body = Draft::new(id(1), first.record.body.clone());
    let again = seal(head(id(1)), body, &source).unwrap();
    assert_eq!(again.root, first.root);
    assert_eq!(again.slots, first.slots);
    assert_eq!(again.shared, first.shared);
}

#[test]
fn the_same_draft_sealed_twice_has_other_seeds_and_another_root() {
    let draft = || Draft::new(id(1), context(json!({"inputs": {"a": 1}})));
    assert_ne!(sealed(draft()).root, sealed(draft()).root);
}

#[test]
fn without_a_slot_its_values_are_withheld_and_the_root_stays() {
    let whom = json!([{"type": "applicant", "id": "1"}]);
    let inputs = json!({"a": 1});
    let body = context(json!({"entities": whom, "inputs": inputs}));
    let sealed = sealed(Draft::new(id(1), body));
    assert!(matches!(
        open(&[]),
        Err(OpenError::Shape { .. } | OpenError::Field { .. })
    ));
    let opened = open(&sealed.slots[..1]).unwrap();
    assert_eq!((opened.root, opened.fields), (sealed.root, sealed.fields));
    let withheld: Vec<_> = opened.withheld.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(withheld, ["/entities/0", "/inputs/a"]);
    assert!(open(&sealed.slots[1..]).is_err(), "values of no field");
}

#[test]
fn values_nested_deeper_than_32_are_refused() {
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    let draft = Draft::new(id(1), context(json!({"inputs": {"deep": deep}})));
    assert!(matches!(
        seal(head(id(1)), draft, &Source::New),
        Err(SealError::TooDeep)
    ));
}
