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
    /// The name it has until then; none for what is no regular file, which is written as it is.
    partial: Option<PathBuf>,
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
            Self::File(file) => file,
        }
    }
}

impl PartialFile {
    fn create(path: &Path) -> std::io::Result<Self> {
        if path.is_dir() {
            return Err(std::io::ErrorKind::IsADirectory.into());
        }
        let is_special = path.metadata().is_ok_and(|found| !found.is_file());
        let partial = (!is_special).then(|| {
            let mut name = path.as_os_str().to_owned();
            name.push(".partial");
            PathBuf::from(name)
        });
        let file = match &partial {
            Some(partial) => File::create(partial)?,
            None => File::options().write(true).open(path)?,
        };
        Ok(Self {
            path: path.to_owned(),
            partial,
            file: BufWriter::new(file),
            kept: false,
        })
    }

    fn keep(&mut self) -> std::io::Result<()> {
        self.file.flush()?;
        if let Some(partial) = &self.partial {
            self.file.get_ref().sync_all()?;
            std::fs::rename(partial, &self.path)?;
        }
        self.kept = true;
        Ok(())
    }

    /// `error`, with the name of the file.
    fn named(&self, error: &std::io::Error) -> std::io::Error {
        std::io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
    }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes).map_err(|error| self.named(&error))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush().map_err(|error| self.named(&error))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if let Some(partial) = self.partial.as_ref().filter(|_| !self.kept) {
            // A partial file that stays behind is overwritten by the next attempt.
            std::fs::remove_file(partial).ok();
        }
    }
}
