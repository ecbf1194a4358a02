//! The bytes of one slot: its seed, whose values they are, the fields and the personal texts.
//!
//! A slot is one unit of encryption and of erasure. Lengths are LEB128; `docs/format.md` has the
//! layout.

use std::collections::BTreeMap;

use super::OpenError;
use super::field::Fields;
use super::slot::{Seed, Slot};
use crate::record::{Class, Digest, EntityRef};

/// What one slot of a record holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Payload {
    pub(super) owners: Vec<EntityRef>,
    pub(super) texts: BTreeMap<Digest, std::sync::Arc<str>>,
}

impl Payload {
    /// The bytes of this slot: its own members, and the fields of `fields` that are in it.
    pub(super) fn encode(&self, slot: Slot, seed: &Seed, fields: &Fields) -> Vec<u8> {
        let own = || fields.iter().filter(|field| field.slot == slot);
        let bytes = own().map(|field| field.path.len() + field.value.len() + 6);
        let texts = self.texts.values().map(|text| text.len() + 40);
        let mut out = Vec::with_capacity(256 + bytes.chain(texts).sum::<usize>());
        out.push(FORMAT);
        out.extend_from_slice(seed.as_bytes());
        write_length(&mut out, self.owners.len());
        for owner in &self.owners {
            write_bytes(&mut out, owner.to_string().as_bytes());
        }
        write_length(&mut out, own().count());
        for field in own() {
            out.push(class_byte(field.class));
            write_bytes(&mut out, field.path.as_bytes());
            write_bytes(&mut out, field.value);
        }
        write_length(&mut out, self.texts.len());
        for (digest, text) in &self.texts {
            out.extend_from_slice(digest.as_bytes());
            write_bytes(&mut out, text.as_bytes());
        }
        out
    }

    /// Reads the bytes of a slot, adding its fields to `fields`.
    ///
    /// There is one way to write a slot: lengths in as few bytes as they need, fields and texts in
    /// order. Any other is an error, so that no byte of a store is without a meaning.
    pub(super) fn decode(
        slot: Slot,
        bytes: &[u8],
        fields: &mut Fields,
    ) -> Result<(Self, Seed), OpenError> {
        let mut reader = Reader { bytes, slot };
        if reader.byte()? != FORMAT {
            return Err(reader.damaged("it has a format this version does not know"));
        }
        let seed = Seed::from_bytes(reader.array()?);
        let mut payload = Self::default();
        for _ in 0..reader.length()? {
            let text = reader.text()?;
            let owner: EntityRef = text.parse()?;
            if owner.to_string() != text {
                return Err(reader.damaged("an owner is not in the form it is written in"));
            }
            payload.owners.push(owner);
        }
        let mut before = "";
        for _ in 0..reader.length()? {
            let class = reader.class()?;
            let path = reader.text()?;
            if path <= before {
                return Err(reader.damaged("its fields are not in order"));
            }
            before = path;
            fields.push(path, class, slot, reader.bytes()?);
        }
        for _ in 0..reader.length()? {
            let digest = Digest::HmacSha256(reader.array()?);
            if payload
                .texts
                .last_key_value()
                .is_some_and(|(last, _)| *last >= digest)
            {
                return Err(reader.damaged("its texts are not in order"));
            }
            payload.texts.insert(digest, reader.text()?.into());
        }
        if !reader.bytes.is_empty() {
            return Err(reader.damaged("it goes on behind its end"));
        }
        Ok((payload, seed))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    slot: Slot,
}

impl<'a> Reader<'a> {
    const fn damaged(&self, what: &'static str) -> OpenError {
        OpenError::Payload {
            slot: self.slot.number(),
            what,
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], OpenError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or_else(|| self.damaged("it ends early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, OpenError> {
        Ok(self.take(1)?[0])
    }

    fn array(&mut self) -> Result<[u8; 32], OpenError> {
        let bytes = self.take(32)?;
        Ok(bytes.try_into().expect("32 bytes were taken"))
    }

    fn length(&mut self) -> Result<usize, OpenError> {
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(self.damaged("a length is longer than it has to be"));
                }
                return usize::try_from(value).map_err(|_| self.damaged("a length is too large"));
            }
        }
        Err(self.damaged("a length is too large"))
    }

    fn bytes(&mut self) -> Result<&'a [u8], OpenError> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'a str, OpenError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged("a text is not UTF-8"))
    }

    fn class(&mut self) -> Result<Class, OpenError> {
        match self.byte()? {
            0 => Ok(Class::Plain),
            1 => Ok(Class::Confidential),
            2 => Ok(Class::Personal),
            _ => Err(self.damaged("a field has an unknown class")),
        }
    }
}

const fn class_byte(class: Class) -> u8 {
    match class {
        Class::Plain => 0,
        Class::Confidential => 1,
        Class::Personal => 2,
    }
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    let mut rest = length;
    loop {
        let low = u8::try_from(rest & 0x7f).expect("seven bits fit a byte");
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

const FORMAT: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic() {
        let mut fields = Fields::default();
        fields.push("/name", Class::Plain, Slot::TENANT, b"\"x\"");
        let seed = Seed::from_bytes([7; 32]);
        let bytes = Payload::default().encode(Slot::TENANT, &seed, &fields);
        assert!(Payload::decode(Slot::TENANT, &bytes, &mut Fields::default()).is_ok());
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            assert!(Payload::decode(Slot::TENANT, cut, &mut Fields::default()).is_err());
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x80;
            drop(Payload::decode(
                Slot::TENANT,
                &flipped,
                &mut Fields::default(),
            ));
        }
    }
}
