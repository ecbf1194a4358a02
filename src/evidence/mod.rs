//! Evidence bundles: one file that proves records to somebody who trusts nobody.
//!
//! [`gather`] takes what a bundle is to hold from a trail, [`pack`] makes the file, a [`Verifier`]
//! checks it without a store and without a network. Files for people and for other programs are
//! derived from the contents by [`PAGES`]: the same contents give the same bytes, so whoever checks
//! a bundle derives them again and compares. `docs/evidence.md` has the format.

mod absence;
mod artifact;
mod bundle;
mod carried_text;
pub mod container;
mod contents;
mod custody;
mod derived;
mod document;
mod file_name;
mod gather;
mod governing;
mod manifest;
mod pack;
mod page;
mod pages;
mod prov;
mod redaction;
mod related;
mod report;
#[cfg(test)]
mod sample;
mod shown;
mod summary;
mod summary_html;
mod summary_md;
mod tree;
mod value;
mod verify;
mod verify_md;
mod view;
mod visible;
mod yaml;

pub use absence::{Absence, MAX_ASKED, RecordUsage, Unsaid, UnsaidReason, Usage};
pub use bundle::{FieldEntry, Gone, RecordFile};
pub use carried_text::CarriedText;
pub use derived::{DeriveError, PAGES, derived_files};
pub use document::DocumentError;
pub use file_name::{FileName, Page, UnknownFile};
pub use gather::{GatherError, Gathered, What, gather};
pub use manifest::{FileNote, Manifest, Statement};
pub use pack::{MAX_RECORDS, PackError, PackInput, PackRecord, pack};
pub use pages::Pages;
pub use redaction::{Redactions, Selector, Withheld};
pub use report::{Counts, Finding, NotABundle, Proven, Report, State, Succeeded};
pub use summary::Summary;
pub use tree::TreeError;
pub use verify::{KnownHead, Verifier};
pub use view::{
    CheckpointView, Claim, Custody, RecordView, Scope, Signer, SignerRole, Stamp, View,
};
