//! How the records of a bundle hang together, by the entry hashes they refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::super::bundle::{FieldEntry, RecordFile};
use super::super::contents::{Contents, EntryFile};
use super::super::file_name::FileName;
use super::super::manifest::Statement;
use super::super::report::Report;
use super::super::value;
use super::super::view::Scope;
use crate::log::Hash;

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
            graph.check_closed(&roots, report);
            let tied = graph.tied_to(&roots);
            let what = "it has nothing to do with the decisions claimed";
            for record in untied(contents, &tied) {
                report.find(FileName::Record(record.id), "", what);
            }
        }
        Scope::Entity { entity: None } => {
            let what = "whether the records are about one entity: it is withheld";
            report.not_checked.push(what.to_owned());
        }
        Scope::Entity {
            entity: Some(entity),
        } => {
            let shows = |record: &&RecordFile| value::entities(record).any(|it| it == *entity);
            let about = contents.records.values().filter(shows);
            let tied = graph.tied_to(&about.map(|record| record.index).collect());
            for record in untied(contents, &tied) {
                report_untied(record, report);
            }
        }
        Scope::Range { .. } => {}
    }
}

fn untied<'c>(
    contents: &'c Contents,
    tied: &'c BTreeSet<u64>,
) -> impl Iterator<Item = &'c RecordFile> {
    let records = contents.records.values();
    records.filter(|record| !tied.contains(&record.index))
}

fn report_untied(record: &RecordFile, report: &mut Report) {
    let file = FileName::Record(record.id);
    let is_whole = |field: &FieldEntry| matches!(field, FieldEntry::Shown { .. });
    if record.fields.iter().all(is_whole) {
        report.find(file, "", "it has nothing to do with the entity claimed");
    } else {
        let what =
            format!("{file}: whether it is about the entity claimed, which it does not show");
        report.not_checked.push(what);
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

    /// Everything that `roots` rest on is there.
    fn check_closed(&self, roots: &BTreeSet<u64>, report: &mut Report) {
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
