//! The members of an object in canonical order (RFC 8785 §3.2.3).

use serde::ser::Serialize;

use super::SealError;
use super::canonical::Canonical;

/// The members of an object while they are being written.
///
/// They are written as they come and put in order at the end; types whose members are declared in
/// order pay nothing for it.
#[derive(Debug, Default)]
pub(super) struct MemberOrder {
    start: usize,
    members: Vec<(Key, usize)>,
}

#[derive(Debug)]
pub(super) enum Key {
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

    /// RFC 8785 §3.2.3 sorts by UTF-16 code units.
    fn precedes(&self, other: &Self) -> bool {
        let (left, right) = (self.as_str(), other.as_str());
        if left.is_ascii() && right.is_ascii() {
            left < right
        } else {
            left.encode_utf16().lt(right.encode_utf16())
        }
    }
}

impl MemberOrder {
    pub(super) fn begin(out: &mut Canonical) -> Result<Self, SealError> {
        out.enter()?;
        out.bytes.push(b'{');
        Ok(Self {
            start: out.bytes.len(),
            members: Vec::new(),
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
        out.string(key.as_str());
        out.bytes.push(b':');
        let value_start = out.bytes.len();
        value.serialize(&mut *out)?;
        if out.bytes.len() == value_start {
            out.bytes.truncate(start);
            return Ok(());
        }
        out.bytes.push(b',');
        self.members.push((key, start));
        Ok(())
    }

    pub(super) fn end(self, out: &mut Canonical) -> Result<(), SealError> {
        let Self { start, mut members } = self;
        out.depth -= 1;
        if members.is_empty() {
            out.bytes.push(b'}');
            return Ok(());
        }
        if !members
            .windows(2)
            .all(|pair| pair[0].0.precedes(&pair[1].0))
        {
            reorder(&mut out.bytes, start, &mut members)?;
        }
        let last = out.bytes.len() - 1;
        out.bytes[last] = b'}';
        Ok(())
    }
}

fn reorder(
    bytes: &mut Vec<u8>,
    start: usize,
    members: &mut [(Key, usize)],
) -> Result<(), SealError> {
    let written = bytes.split_off(start);
    let mut ends: Vec<usize> = members.iter().skip(1).map(|(_, at)| at - start).collect();
    ends.push(written.len());
    let mut spans: Vec<(&Key, &[u8])> = members
        .iter()
        .zip(&ends)
        .map(|((key, at), end)| (key, &written[at - start..*end]))
        .collect();
    spans.sort_by(|(left, _), (right, _)| {
        if left.precedes(right) {
            std::cmp::Ordering::Less
        } else if right.precedes(left) {
            std::cmp::Ordering::Greater
        } else {
            std::cmp::Ordering::Equal
        }
    });
    if let Some(pair) = spans
        .windows(2)
        .find(|pair| pair[0].0.as_str() == pair[1].0.as_str())
    {
        return Err(SealError::DuplicateMember(pair[0].0.as_str().to_owned()));
    }
    for (_, span) in spans {
        bytes.extend_from_slice(span);
    }
    Ok(())
}
