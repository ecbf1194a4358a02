//! The keys of a tenant, in a file beside the database, each encrypted by the provider.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::local::{check_mode, file_error};
use super::{KeyError, KeyProvider, Secret, Wrapped};
use crate::file;
use crate::record::{Tenant, Timestamp};

/// The keys of one tenant: one that finds, and by epoch those that the keys of entities are
/// encrypted under.
///
/// The file stays outside the database, so that a backup of the database alone opens nothing, and
/// so that an epoch that was destroyed is gone from old backups as well.
#[derive(Clone, Debug)]
pub(super) struct Keyring {
    path: Option<PathBuf>,
    provider: Arc<dyn KeyProvider>,
    tenant: Tenant,
    lines: Vec<Line>,
    pub(super) finding: Secret,
    pub(super) epochs: BTreeMap<u32, Secret>,
}

/// One key of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    tenant: Tenant,
    pub(super) r#use: Use,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) epoch: Option<u32>,
    pub(super) created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) destroyed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kek: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapped: Option<String>,
}

/// What a key of a tenant is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Use {
    /// Keyed hashes of what records are found by.
    Find,
    /// Encrypting the keys of entities.
    Wrap,
}

impl Keyring {
    /// Reads the keys of `tenant`; makes them when there are none and `may_create`, else `None`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the file cannot be used or the provider does not open a key.
    pub(super) async fn open(
        path: Option<&Path>,
        provider: Arc<dyn KeyProvider>,
        tenant: &Tenant,
        create: Option<Timestamp>,
    ) -> Result<Option<Self>, KeyError> {
        let lines = match path {
            Some(path) => read(path)?,
            None => Vec::new(),
        };
        let mut ring = Self {
            path: path.map(Path::to_owned),
            provider,
            tenant: tenant.clone(),
            lines,
            finding: Secret::from_bytes([0; 32]),
            epochs: BTreeMap::new(),
        };
        if ring.own().next().is_none() {
            let Some(now) = create else { return Ok(None) };
            ring.finding = Secret::fresh()?;
            let finding = ring.finding.clone();
            ring.add(Use::Find, None, &finding, now).await?;
            ring.begin_epoch(now).await?;
            return Ok(Some(ring));
        }
        ring.unwrap_all().await?;
        Ok(Some(ring))
    }

    /// The lines of `tenant` in the file `path`, unopened.
    pub(super) fn list(path: &Path, tenant: &Tenant) -> Result<Vec<Line>, KeyError> {
        let mut lines = read(path)?;
        lines.retain(|line| line.tenant == *tenant);
        Ok(lines)
    }

    async fn unwrap_all(&mut self) -> Result<(), KeyError> {
        let own: Vec<Line> = self.own().cloned().collect();
        let mut found = false;
        for line in own {
            let Some(wrapped) = line.wrapped() else {
                continue;
            };
            let secret = self.provider.unwrap(&line.context(), &wrapped).await?;
            match line.epoch {
                Some(epoch) => drop(self.epochs.insert(epoch, secret)),
                None => {
                    self.finding = secret;
                    found = true;
                }
            }
        }
        if found {
            return Ok(());
        }
        Err(self.missing("it has no key to find records with"))
    }

    fn missing(&self, what: &str) -> KeyError {
        KeyError::Line {
            path: self.place(),
            line: self.lines.len(),
            what: format!("{what}, for tenant {}", self.tenant),
        }
    }

    fn place(&self) -> String {
        let path = self.path.as_ref();
        path.map_or_else(|| "memory".to_owned(), |path| path.display().to_string())
    }

    /// The lines of this tenant.
    pub(super) fn own(&self) -> impl Iterator<Item = &Line> + Clone {
        self.lines.iter().filter(|line| line.tenant == self.tenant)
    }

    /// The newest epoch, whose key new keys of entities are encrypted under.
    pub(super) fn current(&self) -> Option<(u32, &Secret)> {
        let (epoch, secret) = self.epochs.last_key_value()?;
        Some((*epoch, secret))
    }

    /// Begins a new epoch. What was encrypted under earlier ones still opens.
    pub(super) async fn begin_epoch(&mut self, now: Timestamp) -> Result<u32, KeyError> {
        let newest = self.own().filter_map(|line| line.epoch).max().unwrap_or(0);
        let secret = Secret::fresh()?;
        self.add(Use::Wrap, Some(newest + 1), &secret, now).await?;
        self.epochs.insert(newest + 1, secret);
        Ok(newest + 1)
    }

