//! What is read through a server.

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::connection::Ask;
use super::{Remote, RemoteError};
use crate::codec::{Unknown, decode_record, read_json};
use crate::record::{EntityRef, Receipt, RecordId, UsedRef};
use crate::trail::wire::{By, LookUp};
use crate::trail::{Search, Stored, TrailError};

#[derive(Deserialize)]
struct Items {
    items: Vec<Item>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Item {
    receipt: Receipt,
    about: Vec<EntityRef>,
    record: Value,
}

impl Remote {
    /// The record with this id.
    pub(in crate::trail) async fn read(&self, id: RecordId) -> Result<Option<Stored>, TrailError> {
        Ok(self.with_prefix(&id.to_string()).await?.into_iter().next())
    }

    /// The record whose id begins so.
    pub(in crate::trail) async fn with_prefix(
        &self,
        prefix: &str,
    ) -> Result<Vec<Stored>, TrailError> {
        let look_up = LookUp {
            id: Some(prefix.to_owned()),
            limit: 1,
            ..LookUp::default()
        };
        Ok(self.look_up(&look_up).await?.0)
    }

    /// The records that fit `search`, newest first, before a place in the log; and the place to go on from.
    pub(in crate::trail) async fn find(
        &self,
        search: &Search,
        before: Option<u64>,
        limit: u32,
    ) -> Result<(Vec<Stored>, Option<u64>), TrailError> {
        let by: Option<Vec<By>> = search.handles.iter().map(By::of).collect();
        let by = by.ok_or_else(|| RemoteError::NotRemote {
            what: "this search",
            url: self.connection.url().to_owned(),
        })?;
        self.look_up(&LookUp {
            kind: search.kind,
            by,
            since: search.since,
            until: search.until,
            before,
            limit,
            ..LookUp::default()
        })
        .await
    }

    /// What used something, newest first, behind the record `after`.
    pub(in crate::trail) async fn used(
        &self,
        used: &UsedRef,
        mut after: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        let mut found = Vec::new();
        while found.len() < limit {
            let wanted = u32::try_from(limit - found.len()).unwrap_or(u32::MAX);
            let look_up = LookUp {
                used: Some(used.to_string()),
                after,
                limit: wanted,
                ..LookUp::default()
            };
            let (page, _) = self.look_up(&look_up).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id());
            found.extend(page);
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The evidence bundle of a decision.
    pub(in crate::trail) async fn evidence(
        &self,
        decision: RecordId,
        absent: Option<&str>,
    ) -> Result<Vec<u8>, TrailError> {
        let mut path = format!("/v1/evidence/decision/{decision}.zip");
        if let Some(absent) = absent {
            path.push_str("?absent=");
            for byte in absent.bytes() {
                path.push_str(&format!("%{byte:02X}"));
            }
        }
        let response = self.connection.ask(&Ask::get(&path)).await?;
        Ok(self.connection.body(response).await?)
    }

    async fn look_up(&self, look_up: &LookUp) -> Result<(Vec<Stored>, Option<u64>), TrailError> {
        let connection = &self.connection;
        let senseless = |what: String| TrailError::from(connection.senseless(what));
        let body = serde_json::to_vec(look_up).map_err(|error| senseless(error.to_string()))?;
        let ask = Ask {
            method: Method::POST,
            path: "/v1/records:search",
            body: Some(body),
            key: None,
        };
        let response = connection.ask(&ask).await?;
        let body = connection.body(response).await?;
        let items: Items =
            serde_json::from_slice(&body).map_err(|error| senseless(error.to_string()))?;
        let mut found = Vec::with_capacity(items.items.len());
        for Item {
            receipt,
            about,
            record,
        } in items.items
        {
            let node = read_json(record.to_string().as_bytes());
            let decoded = node.and_then(|node| decode_record(&node, Unknown::Refuse));
            let decoded = decoded.map_err(|error| senseless(error.to_string()))?;
            found.push(Stored::from_server(decoded, &receipt, about).map_err(senseless)?);
        }
        Ok((found, items.next))
    }
}
