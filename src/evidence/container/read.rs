//! Reading a container, in bounded time and memory.

use std::collections::BTreeMap;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::layout::{CENTRAL_SIGNATURE, DEFLATED, END_SIGNATURE, LOCAL_SIGNATURE, ZIP64_SIGNATURE};
use super::write::digest;
use super::{Container, ContainerError, INDEX, Limits, form, name};

/// Reads the files of a container, in whatever form it is.
///
/// A file that cannot be unpacked is named in [`Container::damaged`]; the others are there.
///
/// # Errors
///
/// [`ContainerError`] when the bytes are no zip file, are more than `limits` allow, or could be
/// understood in two ways. No more is unpacked than the headers announce.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Container, ContainerError> {
    let end = End::find(bytes)?;
    limits.check_files(end.files.into())?;
    let members = members(bytes, &end)?;
    check_apart(&members, end.central)?;
    limits.check_sizes(members.iter().map(|it| it.size.into()), bytes.len())?;
    let mut files = BTreeMap::new();
    let mut damaged = BTreeMap::new();
    for member in members.iter().filter(|it| !name::is_folder(it.name)) {
        match member.unpack() {
            Ok(content) => files.insert(member.name.to_owned(), content).is_none(),
            Err(why) => damaged.insert(member.name.to_owned(), why).is_none(),
        };
    }
    let mut others: Vec<&Member<'_>> = members.iter().filter(|it| it.name != INDEX).collect();
    others.sort_unstable_by_key(|it| it.name);
    Ok(Container {
        digest: digest(others.iter().map(|it| it.data)),
        form: form::check(bytes, &members, &files),
        files,
        damaged,
    })
}

/// One file, as both of its headers describe it.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u16,
    pub(super) date: u16,
    pub(super) crc: u32,
    /// Bytes when unpacked.
    pub(super) size: u32,
    pub(super) has_extra: bool,
    /// Where the local header begins.
    pub(super) offset: usize,
    pub(super) data: &'a [u8],
    /// Where the packed bytes end.
    after: usize,
}

/// The record at the end of a zip file.
struct End {
    files: u16,
    central: usize,
    at: usize,
}

impl End {
    fn find(bytes: &[u8]) -> Result<Self, ContainerError> {
        let first = bytes.len().saturating_sub(END_BYTES + MAX_COMMENT);
        let fits = |at: &usize| {
            bytes[*at..].starts_with(&END_SIGNATURE)
                && u16_at(bytes, at + 20)
                    .is_some_and(|comment| at + END_BYTES + usize::from(comment) == bytes.len())
        };
        let Some(at) = (first..bytes.len()).rev().find(fits) else {
            return Err(if bytes.starts_with(&LOCAL_SIGNATURE) {
                ContainerError::Truncated
            } else {
                ContainerError::NotAZip
            });
        };
        let broken = || damaged("the record at the end is incomplete", at);
        let disks = u32_at(bytes, at + 4).ok_or_else(broken)?;
        let here = u16_at(bytes, at + 8).ok_or_else(broken)?;
        let files = u16_at(bytes, at + 10).ok_or_else(broken)?;
        let length = u32_at(bytes, at + 12).ok_or_else(broken)?;
        let central = u32_at(bytes, at + 16).ok_or_else(broken)?;
        let locator = at.checked_sub(20).map(|it| &bytes[it..]);
        if files == u16::MAX
            || length == u32::MAX
            || central == u32::MAX
            || locator.is_some_and(|it| it.starts_with(&ZIP64_SIGNATURE))
        {
            return Err(ContainerError::Zip64);
        }
        if disks != 0 || here != files {
            return Err(damaged("it is one of several parts", at));
        }
        let central = position(central);
        if central.checked_add(position(length)) != Some(at) {
            return Err(damaged("the list of files is not before its end", at));
        }
        Ok(Self { files, central, at })
    }
}

fn members<'a>(bytes: &'a [u8], end: &End) -> Result<Vec<Member<'a>>, ContainerError> {
    let mut members = Vec::with_capacity(end.files.into());
    let mut at = end.central;
    for _ in 0..end.files {
        let (member, next) = member(bytes, at, end)?;
        members.push(member);
        at = next;
    }
    if at != end.at {
        return Err(damaged("the list of files has another length", at));
    }
    Ok(members)
}

/// The file whose central header is at `at`, and where the next one is.
fn member<'a>(
    bytes: &'a [u8],
    at: usize,
    end: &End,
) -> Result<(Member<'a>, usize), ContainerError> {
    let broken = || damaged("a header in the list of files is broken", at);
    let header = bytes
        .get(at..at + CENTRAL_BYTES)
        .filter(|it| it.starts_with(&CENTRAL_SIGNATURE) && at + CENTRAL_BYTES <= end.at)
        .ok_or_else(broken)?;
    let short = |from: usize| u16_at(header, from).ok_or_else(broken);
    let long = |from: usize| u32_at(header, from).ok_or_else(broken);
    let name_end = at + CENTRAL_BYTES + usize::from(short(28)?);
    let extra = usize::from(short(30)?) + usize::from(short(32)?);
    let next = name_end + extra;
    if next > end.at {
        return Err(broken());
    }
    let name = name::checked(&bytes[at + CENTRAL_BYTES..name_end])?;
    let (packed, size, offset) = (long(20)?, long(24)?, long(42)?);
    if [packed, size, offset].contains(&u32::MAX) {
        return Err(ContainerError::Zip64);
    }
    let mut member = Member {
        name,
        flags: short(8)?,
        method: short(10)?,
        time: short(12)?,
        date: short(14)?,
        crc: long(16)?,
        size,
        has_extra: extra > 0,
        offset: position(offset),
        data: &[],
        after: 0,
    };
    member.check_method()?;
    member.find_data(bytes, position(packed), end.central)?;
    Ok((member, next))
}

