//! Evidence bundles: what a file holds that proves a decision to a stranger.
//!
//! Here is what is derived from the contents of a bundle for people and for other programs to read:
//! [`derived_files`] gives all of it, [`Summary`] the page alone. Everything is a pure function: the
//! same contents give the same bytes, so whoever checks a bundle can derive them again and compare.

mod artifact;
mod bundle;
mod derived;
mod page;
mod prov;
mod related;
#[cfg(test)]
mod sample;
mod shown;
mod summary;
mod summary_html;
mod summary_md;
mod tree;
mod verify_md;
mod view;
mod visible;
mod yaml;

pub use bundle::FieldEntry;
pub use derived::{DeriveError, derived_files};
pub use summary::Summary;
pub use tree::TreeError;
pub use view::{CheckpointView, Claim, Custody, RecordView, Scope, Signer, SignerRole, View};
