//! Verifying the whole trail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::{Trail, TrailError};
use crate::log::{SignedCheckpoint, VerifierKey};
use crate::notary::KnownHead;
use crate::record::{Body, Kind, Succession, Tenant};
use crate::seal::{Entry, open};
use crate::store::{Find, Finding, LogHead, Verification, VerifyPlan};

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
            vault: Arc::clone(&self.0.vault),
            segments: Arc::clone(&self.0.segments),
            progress,
        };
        let mut verification = self.0.store.verify(&plan).await?;
        verification.findings.append(&mut findings);
        verification.findings.sort();
        verification.findings.dedup();
        if let Some(why) = self.vault().why_locked() {
            warnings.push(format!(
                "the keys of personal values are not here: {} records were checked by the \
                 commitments to them, and what they are found by was not checked ({why})",
                verification.locked
            ));
        }
        if let Some(why) = &verification.why_unread {
            warnings.push(format!(
                "the archive is not at hand: the values of {} records were not checked, nor what they \
                 are found by ({why})",
                verification.unread
            ));
        }
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
    pub(super) async fn known_heads(
        &self,
        findings: &mut Vec<Finding>,
        warnings: &mut Vec<String>,
    ) -> Result<BTreeMap<Tenant, Vec<LogHead>>, TrailError> {
        let notary = self.notary();
        let mut heads = notary.all_heads().await;
        if let Some(elsewhere) = notary.head_place().await {
            let known = elsewhere.newest.filter(|it| !heads.contains(it));
            heads.extend(known);
            warnings.extend(elsewhere.away);
        }
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
        let mut signed = Vec::with_capacity(heads.len());
        let mut linking = Vec::new();
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
            if head.links_keys() {
                linking.push(head.checkpoint.clone());
            }
            signed.push((tenant, epoch, head.head()));
        }
        warnings.extend(unlinked(&keys, &linking));
        let begun = self.epochs_begun(&signed, findings).await;
        let mut known: BTreeMap<Tenant, Vec<LogHead>> = BTreeMap::new();
        for (tenant, epoch, head) in signed {
            // An epoch ends where a later one begins: what was signed beyond is lost, and said so.
            let of_log = begun.iter().filter(|(of, _)| *of == tenant);
            let mut later = of_log.filter(|(_, it)| it.epoch > epoch);
            if !later.any(|(_, it)| it.restored.size < head.size) {
                known.entry(tenant).or_default().push(head);
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

    /// What the log says of the epochs that have begun, as far as it is to be believed.
    ///
    /// Anybody can append a record that says so. It counts when a head that was signed in its epoch,
    /// or in a later one, has it among its entries.
    async fn epochs_begun(
        &self,
        signed: &[(Tenant, u64, LogHead)],
        findings: &mut Vec<Finding>,
    ) -> Vec<(Tenant, Succession)> {
        let mut begun = Vec::new();
        let tenants = signed.iter().map(|(tenant, ..)| tenant);
        let tenants: BTreeSet<&Tenant> = tenants.chain([self.tenant()]).collect();
        for tenant in tenants {
            let said = self.successions_of(tenant).await.unwrap_or_default();
            for (log_index, succession) in said {
                let is_signed = signed.iter().any(|(of, epoch, head)| {
                    of == tenant && *epoch >= succession.epoch && head.size > log_index
                });
                if is_signed {
                    begun.push((tenant.clone(), succession));
                } else if !signed.is_empty() {
                    findings.push(Finding {
                        table: "record",
                        row: log_index.to_string(),
                        field: "entry".to_owned(),
                        what: format!(
                            "it begins epoch {}, which no head was signed in",
                            succession.epoch
                        ),
                    });
                }
            }
        }
        begun
    }

    /// The successions of a log of the trail that are what their entries commit to, by index. They are
    /// plain: no key is needed for those of other tenants.
    async fn successions_of(&self, tenant: &Tenant) -> Result<Vec<(u64, Succession)>, TrailError> {
        let find = Find {
            kind: Some(Kind::Succession),
            ..Find::default()
        };
        let found = self.0.store.find(tenant, &find, u32::MAX).await?;
        let mut said = Vec::new();
        for row in self.0.store.read(tenant, &found).await? {
            let entry = serde_json::from_slice::<Entry>(&row.entry);
            let (Ok(entry), Ok(slots)) = (entry, row.without_keys()) else {
                continue;
            };
            let opened = open(&slots).ok();
            let whole = opened.filter(|opened| entry.root_hash() == Some(opened.root));
            // What is not whole is named by whoever looks at the records.
            if let Some(Body::Succession(succession)) = whole.map(|it| it.record.body) {
                said.push((row.log_index, *succession));
            }
        }
        Ok(said)
    }

    /// Makes the projections of the log anew from its records. Gives the number of records.
    ///
    /// # Errors
    ///
    /// [`TrailError`] when a record cannot be read; nothing is changed then.
    pub async fn rebuild(&self) -> Result<u64, TrailError> {
        let store = &self.0.store;
        Ok(store
            .rebuild(self.tenant(), self.vault(), &self.0.segments)
            .await?)
    }
}

fn is_signed(head: &KnownHead, keys: &[VerifierKey]) -> bool {
    head.checkpoint.verify(keys).is_ok()
}

/// What is to be said of keys that took over without a head that the key before signed as well.
fn unlinked(keys: &[VerifierKey], linking: &[SignedCheckpoint]) -> Vec<String> {
    let mut trusted: BTreeSet<&[u8; 32]> = keys
        .first()
        .map(VerifierKey::public_key)
        .into_iter()
        .collect();
    let mut warnings = Vec::new();
    for key in keys {
        if trusted.contains(key.public_key()) {
            continue;
        }
        let is_linked = linking.iter().any(|head| {
            let signers = head.verify(keys).unwrap_or_default();
            let has = |is_it: &dyn Fn(&VerifierKey) -> bool| signers.iter().any(|it| is_it(it.key));
            has(&|it| it == key) && has(&|it| trusted.contains(it.public_key()))
        });
        if !is_linked {
            warnings.push(format!(
                "no head was signed by {key} and a key before it: it took the place of a lost key, or somebody put it there"
            ));
        }
        trusted.insert(key.public_key());
    }
    warnings
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