    /// Destroys the key of an epoch: nothing encrypted under it can be read again, anywhere.
    pub(super) fn destroy(&mut self, epoch: u32, now: Timestamp) -> Result<(), KeyError> {
        let kept = |why: &str| KeyError::Kept {
            tenant: self.tenant.to_string(),
            epoch,
            why: why.to_owned(),
        };
        if self.current().is_some_and(|(current, _)| current == epoch) {
            return Err(kept(
                "it is the one in use: rotate the key of the tenant first",
            ));
        }
        if !self.epochs.contains_key(&epoch) {
            return Err(kept("there is no such epoch, or it is destroyed already"));
        }
        let mut lines = self.lines.clone();
        let own = lines.iter_mut().filter(|line| line.tenant == self.tenant);
        for line in own.filter(|line| line.epoch == Some(epoch)) {
            line.wrapped = None;
            line.kek = None;
            line.destroyed_at = Some(now);
        }
        self.save(lines)?;
        self.epochs.remove(&epoch);
        Ok(())
    }

    /// Has the provider make a new key-encryption key, and encrypts everything under that one.
    pub(super) async fn rotate_provider(&mut self) -> Result<(), KeyError> {
        self.provider.rotate().await?;
        let mut lines = self.lines.clone();
        for line in &mut lines {
            let Some(wrapped) = line.wrapped() else {
                continue;
            };
            let context = line.context();
            let secret = self.provider.unwrap(&context, &wrapped).await?;
            line.wrap(self.wrapped(&context, &secret).await?);
        }
        self.save(lines)?;
        self.provider.retire().await
    }

    /// Has the provider encrypt a key, and makes sure that it opens it again: what it cannot open is
    /// lost with everything under it.
    async fn wrapped(&self, context: &str, secret: &Secret) -> Result<Wrapped, KeyError> {
        let wrapped = self.provider.wrap(context, secret).await?;
        let opened = self.provider.unwrap(context, &wrapped).await?;
        if opened.as_bytes() == secret.as_bytes() {
            return Ok(wrapped);
        }
        Err(KeyError::Answer {
            provider: self.provider.describe(),
            what: "what it encrypted opens to another key".to_owned(),
        })
    }

    async fn add(
        &mut self,
        r#use: Use,
        epoch: Option<u32>,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        let mut line = Line {
            tenant: self.tenant.clone(),
            r#use,
            epoch,
            created_at: now,
            destroyed_at: None,
            kek: None,
            wrapped: None,
        };
        line.wrap(self.wrapped(&line.context(), secret).await?);
        let mut lines = self.lines.clone();
        lines.push(line);
        self.save(lines)
    }

    fn save(&mut self, lines: Vec<Line>) -> Result<(), KeyError> {
        if let Some(path) = &self.path {
            let mut text = String::new();
            for line in &lines {
                let line = serde_json::to_string(line).map_err(|error| KeyError::Line {
                    path: path.display().to_string(),
                    line: 0,
                    what: error.to_string(),
                })?;
                text.push_str(&line);
                text.push('\n');
            }
            file::replace(path, &text, 0o600)
                .map_err(|source| file_error(path, "written", source))?;
        }
        self.lines = lines;
        Ok(())
    }
}

impl Line {
    /// What the key is bound to.
    fn context(&self) -> String {
        match self.epoch {
            Some(epoch) => format!("contextrail/tenant-key/v1 {} epoch {epoch}", self.tenant),
            None => format!("contextrail/tenant-key/v1 {} find", self.tenant),
        }
    }

    fn wrapped(&self) -> Option<Wrapped> {
        Some(Wrapped {
            key: self.kek.clone()?,
            bytes: BASE64.decode(self.wrapped.as_ref()?).ok()?,
        })
    }

    fn wrap(&mut self, wrapped: Wrapped) {
        self.wrapped = Some(BASE64.encode(&wrapped.bytes));
        self.kek = Some(wrapped.key);
    }
}

fn read(path: &Path) -> Result<Vec<Line>, KeyError> {
    let text = file::read(path).map_err(|source| file_error(path, "read", source))?;
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    check_mode(path)?;
    let lines = (1..).zip(text.lines()).map(|(number, line)| {
        serde_json::from_str(line).map_err(|error| KeyError::Line {
            path: path.display().to_string(),
            line: number,
            what: error.to_string(),
        })
    });
    lines.collect()
}
