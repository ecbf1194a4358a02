//! The files of a trail in SQLite: what is there, who writes it, who may.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::Access;
use crate::store::StoreError;

/// How the database at `path` can be read, given how it would be as a rule.
///
/// SQLite makes two files beside a database that it reads, unless they are there. Where it cannot,
/// the folder being read-only, the database is read as one that nobody changes: nobody has it open
/// then, or the files would be there, and nothing waits in a write-ahead log.
///
/// # Errors
///
/// [`StoreError::ReadOnlyFolder`] when something does wait there.
pub(super) async fn readable(
    path: &Path,
    usual: SqliteConnectOptions,
) -> Result<SqliteConnectOptions, StoreError> {
    if beside(path, "-shm").exists() || can_be_read(&usual).await {
        return Ok(usual);
    }
    if beside(path, "-wal").metadata().is_ok_and(|it| it.len() > 0) {
        return Err(StoreError::ReadOnlyFolder {
            place: path.display().to_string(),
        });
    }
    Ok(usual.immutable(true))
}

/// Whether a database can be opened; what else is wrong with it is found by whoever reads it.
async fn can_be_read(options: &SqliteConnectOptions) -> bool {
    let read = async {
        let mut connection = SqliteConnection::connect_with(options).await?;
        let sql = "select count(*) from sqlite_schema";
        let read = sqlx::query(sql).execute(&mut connection).await;
        connection.close().await?;
        read
    };
    !read.await.is_err_and(|error| is_not_opened(&error))
}

/// Whether SQLite could not make what it reads with: `SQLITE_CANTOPEN` on a file system that is
/// read-only, `SQLITE_READONLY` in a folder that is.
fn is_not_opened(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 8 | 14))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

pub(super) fn check_place(path: &Path, access: Access) -> Result<(), StoreError> {
    let place = path.display().to_string();
    if path.is_dir() {
        return Err(StoreError::NotATrail {
            place,
            reason: "it is a folder: name a file in it".to_owned(),
        });
    }
    if path.exists() {
        return check_header(path, place);
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(StoreError::MissingFolder {
            folder: folder.display().to_string(),
        });
    }
    match access {
        Access::Write => Ok(()),
        Access::Read => Err(StoreError::Missing { place }),
    }
}

/// SQLite would take a file of other contents for a damaged database.
fn check_header(path: &Path, place: String) -> Result<(), StoreError> {
    let mut header = [0_u8; 16];
    let read = File::open(path).and_then(|mut file| file.read(&mut header));
    match read {
        Ok(0) => Ok(()),
        Ok(_) if header.starts_with(b"SQLite format 3\0") => Ok(()),
        Ok(_) => Err(StoreError::NotATrail {
            place,
            reason: "it is not an SQLite database, or its header is damaged".to_owned(),
        }),
        Err(error) => Err(StoreError::Backend {
            place,
            source: error.into(),
        }),
    }
}

/// Takes the lock of the writer; waits a moment for one that is just being let go.
///
/// A process that is being started holds, for an instant, what the one that starts it holds, even
/// if that closes the trail meanwhile.
pub(super) async fn lock_soon(path: &Path) -> Result<File, StoreError> {
    for _ in 0..LOCK_TRIES {
        match lock(path) {
            Err(StoreError::InUse { .. }) => tokio::time::sleep(LOCK_PAUSE).await,
            locked => return locked,
        }
    }
    lock(path)
}

/// Makes the file of a new trail, for its owner alone.
///
/// SQLite gives its write-ahead log the mode of the database.
pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    private(path)
        .map(|_| ())
        .map_err(|error| file_fault(path, error))
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = beside(path, ".lock");
    let place = path.display().to_string();
    let mut file = private(&lock_path).map_err(|error| file_fault(&lock_path, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The lock says enough without the name of its holder.
            drop(file.take(200).read_to_string(&mut holder));
            // The other one may not have written its name yet.
            let holder = match holder.trim() {
                "" => "process",
                name => name,
            };
            return Err(StoreError::InUse {
                place,
                holder: holder.to_owned(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(file_fault(&lock_path, error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "process {}", std::process::id()))
        .map_err(|error| file_fault(&lock_path, error))?;
    Ok(file)
}

fn file_fault(path: &Path, error: std::io::Error) -> StoreError {
    let place = path.display().to_string();
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly { place }
        }
        ErrorKind::StorageFull => StoreError::Full { place },
        _ => StoreError::Backend {
            place,
            source: error.into(),
        },
    }
}

/// Opens a file, made for its owner alone when it is not there: trails hold personal values.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
