//! Personal data, found and taken out.

mod access;
mod detection;
mod erasure;
mod guardrail;
