//! Compression of what is stored.

use std::cell::RefCell;
use std::io;

use sha2::{Digest as _, Sha256};
use zstd::bulk::{Compressor, Decompressor};

use super::frame::is_one_frame;

thread_local! {
    // why: a fresh zstd context costs more than compressing the few kilobytes of a record.
    static PACKER: RefCell<Option<Packer>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// A compressor, and where it writes: the worst case is larger than what comes of it.
struct Packer {
    zstd: Compressor<'static>,
    room: Vec<u8>,
}

/// Compresses `bytes`: one byte for the form, four for the length, the first eight bytes of the
/// SHA-256 of the bytes in that form, and these.
///
/// Compressed bytes can be changed here and there and still unpack to the same: the check says so.
///
/// # Errors
///
/// When the bytes are longer than 4 GiB or zstd fails.
pub(super) fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    PACKER.with_borrow_mut(|packer| {
        let packer = match packer {
            Some(packer) => packer,
            None => packer.insert(Packer {
                zstd: Compressor::new(LEVEL)?,
                room: Vec::new(),
            }),
        };
        packer.room.clear();
        packer
            .room
            .reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        packer.zstd.compress_to_buffer(bytes, &mut packer.room)?;
        let packed = if packer.room.len() < bytes.len() {
            framed(ZSTD, length, &packer.room)
        } else {
            framed(RAW, length, bytes)
        };
        packer.room.shrink_to(ROOM_BYTES);
        Ok(packed)
    })
}

/// Compresses `bytes` as [`pack`] does, better and slower: for what is written once and kept long.
///
/// # Errors
///
/// As [`pack`].
pub(super) fn pack_well(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    let body = zstd::bulk::compress(bytes, LEVEL_WELL)?;
    Ok(match body.len() < bytes.len() {
        true => framed(ZSTD, length, &body),
        false => framed(RAW, length, bytes),
    })
}

/// Frames `bytes` as [`pack`] does what it cannot compress.
///
/// # Errors
///
/// When the bytes are longer than 4 GiB.
pub(super) fn as_they_are(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    Ok(framed(RAW, length, bytes))
}

/// How long packed bytes say that they are when unpacked; `None` for a listing and for what is cut off.
pub(super) fn unpacked_length(packed: &[u8]) -> Option<u64> {
    let rest = match packed.split_first()? {
        (&RAW | &ZSTD, rest) => rest,
        _ => return None,
    };
    Some(u32::from_be_bytes(*rest.first_chunk()?).into())
}

/// Compresses `bytes`, which end with so many hashes: one byte for the form, two for their number, the
/// first eight bytes of the SHA-256 of the form and the hashes, the rest as [`pack`] packs it, and the
/// hashes as they are.
///
/// # Errors
///
/// As [`pack`].
pub(super) fn pack_listing(bytes: &[u8], hashes: usize) -> io::Result<Vec<u8>> {
    let split = bytes.len().checked_sub(hashes * HASH);
    let (Some(split), Ok(count)) = (split.filter(|_| hashes > 0), u16::try_from(hashes)) else {
        return pack(bytes);
    };
    let (rest, hashes) = bytes.split_at(split);
    let packed = pack(rest)?;
    let mut out = Vec::with_capacity(11 + packed.len() + hashes.len());
    out.push(LISTING);
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&check(LISTING, hashes));
    out.extend_from_slice(&packed);
    out.extend_from_slice(hashes);
    Ok(out)
}

fn unpack_listing(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (count, rest) = rest.split_first_chunk::<2>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let hashes = usize::from(u16::from_be_bytes(*count)) * HASH;
    let (packed, hashes) = rest.split_at_checked(rest.len().checked_sub(hashes)?)?;
    let is_whole = !hashes.is_empty() && *sum == check(LISTING, hashes);
    (is_whole && packed.first() != Some(&LISTING)).then_some((packed, hashes))
}

fn framed(form: u8, length: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(13 + body.len());
    out.push(form);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&check(form, body));
    out.extend_from_slice(body);
    out
}

/// Undoes [`pack`].
///
/// No byte may be there that is not part of what comes out: compressed bytes are one frame.
///
/// # Errors
///
/// When the bytes are damaged, or others are among them.
pub(super) fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the packed bytes are damaged");
    let (form, rest) = packed.split_first().ok_or_else(damaged)?;
    if *form == LISTING {
        let (packed, hashes) = unpack_listing(rest).ok_or_else(damaged)?;
        let mut bytes = unpack(packed)?;
        bytes.extend_from_slice(hashes);
        return Ok(bytes);
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (sum, body) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
    if *sum != check(*form, body) {
        return Err(damaged());
    }
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(io::Error::other)?;
    let bytes = match *form {
        RAW => body.to_vec(),
        // why: zstd expands at most some 30,000 times; a forged length must not reserve memory.
        ZSTD if length / MOST_EXPANSION <= body.len() && is_one_frame(body) => UNPACKER
            .with_borrow_mut(|unpacker| {
                let unpacker = match unpacker {
                    Some(unpacker) => unpacker,
                    None => unpacker.insert(Decompressor::new()?),
                };
                unpacker.decompress(body, length)
            })?,
        _ => return Err(damaged()),
    };
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(damaged())
    }
}

fn check(form: u8, body: &[u8]) -> [u8; 8] {
    let mut hasher = Sha256::new();
    hasher.update([form]);
    hasher.update(body);
    let digest: [u8; 32] = hasher.finalize().into();
    *digest.first_chunk().expect("a digest has 32 bytes")
}

