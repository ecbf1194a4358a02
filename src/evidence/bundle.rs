//! The shapes of the files in a bundle.

use serde::{Deserialize, Serialize};

use super::document::{self, Bytes, Bytes32, DocumentError};
use crate::log::Hash;
use crate::record::{Class, Kind, RecordId};
use crate::seal::{SealError, field_leaf, value_commitment};

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
        /// What took the value away for good, if anything did.
        gone: Option<Gone>,
    },
    /// Only that there is a field.
    Hidden {
        /// The field's leaf in the tree of the record.
        leaf: Hash,
        /// Why nothing more is given.
        why: String,
    },
}

/// What took a value away for good: a record of the log that says so.
///
/// That the value was in this slot is what the maker of the bundle says; that the slot is gone, the
/// record says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// The record that says which slots are gone.
    pub by: RecordId,
    /// The slot that the value was in.
    pub slot: u16,
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

    /// The class; a hidden field gives none.
    #[must_use]
    pub const fn class(&self) -> Option<Class> {
        match self {
            Self::Shown { class, .. } | Self::Named { class, .. } => Some(*class),
            Self::Hidden { .. } => None,
        }
    }

    /// The leaf of the field in the tree of its record, computed from what is given of it.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        match self {
            Self::Shown {
                path,
                class,
                salt,
                value,
            } => field_leaf(path, *class, &value_commitment(salt, value)),
            Self::Named {
                path,
                class,
                commitment,
                ..
            } => field_leaf(path, *class, commitment),
            Self::Hidden { leaf, .. } => *leaf,
        }
    }
}

/// One record of a bundle: the file `records/<id>.json`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordFile {
    /// Its id.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its place in the log, from 0.
    pub index: u64,
    /// Its fields, in byte order of path.
    pub fields: Vec<FieldEntry>,
}

impl RecordFile {
    /// Reads the file, strictly.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] with the place of what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let RecordText {
            fields,
            id,
            index,
            kind,
        } = document::read(bytes)?;
        let fields = fields.into_iter().enumerate();
        Ok(Self {
            id,
            kind,
            index,
            fields: fields
                .map(|(at, field)| field.entry(at))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// [`SealError`] for an index beyond 2^53 − 1.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SealError> {
        document::write(&RecordText {
            fields: self.fields.iter().map(FieldText::of).collect(),
            id: self.id,
            index: self.index,
            kind: self.kind,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordText {
    fields: Vec<FieldText>,
    id: RecordId,
    index: u64,
    kind: Kind,
}

/// A field with the members of all three forms.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FieldText {
    class: Option<String>,
    gone: Option<Gone>,
    leaf: Option<Bytes32>,
    path: Option<String>,
    salt: Option<Bytes32>,
    value: Option<Bytes>,
    vc: Option<Bytes32>,
    why: Option<String>,
}

impl FieldText {
    fn of(entry: &FieldEntry) -> Self {
        match entry.clone() {
            FieldEntry::Shown {
                path,
                class,
                salt,
                value,
            } => Self {
                class: Some(class.as_str().to_owned()),
                path: Some(path),
                salt: Some(Bytes32(salt)),
                value: Some(Bytes(value)),
                ..Self::default()
            },
            FieldEntry::Named {
                path,
                class,
                commitment,
                why,
                gone,
            } => Self {
                class: Some(class.as_str().to_owned()),
                gone,
                path: Some(path),
                vc: Some(Bytes32(commitment)),
                why: Some(why),
                ..Self::default()
            },
            FieldEntry::Hidden { leaf, why } => Self {
                leaf: Some(Bytes32(leaf)),
                why: Some(why),
                ..Self::default()
            },
        }
    }

    fn entry(self, at: usize) -> Result<FieldEntry, DocumentError> {
        let wrong = |what| DocumentError::Shape {
            at: format!("fields[{at}]"),
            what,
        };
        let class = match &self.class {
            Some(class) => Some(
                class
                    .parse()
                    .map_err(|_| wrong("the class is none of plain, confidential, personal"))?,
            ),
            None => None,
        };
        if self.gone.is_some() && self.vc.is_none() {
            return Err(wrong(
                "only a field redacted by name says what took it away",
            ));
        }
        match (
            self.path, class, self.salt, self.value, self.vc, self.leaf, self.why,
        ) {
            (Some(path), Some(class), Some(salt), Some(value), None, None, None) => {
                Ok(FieldEntry::Shown {
                    path,
                    class,
                    salt: salt.0,
                    value: value.0,
                })
            }
            (Some(path), Some(class), None, None, Some(commitment), None, Some(why)) => {
                Ok(FieldEntry::Named {
                    path,
                    class,
                    commitment: commitment.0,
                    why,
                    gone: self.gone,
                })
            }
            (None, None, None, None, None, Some(leaf), Some(why)) => {
                Ok(FieldEntry::Hidden { leaf: leaf.0, why })
            }
            _ => Err(wrong(
                "a field has path, class, salt and value, or path, class, vc and why, or leaf and why",
            )),
        }
    }
}
