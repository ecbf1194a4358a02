//! The members of an object in canonical order (RFC 8785 §3.2.3).

use std::cmp::Ordering;

use serde::ser::Serialize;

use super::SealError;
use super::canonical::Canonical;

/// The members of an object while they are being written.
///
/// They are written as they come and put in order at the end; types whose members are declared in
/// order pay nothing for it.
#[derive(Debug)]
pub(super) struct MemberOrder {
    start: usize,
    members: Vec<Member>,
}

/// A member, and where it is written, comma included.
#[derive(Debug)]
struct Member {
    key: Key,
    start: usize,
    end: usize,
}

/// Buffers that objects leave behind for the next ones: a record has a hundred of them.
#[derive(Debug, Default)]
pub(super) struct Spare {
    members: Vec<Vec<Member>>,
    moved: Vec<u8>,
}

#[derive(Debug)]
pub(super) enum Key {
    /// The name of a member of a type: ASCII letters, digits and `_`.
    Static(&'static str),
    Owned(String),
}

impl Key {
    fn as_str(&self) -> &str {
        match self {
            Self::Static(key) => key,
            Self::Owned(key) => key,
        }
    }

    /// RFC 8785 §3.2.3 sorts by UTF-16 code units, which for ASCII are bytes.
    fn order(&self, other: &Self) -> Ordering {
        let (left, right) = (self.as_str(), other.as_str());
        let is_plain = matches!((self, other), (Self::Static(_), Self::Static(_)));
        if is_plain || (left.is_ascii() && right.is_ascii()) {
            left.cmp(right)
        } else {
            left.encode_utf16().cmp(right.encode_utf16())
        }
    }
}

impl MemberOrder {
    pub(super) fn begin(out: &mut Canonical) -> Result<Self, SealError> {
        out.enter()?;
        out.bytes.push(b'{');
        Ok(Self {
            start: out.bytes.len(),
            members: out
                .spare
                .members
                .pop()
                .unwrap_or_else(|| Vec::with_capacity(MEMBERS)),
        })
    }

    pub(super) fn member<T: Serialize + ?Sized>(
        &mut self,
        out: &mut Canonical,
        key: &'static str,
        value: &T,
    ) -> Result<(), SealError> {
        self.write(out, Key::Static(key), value)
    }

    pub(super) fn write<T: Serialize + ?Sized>(
        &mut self,
        out: &mut Canonical,
        key: Key,
        value: &T,
    ) -> Result<(), SealError> {
        let start = out.bytes.len();
        match &key {
            Key::Static(key) => {
                out.bytes.push(b'"');
                out.bytes.extend_from_slice(key.as_bytes());
                out.bytes.extend_from_slice(b"\":");
            }
            Key::Owned(key) => {
                out.string(key);
                out.bytes.push(b':');
            }
        }
        let value_start = out.bytes.len();
        value.serialize(&mut *out)?;
        if out.bytes.len() == value_start {
            out.bytes.truncate(start);
            return Ok(());
        }
        out.bytes.push(b',');
        let end = out.bytes.len();
        self.members.push(Member { key, start, end });
        Ok(())
    }

    pub(super) fn end(self, out: &mut Canonical) -> Result<(), SealError> {
        let Self { start, mut members } = self;
        out.depth -= 1;
        if members.is_empty() {
            out.bytes.push(b'}');
        } else {
            if !members.is_sorted_by(|left, right| left.key.order(&right.key).is_lt()) {
                reorder(out, start, &mut members)?;
            }
            let last = out.bytes.len() - 1;
            out.bytes[last] = b'}';
        }
        members.clear();
        out.spare.members.push(members);
        Ok(())
    }
}

fn reorder(out: &mut Canonical, start: usize, members: &mut [Member]) -> Result<(), SealError> {
    members.sort_unstable_by(|left, right| left.key.order(&right.key));
    if let Some(pair) = members
        .windows(2)
        .find(|pair| pair[0].key.as_str() == pair[1].key.as_str())
    {
        return Err(SealError::DuplicateMember(pair[0].key.as_str().to_owned()));
    }
    let moved = &mut out.spare.moved;
    moved.clear();
    moved.extend_from_slice(&out.bytes[start..]);
    out.bytes.truncate(start);
    for member in members {
        out.bytes
            .extend_from_slice(&moved[member.start - start..member.end - start]);
    }
    Ok(())
}

/// The most members that the objects of most records have.
const MEMBERS: usize = 16;
