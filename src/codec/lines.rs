//! Reading JSON lines: one value a line.

use super::error::ReadError;
use super::json::read_json_from;
use super::node::{Node, Position};

/// Reads one JSON value from each line of `bytes`; blank lines are skipped.
///
/// The lines are read one by one as the iterator is moved on; places are those in the whole
/// document. A line that cannot be read does not end the iteration.
///
/// ```
/// use contextrail::codec::read_json_lines;
/// let lines: Vec<_> = read_json_lines(b"{\"a\": 1}\n\n[1,]\n").collect();
/// assert!(lines[0].is_ok());
/// assert_eq!(lines[1].as_ref().unwrap_err().line(), 3);
/// ```
#[must_use]
pub fn read_json_lines(bytes: &[u8]) -> JsonLines<'_> {
    JsonLines {
        rest: bytes,
        line: 0,
    }
}

/// The values of a document that has one a line.
#[derive(Clone, Debug)]
pub struct JsonLines<'a> {
    rest: &'a [u8],
    line: u32,
}

impl Iterator for JsonLines<'_> {
    type Item = Result<Node, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|&b| b == b'\n');
            let (line, rest) = match end {
                Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
                None => (self.rest, &[][..]),
            };
            self.rest = rest;
            self.line = self.line.saturating_add(1);
            if !line.trim_ascii().is_empty() {
                let start = Position {
                    line: self.line,
                    column: 1,
                };
                return Some(read_json_from(line, start));
            }
        }
        None
    }
}
