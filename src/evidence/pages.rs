//! The derived files of a bundle, and the function that derives them.

use std::collections::BTreeMap;

use super::view::View;

/// Derives the files for people and other tools from what a bundle holds.
///
/// The packer puts them into the bundle; the verifier derives them again and compares, so that a
/// summary that says something else than the records is found.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// Which version of the files `render` gives, from 1. It changes with every byte of them.
    pub version: u64,
    /// Gives the files by name: pure, the same view gives the same bytes.
    pub render: fn(&View) -> BTreeMap<String, Vec<u8>>,
}
