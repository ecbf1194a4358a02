//! The spool: where records wait on disk while the store cannot take them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::privacy::keys::{EntityHandle, EntityKey, KeyId};
use crate::seal::{SharedText, Slot, SlotBytes};

/// Records waiting on disk, in the order they came.
///
/// A file of frames: the length of the body in four bytes, the first eight bytes of its SHA-256,
/// and the body. What a crash tore off at the end is not read; everything before it is.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    file: File,
    bytes: u64,
    limit_bytes: u64,
}

/// A record in the spool: all that is needed to append it later.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Spooled {
    /// The bytes of its slots as they are to be stored.
    pub slots: Vec<SlotBytes>,
    /// Keys of entities that may not be stored yet.
    pub keys: Vec<EntityKey>,
    /// The shared texts it points at.
    pub shared: Vec<SharedText>,
}

impl Spool {
    /// Opens the spool in the file `path`, which is made when it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened for writing.
    pub fn open(path: &Path, limit_bytes: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        // Records hold personal values: the file is its owner's alone.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        Ok(Self {
            path: path.to_owned(),
            bytes: file.metadata()?.len(),
            file,
            limit_bytes,
        })
    }

    /// Where the spool is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether nothing is waiting.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds a record; when this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// When the spool is at its limit or the disk does not take it; the record is not spooled then.
    pub fn add(&mut self, spooled: &Spooled) -> io::Result<()> {
        let frame = spooled.frame()?;
        if self.room_for(frame.len()) {
            return self.write(&frame);
        }
        let limit = self.limit_bytes;
        Err(io::Error::new(
            io::ErrorKind::QuotaExceeded,
            format!("the spool has reached its limit of {limit} bytes"),
        ))
    }

    /// Adds as many of `spooled` as there is room for, in their order, and gives how many; when this
    /// returns, they are on disk.
    ///
    /// # Errors
    ///
    /// When the disk does not take them; none is spooled then.
    pub fn add_some(&mut self, spooled: &[Spooled]) -> io::Result<usize> {
        let mut frames = Vec::new();
        let mut count = 0;
        for spooled in spooled {
            let frame = spooled.frame()?;
            if !self.room_for(frames.len() + frame.len()) {
                break;
            }
            frames.extend_from_slice(&frame);
            count += 1;
        }
        self.write(&frames)?;
        Ok(count)
    }

    fn room_for(&self, bytes: usize) -> bool {
        u64::try_from(bytes).is_ok_and(|bytes| self.bytes + bytes <= self.limit_bytes)
    }

    fn write(&mut self, frames: &[u8]) -> io::Result<()> {
        let bytes = u64::try_from(frames.len()).map_err(io::Error::other)?;
        let written = self
            .file
            .write_all(frames)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // A torn frame would hide those that come after it.
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Keeps others from this spool until it is closed. Gives whether nobody else has it.
    ///
    /// # Errors
    ///
    /// When that cannot be told.
    pub fn lock(&self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Takes `torn` off the end, once it is kept elsewhere: what is added behind it could not be read.
    ///
    /// # Errors
    ///
    /// When the file cannot be shortened.
    pub fn cut(&mut self, torn: &[u8]) -> io::Result<()> {
        let torn = u64::try_from(torn.len()).map_err(io::Error::other)?;
        let bytes = self.bytes.saturating_sub(torn);
        self.file.set_len(bytes)?;
        self.file.sync_data()?;
        self.bytes = bytes;
        Ok(())
    }

    /// Keeps a record that can never be appended in the file `….refused` beside the spool.
    ///
    /// # Errors
    ///
    /// When that file cannot be written.
    pub fn set_aside(&self, spooled: &Spooled) -> io::Result<()> {
        Self::open(&self.beside(".refused"), u64::MAX)?.add(spooled)
    }

    /// Keeps bytes that cannot be read in the file `….damaged` beside the spool.
    ///
    /// # Errors
    ///
    /// When that file cannot be written.
    pub fn set_aside_damage(&self, bytes: &[u8]) -> io::Result<()> {
        let path = self.beside(".damaged");
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    }

    /// Reads everything that is waiting.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn backlog(&self) -> io::Result<Backlog> {
        let mut bytes = Vec::new();
        File::open(&self.path)?.read_to_end(&mut bytes)?;
        let mut rest = bytes.as_slice();
        let mut records = Vec::new();
        while let Some((spooled, after)) = read_frame(rest) {
            records.push(spooled);
            rest = after;
        }
        Ok(Backlog {
            records,
            torn: rest.to_vec(),
            bytes: self.bytes,
        })
    }

    /// Reads what is waiting from the frame at `from` on: about `most` bytes, or one frame that is larger. What
    /// comes behind it starts at the length that is given back.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn backlog_from(&self, from: u64, most: u64) -> io::Result<Backlog> {
        let mut file = File::open(&self.path)?;
        let mut most = most;
        loop {
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            (&mut file).take(most).read_to_end(&mut bytes)?;
            let read = u64::try_from(bytes.len()).map_err(io::Error::other)?;
            let mut rest = bytes.as_slice();
            let mut records = Vec::new();
            while let Some((spooled, after)) = read_frame(rest) {
                records.push(spooled);
                rest = after;
            }
            let is_end = from + read >= self.bytes;
            if is_end || !records.is_empty() {
                let left = u64::try_from(rest.len()).map_err(io::Error::other)?;
                return Ok(Backlog {
                    records,
                    torn: if is_end { rest.to_vec() } else { Vec::new() },
                    bytes: if is_end {
                        from + read
                    } else {
                        from + read - left
                    },
                });
            }
            most = most.saturating_mul(4);
        }
    }

    /// Empties the spool once everything in it is durable elsewhere, unless it has grown since it
    /// had `bytes`.
    ///
    /// # Errors
    ///
    /// When the file cannot be shortened.
    pub fn clear_if_still(&mut self, bytes: u64) -> io::Result<()> {
        if self.bytes != bytes {
            return Ok(());
        }
        self.file.set_len(0)?;
        self.file.sync_data()?;
        self.bytes = 0;
        Ok(())
    }
}

