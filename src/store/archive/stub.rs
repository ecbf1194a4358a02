//! What stands in the database for values that are in the archive.

use super::SegmentId;
use crate::privacy::keys::key_ids;
use crate::store::locked::check;

/// What stands for the values of a slot: the keys they are encrypted under, and where they are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::store) struct Stub {
    /// As in an encrypted slot: which keys, and the record key encrypted under them. Nothing for the
    /// tenant's slot, which is not encrypted.
    pub(in crate::store) keys: Vec<u8>,
    /// The segment.
    pub(in crate::store) segment: SegmentId,
}

/// One byte for the form, the first eight bytes of the SHA-256 of what follows, the 32 bytes that name
/// the segment, and the keys.
pub(in crate::store) fn write_stub(stub: &Stub) -> Vec<u8> {
    let mut out = Vec::with_capacity(41 + stub.keys.len());
    out.push(STUB);
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&stub.segment.0);
    out.extend_from_slice(&stub.keys);
    let check = check(&out[9..]);
    out[1..9].copy_from_slice(&check);
    out
}

/// Reads what [`write_stub`] wrote; `None` when it is damaged.
pub(in crate::store) fn read_stub(stored: &[u8]) -> Option<Stub> {
    let rest = stored.strip_prefix(&[STUB])?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    if *sum != check(rest) {
        return None;
    }
    let (segment, keys) = rest.split_first_chunk::<32>()?;
    let is_whole = keys.is_empty() || key_ids(keys).is_some();
    is_whole.then(|| Stub {
        keys: keys.to_vec(),
        segment: SegmentId(*segment),
    })
}

pub(in crate::store) fn is_stub(stored: &[u8]) -> bool {
    stored.first() == Some(&STUB)
}

/// The form of a stub, beside those of packed and encrypted values.
const STUB: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_comes_back_and_damaged_not_at_all() {
        for keys in [0, 80, 100] {
            let stub = Stub {
                keys: vec![7; keys],
                segment: SegmentId([9; 32]),
            };
            let bytes = write_stub(&stub);
            assert_eq!(bytes.len(), 41 + keys);
            assert_eq!(read_stub(&bytes), Some(stub));
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1;
                assert_eq!(read_stub(&flipped), None, "byte {at}");
                assert_eq!(read_stub(&bytes[..at]), None);
            }
            assert_eq!(read_stub(&[&bytes[..], &[0]].concat()), None);
        }
        let odd = Stub {
            keys: vec![7; 61],
            segment: SegmentId([9; 32]),
        };
        assert_eq!(read_stub(&write_stub(&odd)), None);
    }
}
