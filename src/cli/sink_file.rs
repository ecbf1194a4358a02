//! Where an export goes: standard output, or a file that is there whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::session::Session;

/// Standard output, or a file under a temporary name.
pub(super) enum Target {
    Stdout(BufWriter<std::io::Stdout>),
    File(PartialFile),
}

/// A file that takes its name when it is complete.
pub(super) struct PartialFile {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    kept: bool,
}

impl Target {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        match path {
            None => Ok(Self::Stdout(Session::stdout())),
            Some(path) => PartialFile::create(path)
                .map(Self::File)
                .map_err(|error| Failure::file(Exit::Storage, path, &error)),
        }
    }

    /// Completes the output.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => Ok(out.flush()?),
            Self::File(mut file) => file
                .keep()
                .map_err(|error| Failure::file(Exit::Storage, &file.path, &error)),
        }
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(out) => out,
            Self::File(file) => &mut file.file,
        }
    }
}

impl PartialFile {
    fn create(path: &Path) -> std::io::Result<Self> {
        if path.is_dir() {
            return Err(std::io::ErrorKind::IsADirectory.into());
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(File::create(&partial)?),
            partial,
            kept: false,
        })
    }

    fn keep(&mut self) -> std::io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        std::fs::rename(&self.partial, &self.path)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.kept {
            // A partial file that stays behind is overwritten by the next attempt.
            std::fs::remove_file(&self.partial).ok();
        }
    }
}