/// What waits in a spool.
#[derive(Debug)]
pub struct Backlog {
    /// The records, in the order they came.
    pub records: Vec<Spooled>,
    /// The bytes from the first frame on that cannot be read: a crash tore it off, or it is damaged.
    pub torn: Vec<u8>,
    /// The length of the spool when it was read, in bytes.
    pub bytes: u64,
}

impl Spooled {
    fn frame(&self) -> io::Result<Vec<u8>> {
        let body = self.encode()?;
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        let mut frame = Vec::with_capacity(body.len() + HEADER_BYTES);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&check(&body));
        frame.extend_from_slice(&body);
        Ok(frame)
    }

    fn encode(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        write_count(&mut out, self.slots.len())?;
        for slot in &self.slots {
            out.extend_from_slice(&slot.slot.number().to_be_bytes());
            write_count(&mut out, slot.bytes.len())?;
            out.extend_from_slice(&slot.bytes);
        }
        write_count(&mut out, self.keys.len())?;
        for key in &self.keys {
            out.extend_from_slice(&key.id.entity.0);
            out.extend_from_slice(&key.id.number.to_be_bytes());
            out.extend_from_slice(&key.epoch.to_be_bytes());
            write_count(&mut out, key.wrapped.len())?;
            out.extend_from_slice(&key.wrapped);
        }
        write_count(&mut out, self.shared.len())?;
        for shared in &self.shared {
            out.extend_from_slice(&shared.sha256);
            write_count(&mut out, shared.text.len())?;
            out.extend_from_slice(shared.text.as_bytes());
        }
        Ok(out)
    }

    fn decode(body: &[u8]) -> Option<Self> {
        let mut rest = body;
        let mut spooled = Self::default();
        for _ in 0..read_count(&mut rest)? {
            let slot = Slot::new(u16::from_be_bytes(*take_array(&mut rest)?));
            let length = read_count(&mut rest)?;
            let bytes = take(&mut rest, length)?.to_vec();
            spooled.slots.push(SlotBytes { slot, bytes });
        }
        for _ in 0..read_count(&mut rest)? {
            let entity = EntityHandle(*take_array(&mut rest)?);
            let number = u32::from_be_bytes(*take_array(&mut rest)?);
            let epoch = u32::from_be_bytes(*take_array(&mut rest)?);
            let length = read_count(&mut rest)?;
            spooled.keys.push(EntityKey {
                id: KeyId { entity, number },
                epoch,
                wrapped: take(&mut rest, length)?.to_vec(),
            });
        }
        for _ in 0..read_count(&mut rest)? {
            let sha256 = *take_array(&mut rest)?;
            let length = read_count(&mut rest)?;
            let text = std::str::from_utf8(take(&mut rest, length)?).ok()?.into();
            spooled.shared.push(SharedText { sha256, text });
        }
        rest.is_empty().then_some(spooled)
    }
}

