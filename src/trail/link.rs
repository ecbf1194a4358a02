//! What a record refers to: it has to be there, and its entry is part of the new one.

use std::collections::HashMap;

use super::{Stored, Trail, TrailError};
use crate::log::Hash;
use crate::record::{Body, Draft, EntityRef, HoldTarget, Kind, RecordId};
use crate::seal::Source;

/// What is remembered of a record for those that refer to it.
#[derive(Clone, Debug)]
pub(super) struct Linked {
    pub(super) kind: Kind,
    /// `None` while the record is only queued.
    pub(super) entry_hash: Option<Hash>,
    pub(super) about: Vec<EntityRef>,
}

/// A record that another one names.
pub(super) struct Named {
    pub(super) id: RecordId,
    pub(super) named_as: &'static str,
    pub(super) kind: Option<Kind>,
    /// Whether the record naming it is refused when it is not there.
    pub(super) needed: bool,
    /// Whether whom it is about, the new record is about too.
    inherits: bool,
}

impl Trail {
    /// The entry hashes of what `draft` refers to, and whom that makes it about; `None` when one
    /// of them is not in memory and has to be read.
    pub(super) fn link_from_memory(
        &self,
        draft: &mut Draft,
        source: &Source,
    ) -> Option<Result<Vec<Hash>, TrailError>> {
        let named = named(&draft.body, source);
        let mut linked = HashMap::new();
        for named in &named {
            linked.insert(named.id, Some(self.0.linked.get(&named.id)?));
        }
        Some(apply(draft, &named, &linked))
    }

    /// The same, reading what is not in memory.
    pub(super) async fn link(
        &self,
        draft: &mut Draft,
        source: &Source,
    ) -> Result<Vec<Hash>, TrailError> {
        let named = named(&draft.body, source);
        let mut linked = HashMap::new();
        for named in &named {
            let found = match self.0.linked.get(&named.id) {
                Some(found) => Some(found),
                None => self
                    .read(named.id)
                    .await?
                    .as_ref()
                    .map(|found| self.remember(found)),
            };
            linked.insert(named.id, found);
        }
        apply(draft, &named, &linked)
    }

    /// The kind of the record `id`, if it is there.
    pub(super) async fn kind_of(&self, id: RecordId) -> Result<Option<Kind>, TrailError> {
        if let Some(found) = self.0.linked.get(&id) {
            return Ok(Some(found.kind));
        }
        let stored = self.read(id).await?;
        Ok(stored.map(|stored| self.remember(&stored).kind))
    }

    fn remember(&self, stored: &Stored) -> Linked {
        let linked = Linked {
            kind: stored.record().kind(),
            entry_hash: Some(stored.entry_hash()),
            about: stored.about().to_vec(),
        };
        self.0.linked.insert(stored.id(), linked.clone());
        linked
    }
}

fn apply(
    draft: &mut Draft,
    named: &[Named],
    linked: &HashMap<RecordId, Option<Linked>>,
) -> Result<Vec<Hash>, TrailError> {
    let mut refs = Vec::new();
    let mut about = Vec::new();
    for named in named {
        let Some(Some(found)) = linked.get(&named.id) else {
            if named.needed {
                return Err(TrailError::UnknownRecord {
                    named_as: named.named_as,
                    id: named.id,
                });
            }
            continue;
        };
        if named.kind.is_some_and(|kind| kind != found.kind) {
            return Err(TrailError::WrongKind {
                named_as: named.named_as,
                id: named.id,
                found: found.kind,
            });
        }
        refs.extend(found.entry_hash.filter(|hash| !refs.contains(hash)));
        if named.inherits {
            about.extend(found.about.iter().cloned());
        }
    }
    let entities = match &mut draft.body {
        Body::Decision(decision) => &mut decision.entities,
        _ => &mut draft.about,
    };
    for entity in about {
        if !entities.contains(&entity) {
            entities.push(entity);
        }
    }
    Ok(refs)
}

