//! Personal data, found and taken out.

mod detection;
mod guardrail;
