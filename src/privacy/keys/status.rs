//! What there is to say of a tenant's keys.

use serde::Serialize;

use super::keyring::{Line, Use};
use crate::record::Timestamp;

/// One key of a tenant, without its secret.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct KeyStatus {
    /// What it is for: `find` or `wrap`.
    pub purpose: &'static str,
    /// Its epoch, for a key that the keys of entities are encrypted under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// `current`, `earlier` or `destroyed`.
    pub state: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destroyed_at: Option<Timestamp>,
    /// The key-encryption key it is encrypted under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_under: Option<String>,
}

impl KeyStatus {
    /// What there is to say of the keys in `lines`.
    pub(super) fn of_all<'l>(lines: impl Iterator<Item = &'l Line> + Clone) -> Vec<Self> {
        let alive = lines.clone().filter(|line| line.destroyed_at.is_none());
        let current = alive.filter_map(|line| line.epoch).max();
        lines.map(|line| Self::of(line, current)).collect()
    }

    fn of(line: &Line, current: Option<u32>) -> Self {
        Self {
            purpose: match line.r#use {
                Use::Find => "find",
                Use::Wrap => "wrap",
            },
            epoch: line.epoch,
            state: match line.epoch {
                _ if line.destroyed_at.is_some() => "destroyed",
                Some(epoch) if Some(epoch) != current => "earlier",
                _ => "current",
            },
            created_at: line.created_at,
            destroyed_at: line.destroyed_at,
            encrypted_under: line.kek.clone(),
        }
    }
}
