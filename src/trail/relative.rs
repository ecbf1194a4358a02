//! What holds and floors ask of the contexts and decisions that a record belongs together with.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::hold::retention_of;
use super::{Stored, Trail, TrailError};
use crate::privacy::keys::OpenedKeys;
use crate::record::{Body, EntityRef, Kind, Name, RecordId, Timestamp, VersionedName};
use crate::store::{Find, IdPrefix};

/// A context or a decision.
#[derive(Clone, Debug)]
pub(super) struct Relative {
    pub(super) id: RecordId,
    pub(super) kind: Kind,
    /// When it happened: what days are counted from.
    pub(super) at: Timestamp,
    pub(super) labels: Arc<Labels>,
    /// The business key of a decision; a stand-in where it cannot be read.
    pub(super) subject: Option<EntityRef>,
}

/// What stands in it in plain text. Many records have the same.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Labels {
    pub(super) use_case: Option<VersionedName>,
    /// The name of a context.
    pub(super) name: Option<Name>,
    /// The retention class that it names.
    pub(super) class: Option<Name>,
}

impl Relative {
    /// What there is to ask of `stored`; `None` when it is no context and no decision.
    pub(super) fn of(stored: &Stored) -> Option<Self> {
        let body = &stored.record().body;
        let (use_case, name, subject) = match body {
            Body::Context(it) => (&it.use_case, Some(it.name.clone()), None),
            Body::Decision(it) => (&it.use_case, None, Some(it.subject.clone())),
            _ => return None,
        };
        Some(Self {
            id: stored.id(),
            kind: body.kind(),
            at: stored.record().at(),
            labels: Arc::new(Labels {
                use_case: use_case.clone(),
                name,
                class: retention_of(body).map(|it| it.class.clone()),
            }),
            subject,
        })
    }
}

/// The decisions of a trail, and the contexts when a hold asks for what they say, read once: what
/// many records are asked about. It knows nothing of those that come later, until they are added.
#[derive(Debug, Default)]
pub(super) struct Relatives {
    known: HashMap<RecordId, Relative>,
    /// The decisions that rest on a context or a generation.
    resting: HashMap<RecordId, Vec<RecordId>>,
    /// The contexts that a decision rests on.
    contexts: HashMap<RecordId, Vec<RecordId>>,
    labels: HashSet<Arc<Labels>>,
}

impl Relatives {
    /// Adds the records from the index `from` to before `to`. Values are opened `with_keys`, where
    /// those of people are asked for.
    pub(super) async fn add(
        &mut self,
        trail: &Trail,
        (kinds, with_keys): (&[Kind], bool),
        (from, to): (u64, u64),
    ) -> Result<(), TrailError> {
        for kind in kinds {
            let mut find = Find {
                kind: Some(*kind),
                before: Some(to),
                ..Find::default()
            };
            while find.before > Some(from) {
                let found = trail.0.store.find(trail.tenant(), &find, READ).await?;
                let Some(last) = found.last() else { break };
                find.before = Some(*last);
                let new: Vec<u64> = found.into_iter().filter(|it| *it >= from).collect();
                for stored in trail.read_at(&new, with_keys).await? {
                    self.know(&stored);
                }
            }
        }
        Ok(())
    }

    fn know(&mut self, stored: &Stored) {
        let Some(mut relative) = Relative::of(stored) else {
            return;
        };
        match self.labels.get(&relative.labels) {
            Some(known) => relative.labels = Arc::clone(known),
            None => drop(self.labels.insert(Arc::clone(&relative.labels))),
        }
        if let Some(decision) = stored.decision() {
            let contexts: Vec<RecordId> = decision.contexts.iter().map(|it| (*it).into()).collect();
            let generations = decision.generations.iter().map(|it| RecordId::from(*it));
            for id in contexts.iter().copied().chain(generations) {
                self.resting.entry(id).or_default().push(relative.id);
            }
            self.contexts.insert(relative.id, contexts);
        }
        self.known.insert(relative.id, relative);
    }

    /// The contexts and decisions that `stored` belongs together with: those that a search would find.
    /// Contexts that are not known are left out, but for the one that a generation is of.
    pub(super) async fn family(
        &self,
        trail: &Trail,
        stored: &Stored,
    ) -> Result<Vec<Relative>, TrailError> {
        let mut family = Vec::new();
        match &stored.record().body {
            Body::Context(_) => self.add_resting(stored.id(), &mut family),
            Body::Generation(generation) => {
                let context = RecordId::from(generation.context);
                match self.known.get(&context) {
                    Some(known) => family.push(known.clone()),
                    None => family.extend(trail.relative(context).await?),
                }
                self.add_resting(stored.id(), &mut family);
                self.add_resting(context, &mut family);
            }
            Body::Decision(_) => self.add_contexts(stored.id(), &mut family),
            Body::Review(review) => {
                self.add_decision(review.decision.into(), &mut family);
                if let Some(new) = review.new_decision {
                    self.add_decision(new.into(), &mut family);
                }
            }
            Body::Outcome(outcome) => self.add_decision(outcome.decision.into(), &mut family),
            _ => {}
        }
        Ok(family)
    }

    fn add_resting(&self, id: RecordId, family: &mut Vec<Relative>) {
        let resting = self.resting.get(&id).into_iter().flatten();
        family.extend(resting.filter_map(|it| self.known.get(it)).cloned());
    }

    fn add_contexts(&self, decision: RecordId, family: &mut Vec<Relative>) {
        let contexts = self.contexts.get(&decision).into_iter().flatten();
        family.extend(contexts.filter_map(|it| self.known.get(it)).cloned());
    }

    fn add_decision(&self, decision: RecordId, family: &mut Vec<Relative>) {
        family.extend(self.known.get(&decision).cloned());
        self.add_contexts(decision, family);
    }
}

impl Trail {
    /// The records at `indexes`; without keys, what is about people stays closed, which is faster.
    pub(super) async fn read_at(
        &self,
        indexes: &[u64],
        with_keys: bool,
    ) -> Result<Vec<Stored>, TrailError> {
        let rows = self.read_rows(indexes).await?;
        let keys = match with_keys {
            true => self.keys_for(&rows).await?,
            false => OpenedKeys::new(),
        };
        let opened = rows.into_iter().map(|row| self.open_row(row, &keys));
        opened.collect()
    }

    pub(super) async fn relative(&self, id: RecordId) -> Result<Option<Relative>, TrailError> {
        let prefix = IdPrefix::from(id);
        let located = self.0.store.locate(self.tenant(), prefix, 1).await?;
        let indexes: Vec<u64> = located.iter().map(|it| it.log_index).collect();
        let stored = self.read_at(&indexes, false).await?;
        Ok(stored.first().and_then(Relative::of))
    }
}

/// Records read at once.
const READ: u32 = 512;
