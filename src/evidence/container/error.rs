//! Why a container is refused, and how its form differs.

/// Why a container is not read, or not written: nothing of it is used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// The bytes are no zip at all.
    #[error("this is not a zip file")]
    NotAZip,
    /// The list of files at the end is missing.
    #[error("the zip file breaks off: the list of files at its end is missing")]
    Truncated,
    /// A header says what cannot be.
    #[error("the zip file is damaged at byte {at}: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
        /// Where, from the start of the file.
        at: usize,
    },
    /// A name that would leave the folder, or mean another file elsewhere.
    #[error("the file name {name:?} is refused: {why}")]
    Name {
        /// The name, shortened.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two files with one name.
    #[error("the file {name} is there twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A file that needs a password.
    #[error("the file {name} is encrypted, which bundles never are")]
    Encrypted {
        /// The name.
        name: String,
    },
    /// A way of packing that bundles do not use.
    #[error("the file {name} is packed in a way that is not read here: {what}")]
    Unsupported {
        /// The name.
        name: String,
        /// What is not read.
        what: &'static str,
    },
    /// Zip64 headers, which no bundle needs.
    #[error("the zip file uses zip64 headers, which no bundle needs")]
    Zip64,
    /// Two headers of one file that disagree.
    #[error("the two headers of the file {name} disagree")]
    Disagreement {
        /// The name.
        name: String,
    },
    /// Files that share bytes.
    #[error("the file {name} overlaps another part of the zip file")]
    Overlap {
        /// The name.
        name: String,
    },
    /// More than a limit allows.
    #[error("{what}: {found}, at most {limit} are allowed")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
}

/// How a container differs from the canonical form.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not the container that was packed but another form of it: {difference}")]
pub struct FormError {
    pub(super) difference: String,
}

impl FormError {
    /// The form of a container whose packed bytes are not those that its list of files says.
    pub(in crate::evidence) fn repacked() -> Self {
        Self {
            difference: "the packed bytes are not those of the manifest".to_owned(),
        }
    }
}
