//! The capture of contexts, with a sink that keeps what it is given.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ambient;
mod ending;
mod feature;
mod guardrail;
mod item;
mod request;
mod retrieval;
mod sink;
mod tool;

use std::sync::Arc;

use contextrail::assembly::Budget;
use contextrail::capture::{ContextBuilder, Sink};
use contextrail::record::{Context, EntityRef, Timestamp};

use sink::KeptDrafts;

/// The time at which every test begins.
const NOW: &str = "2026-11-22T18:42:30.000000Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn entity(text: &str) -> EntityRef {
    text.parse().unwrap()
}

/// A context about an applicant, with a budget that holds everything.
fn loan(sink: &Arc<KeptDrafts>) -> ContextBuilder {
    ContextBuilder::new(Arc::clone(sink) as Arc<dyn Sink>, "loan_decision")
        .entity("applicant", "user_456")
        .budget(Budget::tokens(1_000))
}

/// The only record that was written.
fn only(sink: &KeptDrafts) -> Context {
    let mut contexts = sink.contexts();
    assert_eq!(contexts.len(), 1);
    contexts.remove(0)
}
