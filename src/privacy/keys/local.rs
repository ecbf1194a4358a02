//! Key-encryption keys in a file, or in memory.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::{Zeroize as _, Zeroizing};

use super::cipher::{seal, unseal, unwrap, wrap};
use super::{KeyError, KeyProvider, Secret, Wrapped};
use crate::file;

/// Key-encryption keys in a file for its owner alone, the newest last; made on first use.
///
/// Whoever has the file and the database reads every value: keep it out of the backups of the
/// database, and back it up elsewhere.
#[derive(Debug)]
pub struct LocalKeys {
    path: Option<PathBuf>,
    is_shared: bool,
    keys: Mutex<Vec<(String, Secret)>>,
}

impl LocalKeys {
    /// The keys in the file `path`, which is made when a first key is needed.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the file cannot be read, others can read it, or a line is no key.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let keys = read(path)?;
        Ok(Self {
            path: Some(path.to_owned()),
            is_shared: false,
            keys: Mutex::new(keys),
        })
    }

    /// Keys in memory, which go with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            path: None,
            is_shared: false,
            keys: Mutex::default(),
        }
    }

    /// Keeps earlier keys when there is a new one: something else may be encrypted under them.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    /// Encrypts `bytes` under the newest key, which is made when there is none, bound to `context`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the key cannot be made or kept.
    pub fn seal(&self, context: &str, bytes: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut keys = self.keys();
        if keys.is_empty() {
            self.add(&mut keys)?;
        }
        let (_, key) = keys.last().expect("one was added if there was none");
        seal(key, context.as_bytes(), bytes)
    }

    /// Undoes [`LocalKeys::seal`]; `None` for what was damaged, or sealed under other keys.
    #[must_use]
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys();
        let mut keys = keys.iter().rev();
        keys.find_map(|(_, key)| unseal(key, context.as_bytes(), sealed))
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, Vec<(String, Secret)>> {
        self.keys.lock().expect("no holder of this lock panics")
    }

    /// Adds a new key behind `keys`.
    fn add(&self, keys: &mut Vec<(String, Secret)>) -> Result<(), KeyError> {
        // Another trail may have added some to a file that both use.
        for (name, secret) in self.path.as_deref().map_or_else(|| Ok(Vec::new()), read)? {
            if keys.iter().all(|(known, _)| *known != name) {
                keys.push((name, secret));
            }
        }
        let secret = Secret::fresh()?;
        let digest = secret.mac(&[b"contextrail/key-name/v1\0"]);
        let name = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
        keys.push((name.collect(), secret));
        let saved = self.save(keys);
        if saved.is_err() {
            keys.pop();
        }
        saved
    }

    fn save(&self, keys: &[(String, Secret)]) -> Result<(), KeyError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut text = Zeroizing::new(String::with_capacity(keys.len() * LINE));
        for (name, secret) in keys {
            let encoded = Zeroizing::new(BASE64.encode(secret.as_bytes()));
            text.push_str(name);
            text.push(' ');
            text.push_str(&encoded);
            text.push('\n');
        }
        file::replace(path, &text, 0o600).map_err(|source| file_error(path, "written", source))
    }
}

#[async_trait]
impl KeyProvider for LocalKeys {
    fn describe(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => "memory".to_owned(),
        }
    }

    async fn wrap(&self, context: &str, secret: &Secret) -> Result<Wrapped, KeyError> {
        let mut keys = self.keys();
        if keys.is_empty() {
            self.add(&mut keys)?;
        }
        let (name, key) = keys.last().expect("one was added if there was none");
        Ok(Wrapped {
            key: name.clone(),
            bytes: wrap(key, context.as_bytes(), secret)?,
        })
    }

    async fn unwrap(&self, context: &str, wrapped: &Wrapped) -> Result<Secret, KeyError> {
        let keys = self.keys();
        let key = keys.iter().find(|(name, _)| *name == wrapped.key);
        key.and_then(|(_, key)| unwrap(key, context.as_bytes(), &wrapped.bytes))
            .ok_or_else(|| KeyError::WrongKey {
                provider: self.describe(),
                what: context.to_owned(),
                key: wrapped.key.clone(),
            })
    }

    async fn rotate(&self) -> Result<(), KeyError> {
        self.add(&mut self.keys())
    }

    async fn retire(&self) -> Result<(), KeyError> {
        if self.is_shared {
            return Ok(());
        }
        let mut keys = self.keys();
        let newest = keys.len().saturating_sub(1);
        self.save(&keys[newest..])?;
        keys.drain(..newest);
        Ok(())
    }
}

/// The keys in the file, none when it is not there.
fn read(path: &Path) -> Result<Vec<(String, Secret)>, KeyError> {
    let fault = |source| file_error(path, "read", source);
    let text = Zeroizing::new(file::read(path).map_err(fault)?.unwrap_or_default());
    if !text.is_empty() {
        check_mode(path)?;
    }
    let mut keys = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let key = parse(text).ok_or_else(|| KeyError::Line {
            path: path.display().to_string(),
            line,
            what: "it is not a name and 32 bytes in base64".to_owned(),
        })?;
        keys.push(key);
    }
    Ok(keys)
}

fn parse(line: &str) -> Option<(String, Secret)> {
    let (name, encoded) = line.split_once(' ')?;
    let mut bytes = BASE64.decode(encoded).ok()?;
    let secret = bytes.as_slice().try_into().ok().map(Secret::from_bytes);
    bytes.zeroize();
    Some((name.to_owned(), secret?))
}

pub(super) fn check_mode(path: &Path) -> Result<(), KeyError> {
    let exposed = file::exposed(path).map_err(|source| file_error(path, "read", source))?;
    match exposed {
        None => Ok(()),
        Some(mode) => Err(KeyError::Exposed {
            path: path.display().to_string(),
            mode,
        }),
    }
}

pub(super) fn file_error(path: &Path, verb: &'static str, source: std::io::Error) -> KeyError {
    KeyError::File {
        path: path.display().to_string(),
        verb,
        source,
    }
}

/// A name, a key in base64, and what is between and behind them.
const LINE: usize = 64;
