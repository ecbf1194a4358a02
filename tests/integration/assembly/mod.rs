//! What fits, what is cut, and that every count is exact.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

mod budget;
mod cut;
mod exact;
mod freshness;
mod long;
mod order;
mod rerender;
mod sample;
