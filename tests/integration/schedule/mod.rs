//! Concurrency as a seed gives it: everything runs on one thread and a simulated clock, on which nothing
//! depends on the machine. A schedule that fails is gone through again by its seed.
//!
//! `CONTEXTRAIL_TEST_SCHEDULES` says how many schedules each test goes through, and
//! `CONTEXTRAIL_TEST_SEED` which one alone.

mod appender;
mod cancelling;
mod capturing;
mod cut;
mod disk;
mod racing;
mod recording;
pub(crate) mod seed;
mod store;
