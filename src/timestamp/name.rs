//! Names as people read them.

use std::fmt::Write;

use der::asn1::{AnyRef, BmpString, ObjectIdentifier};
use der::{Decode, Tag};

use crate::timestamp::TimestampError;
use crate::timestamp::reading::{Members, constructed, hex, primitive};

/// The distinguished name `der` in the form of RFC 4514: the most specific part first.
///
/// A name that cannot be read is shown as `#` and its bytes in hexadecimal: it is for people, and
/// what is compared is always the bytes.
pub(super) fn text(der: &[u8]) -> String {
    parts(der).unwrap_or_else(|_| format!("#{}", hex(der)))
}

/// The `GeneralName` at `members` as text; `None` for a form that nobody reads.
pub(super) fn general(mut members: Members<'_>) -> Result<Option<String>, TimestampError> {
    let plain = [1, 2, 6].map(primitive);
    if let Some(name) = members.optional(constructed(4))? {
        members.finish()?;
        return Ok(Some(text(name)));
    }
    for tag in plain {
        if let Some(name) = members.optional(tag)? {
            members.finish()?;
            return Ok(Some(escaped(&latin1(name))));
        }
    }
    members.raw()?;
    members.finish()?;
    Ok(None)
}

fn parts(der: &[u8]) -> Result<String, TimestampError> {
    let mut sequence = Members::of_sequence("name", der)?;
    let mut parts = Vec::new();
    while !sequence.is_empty() {
        let mut set = sequence.inside("part of a name", Tag::Set)?;
        let mut attributes = Vec::new();
        while !set.is_empty() {
            attributes.push(attribute(set.inside("part of a name", Tag::Sequence)?)?);
        }
        parts.push(attributes.join("+"));
    }
    parts.reverse();
    Ok(parts.join(","))
}

fn attribute(mut members: Members<'_>) -> Result<String, TimestampError> {
    let oid = members.next::<ObjectIdentifier>()?;
    let raw = members.raw()?;
    members.finish()?;
    let value = value(raw).map_or_else(|| format!("#{}", hex(raw)), |value| escaped(&value));
    Ok(format!("{}={value}", key(oid)))
}

fn value(raw: &[u8]) -> Option<String> {
    let any = AnyRef::from_der(raw).ok()?;
    let bytes = any.value();
    match der::Tagged::tag(&any) {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(bytes.to_vec()).ok()
        }
        Tag::TeletexString => Some(latin1(bytes)),
        Tag::BmpString => BmpString::from_der(raw).ok().map(|text| text.to_string()),
        _ => None,
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// `value` with what has a meaning in RFC 4514, and what would move a terminal's cursor, escaped.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (position, character) in value.chars().enumerate() {
        let at_edge = (position == 0 && matches!(character, '#' | ' '))
            || (position == last && character == ' ');
        if at_edge || matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            text.push('\\');
            text.push(character);
        } else if character.is_control() {
            for byte in character.to_string().bytes() {
                write!(text, "\\{byte:02X}").expect("a string takes all that is written to it");
            }
        } else {
            text.push(character);
        }
    }
    text
}

/// The short name of an attribute where RFC 4514 §3 has one.
fn key(oid: ObjectIdentifier) -> String {
    SHORT_NAMES
        .iter()
        .find(|(known, _)| *known == oid)
        .map_or_else(|| oid.to_string(), |(_, name)| (*name).to_owned())
}

const SHORT_NAMES: [(ObjectIdentifier, &str); 9] = [
    (ObjectIdentifier::new_unwrap("2.5.4.3"), "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "STREET"),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"),
        "DC",
    ),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"),
        "UID",
    ),
];

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_name_cannot_pose_as_two_or_move_the_cursor() {
        assert_eq!(escaped("Root, CN=Other"), "Root\\, CN=Other");
        assert_eq!(escaped("#a\u{1b}[2J "), "\\#a\\1B[2J\\ ");
        assert_eq!(escaped("Zürich"), "Zürich");
    }
}
