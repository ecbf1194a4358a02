//! The container of a bundle: a zip in one canonical form.
//!
//! Names are sorted, every file is deflated and dated 1980-01-01, and there are no extra fields,
//! comments, attributes, data descriptors or bytes between the files: the same files give the same
//! bytes, and whatever is changed shows. Reading accepts other forms, so that
//! what is inside can still be judged, and says that the form is another one. What two readers
//! could understand in two ways is refused.

mod error;
mod form;
mod layout;
mod limits;
mod name;
mod read;
mod write;

use std::collections::BTreeMap;

pub use error::{ContainerError, FormError};
pub use limits::Limits;
pub use read::read;
pub use write::Packing;

/// The files of a container, as far as they could be unpacked.
#[derive(Clone, Debug)]
pub struct Container {
    /// The files by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The names of the files that could not be unpacked, and why.
    pub damaged: BTreeMap<String, &'static str>,
    /// SHA-256 of the packed bytes of all files but [`INDEX`], in order of name.
    pub digest: [u8; 32],
    /// Whether the container has the canonical form.
    pub form: Result<(), FormError>,
}

/// The file that lists the others: the only one that is not compressed.
pub const INDEX: &str = "manifest.json";
