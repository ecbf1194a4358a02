//! Canonical JSON (RFC 8785), written directly: one pass, no tree in between.

use serde::ser::{self, Serialize};

use super::SealError;
use super::members::{Key, MemberOrder, Spare};

/// The RFC 8785 form of `value`.
///
/// # Errors
///
/// [`SealError`] for numbers that are not finite, integers beyond ±(2^53−1), and nesting deeper
/// than 32.
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, SealError> {
    let mut out = Canonical::default();
    value.serialize(&mut out)?;
    Ok(out.bytes)
}

/// A serializer that appends canonical JSON to its buffer.
///
/// `None` writes nothing at all, so that a member without a value can be left out; inside a list
/// it is `null`.
#[derive(Debug, Default)]
pub(super) struct Canonical {
    pub(super) bytes: Vec<u8>,
    pub(super) depth: usize,
    pub(super) spare: Spare,
}

impl Canonical {
    /// Room for a value of the usual length.
    pub(super) fn with_room() -> Self {
        Self {
            bytes: Vec::with_capacity(512),
            ..Self::default()
        }
    }

    pub(super) fn string(&mut self, text: &str) {
        write_string(&mut self.bytes, text);
    }

    fn signed(&mut self, number: i64) -> Result<(), SealError> {
        if number < 0 {
            self.bytes.push(b'-');
        }
        self.digits(number.unsigned_abs())
    }

    fn digits(&mut self, number: u64) -> Result<(), SealError> {
        if number > MAX_SAFE_INTEGER {
            return Err(SealError::Number(number.to_string()));
        }
        write_digits(&mut self.bytes, number);
        Ok(())
    }

    pub(super) fn enter(&mut self) -> Result<(), SealError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SealError::TooDeep);
        }
        Ok(())
    }
}

/// Appends `number` in decimal digits.
pub(super) fn write_digits(bytes: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    let mut rest = number;
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    bytes.extend_from_slice(&digits[start..]);
}

/// Appends `text` as a JSON string.
pub(super) fn write_string(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(b'"');
    // why: almost no string has anything to escape, and a scan that never stops early is vectorised.
    let is_escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if !text.bytes().fold(false, |any, byte| any | is_escaped(byte)) {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(b'"');
        return;
    }
    let mut clean_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            0x08 => b"\\b",
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            0x0c => b"\\f",
            b'\r' => b"\\r",
            0x00..0x20 => {
                bytes.extend_from_slice(&text.as_bytes()[clean_from..at]);
                bytes.extend_from_slice(b"\\u00");
                bytes.push(HEX[usize::from(byte >> 4)]);
                bytes.push(HEX[usize::from(byte & 15)]);
                clean_from = at + 1;
                continue;
            }
            _ => continue,
        };
        bytes.extend_from_slice(&text.as_bytes()[clean_from..at]);
        bytes.extend_from_slice(escape);
        clean_from = at + 1;
    }
    bytes.extend_from_slice(&text.as_bytes()[clean_from..]);
    bytes.push(b'"');
}

/// A list being written.
pub(super) struct List<'a> {
    out: &'a mut Canonical,
    first: bool,
}

/// An object being written by serde.
pub(super) struct Object<'a> {
    out: &'a mut Canonical,
    order: MemberOrder,
    key: Option<String>,
}

impl<'a> ser::Serializer for &'a mut Canonical {
    type Ok = ();
    type Error = SealError;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = ser::Impossible<(), SealError>;
    type SerializeMap = Object<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = ser::Impossible<(), SealError>;

