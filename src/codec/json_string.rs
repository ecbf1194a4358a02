//! Strings as JSON writes them.

use super::error::ReadError;
use super::json::Cursor;

/// Reads the string whose opening quote is next.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<String, ReadError> {
    cursor.advance(1);
    let mut text = String::new();
    loop {
        let rest = cursor.rest();
        let plain = rest
            .bytes()
            .position(|b| b == b'"' || b == b'\\' || b < 0x20)
            .unwrap_or(rest.len());
        text.push_str(&rest[..plain]);
        cursor.advance(plain);
        match cursor.peek() {
            Some(b'"') => {
                cursor.advance(1);
                return Ok(text);
            }
            Some(b'\\') => text.push(escape(cursor)?),
            Some(control) => {
                let message = format!("U+{control:04X} must be escaped within a string");
                return Err(cursor.syntax(&message));
            }
            None => return Err(cursor.syntax("the string has no closing quote")),
        }
    }
}

fn escape(cursor: &mut Cursor<'_>) -> Result<char, ReadError> {
    let short = match cursor.rest().as_bytes().get(1) {
        Some(b'u') => return unicode(cursor),
        Some(&same @ (b'"' | b'\\' | b'/')) => char::from(same),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        _ => return Err(cursor.syntax("an escape that JSON does not have")),
    };
    cursor.advance(2);
    Ok(short)
}

fn unicode(cursor: &mut Cursor<'_>) -> Result<char, ReadError> {
    let Some(unit) = code_unit(cursor.rest()) else {
        return Err(cursor.syntax("`\\u` takes four hexadecimal digits"));
    };
    if let Some(c) = char::from_u32(unit) {
        cursor.advance(UNIT_BYTES);
        return Ok(c);
    }
    let low = cursor.rest().get(UNIT_BYTES..).and_then(code_unit);
    let pair = match low {
        Some(low @ 0xDC00..=0xDFFF) if unit < 0xDC00 => {
            char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        }
        _ => None,
    };
    let Some(c) = pair else {
        let message = format!("\\u{unit:04x} is half of a surrogate pair, without the other half");
        return Err(cursor.syntax(&message));
    };
    cursor.advance(2 * UNIT_BYTES);
    Ok(c)
}

/// The UTF-16 code unit of the escape `text` begins with.
fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

const UNIT_BYTES: usize = 6;
