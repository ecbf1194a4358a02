//! `contextrail key status`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single, table};
use super::super::plain;
use super::super::session::Session;
use super::super::table_text::moment;
use crate::privacy::keys::KeyStatus;
use crate::record::{Tenant, Timestamp};
use crate::trail::Trail;

#[derive(Debug, Serialize)]
struct Status {
    tenant: Tenant,
    /// What keeps the key-encryption key; not there when that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    locked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    keys: Vec<Key>,
}

#[derive(Debug, Serialize)]
struct Key {
    purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u32>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destroyed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_under: Option<String>,
    /// How many keys of entities are encrypted under it.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_keys: Option<u64>,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let status = Status::of(&trail).await;
    trail.close().await;
    single(&mut Session::stdout(), &status?, session.format())?;
    Ok(Exit::Done)
}

impl Status {
    async fn of(trail: &Trail) -> Result<Self, Failure> {
        let vault = trail.vault();
        let mut counts = trail.entity_keys_by_epoch().await?;
        let known = vault.status().into_iter();
        let mut keys: Vec<Key> = known.map(|key| Key::of(key, &mut counts)).collect();
        // Those of a keyring that is not here.
        keys.extend(counts.into_iter().map(Key::missing));
        let why = vault.why_locked().map(str::to_owned);
        Ok(Self {
            tenant: trail.tenant().clone(),
            provider: vault.provider().map(str::to_owned),
            locked: why.is_some(),
            why,
            keys,
        })
    }
}

impl Key {
    fn of(key: KeyStatus, counts: &mut BTreeMap<u32, u64>) -> Self {
        Self {
            purpose: key.purpose,
            epoch: key.epoch,
            state: key.state,
            created_at: Some(key.created_at),
            destroyed_at: key.destroyed_at,
            encrypted_under: key.encrypted_under,
            entity_keys: key.epoch.map(|epoch| counts.remove(&epoch).unwrap_or(0)),
        }
    }

    fn missing((epoch, count): (u32, u64)) -> Self {
        Self {
            purpose: "wrap",
            epoch: Some(epoch),
            state: "missing",
            created_at: None,
            destroyed_at: None,
            encrypted_under: None,
            entity_keys: Some(count),
        }
    }

    fn cells(&self) -> Vec<String> {
        let time = |time: Option<Timestamp>| time.map(moment).unwrap_or_default();
        let number = |number: Option<u64>| number.map(|it| it.to_string()).unwrap_or_default();
        vec![
            self.purpose.to_owned(),
            number(self.epoch.map(u64::from)),
            self.state.to_owned(),
            time(self.created_at),
            time(self.destroyed_at),
            self.encrypted_under.clone().unwrap_or_default(),
            number(self.entity_keys),
        ]
    }
}

impl Page for Status {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let provider = self.provider.as_deref().unwrap_or("cannot be told");
        let mut page = format!(
            "tenant {}\n  kept by  {}\n",
            self.tenant,
            plain::line(provider)
        );
        if let Some(why) = &self.why {
            page.push_str(&format!("  locked   {}\n", plain::line(why)));
        }
        let rows: Vec<Vec<String>> = self.keys.iter().map(Key::cells).collect();
        page.push_str(&table(&COLUMNS, &rows));
        page
    }
}

const COLUMNS: [&str; 7] = [
    "purpose",
    "epoch",
    "state",
    "created",
    "destroyed",
    "encrypted under",
    "entity keys",
];

pub(super) const EXAMPLES: &str = "\
Examples:
  contextrail key status
  contextrail key status -o json

`find` is the key that records are found by, `wrap` those that the keys of entities are encrypted under.
A trail whose keys are not here is locked: it says why, and what is not personal is read without them.";
