//! What both formats ask of a text before its grammar: UTF-8, places, names that differ.

use super::error::{ReadError, ReadErrorKind};
use super::node::{Member, Position};

/// The text of a document, without a byte order mark.
pub(super) fn decoded(bytes: &[u8], start: Position) -> Result<&str, ReadError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = std::str::from_utf8(&bytes[..error.valid_up_to()])
            .expect("the bytes up to there are valid");
        let bad = bytes[error.valid_up_to()];
        ReadError::new(
            ReadErrorKind::Encoding,
            format!("the byte 0x{bad:02x} is not UTF-8"),
        )
        .with_hint(Some("save the document as UTF-8".to_owned()))
        .or_at(advanced(start, valid))
    })
}

/// The place after `text` when `text` begins at `from`.
pub(super) fn advanced(from: Position, text: &str) -> Position {
    let (lines, last) = match text.rfind('\n') {
        Some(end) => (
            text.bytes().filter(|&b| b == b'\n').count(),
            &text[end + 1..],
        ),
        None => (0, text),
    };
    let columns = u32::try_from(last.chars().count()).unwrap_or(u32::MAX);
    if lines == 0 {
        return Position {
            line: from.line,
            column: from.column.saturating_add(columns),
        };
    }
    let lines = u32::try_from(lines).unwrap_or(u32::MAX);
    Position {
        line: from.line.saturating_add(lines),
        column: columns.saturating_add(1),
    }
}

/// The refusal of the first member whose name an earlier one has.
pub(super) fn first_duplicate(members: &[Member]) -> Option<ReadError> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_unstable_by_key(|&i| (&members[i].name, i));
    let (first, again) = order
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|&(a, b)| members[a].name == members[b].name)
        .min_by_key(|&(_, again)| again)?;
    let line = members[first].at.line;
    let error = ReadError::new(ReadErrorKind::Duplicate, "the name occurs twice")
        .with_hint(Some(format!("the first is in line {line}")))
        .or_at(members[again].at)
        .in_member(&members[again].name);
    Some(error)
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