fn read_frame(bytes: &[u8]) -> Option<(Spooled, &[u8])> {
    let mut rest = bytes;
    let length = read_count(&mut rest)?;
    let expected: [u8; 8] = *take_array(&mut rest)?;
    let body = take(&mut rest, length)?;
    if check(body) != expected {
        return None;
    }
    Some((Spooled::decode(body)?, rest))
}

fn check(body: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(body).into();
    let (first, _) = digest.as_chunks::<8>();
    first[0]
}

fn write_count(out: &mut Vec<u8>, count: usize) -> io::Result<()> {
    let count = u32::try_from(count).map_err(io::Error::other)?;
    out.extend_from_slice(&count.to_be_bytes());
    Ok(())
}

fn read_count(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*take_array(bytes)?)).ok()
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn take_array<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(taken)
}

const HEADER_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn spooled(number: u8) -> Spooled {
        Spooled {
            slots: vec![SlotBytes {
                slot: Slot::TENANT,
                bytes: vec![number; 40],
            }],
            keys: Vec::new(),
            shared: vec![SharedText {
                sha256: [number; 32],
                text: "text".into(),
            }],
        }
    }

    #[test]
    fn records_come_back_in_order_and_a_torn_end_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.spool");
        let mut spool = Spool::open(&path, 10_000).unwrap();
        for number in 0..3 {
            spool.add(&spooled(number)).unwrap();
        }
        drop(spool);
        let whole = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(whole - 5)
            .unwrap();
        let backlog = Spool::open(&path, 10_000).unwrap().backlog().unwrap();
        assert_eq!(backlog.records, [spooled(0), spooled(1)]);
        assert!(!backlog.torn.is_empty());
    }

    #[test]
    fn a_full_spool_is_an_error_and_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.spool");
        let mut spool = Spool::open(&path, 150).unwrap();
        spool.add(&spooled(1)).unwrap();
        let error = spool.add(&spooled(2)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
        let backlog = spool.backlog().unwrap();
        assert_eq!(backlog.records.len(), 1);
        spool.clear_if_still(backlog.bytes).unwrap();
        assert!(spool.is_empty());
    }

    #[test]
    fn it_is_read_in_parts_whatever_their_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.spool");
        let mut spool = Spool::open(&path, 10_000).unwrap();
        let all: Vec<Spooled> = (0..9).map(spooled).collect();
        assert_eq!(spool.add_some(&all).unwrap(), all.len());
        spool.file.write_all(b"torn").unwrap();
        let spool = Spool::open(&path, 10_000).unwrap();
        for most in [1, 100, 333, 9_000] {
            let (mut from, mut read, mut torn) = (0, Vec::new(), Vec::new());
            while from < spool.bytes() {
                let part = spool.backlog_from(from, most).unwrap();
                assert!(part.bytes > from, "{most}");
                from = part.bytes;
                read.extend(part.records);
                torn.extend(part.torn);
            }
            assert_eq!(read, all, "{most}");
            assert_eq!(torn, b"torn", "{most}");
        }
    }

    #[test]
    fn as_many_are_added_as_there_is_room_for_and_one_holder_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.spool");
        let mut spool = Spool::open(&path, 300).unwrap();
        let all: Vec<Spooled> = (0..9).map(spooled).collect();
        let added = spool.add_some(&all).unwrap();
        assert!(added > 1 && added < all.len(), "{added}");
        let backlog = spool.backlog().unwrap();
        assert_eq!(backlog.records, all[..added]);
        assert!(spool.lock().unwrap());
        let second = Spool::open(&path, 300).unwrap();
        assert!(!second.lock().unwrap());
        drop(spool);
        assert!(second.lock().unwrap());
    }
}
