//! Compression of what is stored.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

thread_local! {
    // why: a fresh zstd context costs more than compressing the few kilobytes of a record.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses `bytes`: one byte for the form, four for the length, and the bytes in that form.
///
/// # Errors
///
/// When the bytes are longer than 4 GiB or zstd fails.
pub(super) fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    let packed = PACKER.with_borrow_mut(|packer| {
        let packer = match packer {
            Some(packer) => packer,
            None => packer.insert(Compressor::new(LEVEL)?),
        };
        packer.compress(bytes)
    })?;
    let (form, body) = if packed.len() < bytes.len() {
        (ZSTD, packed.as_slice())
    } else {
        (RAW, bytes)
    };
    let mut out = Vec::with_capacity(5 + body.len());
    out.push(form);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
    Ok(out)
}

/// Undoes [`pack`].
///
/// # Errors
///
/// When the bytes are damaged.
pub(super) fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the packed bytes are damaged");
    let (form, rest) = packed.split_first().ok_or_else(damaged)?;
    let (length, body) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(io::Error::other)?;
    let bytes = match *form {
        RAW => body.to_vec(),
        // why: zstd expands at most some 30,000 times; a forged length must not reserve memory.
        ZSTD if length / MOST_EXPANSION <= body.len() => UNPACKER.with_borrow_mut(|unpacker| {
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

/// Undoes [`pack`], and refuses bytes that unpack all the same but are not of the one form.
///
/// # Errors
///
/// When the bytes are damaged.
pub(super) fn unpack_exactly(packed: &[u8]) -> io::Result<Vec<u8>> {
    let bytes = unpack(packed)?;
    let (ZSTD, Some(frame)) = (packed[0], packed.get(5..)) else {
        return Ok(bytes);
    };
    // RFC 8878 §3.1.1.1.1: a decoder ignores bit 4 of the fifth byte. And a frame may be followed
    // by others, even by ones that are skipped.
    let is_one_frame = zstd::zstd_safe::find_frame_compressed_size(frame) == Ok(frame.len());
    if is_one_frame
        && frame
            .get(4)
            .is_some_and(|descriptor| descriptor & 0x18 == 0)
    {
        Ok(bytes)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the packed bytes are not in the form they were written in",
        ))
    }
}

const RAW: u8 = 0;
const ZSTD: u8 = 1;
const LEVEL: i32 = 1;
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
    fn damage_is_an_error() {
        let packed = pack(&vec![b'a'; 1_000]).unwrap();
        for end in 0..packed.len() {
            assert!(unpack(&packed[..end]).is_err());
        }
        assert!(unpack(&[ZSTD, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]).is_err());
    }
}
