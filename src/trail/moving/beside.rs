//! The files beside a database that go along with it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::{MoveError, fault};
use crate::file;
#[cfg(feature = "network")]
use crate::notary::Attesters;
use crate::notary::NotaryFiles;
use crate::privacy::Redaction;
use crate::store::ArchiveChoice;
use crate::trail::KeyFiles;

/// What became of a file beside a trail that was copied.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct MovedFile {
    /// Where it belongs.
    pub path: PathBuf,
    /// What it holds.
    pub holds: &'static str,
    /// What became of it.
    pub became: FileFate,
}

/// What became of a file beside a trail that was copied.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFate {
    /// It is there, as it is beside the source.
    Copied,
    /// It is there and no longer beside the source, which cannot be written to now.
    HandedOver,
    /// It is a secret, and stays where it is until it is put there by hand or handed over.
    ToBeMoved,
}

/// A file beside a database.
struct Beside {
    path: PathBuf,
    holds: &'static str,
    /// Lines are added to it and never taken away.
    grows: bool,
    mode: u32,
}

/// The files that are no secrets, or encrypted ones.
fn open_files(database: &Path) -> Vec<Beside> {
    let (notary, keys) = (NotaryFiles::beside(database), KeyFiles::beside(database));
    let mut journal = database.as_os_str().to_owned();
    journal.push(".erasures");
    let file = |path, holds, grows, mode| Beside {
        path,
        holds,
        grows,
        mode,
    };
    #[cfg_attr(
        not(feature = "network"),
        expect(unused_mut, reason = "the other one adds")
    )]
    let mut files = vec![
        file(notary.heads, "signed heads", true, 0o600),
        file(notary.public_keys, "verification keys", false, 0o644),
        file(keys.keyring, "keys of tenants, encrypted", false, 0o600),
        file(
            keys.provider,
            "who keeps the key-encryption key",
            false,
            0o600,
        ),
        file(
            ArchiveChoice::of_heads_beside(database),
            "second place of signed heads",
            false,
            0o644,
        ),
        file(journal.into(), "journal of erasures", true, 0o600),
        file(Redaction::beside(database), "redaction rules", false, 0o644),
    ];
    #[cfg(feature = "network")]
    files.push(file(
        Attesters::beside(database),
        "witnesses and timestamp authorities",
        false,
        0o644,
    ));
    files
}

/// The files that whoever has them can sign or read with.
fn secret_files(database: &Path) -> [Beside; 2] {
    let (notary, keys) = (NotaryFiles::beside(database), KeyFiles::beside(database));
    let file = |path, holds| Beside {
        path,
        holds,
        grows: false,
        mode: 0o600,
    };
    [
        file(keys.key_encryption, "key-encryption key"),
        file(notary.key, "signing key"),
    ]
}

/// Puts the files beside `from` that are no secrets beside `to`.
pub(super) fn copy_open_files(from: &Path, to: &Path) -> Result<Vec<MovedFile>, MoveError> {
    let mut moved = Vec::new();
    for (ours, theirs) in open_files(from).into_iter().zip(open_files(to)) {
        let Some(bytes) = read(&ours.path)? else {
            continue;
        };
        let there = read(&theirs.path)?;
        // Lines may have been added there since, such as the head that closing signs.
        let is_longer = there.is_some_and(|there| ours.grows && there.starts_with(&bytes));
        if !is_longer {
            write(&theirs, &bytes)?;
        }
        moved.push(MovedFile {
            path: theirs.path,
            holds: theirs.holds,
            became: FileFate::Copied,
        });
    }
    Ok(moved)
}

/// Says which secrets have to be put beside `to`, or puts them there.
///
/// The signing key is taken away from the source: a trail has one signer, and two that sign would
/// make two logs of one. It is there before it is gone here.
pub(super) fn move_secrets(
    from: &Path,
    to: &Path,
    hand_over: bool,
) -> Result<Vec<MovedFile>, MoveError> {
    let signing = NotaryFiles::beside(from).key;
    let mut moved = Vec::new();
    for (ours, theirs) in secret_files(from).into_iter().zip(secret_files(to)) {
        let there = read(&theirs.path)?;
        let became = match (read(&ours.path)?, there) {
            (None, None) => continue,
            (None, Some(_)) => FileFate::HandedOver,
            (Some(_), _) if !hand_over => FileFate::ToBeMoved,
            (Some(bytes), there) => {
                if there.as_ref() != Some(&bytes) {
                    write(&theirs, &bytes)?;
                }
                if ours.path == signing {
                    std::fs::remove_file(&ours.path).map_err(fault(&ours.path, "removed"))?;
                    file::sync_folder(&ours.path).map_err(fault(&ours.path, "removed"))?;
                    FileFate::HandedOver
                } else {
                    FileFate::Copied
                }
            }
        };
        moved.push(MovedFile {
            path: theirs.path,
            holds: theirs.holds,
            became,
        });
    }
    Ok(moved)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, MoveError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(path, "read")(error)),
    }
}

fn write(file: &Beside, bytes: &[u8]) -> Result<(), MoveError> {
    file::replace_bytes(&file.path, bytes, file.mode).map_err(fault(&file.path, "written"))
}

/// Removes a file that may not be there.
pub(super) fn remove(path: &Path) -> Result<(), MoveError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(fault(path, "removed")(error)),
        _ => Ok(()),
    }
}

/// `path` with more at the end of its name.
pub(super) fn named(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Copies a file for its owner alone, and gives it to `seen` on the way. It is on disk afterwards.
pub(super) fn copy_private(
    from: &Path,
    to: &Path,
    mut seen: impl FnMut(&[u8]),
) -> Result<(), MoveError> {
    let mut source = File::open(from).map_err(fault(from, "read"))?;
    let mut copy = file::create(to, 0o600).map_err(fault(to, "written"))?;
    let mut buffer = vec![0; COPIED_AT_ONCE];
    loop {
        let count = io::Read::read(&mut source, &mut buffer).map_err(fault(from, "read"))?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return copy.sync_all().map_err(fault(to, "written"));
        };
        seen(bytes);
        copy.write_all(bytes).map_err(fault(to, "written"))?;
    }
}

const COPIED_AT_ONCE: usize = 1 << 20;