const RAW: u8 = 0;
const ZSTD: u8 = 1;
/// 2 is that of encrypted slots.
const LISTING: u8 = 3;
const HASH: usize = 32;
const LEVEL: i32 = 1;
const LEVEL_WELL: i32 = 15;
/// What a thread keeps for the next call.
const ROOM_BYTES: usize = 1 << 20;
const MOST_EXPANSION: usize = 40_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        for bytes in [vec![], vec![7], vec![b'a'; 100_000], (0..=255).collect()] {
            assert_eq!(unpack(&pack(&bytes).unwrap()).unwrap(), bytes);
        }
    }

    #[test]
    fn a_listing_comes_back_with_its_hashes_and_damaged_not_at_all() {
        let bytes = [vec![b'a'; 500], (0..64).collect()].concat();
        let packed = pack_listing(&bytes, 2).unwrap();
        assert!(packed.len() < 150);
        assert_eq!(unpack(&packed).unwrap(), bytes);
        assert_eq!(unpack(&pack_listing(&bytes, 0).unwrap()).unwrap(), bytes);
        for at in 0..packed.len() {
            let mut flipped = packed.clone();
            flipped[at] ^= 1;
            assert!(unpack(&flipped).is_err(), "byte {at}");
            assert!(unpack(&packed[..at]).is_err());
        }
        let twice = pack_listing(&packed, 2).unwrap();
        assert!(unpack(&twice[..twice.len() - 64]).is_err());
    }

    #[test]
    fn damage_is_an_error() {
        let packed = pack(&vec![b'a'; 1_000]).unwrap();
        for end in 0..packed.len() {
            assert!(unpack(&packed[..end]).is_err());
        }
        for at in 0..packed.len() {
            let mut flipped = packed.clone();
            flipped[at] ^= 1;
            assert!(unpack(&flipped).is_err(), "byte {at}");
        }
        let body = [1, 2, 3];
        let mut forged = vec![ZSTD, 0xff, 0xff, 0xff, 0xff];
        forged.extend_from_slice(&check(ZSTD, &body));
        forged.extend_from_slice(&body);
        assert!(unpack(&forged).is_err());
    }
    fn packed_as(form: u8, length: usize, body: &[u8]) -> Vec<u8> {
        framed(form, u32::try_from(length).unwrap(), body)
    }

    #[test]
    fn bytes_that_unpack_to_nothing_are_refused() {
        let text = vec![b'a'; 1_000];
        let frame = pack(&text).unwrap()[13..].to_vec();
        assert_eq!(unpack(&packed_as(ZSTD, 1_000, &frame)).unwrap(), text);
        let skipped = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0], &b"abc"[..]].concat();
        let empty = Compressor::new(LEVEL).unwrap().compress(b"").unwrap();
        for more in [&skipped[..], &empty, b"x"] {
            for body in [[&frame, more].concat(), [more, &frame].concat()] {
                assert!(unpack(&packed_as(ZSTD, 1_000, &body)).is_err(), "{body:x?}");
            }
        }
        let halves = text
            .chunks(500)
            .map(|half| pack(half).unwrap()[13..].to_vec());
        let halves: Vec<u8> = halves.flatten().collect();
        assert!(unpack(&packed_as(ZSTD, 1_000, &halves)).is_err());
    }

    #[test]
    fn a_block_that_stands_for_nothing_is_refused() {
        // Blocks of RFC 8878: "ab" as it is, then one that repeats a byte no times.
        let plain = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 2, 0x11, 0, 0, b'a', b'b'];
        assert_eq!(unpack(&packed_as(ZSTD, 2, &plain)).unwrap(), b"ab");
        let repeated = [&plain[..6], &[0x10], &plain[7..], &[0x03, 0, 0, b'!']].concat();
        assert!(unpack(&packed_as(ZSTD, 2, &repeated)).is_err());
        // One of no literals, which would have been a byte repeated, and no sequences.
        let idle = [
            &plain[..6],
            &[0x10],
            &plain[7..],
            &[0x1d, 0, 0, 0x01, b'!', 0],
        ]
        .concat();
        assert!(unpack(&packed_as(ZSTD, 2, &idle)).is_err());
    }

    #[test]
    fn bytes_that_are_stored_as_they_are_have_the_length_they_say() {
        for length in [0, 2, 4] {
            assert!(unpack(&packed_as(RAW, length, b"abc")).is_err());
        }
        assert_eq!(unpack(&packed_as(RAW, 3, b"abc")).unwrap(), b"abc");
    }

    #[test]
    fn bytes_of_every_kind_and_size_unpack() {
        let words = b"the rules of the house, number 3, 1419 and 2026. ";
        for length in (1..400).chain([1_000, 10_000, 131_072, 131_073, 400_000, 1 << 20]) {
            let noise = (0..length).map(|at: usize| {
                let hash = at.wrapping_mul(0x9e37_79b9_7f4a_7c15_usize);
                u8::try_from(hash >> 56).unwrap()
            });
            let worded = (0..length).map(|at| words[(at * at / 7) % words.len()]);
            let half = (0..length).map(|at| {
                if at < length / 2 {
                    b'x'
                } else {
                    words[at % 47]
                }
            });
            let all: [Vec<u8>; 3] = [noise.collect(), worded.collect(), half.collect()];
            for bytes in all {
                assert_eq!(unpack(&pack(&bytes).unwrap()).unwrap(), bytes, "{length}");
            }
        }
    }
}
