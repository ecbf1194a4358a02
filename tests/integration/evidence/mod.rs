//! Evidence bundles, judged by both verifiers.

mod both;
mod container;
mod redaction;
mod sealed_log;
mod tamper;
mod timestamp;
mod verdict;
mod zip;
