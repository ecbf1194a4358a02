//! Timestamps: against real authorities on this machine, and against forged tokens.

mod chain;
mod forge;
mod forged;
mod good;
mod refusal;
mod second;
mod tamper;
pub(crate) mod tsa;
