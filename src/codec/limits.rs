//! How deep and how large a document may be.

use super::error::{ReadError, ReadErrorKind};

/// Counts the depth and the values of a document while it is read.
///
/// A list at the top holds records: its elements have their limits each for itself.
#[derive(Debug, Default)]
pub(super) struct Extent {
    depth: usize,
    values: usize,
    holds_records: bool,
}

impl Extent {
    /// Counts one value that is about to be read.
    pub(super) fn count(&mut self) -> Result<(), ReadError> {
        if self.holds_records && self.depth == 1 {
            self.values = 0;
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(too_large(format!("more than {MAX_VALUES} values")));
        }
        Ok(())
    }

    /// Goes into a list.
    pub(super) fn enter_sequence(&mut self) -> Result<(), ReadError> {
        self.holds_records |= self.depth == 0;
        self.enter()
    }

    /// Goes into an object.
    pub(super) fn enter_mapping(&mut self) -> Result<(), ReadError> {
        self.enter()
    }

    /// Comes out of a list or an object.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    fn enter(&mut self) -> Result<(), ReadError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH + usize::from(self.holds_records) {
            return Err(too_large(format!("nested more than {MAX_DEPTH} deep")));
        }
        Ok(())
    }
}

fn too_large(message: String) -> ReadError {
    ReadError::new(ReadErrorKind::TooLarge, message)
}

const MAX_DEPTH: usize = 32;
const MAX_VALUES: usize = 100_000;
