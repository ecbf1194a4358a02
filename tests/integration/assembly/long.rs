//! Texts that the tokenizer's engine gives up on.

use contextrail::assembly::{Budget, Candidate, Layout, assemble, tokenizer};
use contextrail::record::Overflow;

use super::sample::{counter, cuttable, oracle};

const MEGABYTES: usize = 1_024_000;

#[test]
fn more_than_a_megabyte_of_spaces_is_cut_into_tokens() {
    for name in ["cl100k_base", "o200k_base"] {
        let text = format!("before{}after", " ".repeat(MEGABYTES));
        let lengths = tokenizer(name).unwrap().token_lengths(&text).unwrap();
        assert_eq!(lengths.iter().sum::<usize>(), text.len());
        let mut start = 0;
        for length in lengths {
            let token = &text[start..start + length];
            assert_eq!(oracle(name).encode_ordinary(token).len(), 1, "{token:?}");
            start += length;
        }
    }
}

#[test]
fn a_megabyte_without_a_gap_is_counted_in_time() {
    let text = "a".repeat(MEGABYTES);
    for name in ["cl100k_base", "o200k_base"] {
        let counted = tokenizer(name).unwrap().count(&text).unwrap();
        assert_eq!(counted, MEGABYTES as u64 / 8);
    }
}

#[test]
fn white_space_that_cannot_be_counted_exactly_is_an_error() {
    let text = format!("é\n{}x", " ".repeat(MEGABYTES));
    let error = tokenizer("o200k_base").unwrap().count(&text).unwrap_err();
    assert_eq!(error.tokenizer, "o200k_base");
    assert_eq!(error.bytes, text.len());
}

#[test]
fn long_texts_can_be_cut_and_joined() {
    let text = format!("word{}word", " ".repeat(MEGABYTES));
    let candidates = [Candidate::new("first"), cuttable(&text, Overflow::KeepTail)];
    let budget = Budget::tokens(50);
    let counter = counter("cl100k_base");
    let assembled = assemble(&candidates, &budget, &Layout::default(), &counter).unwrap();
    let counted = oracle("cl100k_base").count_ordinary(&assembled.text) as u64;
    assert_eq!(assembled.record.budget.used, counted);
    assert_eq!(counted, 50);
}
