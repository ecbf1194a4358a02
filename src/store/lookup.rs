//! What a record can be found by, as 64-bit keys.
//!
//! A key narrows a search; it does not decide it. Whoever reads the record compares the full
//! [`Handle`] with those of the record, so that two handles with one key are never confused.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::privacy::keys::Vault;
use crate::record::{
    ArtifactKind, ArtifactName, ArtifactRef, Body, Context, ContextStatus, Decision, Digest,
    EntityRef, FreshnessStatus, HoldTarget, Name, Record, RecordId, UsedKind, UsedRef, Version,
};
use crate::seal::WITHHELD;

/// One thing a record can be found by.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Handle {
    /// An entity it is about.
    Entity(EntityRef),
    /// The business key of a decision.
    Subject(EntityRef),
    /// Who was erased by it: a keyed digest.
    Erased(Digest),
    /// A record it refers to.
    Refers(RecordId),
    /// The name of a context.
    Name(Name),
    /// The status of a context.
    Status(&'static str),
    /// The environment of a context.
    Environment(Name),
    /// The freshness of a context.
    Freshness(&'static str),
    /// Something it used: the kind, the name, and the chunk or version.
    Used(&'static str, Name, Option<Version>),
    /// A version of an artifact that it is, or is about.
    Artifact(ArtifactName, Option<Version>),
    /// The metric of a measured value.
    Metric(Name),
    /// A chunk of a document it used, and the version of the document.
    Chunk(Name, Name, Option<Version>),
}

/// The keys that a search for one handle has to look at: one, or a run of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyRange {
    /// The first key.
    pub first: i64,
    /// The last key.
    pub last: i64,
}

impl Handle {
    /// A search for records that used `used`.
    #[must_use]
    pub fn search_used(used: &UsedRef) -> Self {
        if let Some((document, chunk)) = used.chunk() {
            return Self::Chunk(document, chunk, used.version.clone());
        }
        Self::Used(used.kind.as_str(), used.name.clone(), used.version.clone())
    }

    /// A search for contexts that ended with `status`.
    #[must_use]
    pub const fn status(status: ContextStatus) -> Self {
        Self::Status(status.as_str())
    }

    /// A search for contexts of this freshness.
    #[must_use]
    pub const fn freshness(status: FreshnessStatus) -> Self {
        Self::Freshness(status.as_str())
    }

    /// The decisions that say `version` governs them. Models and policies are found as what was used.
    #[must_use]
    pub fn governs(version: &ArtifactRef) -> Self {
        let used = match version.of.kind {
            ArtifactKind::Model => UsedKind::Model,
            ArtifactKind::Policy => UsedKind::Policy,
            _ => return Self::Artifact(version.of.clone(), Some(version.version.clone())),
        };
        let (name, version) = (version.of.name.clone(), version.version.clone());
        Self::Used(used.as_str(), name, Some(version))
    }

    /// The keys that records with this handle are under.
    ///
    /// The upper 40 bits are a hash of the thing, the lower 24 of its version or chunk, so that a
    /// search without either is one run of keys.
    ///
    /// `None` for what is found by keyed hashes when `vault` is locked.
    #[must_use]
    pub fn search(&self, vault: &Vault) -> Option<KeyRange> {
        Some(match self.hashes(vault)? {
            (thing, Some(part)) => {
                let key = joined(thing, part);
                KeyRange {
                    first: key,
                    last: key,
                }
            }
            (thing, None) => KeyRange {
                first: (thing & HIGH).cast_signed(),
                last: (thing | LOW).cast_signed(),
            },
        })
    }

    /// The key that a record with this handle is stored under.
    ///
    /// `None` for what is found by keyed hashes when `vault` is locked.
    #[must_use]
    pub fn key(&self, vault: &Vault) -> Option<i64> {
        let (thing, part) = self.hashes(vault)?;
        Some(joined(thing, part.unwrap_or(0)))
    }

    /// Whether a record with the handle `own` is one that this search means.
    #[must_use]
    pub fn matches(&self, own: &Self) -> bool {
        let version_fits =
            |wanted: &Option<Version>, own: &Option<Version>| wanted.is_none() || wanted == own;
        match (self, own) {
            (Self::Used(kind, name, version), Self::Used(own_kind, own_name, own_version)) => {
                kind == own_kind && name == own_name && version_fits(version, own_version)
            }
            (Self::Used("document", name, version), Self::Chunk(document, _, own_version)) => {
                name == document && version_fits(version, own_version)
            }
            (
                Self::Chunk(document, chunk, version),
                Self::Chunk(own_document, own_chunk, own_version),
            ) => {
                document == own_document && chunk == own_chunk && version_fits(version, own_version)
            }
            (Self::Artifact(of, version), Self::Artifact(own_of, own_version)) => {
                of == own_of && version_fits(version, own_version)
            }
            _ => self == own,
        }
    }

    /// What the upper and the lower bits are taken from. A document's lower bits are its chunk's.
    fn hashes(&self, vault: &Vault) -> Option<(u64, Option<u64>)> {
        let keyed = |parts: &[&str]| vault.hash(parts);
        Some(match self {
            Self::Entity(entity) => whole(keyed(&["entity", &entity.to_string()])?),
            Self::Subject(subject) => whole(keyed(&["subject", &subject.to_string()])?),
            Self::Erased(digest) => whole(hash(&["erased", &digest.to_string()])),
            Self::Refers(id) => whole(hash(&["refers", &id.to_string()])),
            Self::Name(name) => whole(hash(&["name", name.as_str()])),
            Self::Status(status) => whole(hash(&["status", status])),
            Self::Environment(name) => whole(hash(&["environment", name.as_str()])),
            Self::Freshness(status) => whole(hash(&["freshness", status])),
            Self::Metric(name) => whole(hash(&["metric", name.as_str()])),
            Self::Artifact(of, version) => (
                hash(&["artifact", of.kind.as_str(), of.name.as_str()]),
                version.as_ref().map(|version| hash(&[version.as_str()])),
            ),
            Self::Used("document", name, _) => (keyed(&["document", name.as_str()])?, None),
            Self::Used(kind, name, version) => (
                hash(&[kind, name.as_str()]),
                version.as_ref().map(|version| hash(&[version.as_str()])),
            ),
            Self::Chunk(document, chunk, _) => (
                keyed(&["document", document.as_str()])?,
                Some(keyed(&[chunk.as_str()])?),
            ),
        })
    }
}

/// A thing without parts: all 64 bits are its own.
const fn whole(hash: u64) -> (u64, Option<u64>) {
    (hash, Some(hash))
}

fn joined(thing: u64, part: u64) -> i64 {
    ((thing & HIGH) | (part & LOW)).cast_signed()
}

/// The first eight bytes of the SHA-256 of `parts` with a NUL between them.
fn hash(parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            hasher.update(b"\0");
        }
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let (first, _) = digest.as_chunks::<8>();
    u64::from_be_bytes(first[0])
}

