//! Every count equals the engine's own, whatever the texts.

use std::ops::Range;

use contextrail::assembly::{Budget, Candidate, Layout, assemble, render, tokenizer};
use contextrail::record::{Order, Overflow, Role};
use proptest::prelude::*;

use super::sample::{counter, oracle};

/// Characters and words at which encodings cut, or seem to.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(&FRAGMENTS[..]).prop_map(str::to_owned),
        2 => (prop::sample::select(&RUNS[..]), 1..40_usize).prop_map(|(unit, n)| unit.repeat(n)),
        2 => "[a-zA-Z]{1,9}",
        1 => "[0-9]{1,7}",
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{0,6}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just(String::new()),
        3 => fragment(),
        12 => prop::collection::vec(fragment(), 1..12).prop_map(|parts| parts.concat()),
        2 => (prop::collection::vec(fragment(), 1..6), 20..60_usize)
            .prop_map(|(parts, times)| parts.concat().repeat(times)),
    ]
}

fn separator() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("\n\n".to_owned()),
        4 => prop::sample::select(&["", " ", "\n", "\r\n", "---", "\n---\n", " \n ", "/", "\n/", "'"][..])
            .prop_map(str::to_owned),
        1 => fragment(),
    ]
}

prop_compose! {
    fn candidate()(
        text in text(),
        role in prop::sample::select(&[Role::System, Role::User, Role::Assistant][..]),
        priority in 0..4_u64,
        required in prop::bool::weighted(0.1),
        overflow in prop::sample::select(&[
            Overflow::Drop,
            Overflow::Drop,
            Overflow::KeepHead,
            Overflow::KeepTail,
            Overflow::KeepEnds,
            Overflow::DropOldest,
        ][..]),
        min_tokens in prop::option::of(0..8_u64),
        marker in prop::option::of(fragment()),
    ) -> Candidate {
        Candidate { role, priority, required, overflow, min_tokens, marker, ..Candidate::new(text) }
    }
}

prop_compose! {
    fn assembly()(
        candidates in prop::collection::vec(candidate(), 0..7),
        limit in prop_oneof![0..40_u64, 0..400_u64, Just(100_000)],
        per_message in prop::option::of(0..5_u64),
        separator in separator(),
        order in prop::sample::select(&[Order::Added, Order::Priority, Order::Edges][..]),
    ) -> (Vec<Candidate>, Budget, Layout) {
        let budget = Budget::tokens(limit).allow_overflow();
        let budget = per_message.into_iter().fold(budget, Budget::per_message);
        (candidates, budget, Layout { separator, order })
    }
}

fn bytes(range: &[u64; 2]) -> Range<usize> {
    let [from, to] = range.map(|at| usize::try_from(at).unwrap());
    from..to
}

fn check(name: &str, candidates: &[Candidate], budget: &Budget, layout: &Layout) {
    let counter = counter(name);
    let assembled = assemble(candidates, budget, layout, &counter).unwrap();
    let record = &assembled.record;
    let counted = oracle(name).count_ordinary(&assembled.text) as u64;
    assert_eq!(record.budget.used, counted, "{:?}", assembled.text);

    let taken = record.budget.used + record.budget.framing.unwrap_or(0);
    assert_eq!(
        taken.saturating_sub(record.budget.available),
        record.budget.over.unwrap_or(0)
    );
    if record.budget.over.is_some() {
        assert!(
            record
                .items
                .iter()
                .all(|item| item.required || item.used_tokens == 0)
        );
    }
    for (item, candidate) in record.items.iter().zip(candidates) {
        let whole = oracle(name).count_ordinary(&candidate.text) as u64;
        assert_eq!(item.tokens, whole);
        if !item.kept.is_empty() {
            let kept: usize = item
                .kept
                .iter()
                .map(|range| &candidate.text[bytes(range)])
                .map(|text| oracle(name).count_ordinary(text))
                .sum();
            assert_eq!(item.used_tokens, kept as u64);
            assert!(item.used_tokens >= item.min_tokens.unwrap_or(1));
        }
    }
    let texts: Vec<_> = candidates.iter().map(|c| c.text.clone()).collect();
    assert_eq!(render(record, &texts).unwrap(), *assembled.text);
    assert_eq!(
        assemble(candidates, budget, layout, &counter).unwrap(),
        assembled
    );
}

fn check_boundaries(name: &str, text: &str) {
    let tokenizer = tokenizer(name).unwrap();
    let whole = oracle(name).encode_ordinary(text);
    for (at, _) in text.char_indices().skip(1) {
        let (left, right) = text.split_at(at);
        if tokenizer.splits_between(left, right) {
            let mut parts = oracle(name).encode_ordinary(left);
            parts.extend(oracle(name).encode_ordinary(right));
            assert_eq!(parts, whole, "{name} {left:?} | {right:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(10_000) })]

    #[test]
    fn used_is_what_cl100k_counts((candidates, budget, layout) in assembly()) {
        check("cl100k_base", &candidates, &budget, &layout);
    }

    #[test]
    fn used_is_what_o200k_counts((candidates, budget, layout) in assembly()) {
        check("o200k_base", &candidates, &budget, &layout);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn used_is_what_r50k_counts((candidates, budget, layout) in assembly()) {
        check("r50k_base", &candidates, &budget, &layout);
    }

    #[test]
    fn a_token_ends_wherever_an_encoding_promises_it(
        text in prop::collection::vec(fragment(), 1..10).prop_map(|parts| parts.concat())
    ) {
        for name in ["cl100k_base", "o200k_base", "r50k_base", "p50k_base"] {
            check_boundaries(name, &text);
        }
    }
}

const FRAGMENTS: [&str; 70] = [
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\n\r",
    " \n",
    "\n ",
    "\n\n  ",
    " \r\n\t",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{3000}",
    "\u{b}",
    "\u{c}",
    "/",
    "//",
    "/\n",
    "\n/",
    "!\n/",
    "'",
    "'s",
    "'S",
    "'ll",
    "'re",
    "\u{2019}s",
    "'\u{17f}",
    ".",
    ".\n",
    "!",
    "!!!",
    "?!\n\n",
    "...",
    ",",
    ";",
    "{",
    "}",
    "};\n",
    "\"key\": ",
    "[1, 2]",
    "</p>\n",
    "<|endoftext|>",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{301}",
    "e\u{301}",
    "\u{1f469}\u{200d}\u{1f467}",
    "\u{1f642}",
    "\u{1f1e9}\u{1f1ea}",
    "漢字",
    "。",
    "かな",
    "مرحبا",
    "नमस्ते",
    "é",
    "ß",
    "Ⅷ",
    "ⓐ",
    "²",
    "٣",
    "0",
    "007",
    "12345",
    "the",
    " The",
    "camelCase",
];
const RUNS: [&str; 14] = [
    " ", "\n", "\r\n", "\t", " \n", "a", "A", "ab ", "!", "/", "1", "\u{3000}", "\u{301}", "🙂",
];
