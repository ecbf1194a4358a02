//! Documents from files and standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use crate::capture::CaptureError;
use crate::codec::{Format, Node, Position, ReadError, Tree, read};

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
            Err(error) => Err(Failure::new(
                Exit::Storage,
                format!("{} cannot be read", shown(path)),
            )
            .because(error.to_string())
            .try_next("name a JSON or YAML file, or `-` for standard input")),
        }
    }

    /// The document, in whatever format it is.
    pub(super) fn document(&self) -> Result<Node, Failure> {
        let format = Format::detect(&self.path, &self.bytes);
        read(&self.bytes, format).map_err(|error| self.refused(&error))
    }

    /// Says where in the document that is at fault for which a request was not assembled.
    pub(super) fn failed(&self, document: &Node, error: CaptureError) -> Failure {
        let place = error.path().map(|path| {
            let Position { line, column } = position(document, &path);
            format!("{}: line {line}, column {column}: ", shown(&self.path))
        });
        Failure::from(error).at(&place.unwrap_or_default())
    }

    /// Says where the document cannot be understood.
    pub(super) fn refused(&self, error: &ReadError) -> Failure {
        Failure::usage(format!("{}: {error}", shown(&self.path)))
    }
}

/// Where the value at `path`, such as `items[2].ref`, stands: the nearest that is there around it.
fn position(document: &Node, path: &str) -> Position {
    let mut node = document;
    let steps = path
        .split(['.', '['])
        .map(|step| step.trim_end_matches(']'));
    for step in steps {
        let next = match (&node.tree, step.parse::<usize>()) {
            (Tree::Sequence(elements), Ok(index)) => elements.get(index),
            _ => node.member(step),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node.at
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    path.display().to_string()
}
