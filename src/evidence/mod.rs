//! Evidence bundles: one file that proves records to somebody who trusts nobody.

mod bundle;
mod carried_text;
pub mod container;
mod custody;
mod document;
mod file_name;
mod manifest;
mod view;

pub use bundle::{FieldEntry, RecordFile};
pub use carried_text::CarriedText;
pub use document::DocumentError;
pub use file_name::{FileName, Page, UnknownFile};
pub use manifest::{Claim, FileNote, Manifest};
pub use view::{CheckpointView, Custody, RecordView, Scope, Signer, SignerRole, View};