/// Everything `record` can be found by; `about` are the entities of kinds that list none. By values
/// that are withheld nothing is found.
#[must_use]
pub fn handles(record: &Record, about: &[EntityRef]) -> BTreeSet<Handle> {
    let mut handles: BTreeSet<Handle> = about.iter().cloned().map(Handle::Entity).collect();
    let mut refers = |id: RecordId| {
        handles.insert(Handle::Refers(id));
    };
    match &record.body {
        Body::Context(context) => {
            context.parents.iter().for_each(|id| refers((*id).into()));
            context_handles(context, &mut handles);
        }
        Body::Generation(generation) => refers(generation.context.into()),
        Body::Decision(decision) => {
            decision.contexts.iter().for_each(|id| refers((*id).into()));
            decision
                .generations
                .iter()
                .for_each(|id| refers((*id).into()));
            decision
                .supersedes
                .iter()
                .for_each(|id| refers((*id).into()));
            decision.caused_by.iter().for_each(|id| refers(*id));
            decision_handles(decision, &mut handles);
        }
        Body::Review(review) => {
            refers(review.decision.into());
            review
                .new_decision
                .iter()
                .for_each(|id| refers((*id).into()));
        }
        Body::Outcome(outcome) => refers(outcome.decision.into()),
        Body::Erasure(erasure) => {
            handles.insert(Handle::Erased(erasure.subject_digest));
        }
        Body::Hold(hold) => match &hold.target {
            HoldTarget::Decision(id) => refers((*id).into()),
            HoldTarget::Entity(entity) if entity.kind.as_str() != WITHHELD => {
                handles.insert(Handle::Entity(entity.clone()));
            }
            HoldTarget::Entity(_) | HoldTarget::Query(_) => {}
        },
        Body::Release(release) => refers(release.hold.into()),
        Body::Import(_)
        | Body::Key(_)
        | Body::Succession(_)
        | Body::Policy(_)
        | Body::Retention(_)
        | Body::Archive(_)
        | Body::Access(_)
        | Body::Freeze(_) => {}
        Body::Token(token) => token.token_id.iter().for_each(|id| refers(*id)),
        Body::Artifact(artifact) => artifact_handle(&artifact.id(), &mut handles),
        Body::Approval(approval) => {
            refers(approval.record);
            artifact_handle(&approval.artifact, &mut handles);
        }
        Body::Retirement(retirement) => {
            refers(retirement.record);
            artifact_handle(&retirement.artifact, &mut handles);
        }
        Body::Deployment(deployment) => {
            deployment.rollback_of.iter().for_each(|id| refers(*id));
            handles.insert(Handle::Environment(deployment.environment.clone()));
        }
        Body::Kpi(kpi) => {
            kpi.decision.iter().for_each(|id| refers((*id).into()));
            handles.insert(Handle::Metric(kpi.metric.clone()));
        }
        Body::Check(check) => {
            let version = check
                .reference
                .as_ref()
                .and_then(|it| it.as_str().parse().ok());
            version
                .iter()
                .for_each(|it| artifact_handle(it, &mut handles));
        }
        Body::Unfreeze(unfreeze) => refers(unfreeze.freeze),
    }
    handles
}

