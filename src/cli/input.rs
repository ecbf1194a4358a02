//! Documents from files and standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use crate::codec::{Format, Node, ReadError, read};

/// A document as it was read.
pub(super) struct Input {
    path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

impl Input {
    /// Reads the file `path`, or standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let bytes = if path == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            std::fs::read(path)
        };
        match bytes {
            Ok(bytes) => Ok(Self {
                path: path.to_owned(),
                bytes,
            }),
            Err(error) => Err(
                Failure::new(Exit::Usage, format!("{} cannot be read", shown(path)))
                    .because(error.to_string())
                    .try_next("name a JSON or YAML file, or `-` for standard input"),
            ),
        }
    }

    /// The document, in whatever format it is.
    pub(super) fn document(&self) -> Result<Node, Failure> {
        let format = Format::detect(&self.path, &self.bytes);
        read(&self.bytes, format).map_err(|error| self.refused(&error))
    }

    /// Says where the document cannot be understood.
    pub(super) fn refused(&self, error: &ReadError) -> Failure {
        Failure::usage(format!("{}: {error}", shown(&self.path)))
    }
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    path.display().to_string()
}
