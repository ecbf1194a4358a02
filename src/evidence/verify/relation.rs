//! How the records of a bundle hang together, by the entry hashes they refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::super::bundle::{FieldEntry, RecordFile};
use super::super::contents::{Contents, EntryFile};
use super::super::file_name::FileName;
use super::super::manifest::Statement;
use super::super::report::Report;
use super::super::value;
use super::super::view::Scope;
use super::claim::stands_alone;
use crate::log::Hash;
use crate::record::{EntityRef, Kind};

/// The records of a decision are all that it rests on, and nothing that has nothing to do with it;
/// those of an entity are tied to it.
pub(super) fn check(claim: &Statement, contents: &Contents, report: &mut Report) {
    let graph = Graph::of(contents, report);
    match &claim.scope {
        Scope::Decision { .. } => {
            let decisions = claim.decisions.iter();
            let roots: BTreeSet<u64> = decisions
                .filter_map(|id| contents.records.get(id))
                .map(|record| record.index)
                .collect();
            let below = graph.check_closed(&roots, report);
            graph.name_missing(&below, report);
            let tied = graph.tied_to(&roots);
            let what = "it has nothing to do with the decisions claimed";
            for record in untied(contents, &tied) {
                report.find(FileName::Record(record.id), "", what);
            }
        }
        Scope::Entity { entity } => {
            graph.name_missing(&BTreeSet::new(), report);
            check_entity(entity, &graph, contents, report);
        }
        Scope::Range { .. } => graph.name_missing(&BTreeSet::new(), report),
    }
}

/// At least one record shows the entity, and all are tied to one that does.
fn check_entity(entity: &EntityRef, graph: &Graph<'_>, contents: &Contents, report: &mut Report) {
    let shows = |record: &&RecordFile| value::entities(record).any(|it| it == *entity);
    let about = contents.records.values().filter(shows);
    let about: BTreeSet<u64> = about.map(|record| record.index).collect();
    if about.is_empty() {
        let what = format!("no record in the bundle shows {entity}");
        report.find(FileName::Manifest, "claim.entity", what);
    }
    let tied = graph.tied_to(&about);
    for record in untied(contents, &tied) {
        report_untied(record, report);
    }
    let records = contents.records.values().filter(|it| lists_entities(it));
    for record in records.filter(|it| tied.contains(&it.index) && !about.contains(&it.index)) {
        let what = if may_withhold_entity(record) {
            "whether it names the entity claimed, which it does not show"
        } else {
            "that it is about the entity claimed: it does not name it, records that do are tied to it"
        };
        let file = FileName::Record(record.id);
        report.not_checked.push(format!("{file}: {what}"));
    }
}

/// Whether the entity can be one of those that `record` withholds. Other kinds name none.
fn may_withhold_entity(record: &RecordFile) -> bool {
    lists_entities(record)
        && record.fields.iter().any(|field| match field {
            FieldEntry::Shown { .. } => false,
            FieldEntry::Named { path, .. } => path == "/subject" || path.starts_with("/entities/"),
            FieldEntry::Hidden { .. } => true,
        })
}

const fn lists_entities(record: &RecordFile) -> bool {
    matches!(record.kind, Kind::Context | Kind::Decision)
}

fn untied<'c>(
    contents: &'c Contents,
    tied: &'c BTreeSet<u64>,
) -> impl Iterator<Item = &'c RecordFile> {
    let records = contents.records.values();
    records.filter(|it| !tied.contains(&it.index) && !stands_alone(it, contents))
}

fn report_untied(record: &RecordFile, report: &mut Report) {
    let file = FileName::Record(record.id);
    if may_withhold_entity(record) {
        let what =
            format!("{file}: whether it is about the entity claimed, which it does not show");
        report.not_checked.push(what);
    } else {
        report.find(file, "", "it has nothing to do with the entity claimed");
    }
}

/// Which records refer to which, by index.
struct Graph<'c> {
    entries: &'c BTreeMap<u64, EntryFile>,
    by_hash: BTreeMap<&'c Hash, u64>,
}

impl<'c> Graph<'c> {
    fn of(contents: &'c Contents, report: &mut Report) -> Self {
        let entries = &contents.entries;
        let by_hash = entries.iter().map(|(index, entry)| (&entry.hash, *index));
        let graph = Self {
            entries,
            by_hash: by_hash.collect(),
        };
        for (index, entry) in entries {
            for (at, hash) in entry.refs.iter().enumerate() {
                let Some(target) = graph.by_hash.get(hash) else {
                    continue;
                };
                report.checked.references += 1;
                if target >= index {
                    let what = "it refers to a record that was appended later";
                    report.find(FileName::Entry(*index), format!("refs[{at}]"), what);
                }
            }
        }
        graph
    }

    /// Everything that `roots` rest on is there. Gives the indexes of what is.
    fn check_closed(&self, roots: &BTreeSet<u64>, report: &mut Report) -> BTreeSet<u64> {
        let mut seen = roots.clone();
        let mut open: Vec<u64> = roots.iter().copied().collect();
        while let Some(index) = open.pop() {
            let Some(entry) = self.entries.get(&index) else {
                continue;
            };
            for (at, hash) in entry.refs.iter().enumerate() {
                match self.by_hash.get(hash) {
                    Some(target) if seen.insert(*target) => open.push(*target),
                    Some(_) => {}
                    None => {
                        let what = "it refers to a record that is not in the bundle";
                        report.find(FileName::Entry(index), format!("refs[{at}]"), what);
                    }
                }
            }
        }
        seen
    }

    /// Lists the references of all entries but those of `checked` that lead out of the bundle.
    fn name_missing(&self, checked: &BTreeSet<u64>, report: &mut Report) {
        for (index, entry) in self.entries.iter().filter(|(it, _)| !checked.contains(it)) {
            let refs = entry.refs.iter().enumerate();
            let missing: Vec<String> = refs
                .filter(|(_, hash)| !self.by_hash.contains_key(hash))
                .map(|(at, _)| format!("refs[{at}]"))
                .collect();
            if !missing.is_empty() {
                report.not_checked.push(format!(
                    "{}: records that it refers to and that are not in the bundle: {}",
                    FileName::Entry(*index),
                    missing.join(", ")
                ));
            }
        }
    }

    /// The records that are tied to `roots` by references, in whatever direction.
    fn tied_to(&self, roots: &BTreeSet<u64>) -> BTreeSet<u64> {
        let mut neighbours: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (index, entry) in self.entries {
            for target in entry.refs.iter().filter_map(|hash| self.by_hash.get(hash)) {
                neighbours.entry(*index).or_default().push(*target);
                neighbours.entry(*target).or_default().push(*index);
            }
        }
        let mut seen = roots.clone();
        let mut open: Vec<u64> = roots.iter().copied().collect();
        while let Some(index) = open.pop() {
            for next in neighbours.get(&index).into_iter().flatten() {
                if seen.insert(*next) {
                    open.push(*next);
                }
            }
        }
        seen
    }
}