impl<'a> Member<'a> {
    fn check_method(&self) -> Result<(), ContainerError> {
        let unsupported = |what| ContainerError::Unsupported {
            name: self.name.to_owned(),
            what,
        };
        if self.flags & ENCRYPTED != 0 {
            return Err(ContainerError::Encrypted {
                name: self.name.to_owned(),
            });
        }
        if self.flags & !HARMLESS_FLAGS != 0 {
            return Err(unsupported("flags of later versions"));
        }
        if name::is_folder(self.name) && self.size != 0 {
            return Err(unsupported("a folder that holds bytes"));
        }
        match self.method {
            STORED | DEFLATED => Ok(()),
            _ => Err(unsupported("neither stored nor deflated")),
        }
    }

    /// Finds the packed bytes behind the local header, which has to say what the central one says.
    fn find_data(
        &mut self,
        bytes: &'a [u8],
        packed: usize,
        central: usize,
    ) -> Result<(), ContainerError> {
        let broken = || damaged("there is no file where the list says", self.offset);
        let header = bytes
            .get(self.offset..self.offset + LOCAL_BYTES)
            .filter(|it| it.starts_with(&LOCAL_SIGNATURE))
            .ok_or_else(broken)?;
        let short = |from: usize| u16_at(header, from).ok_or_else(broken);
        let long = |from: usize| u32_at(header, from).ok_or_else(broken);
        let name_start = self.offset + LOCAL_BYTES;
        let name_end = name_start + usize::from(short(26)?);
        let extra = usize::from(short(28)?);
        let sizes = (long(14)?, position(long(18)?), long(22)?);
        let said = (self.crc, packed, self.size);
        let follow = self.flags & SIZES_FOLLOW != 0;
        let agree = bytes.get(name_start..name_end) == Some(self.name.as_bytes())
            && (short(6)?, short(8)?) == (self.flags, self.method)
            && (sizes == said || (follow && sizes == (0, 0, 0)));
        if !agree {
            return Err(ContainerError::Disagreement {
                name: self.name.to_owned(),
            });
        }
        self.has_extra |= extra > 0;
        let start = name_end + extra;
        self.after = start + packed;
        self.data = bytes
            .get(start..self.after)
            .filter(|_| self.after <= central)
            .ok_or_else(broken)?;
        Ok(())
    }

    /// Unpacks the file; never more than its header announces.
    fn unpack(&self) -> Result<Vec<u8>, &'static str> {
        let size = position(self.size);
        let content = match self.method {
            STORED if self.data.len() == size => self.data.to_vec(),
            STORED => return Err("its size is another one"),
            _ => inflate(self.data, size)?,
        };
        let mut crc = Crc::new();
        crc.update(&content);
        if crc.sum() != self.crc {
            return Err("its bytes are not those that were packed");
        }
        Ok(content)
    }
}

fn inflate(deflated: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
    let mut inflater = Decompress::new(false);
    // One byte more than announced: a file that is longer shows.
    let mut content = vec![0; size + 1];
    let status = inflater
        .decompress(deflated, &mut content, FlushDecompress::Finish)
        .map_err(|_| "its packed bytes are broken")?;
    let is_whole = inflater.total_in() == super::limits::wide(deflated.len())
        && inflater.total_out() == super::limits::wide(size);
    if status != Status::StreamEnd || !is_whole {
        return Err("its packed bytes do not end where they should");
    }
    content.truncate(size);
    Ok(content)
}

/// Refuses files that share a name or bytes.
fn check_apart(members: &[Member<'_>], central: usize) -> Result<(), ContainerError> {
    let mut by_name: Vec<&str> = members.iter().map(|it| it.name).collect();
    by_name.sort_unstable();
    if let Some(twice) = by_name.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(ContainerError::Duplicate {
            name: twice[0].to_owned(),
        });
    }
    let mut by_place: Vec<&Member<'_>> = members.iter().collect();
    by_place.sort_unstable_by_key(|it| it.offset);
    let next_starts = by_place.iter().skip(1).map(|it| it.offset);
    for (member, next) in by_place.iter().zip(next_starts.chain([central])) {
        if member.after > next {
            return Err(ContainerError::Overlap {
                name: member.name.to_owned(),
            });
        }
    }
    Ok(())
}

fn damaged(what: &'static str, at: usize) -> ContainerError {
    ContainerError::Damaged { what, at }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*two))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*four))
}

/// A position or length in the file: 32 bits are never more than memory can address here.
fn position(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX >> 8)
}

const STORED: u16 = 0;
const END_BYTES: usize = 22;
const CENTRAL_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;
const MAX_COMMENT: usize = 0xffff;
const ENCRYPTED: u16 = 1;
const SIZES_FOLLOW: u16 = 1 << 3;
/// How hard the packer tried, sizes that follow the bytes, names in UTF-8.
const HARMLESS_FLAGS: u16 = 0b110 | SIZES_FOLLOW | 1 << 11;
