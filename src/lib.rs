//! Contextrail answers, with proof: *what did the AI know when it made this decision?*
//!
//! An application opens a [`Trail`], wraps the assembly of an LLM's context with
//! [`Trail::context`], and links the business decision it led to with [`Trail::decide`]. Each
//! becomes an immutable record: sealed field by field, appended to a log, and found again by
//! anything it is about or has used.
//!
//! Data goes one way, and each module uses only what stands above it here:
//!
//! - [`record`]: the facts as plain data, with the sources of time and ids
//! - [`codec`]: strict JSON and YAML in and out
//! - [`assembly`]: candidates and a budget in, a text and a verdict per item out
//! - [`capture`]: the context builder and the ambient recorder
//! - [`log`]: the Merkle tree, checkpoints and proofs
//! - [`seal`]: fields, commitments, roots, entries
//! - [`store`]: where trails are kept, and the appender before it
//! - [`notary`]: signed heads outside the database, and the guard against older ones
//! - [`trail`]: the façade that applications hold
//! - [`govern`]: artifacts and objectives as files, measured values, checks, lineage and impact
//! - [`evidence`]: bundles that prove records to others, packed and verified
//!
//! Between `store` and `notary` stands `timestamp` (RFC 3161), and above the trail `server` (the
//! witness), each with its feature.
//!
//! # Features
//!
//! - `sqlite` (default): the embedded store, one SQLite file
//! - `cli` (default): the `contextrail` command, with all of the others
//! - `network`: witnesses, timestamp authorities and key management services over HTTP
//! - `server` (with `network`): what listens, the trail over HTTP and the witness
//!
//! Without either, nothing here needs a database: [`trail::TrailOptions::open_in_memory`] gives a
//! whole trail that goes with the process.

pub mod assembly;
pub mod capture;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod codec;
pub mod evidence;
mod file;
pub mod govern;
#[cfg(feature = "network")]
mod http;
pub mod log;
pub mod notary;
pub mod privacy;
pub mod record;
pub mod seal;
#[cfg(feature = "server")]
pub mod server;
pub mod store;
#[cfg(feature = "network")]
pub mod timestamp;
pub mod trail;

pub use capture::{JoinSet, ambient, spawn, spawn_blocking};
pub use trail::Trail;

/// The README's code is run as a test.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
