//! What a segment looks like: blocks, an index of them, and where the index is.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::record::{Tenant, TrailId};
use crate::seal::Slot;
use crate::store::pack::{pack, unpack, unpacked_length};

/// What a segment begins and ends with.
pub(super) const MAGIC: &[u8; 8] = b"ctxrseg\x01";
/// What stands behind the index: its length in four bytes, and the magic.
pub(super) const END: u64 = 12;
/// The largest index that is read.
pub(super) const MOST_INDEX: u64 = 8 << 20;
/// The most bytes of one block when unpacked; what is larger stays in the database.
pub(super) const MOST_BLOCK: u64 = 128 << 20;

/// The index of a segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Index {
    pub(super) trail: TrailId,
    pub(super) tenant: Tenant,
    pub(super) blocks: Vec<Block>,
    /// Where each slot is, by the index of its record and its number.
    places: Vec<Place>,
}

/// A block: the values of some slots, one after the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Block {
    /// Where it begins in the file, and its length there.
    pub(super) start: u64,
    pub(super) stored: u64,
    pub(super) sha256: [u8; 32],
    /// Its length when unpacked.
    pub(super) length: u64,
}

/// Where the values of a slot are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) log_index: u64,
    pub(super) slot: Slot,
    pub(super) block: usize,
    /// From where in the block, when unpacked.
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// A block as it is written: what it holds, and the slots in it with their lengths.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) stored: u64,
    pub(super) sha256: [u8; 32],
    pub(super) slots: Vec<(u64, Slot, u64)>,
}

/// The index, and what stands behind it.
pub(super) fn write_index(
    trail: TrailId,
    tenant: &Tenant,
    blocks: &[Written],
) -> std::io::Result<Vec<u8>> {
    let mut out = trail.uuid().as_bytes().to_vec();
    put(&mut out, count(tenant.as_str().len()));
    out.extend_from_slice(tenant.as_str().as_bytes());
    put(&mut out, count(blocks.len()));
    for block in blocks {
        put(&mut out, block.stored);
        out.extend_from_slice(&block.sha256);
        put(&mut out, count(block.slots.len()));
        let mut before = 0;
        for (log_index, slot, length) in &block.slots {
            put(&mut out, log_index - before);
            put(&mut out, slot.number().into());
            put(&mut out, *length);
            before = *log_index;
        }
    }
    let mut packed = pack(&out)?;
    let length = u32::try_from(packed.len()).map_err(std::io::Error::other)?;
    packed.extend_from_slice(&length.to_be_bytes());
    packed.extend_from_slice(MAGIC);
    Ok(packed)
}

/// Where the index is in a segment of `size` bytes, by its last [`END`] bytes; what is wrong otherwise.
pub(super) fn index_place(end: &[u8], size: u64) -> Result<Range<u64>, &'static str> {
    let (length, magic) = end.split_first_chunk::<4>().ok_or("it is cut off")?;
    if magic != MAGIC {
        return Err("it does not end as a segment does");
    }
    let length = u64::from(u32::from_be_bytes(*length));
    let behind = size.checked_sub(END).ok_or("it is cut off")?;
    let start = behind.checked_sub(length).ok_or("its index is cut off")?;
    if length > MOST_INDEX {
        return Err("its index is too large");
    }
    Ok(start..behind)
}

impl Index {
    /// Reads the index that stands at `place` of a segment, and is `packed`.
    pub(super) fn read(packed: &[u8], place: &Range<u64>) -> Result<Self, &'static str> {
        let length = unpacked_length(packed).ok_or("its index is damaged")?;
        if length > MOST_INDEX {
            return Err("its index is too large");
        }
        let bytes = unpack(packed).map_err(|_| "its index is damaged")?;
        let mut rest = bytes.as_slice();
        let index = Self::parse(&mut rest).ok_or("its index is not one")?;
        let end = index.blocks.last().map_or(START, Block::end);
        if !rest.is_empty() || end != Some(place.start) {
            return Err("its blocks are not those of its index");
        }
        let twice = index.places.windows(2);
        let mut twice = twice.filter(|two| two[0].key() == two[1].key());
        match twice.next() {
            Some(_) => Err("its index names a slot twice"),
            None => Ok(index),
        }
    }

    fn parse(rest: &mut &[u8]) -> Option<Self> {
        let trail = uuid::Uuid::from_bytes(*take_chunk::<16>(rest)?);
        let length = usize::try_from(take(rest)?).ok()?;
        let tenant = take_bytes(rest, length)?;
        let tenant: Tenant = std::str::from_utf8(tenant).ok()?.parse().ok()?;
        let (mut blocks, mut places) = (Vec::new(), Vec::new());
        let mut start = count(MAGIC.len());
        for block in 0..take(rest)? {
            let stored = take(rest)?;
            let sha256 = *take_chunk::<32>(rest)?;
            let (mut offset, mut log_index) = (0_u64, 0_u64);
            for _ in 0..take(rest)? {
                log_index = log_index.checked_add(take(rest)?)?;
                let slot = Slot::new(u16::try_from(take(rest)?).ok()?);
                let length = take(rest)?;
                places.push(Place {
                    log_index,
                    slot,
                    block: usize::try_from(block).ok()?,
                    offset,
                    length,
                });
                offset = offset.checked_add(length).filter(|it| *it <= MOST_BLOCK)?;
            }
            blocks.push(Block {
                start,
                stored,
                sha256,
                length: offset,
            });
            start = start.checked_add(stored)?;
        }
        places.sort_by_key(Place::key);
        Some(Self {
            trail: TrailId::from_uuid(trail),
            tenant,
            blocks,
            places,
        })
    }

    /// Where the values of a slot are; `None` when they are not in the segment.
    pub(super) fn place_of(&self, log_index: u64, slot: Slot) -> Option<&Place> {
        let key = (log_index, slot);
        let at = self.places.binary_search_by_key(&key, Place::key).ok()?;
        self.places.get(at)
    }

    /// Every slot, in the order of the log.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }
}

impl Place {
    fn key(&self) -> (u64, Slot) {
        (self.log_index, self.slot)
    }
}

impl Block {
    fn end(&self) -> Option<u64> {
        self.start.checked_add(self.stored)
    }

    /// Unpacks the block, which is stored as `packed`.
    pub(super) fn read(&self, packed: &[u8]) -> Option<Vec<u8>> {
        let digest: [u8; 32] = Sha256::digest(packed).into();
        // No more memory is taken than the index says there is of it.
        let is_it = digest == self.sha256 && unpacked_length(packed) == Some(self.length);
        is_it.then(|| unpack(packed).ok()).flatten()
    }
}

/// The end of the blocks of a segment that has none.
const START: Option<u64> = Some(MAGIC.len() as u64);

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Writes a number in LEB128.
fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0_u64, 0_u32);
    loop {
        let byte = take_chunk::<1>(rest)?[0];
        let part = u64::from(byte & 0x7f);
        let shifted = part.checked_shl(shift)?;
        if shifted >> shift != part {
            return None;
        }
        value |= shifted;
        if byte & 0x80 == 0 {
            // A number has one form.
            return (byte != 0 || shift == 0).then_some(value);
        }
        shift += 7;
    }
}

fn take_chunk<'b, const N: usize>(rest: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (chunk, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(chunk)
}

fn take_bytes<'b>(rest: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (bytes, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(bytes)
}
