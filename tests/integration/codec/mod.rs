//! The readers and writers, as a whole.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod bytes;
pub(crate) mod record;
mod refusal;
mod round_trip;
