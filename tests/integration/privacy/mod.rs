//! Personal data, found and taken out.

mod detection;
mod guardrail;
mod redaction;
mod redaction_random;
mod redaction_rules;
