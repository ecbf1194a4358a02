//! The outer form of compressed bytes, read before they are unpacked (RFC 8878, 3.1).
//!
//! zstd skips what it does not need: frames made to be skipped, blocks that stand for nothing. Bytes
//! in there would be stored and seen by nobody.

/// Whether `bytes` are one ordinary frame of blocks that each stand for something, and nothing else.
pub(super) fn is_one_frame(bytes: &[u8]) -> bool {
    ends_of(bytes).is_some_and(<[u8]>::is_empty)
}

/// What lies behind the first frame; `None` when that is no ordinary frame, or has empty parts.
fn ends_of(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (&descriptor, rest) = rest.split_first()?;
    let is_single = descriptor & 0x20 != 0;
    let window = usize::from(!is_single);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = match descriptor >> 6 {
        0 => usize::from(is_single),
        power => 1 << power,
    };
    let mut rest = rest.get(window + dictionary + size..)?;
    loop {
        let (header, behind) = rest.split_first_chunk::<3>()?;
        let header = little_endian(header);
        let length = header >> 3;
        let stored = match (header >> 1) & 3 {
            _ if length == 0 => return None,
            RAW => length,
            REPEATED => 1,
            COMPRESSED => length,
            _ => return None,
        };
        let (block, behind) = behind.split_at_checked(stored)?;
        if (header >> 1) & 3 == COMPRESSED && has_idle_literals(block) {
            return None;
        }
        rest = behind;
        if header & 1 == 1 {
            let check = if descriptor & 4 == 0 { 0 } else { 4 };
            return rest.get(check..);
        }
    }
}

/// Whether a compressed block describes literals and has none of them (RFC 8878, 3.1.1.3.1).
fn has_idle_literals(block: &[u8]) -> bool {
    let mut header = [0; 3];
    let there = block.len().min(header.len());
    header[..there].copy_from_slice(&block[..there]);
    let header = little_endian(&header);
    let count = match (header & 3, (header >> 2) & 3) {
        (RAW, _) => return false,
        (REPEATED, 0 | 2) => (header >> 3) & 0x1f,
        (REPEATED, 1) => (header >> 4) & 0xfff,
        (REPEATED, _) => header >> 4,
        (_, 0 | 1) => (header >> 4) & 0x3ff,
        (_, 2) => (header >> 4) & 0x3fff,
        _ => (header >> 4) & 0x3_ffff,
    };
    count == 0
}

fn little_endian(bytes: &[u8; 3]) -> usize {
    bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | usize::from(*byte))
}

const MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const RAW: usize = 0;
const REPEATED: usize = 1;
const COMPRESSED: usize = 2;
