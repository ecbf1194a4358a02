//! Evidence bundles, judged by both verifiers.

mod both;
mod container;
mod redaction;
mod sealed_log;
pub(crate) mod tamper;
mod timestamp;
mod verdict;
pub(crate) mod zip;
