//! Reading DER member by member, with the name of the part in every error.

use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};

use crate::timestamp::TimestampError;
use crate::timestamp::error::malformed;

/// The members of one constructed value that are still to be read.
#[derive(Clone)]
pub(super) struct Members<'a> {
    place: &'static str,
    reader: SliceReader<'a>,
}

impl<'a> Members<'a> {
    /// The values that follow one another in `content`, which is called `place` in errors.
    pub(super) fn new(place: &'static str, content: &'a [u8]) -> Result<Self, TimestampError> {
        let reader = SliceReader::new(content).map_err(|error| malformed(place, error))?;
        Ok(Self { place, reader })
    }

    /// The members of the SEQUENCE that `der` is, and nothing else.
    pub(super) fn of_sequence(place: &'static str, der: &'a [u8]) -> Result<Self, TimestampError> {
        let mut outer = Self::new(place, der)?;
        let members = outer.inside(place, Tag::Sequence)?;
        outer.finish()?;
        Ok(members)
    }

    /// Reads the next member as a `T`.
    pub(super) fn next<T>(&mut self) -> Result<T, TimestampError>
    where
        T: Decode<'a, Error = der::Error>,
    {
        self.reader
            .decode()
            .map_err(|error| malformed(self.place, error))
    }

    /// The next member as it stands, with its tag and length.
    pub(super) fn raw(&mut self) -> Result<&'a [u8], TimestampError> {
        self.reader
            .tlv_bytes()
            .map_err(|error| malformed(self.place, error))
    }

    /// What is inside the next member, which must have `tag`.
    pub(super) fn content(&mut self, tag: Tag) -> Result<&'a [u8], TimestampError> {
        let place = self.place;
        let found = Header::decode(&mut self.reader)
            .and_then(|header| {
                header.tag().assert_eq(tag)?;
                self.reader.read_slice(header.length())
            })
            .map_err(|error| malformed(place, error))?;
        Ok(found)
    }

    /// The members of the next member, which must have `tag` and is called `place` in errors.
    pub(super) fn inside(
        &mut self,
        place: &'static str,
        tag: Tag,
    ) -> Result<Members<'a>, TimestampError> {
        Self::new(place, self.content(tag)?)
    }

    /// What is inside the next member if it has `tag`.
    pub(super) fn optional(&mut self, tag: Tag) -> Result<Option<&'a [u8]>, TimestampError> {
        if self.is_at(tag) {
            self.content(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Whether the next member has `tag`.
    pub(super) fn is_at(&self, tag: Tag) -> bool {
        Tag::peek(&self.reader).is_ok_and(|found| found == tag)
    }

    /// Whether every member was read.
    pub(super) fn is_empty(&self) -> bool {
        self.reader.is_finished()
    }

    /// Says that every member was read.
    ///
    /// # Errors
    ///
    /// When one is left: what is not understood is not skipped.
    pub(super) fn finish(self) -> Result<(), TimestampError> {
        let place = self.place;
        self.reader
            .finish()
            .map_err(|error| malformed(place, error))
    }
}

/// The tag `[number]` around other members.
pub(super) const fn constructed(number: u32) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    }
}

/// The tag `[number]` in place of that of a plain value.
pub(super) const fn primitive(number: u32) -> Tag {
    Tag::ContextSpecific {
        constructed: false,
        number: TagNumber(number),
    }
}

/// `bytes` in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
