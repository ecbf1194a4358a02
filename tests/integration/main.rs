//! The library as its users see it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod architecture;
mod archive;
mod assembly;
mod capture;
mod cli;
mod codec;
mod endurance;
mod evidence;
mod evidence_pages;
mod fuzzed;
mod govern;
mod home;
mod keys;
mod log;
mod moments;
mod moving;
mod notary;
mod postgres;
mod privacy;
mod python;
mod sample;
mod schedule;
mod seal;
mod server;
mod store;
mod timestamp;
mod trail;
