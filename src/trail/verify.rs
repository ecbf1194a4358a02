//! Verifying the whole trail.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{Trail, TrailError};
use crate::log::VerifierKey;
use crate::notary::KnownHead;
use crate::record::{Body, Tenant};
use crate::store::{Finding, LogHead, Verification, VerifyPlan};

/// What verifying a trail has found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verified {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// What was checked, and what is wrong.
    #[serde(flatten)]
    pub verification: Verification,
    /// What could not be checked.
    pub warnings: Vec<String>,
}

impl Trail {
    /// Hashes every byte of the store again, and names everything that is wrong: entries against
    /// their records, projections against what they are made from, the tree against the heads that
    /// were signed.
    ///
    /// `since` is the first index whose record is opened; `progress` is told the number of entries
    /// done.
    ///
    /// # Errors
    ///
    /// [`TrailError`] when the store cannot be read at all; what is wrong in it is no error.
    pub async fn verify(
        &self,
        since: u64,
        progress: Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<Verified, TrailError> {
        let mut findings = Vec::new();
        let mut warnings = Vec::new();
        let known = self.known_heads(&mut findings, &mut warnings).await?;
        let plan = VerifyPlan {
            since,
            known,
            progress,
        };
        let mut verification = self.0.store.verify(&plan).await?;
        verification.findings.append(&mut findings);
        verification.findings.sort();
        verification.findings.dedup();
        if let 1.. = verification.without_texts {
            warnings.push(format!(
                "{} records were imported without all their texts and seeds, and say so: their \
                 keyed digests cannot be checked, nor their texts rendered",
                verification.without_texts
            ));
        }
        Ok(Verified {
            ok: verification.findings.is_empty(),
            verification,
            warnings,
        })
    }

    /// The heads that entries are held against, by tenant.
    async fn known_heads(
        &self,
        findings: &mut Vec<Finding>,
        warnings: &mut Vec<String>,
    ) -> Result<BTreeMap<Tenant, Vec<LogHead>>, TrailError> {
        let notary = self.notary();
        let heads = notary.all_heads().await;
        if heads.is_empty() {
            warnings.push(
                "no signed heads are known: that entries are missing at the end, or that all of \
                 them were replaced, cannot be seen"
                    .to_owned(),
            );
        }
        let keys = notary.trail_keys()?;
        if !heads.is_empty() && keys.is_empty() {
            warnings.push(
                "the file of verification keys is missing: signatures are not checked".to_owned(),
            );
        }
        if !heads.is_empty() && heads.iter().all(|head| self.place_of(head).is_none()) {
            findings.push(Finding {
                table: "trail",
                row: "1".to_owned(),
                field: "id".to_owned(),
                what: format!(
                    "every head that was signed is of another trail than {}",
                    notary.trail_origin()
                ),
            });
        }
        let restored = self.restored_sizes().await;
        let mut known: BTreeMap<Tenant, Vec<LogHead>> = BTreeMap::new();
        for head in heads {
            let Some((tenant, epoch)) = self.place_of(&head) else {
                findings.push(of_head(&head, "origin", "it is the head of another trail"));
                continue;
            };
            if !keys.is_empty() && !is_signed(&head, &keys) {
                findings.push(of_head(
                    &head,
                    "signature",
                    "no key of this trail signed it",
                ));
                continue;
            }
            // An epoch ends where the next one begins: what was signed beyond is lost, and said so.
            let ends = restored
                .get(&(epoch + 1))
                .filter(|_| tenant == *self.tenant());
            if ends.is_none_or(|size| head.head().size <= *size) {
                known.entry(tenant).or_default().push(head.head());
            }
        }
        Ok(known)
    }

    /// The tenant and epoch a head belongs to; `None` for a head of another trail.
    fn place_of(&self, head: &KnownHead) -> Option<(Tenant, u64)> {
        let origin = head.checkpoint.checkpoint().origin();
        let rest = origin.strip_prefix(self.notary().trail_origin())?;
        match rest.split_once('/') {
            None => Some((rest.parse().ok()?, 1)),
            Some((tenant, epoch)) => Some((tenant.parse().ok()?, epoch.parse().ok()?)),
        }
    }

    /// The size that each epoch after the first begins with, as far as it can be read.
    async fn restored_sizes(&self) -> BTreeMap<u64, u64> {
        let records = self.successions().await.unwrap_or_default();
        let sizes = records
            .iter()
            .filter_map(|stored| match &stored.record().body {
                Body::Succession(it) => Some((it.epoch, it.restored.size)),
                _ => None,
            });
        sizes.collect()
    }

    /// Makes the projections of the log anew from its records. Gives the number of records.
    ///
    /// # Errors
    ///
    /// [`TrailError`] when a record cannot be read; nothing is changed then.
    pub async fn rebuild(&self) -> Result<u64, TrailError> {
        Ok(self.0.store.rebuild(self.tenant()).await?)
    }
}

fn is_signed(head: &KnownHead, keys: &[VerifierKey]) -> bool {
    head.checkpoint.verify(keys).is_ok()
}

fn of_head(head: &KnownHead, field: &str, what: &str) -> Finding {
    let checkpoint = head.checkpoint.checkpoint();
    Finding {
        table: "heads file",
        row: format!("{} at {}", checkpoint.origin(), checkpoint.size()),
        field: field.to_owned(),
        what: what.to_owned(),
    }
}
