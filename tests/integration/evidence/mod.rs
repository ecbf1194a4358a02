//! Evidence bundles, judged by both verifiers.

mod absence;
mod absence_random;
mod both;
mod complete;
mod container;
mod entity;
mod gone;
mod pages;
mod redaction;
mod sealed_log;
mod stated;
mod succession;
pub(crate) mod tamper;
mod timestamp;
mod verdict;
pub(crate) mod zip;
