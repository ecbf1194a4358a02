//! The canonical bytes around packed files (PKWARE APPNOTE 6.3.10, §4.3).

use super::ContainerError;

/// A file as it lies in a container: deflated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a> {
    pub(super) name: &'a str,
    pub(super) crc: u32,
    /// Bytes when unpacked.
    pub(super) size: u32,
    pub(super) deflated: &'a [u8],
}

/// The canonical container of `files`, which are in order of name.
///
/// # Errors
///
/// [`ContainerError::TooLarge`] beyond 4 GiB.
pub(super) fn container<'a>(
    files: impl Iterator<Item = Packed<'a>>,
) -> Result<Vec<u8>, ContainerError> {
    let mut out = Vec::new();
    let mut central = Vec::new();
    let mut count = 0_u16;
    for file in files {
        let offset = small(out.len())?;
        let sizes = Sizes::of(&file)?;
        out.extend_from_slice(&LOCAL_SIGNATURE);
        sizes.write(&mut out);
        out.extend_from_slice(file.name.as_bytes());
        out.extend_from_slice(file.deflated);
        central.extend_from_slice(&CENTRAL_SIGNATURE);
        central.extend_from_slice(&VERSION.to_le_bytes());
        sizes.write(&mut central);
        // Comment length, disk, internal and external attributes.
        central.extend_from_slice(&[0; 10]);
        central.extend_from_slice(&offset.to_le_bytes());
        central.extend_from_slice(file.name.as_bytes());
        count = count.saturating_add(1);
    }
    let (start, length) = (small(out.len())?, small(central.len())?);
    out.append(&mut central);
    out.extend_from_slice(&END_SIGNATURE);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    Ok(out)
}

/// What both headers of a file say in the same bytes.
struct Sizes {
    crc: u32,
    packed: u32,
    size: u32,
    name: u16,
}

impl Sizes {
    fn of(file: &Packed<'_>) -> Result<Self, ContainerError> {
        Ok(Self {
            crc: file.crc,
            packed: small(file.deflated.len())?,
            size: file.size,
            name: u16::try_from(file.name.len()).map_err(|_| too_large(file.name.len()))?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        for part in [VERSION, NO_FLAGS, DEFLATED, MIDNIGHT, FIRST_OF_1980] {
            out.extend_from_slice(&part.to_le_bytes());
        }
        for part in [self.crc, self.packed, self.size] {
            out.extend_from_slice(&part.to_le_bytes());
        }
        out.extend_from_slice(&self.name.to_le_bytes());
        // No extra fields.
        out.extend_from_slice(&[0; 2]);
    }
}

pub(super) fn small(length: usize) -> Result<u32, ContainerError> {
    u32::try_from(length).map_err(|_| too_large(length))
}

fn too_large(length: usize) -> ContainerError {
    ContainerError::TooLarge {
        what: "the container is too large in bytes",
        found: super::limits::wide(length),
        limit: u32::MAX.into(),
    }
}

pub(super) const LOCAL_SIGNATURE: [u8; 4] = *b"PK\x03\x04";
pub(super) const CENTRAL_SIGNATURE: [u8; 4] = *b"PK\x01\x02";
pub(super) const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
pub(super) const ZIP64_SIGNATURE: [u8; 4] = *b"PK\x06\x07";
pub(super) const DEFLATED: u16 = 8;
/// 2.0: the least that knows deflate; made for a system without attributes.
const VERSION: u16 = 20;
const NO_FLAGS: u16 = 0;
const MIDNIGHT: u16 = 0;
pub(super) const FIRST_OF_1980: u16 = (1 << 5) | 1;
