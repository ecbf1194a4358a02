//! HTTP: extract, call, convert.

mod witness;

pub use witness::serve_witness;
