//! How numbers, bytes and texts are written in a slot: lengths are LEB128.

use super::OpenError;
use super::slot::Slot;
use crate::record::Class;

/// Reads the bytes of one slot from the front.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) slot: Slot,
}

impl<'a> Reader<'a> {
    pub(super) const fn damaged(&self, what: &'static str) -> OpenError {
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

    pub(super) fn byte(&mut self) -> Result<u8, OpenError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn array(&mut self) -> Result<[u8; 32], OpenError> {
        let bytes = self.take(32)?;
        Ok(bytes.try_into().expect("32 bytes were taken"))
    }

    pub(super) fn length(&mut self) -> Result<usize, OpenError> {
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

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], OpenError> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, OpenError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged("a text is not UTF-8"))
    }

    /// The class of a field, and whether its value is in another slot.
    pub(super) fn class(&mut self) -> Result<(Class, bool), OpenError> {
        let byte = self.byte()?;
        let class = match byte & 0x7f {
            0 => Class::Plain,
            1 => Class::Confidential,
            2 => Class::Personal,
            _ => return Err(self.damaged("a field has an unknown class")),
        };
        Ok((class, byte & 0x80 != 0))
    }

    /// Looks whether everything was read.
    pub(super) const fn end(&self) -> Result<(), OpenError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(self.damaged("it goes on behind its end"))
        }
    }
}

pub(super) const fn class_byte(class: Class) -> u8 {
    match class {
        Class::Plain => 0,
        Class::Confidential => 1,
        Class::Personal => 2,
    }
}

pub(super) fn write_length(out: &mut Vec<u8>, length: usize) {
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

pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}
