//! Personal data, found and taken out.

mod access;
mod detection;
mod erasure;
mod guardrail;
mod redaction;
mod redaction_random;
mod redaction_rules;
mod retention_model;
