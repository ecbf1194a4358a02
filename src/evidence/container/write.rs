//! Writing a container.

use std::collections::BTreeMap;

use flate2::Crc;
use libdeflater::{CompressionLvl, Compressor};
use sha2::{Digest as _, Sha256};

use super::layout::{Packed, container, small};
use super::{ContainerError, INDEX, Limits, name};

/// Files that are deflated, and wait for the file that lists them.
///
/// Several deflate streams give the same bytes, so a changed bit need not show in a file. That is why
/// the list, [`INDEX`], carries the digest of the packed bytes of all other files, and is itself
/// written in the one form that deflate has for bytes that are not compressed.
///
/// ```
/// use std::collections::BTreeMap;
/// use contextrail::evidence::container::{Limits, Packing, read};
///
/// let files = BTreeMap::from([("a.txt".to_owned(), b"aaaa".to_vec())]);
/// let packing = Packing::new(&files, Limits::default())?;
/// let digest = packing.digest();
/// let back = read(&packing.finish(b"the list")?, &Limits::default())?;
/// assert_eq!(back.files["a.txt"], b"aaaa");
/// assert_eq!(back.digest, digest);
/// assert!(back.form.is_ok());
/// # Ok::<(), contextrail::evidence::container::ContainerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Packing<'f> {
    files: BTreeMap<&'f str, Deflated>,
    limits: Limits,
}

#[derive(Clone, Debug)]
struct Deflated {
    crc: u32,
    size: u32,
    bytes: Vec<u8>,
}

impl<'f> Packing<'f> {
    /// Deflates `files`; the same files give the same bytes. A file named [`INDEX`] is left out.
    ///
    /// # Errors
    ///
    /// [`ContainerError`] for a name that is refused, and for a file larger than 4 GiB.
    pub fn new(
        files: &'f BTreeMap<String, Vec<u8>>,
        limits: Limits,
    ) -> Result<Self, ContainerError> {
        let mut packing = Self {
            files: BTreeMap::new(),
            limits,
        };
        for (file, content) in files.iter().filter(|(file, _)| *file != INDEX) {
            let checked = name::checked(file.as_bytes())?;
            if name::is_folder(checked) {
                return Err(ContainerError::Name {
                    name: checked.to_owned(),
                    why: "it is a folder's",
                });
            }
            let deflated = Deflated::of(content, compressed(content))?;
            packing.files.insert(checked, deflated);
        }
        Ok(packing)
    }

    /// SHA-256 of the packed bytes of all files, in order of name.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest(self.files.values().map(|file| file.bytes.as_slice()))
    }

    /// The canonical container of the files and of `index`, the file [`INDEX`].
    ///
    /// # Errors
    ///
    /// [`ContainerError::TooLarge`] for more than the limits allow: it could not be read again.
    pub fn finish(mut self, index: &[u8]) -> Result<Vec<u8>, ContainerError> {
        let deflated = Deflated::of(index, uncompressed(index))?;
        self.files.insert(INDEX, deflated);
        self.limits.check_files(self.files.len())?;
        let bytes = container(self.files.iter().map(|(name, file)| Packed {
            name,
            crc: file.crc,
            size: file.size,
            deflated: &file.bytes,
        }))?;
        let sizes = self.files.values().map(|file| file.size.into());
        self.limits.check_sizes(sizes, bytes.len())?;
        Ok(bytes)
    }
}

impl Deflated {
    fn of(content: &[u8], bytes: Vec<u8>) -> Result<Self, ContainerError> {
        let mut crc = Crc::new();
        crc.update(content);
        Ok(Self {
            crc: crc.sum(),
            size: small(content.len())?,
            bytes,
        })
    }
}

/// SHA-256 of packed bytes, one after the other.
pub(super) fn digest<'p>(packed: impl Iterator<Item = &'p [u8]>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    packed.for_each(|bytes| hasher.update(bytes));
    hasher.finalize().into()
}

/// `content` deflated as small as it gets: by `flate2` at its best a bundle is 6 % larger.
fn compressed(content: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::best());
    let mut bytes = vec![0; compressor.deflate_compress_bound(content.len())];
    let length = compressor
        .deflate_compress(content, &mut bytes)
        .expect("there is room for the longest that it can be");
    bytes.truncate(length);
    bytes
}

/// `content` as deflate writes it uncompressed (RFC 1951 §3.2.4), in blocks as long as can be.
pub(super) fn uncompressed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + content.len() / MAX_BLOCK * 5 + 5);
    let mut rest = content;
    loop {
        let (block, after) = rest.split_at(rest.len().min(MAX_BLOCK));
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(after.is_empty()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
        rest = after;
        if rest.is_empty() {
            return out;
        }
    }
}

const MAX_BLOCK: usize = 0xffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncompressed_bytes_have_one_form_that_every_reader_knows() {
        for length in [0, 1, MAX_BLOCK, MAX_BLOCK + 1, 3 * MAX_BLOCK] {
            let content = vec![7; length];
            let mut back = Vec::new();
            let packed = uncompressed(&content);
            let mut reader = flate2::read::DeflateDecoder::new(packed.as_slice());
            std::io::Read::read_to_end(&mut reader, &mut back).unwrap();
            assert_eq!(back, content);
        }
    }
}