fn artifact_handle(version: &ArtifactRef, handles: &mut BTreeSet<Handle>) {
    let of = version.of.clone();
    handles.insert(Handle::Artifact(of, Some(version.version.clone())));
}

fn decision_handles(decision: &Decision, handles: &mut BTreeSet<Handle>) {
    if decision.subject.kind.as_str() != WITHHELD {
        handles.insert(Handle::Subject(decision.subject.clone()));
    }
    if let Some(use_case) = &decision.use_case {
        let version = ArtifactRef::new(ArtifactKind::UseCase, use_case);
        handles.insert(Handle::governs(&version));
    }
    for (role, governing) in &decision.governed_by {
        let Some(kind) = ArtifactKind::of_role(role) else {
            continue;
        };
        for versioned in governing.versions() {
            handles.insert(Handle::governs(&ArtifactRef::new(kind, versioned)));
        }
    }
}

fn context_handles(context: &Context, handles: &mut BTreeSet<Handle>) {
    let mut used = |kind: UsedKind, name: &Name, version: Option<&Version>| {
        handles.insert(Handle::Used(kind.as_str(), name.clone(), version.cloned()));
    };
    if let Some(template) = &context.template {
        used(
            UsedKind::Template,
            &template.name,
            template.version.as_ref(),
        );
    }
    if let Some(model) = &context.model {
        used(UsedKind::Model, &model.name, None);
    }
    for feature in &context.features {
        used(UsedKind::Feature, &feature.name, feature.version.as_ref());
    }
    for guardrail in &context.guardrails {
        used(
            UsedKind::Guardrail,
            &guardrail.name,
            guardrail.version.as_ref(),
        );
        if let Some(policy) = &guardrail.policy {
            used(UsedKind::Policy, &policy.name, policy.version.as_ref());
        }
    }
    for retrieval in &context.retrievals {
        if let Some(index) = &retrieval.index {
            used(UsedKind::Index, &index.name, index.version.as_ref());
        }
    }
    let results = context.retrievals.iter().flat_map(|call| &call.results);
    for result in results.filter(|it| it.document.as_str() != WITHHELD) {
        let version = result.version.clone();
        handles.insert(match &result.chunk {
            Some(chunk) => Handle::Chunk(result.document.clone(), chunk.clone(), version),
            None => Handle::Used(
                UsedKind::Document.as_str(),
                result.document.clone(),
                version,
            ),
        });
    }
    let entities = context.features.iter().filter_map(|it| it.entity.clone());
    handles.extend(entities.map(Handle::Entity));
    handles.insert(Handle::Name(context.name.clone()));
    handles.insert(Handle::status(context.status));
    handles.insert(Handle::Environment(context.environment.clone()));
    handles.insert(Handle::freshness(context.freshness.status));
}

const LOW: u64 = (1 << 24) - 1;
const HIGH: u64 = !LOW;

#[cfg(test)]
mod tests {
    use super::*;

    fn used(text: &str) -> Handle {
        Handle::search_used(&text.parse().unwrap())
    }

    fn vault() -> Vault {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let keys = std::sync::Arc::new(crate::privacy::keys::LocalKeys::in_memory());
        let tenant = crate::record::Tenant::default();
        let now = "2026-11-25T00:00:00Z".parse().unwrap();
        let vault = Vault::open(None, keys, &tenant, Some(now));
        runtime.unwrap().block_on(vault).unwrap()
    }

    fn covers(search: &Handle, own: &Handle) -> bool {
        let vault = vault();
        let range = search.search(&vault).unwrap();
        (range.first..=range.last).contains(&own.key(&vault).unwrap())
    }

    #[test]
    fn a_document_is_found_with_and_without_its_chunk() {
        let own = Handle::Chunk(
            "doc_456".parse().unwrap(),
            "chunk_abc".parse().unwrap(),
            Some("7".parse().unwrap()),
        );
        for search in [
            "document:doc_456",
            "document:doc_456@7",
            "document:doc_456#chunk_abc@7",
        ] {
            assert!(covers(&used(search), &own), "{search}");
            assert!(used(search).matches(&own), "{search}");
        }
        for search in [
            "document:doc_456@8",
            "document:doc_45",
            "document:doc_456#chunk_b",
        ] {
            assert!(!used(search).matches(&own), "{search}");
        }
    }

    #[test]
    fn a_feature_is_found_with_and_without_its_version() {
        let own = used("feature:credit_score@3");
        for search in ["feature:credit_score", "feature:credit_score@3"] {
            assert!(covers(&used(search), &own) && used(search).matches(&own));
        }
        assert!(!covers(&used("feature:credit_score@4"), &own));
        assert!(!used("template:credit_score").matches(&own));
    }
}
