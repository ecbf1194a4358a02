//! What is left of an entity, where nothing should be.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::{Stored, Trail, TrailError};
use crate::record::{Digest, EntityRef};
use crate::seal::Disclosure;

impl Trail {
    /// Where an entity still shows: what an erasure should have left nothing of.
    ///
    /// Every record is opened, and every value and text is looked through for the id.
    ///
    /// # Errors
    ///
    /// [`TrailError`] when the store cannot be read.
    pub async fn leftovers(&self, entity: &EntityRef) -> Result<Vec<Leftover>, TrailError> {
        let handle = self.vault().handle(Some(entity));
        let handle = handle.ok_or_else(|| self.keys_missing())?;
        let mut found = Vec::new();
        let keys = self.0.store.entity_keys(self.tenant(), &[handle]).await?;
        if !keys.is_empty() {
            found.push(Leftover::new(
                "keys",
                format!("{} keys of theirs are stored", keys.len()),
            ));
        }
        let size = self.0.store.head(self.tenant()).await?.size;
        let mut from = 0;
        while from < size {
            let to = (from + CHUNK).min(size);
            for stored in self.read_range(from, to - 1).await? {
                found.extend(self.shown_in(&stored, entity).await?);
            }
            from = to;
        }
        Ok(found)
    }

    async fn shown_in(
        &self,
        stored: &Stored,
        entity: &EntityRef,
    ) -> Result<Vec<Leftover>, TrailError> {
        let id = entity.id.as_str();
        let mut found = Vec::new();
        for field in self.disclose(stored).await? {
            if let Disclosure::Shown { value, .. } = &field.content
                && contains(value, id)
            {
                found.push(Leftover::new(
                    format!("{} {}", stored.record().kind(), stored.id()),
                    field.path,
                ));
            }
        }
        let texts: BTreeMap<Digest, Arc<str>> = self.texts(stored).await?;
        for (digest, text) in texts {
            if contains(text.as_bytes(), id) {
                found.push(Leftover::new(
                    format!("{} {}", stored.record().kind(), stored.id()),
                    format!("the text {digest}"),
                ));
            }
        }
        Ok(found)
    }
}

/// A place where an entity still shows.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Leftover {
    /// The record, or the file.
    pub place: String,
    /// Where in it.
    pub what: String,
}

impl Leftover {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
        }
    }
}

/// Where the id of an entity stands in the bytes of a file; an id of fewer than four bytes would be
/// found by chance, and is not looked for.
///
/// # Errors
///
/// When the file cannot be read. One that is not there holds nothing.
pub fn leftovers_in_file(path: &Path, entity: &EntityRef) -> std::io::Result<Vec<Leftover>> {
    let id = entity.id.as_str().as_bytes();
    let mut file = match File::open(path) {
        Ok(file) if id.len() >= 4 => file,
        Ok(_) => return Ok(Vec::new()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let (mut window, mut before) = (vec![0; READ + id.len()], 0);
    let (mut kept, mut found) = (0, Vec::new());
    loop {
        let read = file.read(&mut window[kept..])?;
        if read == 0 {
            return Ok(found);
        }
        let there = &window[..kept + read];
        if let Some(at) = find(there, id) {
            found.push(Leftover::new(
                path.display().to_string(),
                format!("the bytes at {}", before + at),
            ));
        }
        // What is cut in two by the end of the window is looked at again.
        let keep = (id.len() - 1).min(there.len());
        let start = there.len() - keep;
        before += start;
        window.copy_within(start..start + keep, 0);
        kept = keep;
    }
}

/// Whether `id` stands in `bytes`, and not as a part of a longer word.
fn contains(bytes: &[u8], id: &str) -> bool {
    let is_of_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], id.as_bytes()) {
        let (start, end) = (from + at, from + at + id.len());
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        if !is_of_word(before) && !is_of_word(bytes.get(end)) {
            return true;
        }
        from = start + 1;
    }
    false
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len().max(1))
        .position(|window| window == wanted)
}

/// Bytes of a file looked at together.
const READ: usize = 1 << 20;
const CHUNK: u64 = 256;
