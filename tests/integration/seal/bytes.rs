//! Canonical bytes, held against a published implementation of RFC 8785.

use contextrail::codec::{Layout, Tree, read_json, write_json};
use contextrail::record::{Body, Draft};
use contextrail::seal::{SealError, open, to_canonical};
use proptest::prelude::*;
use serde_json::json;

use super::random::json_value;
use crate::sample::{context, id, sealed};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn canonical_bytes_are_those_of_another_implementation(value in json_value()) {
        let ours = to_canonical(&value).unwrap();
        let theirs = serde_json_canonicalizer::to_vec(&value).unwrap();
        prop_assert_eq!(String::from_utf8(ours), String::from_utf8(theirs));
    }

    #[test]
    fn finite_numbers_are_written_as_by_another_implementation(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        let ours = to_canonical(&number).unwrap();
        let theirs = serde_json_canonicalizer::to_vec(&number).unwrap();
        prop_assert_eq!(String::from_utf8(ours), String::from_utf8(theirs));
    }
}

#[test]
fn members_are_ordered_by_utf_16_code_units() {
    // RFC 8785 §3.2.3: the emoji has a surrogate pair and comes before U+FB33.
    let value = json!({"\u{fb33}": 1, "😀": 2, "ö": 3, "€": 4, "\r": 5, "1": 6});
    let bytes = to_canonical(&value).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text,
        "{\"\\r\":5,\"1\":6,\"ö\":3,\"€\":4,\"😀\":2,\"\u{fb33}\":1}"
    );
}

#[test]
fn numbers_that_readers_disagree_on_are_refused() {
    for value in [json!(9_007_199_254_740_993_i64), json!([{"x": u64::MAX}])] {
        assert!(matches!(to_canonical(&value), Err(SealError::Number(_))));
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(to_canonical(&number), Err(SealError::Number(_))));
    }
    assert_eq!(
        to_canonical(&9_007_199_254_740_991_i64).unwrap(),
        b"9007199254740991"
    );
}

#[test]
fn a_whole_number_beyond_2_53_is_read_back_as_the_double_it_was() {
    for number in [
        1e15,
        9_007_199_254_740_992.0,
        1e16,
        -1e18,
        1e20,
        1e21,
        1.5e300,
        -1e22,
    ] {
        let inputs = json!({"n": number, "deep": [{"n": number}]});
        let sealed = sealed(Draft::new(id(1), context(json!({"inputs": inputs}))));
        let opened = open(&sealed.slots).unwrap();
        assert_eq!(opened.root, sealed.root);
        let Body::Context(context) = opened.record.body else {
            panic!("a context was sealed");
        };
        assert_eq!(context.inputs["n"].as_f64(), Some(number));
        // What was recorded can be exported, and recorded again.
        let text = write_json(&context.inputs, Layout::Compact).unwrap();
        let read = read_json(text.as_bytes()).unwrap();
        assert_eq!(
            to_canonical(&context.inputs).unwrap(),
            to_canonical(&inputs).unwrap()
        );
        assert!(!matches!(read.tree, Tree::Null));
    }
}
