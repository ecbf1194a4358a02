//! Candidates and counters for the tests.

use std::sync::{Arc, LazyLock};

use contextrail::assembly::{
    Assembled, AssemblyError, Budget, Candidate, CountCache, Counter, Layout, assemble, tokenizer,
};
use contextrail::record::{CutReason, Overflow, Verdict};
use tiktoken_rs::CoreBPE;

static CACHE: LazyLock<Arc<CountCache>> = LazyLock::new(Arc::default);

/// A counter of the tokenizer named `name`; all of them share one cache.
pub(crate) fn counter(name: &str) -> Counter {
    Counter::with_cache(tokenizer(name).unwrap(), Arc::clone(&CACHE))
}

/// The engine itself, which every count is held against.
pub(crate) fn oracle(name: &str) -> &'static CoreBPE {
    match name {
        "o200k_base" => tiktoken_rs::o200k_base_singleton(),
        "cl100k_base" => tiktoken_rs::cl100k_base_singleton(),
        "p50k_base" => tiktoken_rs::p50k_base_singleton(),
        "r50k_base" => tiktoken_rs::r50k_base_singleton(),
        other => panic!("no oracle for {other}"),
    }
}

pub(crate) fn optional(text: &str, priority: u64) -> Candidate {
    Candidate {
        priority,
        ..Candidate::new(text)
    }
}

pub(crate) fn required(text: &str) -> Candidate {
    Candidate {
        required: true,
        ..optional(text, 0)
    }
}

pub(crate) fn cuttable(text: &str, overflow: Overflow) -> Candidate {
    Candidate {
        overflow,
        ..optional(text, 1)
    }
}

/// A text of `count` tokens of cl100k_base and o200k_base that ends in a full stop.
pub(crate) fn words(count: usize) -> String {
    format!("the{}.", " cat".repeat(count - 2))
}

/// Assembles with cl100k_base and the usual layout.
pub(crate) fn run(candidates: &[Candidate], budget: &Budget) -> Result<Assembled, AssemblyError> {
    let assembled = assemble(
        candidates,
        budget,
        &Layout::default(),
        &counter("cl100k_base"),
    )?;
    let counted = oracle("cl100k_base").count_ordinary(&assembled.text);
    assert_eq!(assembled.record.budget.used, counted as u64);
    Ok(assembled)
}

/// What became of every candidate.
pub(crate) fn fates(assembled: &Assembled) -> Vec<(Verdict, Option<CutReason>)> {
    let items = assembled.record.items.iter();
    items.map(|item| (item.verdict, item.reason)).collect()
}

pub(crate) const INCLUDED: (Verdict, Option<CutReason>) = (Verdict::Included, None);
pub(crate) const TRUNCATED: (Verdict, Option<CutReason>) =
    (Verdict::Truncated, Some(CutReason::Budget));
pub(crate) const OVER_BUDGET: (Verdict, Option<CutReason>) =
    (Verdict::Dropped, Some(CutReason::Budget));

/// A verdict of dropped, for `reason`.
pub(crate) const fn dropped(reason: CutReason) -> (Verdict, Option<CutReason>) {
    (Verdict::Dropped, Some(reason))
}
