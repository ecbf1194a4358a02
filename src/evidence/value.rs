//! Values of fields, as they were hashed.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::bundle::{FieldEntry, RecordFile};
use crate::record::EntityRef;

/// Reads the bytes of a value; `None` when they are not JSON with one meaning.
///
/// The bytes are RFC 8785, which writes large doubles without a point: numbers are not held to the
/// limits that records are read with.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let OneMeaning(value) = serde_json::from_slice(bytes).ok()?;
    Some(value)
}

/// The value of the field at `path`, when the record shows it and it is JSON with one meaning.
pub(super) fn at(record: &RecordFile, path: &str) -> Option<Value> {
    let mut fields = record.fields.iter();
    fields.find_map(|field| match field {
        FieldEntry::Shown {
            path: at, value, ..
        } if at == path => read(value),
        _ => None,
    })
}

/// The entities that the record shows: whom it is about, and its subject.
pub(super) fn entities(record: &RecordFile) -> impl Iterator<Item = EntityRef> {
    record.fields.iter().filter_map(|field| match field {
        FieldEntry::Shown { path, value, .. }
            if path == "/subject" || path.starts_with("/entities/") =>
        {
            serde_json::from_value(read(value)?).ok()
        }
        _ => None,
    })
}

/// Whether `text` is a JSON pointer to a member (RFC 6901).
pub(super) fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1);
    text.starts_with('/') && escapes.into_iter().all(|it| it.starts_with(['0', '1']))
}

/// Whether `value` leaves room for another field at `below`, a pointer into it.
///
/// An object does when it lacks the member; a list or a scalar has no room.
pub(super) fn has_room(value: &Value, below: &str) -> bool {
    let mut value = value;
    for step in below.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        match value {
            Value::Object(members) => match members.get(&name) {
                Some(member) => value = member,
                None => return true,
            },
            _ => return false,
        }
    }
    false
}

/// A value in which no object has two members of one name.
struct OneMeaning(Value);

impl<'de> Deserialize<'de> for OneMeaning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(OneMeaning(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, OneMeaning(value))) = object.next_entry::<String, _>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is there twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_two_meanings_is_not_read() {
        assert!(read(br#"{"a":{"b":[1,1e300,"x",null,true]}}"#).is_some());
        assert!(read(b"9007199254740994").is_some());
        for bytes in [
            &br#"{"a":[{"b":1,"b":1}]}"#[..],
            b"",
            b"1 2",
            b"{",
            b"\"\xff\"",
        ] {
            assert!(read(bytes).is_none());
        }
        assert!(read("[".repeat(100_000).as_bytes()).is_none());
    }

    #[test]
    fn room_is_where_a_member_is_missing() {
        let value = read(br#"{"a":{"b/c":1,"l":[]}}"#).unwrap();
        for below in ["/x", "/a/x", "/x/y", "/a/b~1d"] {
            assert!(has_room(&value, below), "{below}");
        }
        for below in ["", "/a", "/a/b~1c", "/a/b~1c/d", "/a/l/0"] {
            assert!(!has_room(&value, below), "{below}");
        }
    }
}
