//! Evidence bundles: one file that proves records to somebody who trusts nobody.

mod bundle;
mod carried_text;
pub mod container;
mod contents;
mod custody;
mod document;
mod file_name;
mod manifest;
mod pack;
mod pages;
mod redaction;
mod report;
mod value;
mod verify;
mod view;

pub use bundle::{FieldEntry, RecordFile};
pub use carried_text::CarriedText;
pub use document::DocumentError;
pub use file_name::{FileName, Page, UnknownFile};
pub use manifest::{FileNote, Manifest, Statement};
pub use pack::{MAX_RECORDS, PackError, PackInput, PackRecord, pack};
pub use pages::Pages;
pub use redaction::{Redactions, Selector, Withheld};
pub use report::{Counts, Finding, NotABundle, Report, State};
pub use verify::{KnownHead, Verifier};
pub use view::{CheckpointView, Claim, Custody, RecordView, Scope, Signer, SignerRole, View};
