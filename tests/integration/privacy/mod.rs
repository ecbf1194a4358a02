//! Personal data, found and taken out.

mod detection;
mod erasure;
mod guardrail;
