//! The heads file: every head that was signed, outside the database.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::NotaryError;
use super::files::{fault, read, replace};
use super::head::{KnownHead, Line, line_of};
use crate::file::sync_folder;
use crate::record::TrailId;

/// The heads of a trail, newest last; in a file, or in memory for a trail in memory.
#[derive(Debug)]
pub(super) struct Heads {
    path: Option<PathBuf>,
    file: Option<File>,
    known: Vec<KnownHead>,
    bytes: usize,
}

impl Heads {
    /// Reads the heads; `path` is `None` in memory.
    ///
    /// A last line without an end is what a crash tore off, and is not read.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, NotaryError> {
        let text = match path {
            Some(path) => read(path)?.unwrap_or_default(),
            None => String::new(),
        };
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let name = || path.map_or_else(String::new, |path| path.display().to_string());
        let mut heads = Vec::new();
        for (number, line) in (1..).zip(whole.lines()) {
            let head = Line::read(line).map_err(|what| NotaryError::Line {
                path: name(),
                line: number,
                what,
            })?;
            heads.push(head);
        }
        // What is newest is said by the heads themselves, not by the order of the lines.
        heads.sort_by_key(|head| {
            (
                epoch(head.checkpoint.checkpoint().origin()),
                head.head().size,
            )
        });
        let mut known = Vec::with_capacity(heads.len());
        for head in heads {
            place(&mut known, head);
        }
        Ok(Self {
            path: path.map(Path::to_owned),
            file: None,
            known,
            bytes: whole.len(),
        })
    }

    /// The newest head of one of the logs whose origin `is_ours` knows.
    pub(super) fn newest(&self, is_ours: impl Fn(&str) -> bool) -> Option<&KnownHead> {
        self.known
            .iter()
            .rev()
            .find(|head| is_ours(head.checkpoint.checkpoint().origin()))
    }

    /// The trail whose heads these are.
    pub(super) fn trail(&self) -> Option<TrailId> {
        let newest = self.known.last()?.checkpoint.checkpoint();
        newest.origin().split('/').nth(1)?.parse().ok()
    }

    /// Reads the file again when another process has written to it.
    pub(super) fn read_again(&mut self) -> Result<(), NotaryError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let length = path.metadata().map_or(0, |it| it.len());
        if usize::try_from(length).ok() != Some(self.bytes) {
            *self = Self::open(Some(&path.clone()))?;
        }
        Ok(())
    }

    /// Every head, oldest first.
    pub(super) fn all(&self) -> &[KnownHead] {
        &self.known
    }

    /// Knows a head from elsewhere, newer than all others of its log, without writing it down.
    pub(super) fn learn(&mut self, head: KnownHead) {
        place(&mut self.known, head);
    }

    /// Adds a head; when this returns it is on disk.
    pub(super) fn add(&mut self, head: KnownHead) -> Result<(), NotaryError> {
        let line = line_of(&head)? + "\n";
        let before = self.known.len();
        place(&mut self.known, head);
        if self.path.is_none() {
            if self.known.len() > MOST_IN_MEMORY {
                self.known.drain(..self.known.len() - KEPT);
            }
            return Ok(());
        }
        let added = if self.bytes + line.len() > MOST_BYTES {
            self.compact()
        } else {
            self.append(&line)
        };
        if added.is_err() {
            self.known.truncate(before);
        }
        added
    }

    fn append(&mut self, line: &str) -> Result<(), NotaryError> {
        let Some(path) = self.path.clone() else {
            return Ok(());
        };
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = open_for_append(&path, self.bytes)
                    .map_err(|source| fault(&path, "written", source))?;
                self.file.insert(file)
            }
        };
        let written = file
            .write_all(line.as_bytes())
            .and_then(|()| file.sync_data());
        if let Err(source) = written {
            // A torn line would hide those that come after it: the next try cuts it off.
            self.file = None;
            return Err(fault(&path, "written", source));
        }
        self.bytes += line.len();
        Ok(())
    }

    /// Keeps the newest heads alone, and those that two keys signed: they link one key to the next.
    fn compact(&mut self) -> Result<(), NotaryError> {
        let from = self.known.len().saturating_sub(KEPT);
        let mut at = 0;
        self.known.retain(|head| {
            at += 1;
            at > from || head.links_keys()
        });
        let mut text = String::new();
        for head in &self.known {
            text.push_str(&line_of(head)?);
            text.push('\n');
        }
        if let Some(path) = &self.path {
            replace(path, &text, 0o600)?;
        }
        self.file = None;
        self.bytes = text.len();
        Ok(())
    }
}

/// The epoch in the origin of a log, which is the first unless there is one.
fn epoch(origin: &str) -> u64 {
    let epoch = origin.split('/').nth(3);
    epoch.and_then(|epoch| epoch.parse().ok()).unwrap_or(1)
}

/// Adds a head, or puts it in the place of the same one with fewer signatures: so the newest head
/// of each log stays the last one of it.
fn place(known: &mut Vec<KnownHead>, head: KnownHead) {
    let checkpoint = head.checkpoint.checkpoint();
    let mut of_log = known.iter().enumerate().rev().filter(|(_, it)| {
        let other = it.checkpoint.checkpoint();
        other.origin() == checkpoint.origin()
    });
    // Sizes rise: one that is smaller ends the search, mostly at once.
    let same = of_log
        .by_ref()
        .take_while(|(_, it)| it.head().size >= checkpoint.size())
        .find(|(_, it)| it.checkpoint.checkpoint() == checkpoint)
        .map(|(at, _)| at);
    match same {
        Some(at) => known[at] = head,
        None => known.push(head),
    }
}

fn open_for_append(path: &Path, whole_bytes: usize) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // What a crash tore off must not run into the next line.
    file.set_len(u64::try_from(whole_bytes).map_err(std::io::Error::other)?)?;
    sync_folder(path)?;
    Ok(file)
}

/// When the file is rewritten with the newest heads alone: some days of a busy log.
const MOST_BYTES: usize = 32 << 20;
const MOST_IN_MEMORY: usize = 2_000;
const KEPT: usize = 1_000;
