//! The shapes of the files in a bundle.

use crate::log::Hash;
use crate::record::Class;

/// One field of a record as a bundle gives it: `records/<id>.json` lists them in byte order of path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FieldEntry {
    /// Path, class and value can be read, and the leaf computed from them.
    Shown {
        /// JSON pointer (RFC 6901) into the record.
        path: String,
        /// How the value has to be treated.
        class: Class,
        /// What the value was salted with.
        salt: [u8; 32],
        /// The value in RFC 8785 form: the bytes that were hashed.
        value: Vec<u8>,
    },
    /// Redacted by name: that there is a value, where and of which class, but not what it is.
    Named {
        /// JSON pointer (RFC 6901) into the record.
        path: String,
        /// How the value has to be treated.
        class: Class,
        /// The commitment to the value.
        commitment: Hash,
        /// Why the value is not given.
        why: String,
    },
    /// Only that there is a field.
    Hidden {
        /// The field's leaf in the tree of the record.
        leaf: Hash,
        /// Why nothing more is given.
        why: String,
    },
}

impl FieldEntry {
    /// The path; a hidden field gives none.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Shown { path, .. } | Self::Named { path, .. } => Some(path),
            Self::Hidden { .. } => None,
        }
    }
}