    fn serialize_bool(self, value: bool) -> Result<(), SealError> {
        self.bytes
            .extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), SealError> {
        self.signed(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), SealError> {
        self.signed(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), SealError> {
        self.signed(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), SealError> {
        self.signed(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), SealError> {
        self.digits(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), SealError> {
        self.digits(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), SealError> {
        self.digits(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), SealError> {
        self.digits(value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), SealError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), SealError> {
        if !value.is_finite() {
            return Err(SealError::Number(value.to_string()));
        }
        let mut buffer = ryu_js::Buffer::new();
        self.bytes
            .extend_from_slice(buffer.format_finite(value).as_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), SealError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), SealError> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), SealError> {
        Err(ser::Error::custom("bytes have no form in JSON"))
    }

    fn serialize_none(self) -> Result<(), SealError> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), SealError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), SealError> {
        self.bytes.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), SealError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), SealError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), SealError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), SealError> {
        Err(unsupported(name, variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, SealError> {
        self.enter()?;
        self.bytes.push(b'[');
        Ok(List {
            out: self,
            first: true,
        })
    }

    fn serialize_tuple(self, len: usize) -> Result<List<'a>, SealError> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<List<'a>, SealError> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, SealError> {
        Err(unsupported(name, variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a>, SealError> {
        let order = MemberOrder::begin(self)?;
        Ok(Object {
            out: self,
            order,
            key: None,
        })
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Object<'a>, SealError> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, SealError> {
        Err(unsupported(name, variant))
    }
}

fn unsupported(name: &str, variant: &str) -> SealError {
    ser::Error::custom(format!("{name}::{variant} has no canonical form"))
}

impl ser::SerializeSeq for List<'_> {
    type Ok = ();
    type Error = SealError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SealError> {
        if !self.first {
            self.out.bytes.push(b',');
        }
        self.first = false;
        let start = self.out.bytes.len();
        value.serialize(&mut *self.out)?;
        if self.out.bytes.len() == start {
            self.out.bytes.extend_from_slice(b"null");
        }
        Ok(())
    }

    fn end(self) -> Result<(), SealError> {
        self.out.depth -= 1;
        self.out.bytes.push(b']');
        Ok(())
    }
}

impl ser::SerializeTuple for List<'_> {
    type Ok = ();
    type Error = SealError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SealError> {
        ser::SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<(), SealError> {
        ser::SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleStruct for List<'_> {
    type Ok = ();
    type Error = SealError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SealError> {
        ser::SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<(), SealError> {
        ser::SerializeSeq::end(self)
    }
}

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = SealError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SealError> {
        let mut written = Canonical::default();
        key.serialize(&mut written)?;
        let key = serde_json::from_slice(&written.bytes)
            .map_err(|_| ser::Error::custom("a member's name has to be a string"))?;
        self.key = Some(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SealError> {
        let key = self
            .key
            .take()
            .ok_or_else(|| <SealError as ser::Error>::custom("a value without a name"))?;
        let start = self.out.bytes.len();
        self.order.write(self.out, Key::Owned(key), value)?;
        debug_assert!(self.out.bytes.len() > start, "maps hold no absent values");
        Ok(())
    }

    fn end(self) -> Result<(), SealError> {
        self.order.end(self.out)
    }
}

impl ser::SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = SealError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), SealError> {
        self.order.member(self.out, key, value)
    }

    fn end(self) -> Result<(), SealError> {
        self.order.end(self.out)
    }
}

const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
const MAX_DEPTH: usize = 32;
const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(value: &serde_json::Value) -> String {
        String::from_utf8(to_canonical(value).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc_has_its_published_form() {
        // RFC 8785 §3.2.2 and §3.2.3
        let value = json!({
            "numbers": [333_333_333.333_333_3, 1e30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
            "string": "\u{20ac}$\u{000f}\u{000a}A'\u{0042}\u{0022}\u{005c}\\\"/",
            "literals": [null, true, false]
        });
        assert_eq!(
            text(&value),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    #[test]
    fn members_are_sorted_by_utf16_code_units() {
        // RFC 8785 §3.2.3
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let text = text(&value);
        let order: Vec<usize> = [
            "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew",
        ]
        .iter()
        .map(|word| text.find(word).unwrap())
        .collect();
        assert!(order.is_sorted(), "{text}");
    }

    #[test]
    fn what_json_cannot_carry_exactly_is_refused() {
        assert!(matches!(to_canonical(&f64::NAN), Err(SealError::Number(_))));
        assert!(matches!(
            to_canonical(&9_007_199_254_740_992_u64),
            Err(SealError::Number(_))
        ));
        let mut deep = json!(1);
        for _ in 0..33 {
            deep = json!([deep]);
        }
        assert!(matches!(to_canonical(&deep), Err(SealError::TooDeep)));
    }
}
