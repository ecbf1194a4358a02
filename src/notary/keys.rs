//! The keys of a trail: one that signs, and every one that ever did.

use std::path::Path;

use super::files::{NotaryFiles, read, replace};
use super::{KnownHead, NotaryError};
use crate::log::{KeyName, SigningKey, VerifierKey};

/// The signing keys of a log. The last one signs; one before it signs beside it until the first
/// checkpoint of both is on disk.
#[derive(Debug)]
pub(super) struct Keys {
    signing: Vec<SigningKey>,
}

impl Keys {
    /// The key in the file, for the log `origin`; made when there is none and `may_create`.
    ///
    /// A key in the file has to be the newest one of the trail, by the file of verification keys or,
    /// when that is gone, by the `newest` head.
    pub(super) fn open(
        files: Option<&NotaryFiles>,
        origin: &KeyName,
        newest: Option<&KnownHead>,
        may_create: bool,
    ) -> Result<Self, NotaryError> {
        let Some(files) = files else {
            return Ok(Self {
                signing: vec![fresh(origin)?],
            });
        };
        let keys = match read_private(&files.key)? {
            Some(signing) => {
                let keys = Self { signing };
                keys.check_own(files, newest)?;
                keys
            }
            None if may_create => {
                let keys = Self {
                    signing: vec![fresh(origin)?],
                };
                keys.save(files)?;
                keys
            }
            None => {
                return Err(NotaryError::KeyMissing {
                    path: files.key.display().to_string(),
                });
            }
        };
        keys.publish(files, origin)?;
        Ok(keys)
    }

    /// Looks whether the newest key that signed for the trail is among these.
    ///
    /// A key from elsewhere must not speak for the trail, nor one that was rotated away.
    fn check_own(
        &self,
        files: &NotaryFiles,
        newest: Option<&KnownHead>,
    ) -> Result<(), NotaryError> {
        let is_own = match (published(&files.public_keys)?.last(), newest) {
            (Some(own), _) => self
                .of(own.name())
                .iter()
                .any(|key| key.verifier_key() == *own),
            (None, Some(head)) => {
                let origin = head.checkpoint.checkpoint().origin().parse()?;
                let keys: Vec<_> = self
                    .of(&origin)
                    .iter()
                    .map(SigningKey::verifier_key)
                    .collect();
                head.checkpoint.verify(&keys).is_ok()
            }
            (None, None) => true,
        };
        if is_own {
            return Ok(());
        }
        Err(NotaryError::ForeignKey {
            path: files.key.display().to_string(),
            public_keys: files.public_keys.display().to_string(),
        })
    }

    /// The keys that sign now, under the name of the log `origin`, the newest last.
    pub(super) fn of(&self, origin: &KeyName) -> Vec<SigningKey> {
        let named = self.signing.iter();
        named.map(|key| key.with_name(origin.clone())).collect()
    }

    /// The verification key that checkpoints of `origin` are to be checked with.
    pub(super) fn newest(&self, origin: &KeyName) -> Option<VerifierKey> {
        self.of(origin).last().map(SigningKey::verifier_key)
    }

    /// Adds a new key, which takes over after the next checkpoint.
    pub(super) fn rotate(
        &mut self,
        files: Option<&NotaryFiles>,
        origin: &KeyName,
    ) -> Result<(), NotaryError> {
        let key = fresh(origin)?;
        self.signing.push(key);
        match files {
            Some(files) => self.save(files).and_then(|()| self.publish(files, origin)),
            None => Ok(()),
        }
    }

    /// Lets go of the keys that signed beside the newest one.
    pub(super) fn retire(&mut self, files: Option<&NotaryFiles>) -> Result<(), NotaryError> {
        if self.signing.len() > 1 {
            self.signing.drain(..self.signing.len() - 1);
            if let Some(files) = files {
                self.save(files)?;
            }
        }
        Ok(())
    }

    /// Adds the verification keys of `origin` to the public file, if there is one.
    pub(super) fn publish_for(
        &self,
        files: Option<&NotaryFiles>,
        origin: &KeyName,
    ) -> Result<(), NotaryError> {
        files.map_or(Ok(()), |files| self.publish(files, origin))
    }

    fn save(&self, files: &NotaryFiles) -> Result<(), NotaryError> {
        let lines: String = self
            .signing
            .iter()
            .map(|key| format!("{}\n", key.to_secret_text()))
            .collect();
        replace(&files.key, &lines, 0o600)
    }

    /// Adds the verification keys of `origin` to the public file, unless they stand there.
    fn publish(&self, files: &NotaryFiles, origin: &KeyName) -> Result<(), NotaryError> {
        let mut text = read(&files.public_keys)?.unwrap_or_default();
        let before = text.len();
        for key in self.of(origin) {
            let line = key.verifier_key().to_string();
            if !text.lines().any(|known| known == line) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        if text.len() == before {
            return Ok(());
        }
        replace(&files.public_keys, &text, 0o644)
    }
}

/// The verification keys in the public file; empty when it is not there.
pub(super) fn published(path: &Path) -> Result<Vec<VerifierKey>, NotaryError> {
    let text = read(path)?.unwrap_or_default();
    VerifierKey::parse_list(&text).map_err(|error| NotaryError::Line {
        path: path.display().to_string(),
        line: error.line,
        what: error.source.to_string(),
    })
}

/// The key of a witness, made when it is not there.
pub(super) fn witness_key(path: &Path, name: &KeyName) -> Result<SigningKey, NotaryError> {
    if let Some(key) = read_private(path)?.and_then(|keys| keys.into_iter().next()) {
        return Ok(key);
    }
    let key = fresh(name)?;
    replace(path, &format!("{}\n", key.to_secret_text()), 0o600)?;
    Ok(key)
}

fn read_private(path: &Path) -> Result<Option<Vec<SigningKey>>, NotaryError> {
    let Some(text) = read(path)? else {
        return Ok(None);
    };
    check_mode(path)?;
    let mut keys = Vec::new();
    for (line, key) in (1..).zip(text.lines()).filter(|(_, key)| !key.is_empty()) {
        keys.push(
            key.parse()
                .map_err(|error: crate::log::KeyError| NotaryError::Line {
                    path: path.display().to_string(),
                    line,
                    what: error.to_string(),
                })?,
        );
    }
    if keys.is_empty() {
        return Err(NotaryError::Line {
            path: path.display().to_string(),
            line: 1,
            what: "there is no key in it".to_owned(),
        });
    }
    Ok(Some(keys))
}

fn check_mode(path: &Path) -> Result<(), NotaryError> {
    let exposed = crate::file::exposed(path);
    match exposed.map_err(|source| super::files::fault(path, "read", source))? {
        None => Ok(()),
        Some(mode) => Err(NotaryError::Exposed {
            path: path.display().to_string(),
            mode,
        }),
    }
}

fn fresh(name: &KeyName) -> Result<SigningKey, NotaryError> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(NotaryError::NoEntropy)?;
    let key = SigningKey::from_seed(name.clone(), &seed);
    seed.fill(0);
    Ok(key)
}