/// The ids of the records that `body` names.
pub(super) fn named_ids(body: &Body) -> Vec<RecordId> {
    named(body, &Source::New)
        .into_iter()
        .map(|named| named.id)
        .collect()
}

/// What `body` names, and on what terms.
pub(super) fn named(body: &Body, source: &Source) -> Vec<Named> {
    let needed = |id: RecordId, kind: Kind| Named {
        id,
        named_as: kind.as_str(),
        kind: Some(kind),
        needed: true,
        inherits: true,
    };
    let unowned = |id: RecordId, kind: Kind| Named {
        inherits: false,
        ..needed(id, kind)
    };
    match body {
        Body::Context(context) => {
            let parents = context.parents.iter().map(|id| Named {
                id: (*id).into(),
                named_as: "parent",
                kind: Some(Kind::Context),
                // A step whose parent is in another trail is still a fact.
                needed: false,
                inherits: false,
            });
            parents.collect()
        }
        Body::Generation(generation) => vec![needed(generation.context.into(), Kind::Context)],
        Body::Decision(decision) => {
            let contexts = decision.contexts.iter();
            let generations = decision.generations.iter();
            let causes = decision.caused_by.iter().map(|id| Named {
                id: *id,
                named_as: "cause",
                kind: None,
                needed: false,
                inherits: false,
            });
            contexts
                .map(|id| needed((*id).into(), Kind::Context))
                .chain(generations.map(|id| Named {
                    // why: an export without them is one of an earlier version.
                    needed: matches!(source, Source::New),
                    ..needed((*id).into(), Kind::Generation)
                }))
                .chain(
                    decision
                        .supersedes
                        .map(|id| needed(id.into(), Kind::Decision)),
                )
                .chain(causes)
                .collect()
        }
        Body::Review(review) => {
            let new_decision = review.new_decision.map(|id| Named {
                // why: a single decision is exported without the one that took its place.
                needed: matches!(source, Source::New),
                ..needed(id.into(), Kind::Decision)
            });
            std::iter::once(needed(review.decision.into(), Kind::Decision))
                .chain(new_decision)
                .collect()
        }
        Body::Outcome(outcome) => vec![needed(outcome.decision.into(), Kind::Decision)],
        Body::Hold(hold) => match hold.target {
            HoldTarget::Decision(id) => vec![Named {
                // Without a reason it holds nothing that is about anybody.
                inherits: hold.reason.is_some(),
                ..needed(id.into(), Kind::Decision)
            }],
            HoldTarget::Entity(_) | HoldTarget::Query(_) => Vec::new(),
        },
        Body::Release(release) => vec![needed(release.hold.into(), Kind::Hold)],
        Body::Approval(approval) => vec![unowned(approval.record, Kind::Artifact)],
        Body::Retirement(retirement) => vec![unowned(retirement.record, Kind::Artifact)],
        Body::Deployment(deployment) => {
            let earlier = deployment.rollback_of.iter();
            earlier.map(|id| unowned(*id, Kind::Deployment)).collect()
        }
        Body::Kpi(kpi) => {
            let decision = kpi.decision.iter();
            decision
                .map(|id| needed((*id).into(), Kind::Decision))
                .collect()
        }
        Body::Unfreeze(unfreeze) => vec![unowned(unfreeze.freeze, Kind::Freeze)],
        Body::Token(token) => {
            let granted = token.token_id.iter();
            granted.map(|id| needed(*id, Kind::Token)).collect()
        }
        Body::Access(_)
        | Body::Import(_)
        | Body::Key(_)
        | Body::Succession(_)
        | Body::Erasure(_)
        | Body::Policy(_)
        | Body::Retention(_)
        | Body::Archive(_)
        | Body::Artifact(_)
        | Body::Check(_)
        | Body::Freeze(_) => Vec::new(),
    }
}
