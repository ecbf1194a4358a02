//! What the manifest claims, against what is there.

use std::collections::BTreeSet;

use super::super::bundle::RecordFile;
use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::manifest::Statement;
use super::super::report::Report;
use super::super::value;
use super::super::view::Scope;
use super::gone;
use crate::record::Kind;

pub(super) fn check(claim: &Statement, contents: &Contents, report: &mut Report) {
    check_head(claim, contents, report);
    check_indexes(claim, contents, report);
    check_tenants(claim, contents, report);
    match &claim.scope {
        Scope::Range { from, to } => check_range(*from, *to, contents, report),
        Scope::Decision { .. } => check_decisions(claim, contents, report),
        Scope::Entity { .. } => {}
    }
}

fn check_head(claim: &Statement, contents: &Contents, report: &mut Report) {
    let log = format!("contextrail/{}/{}", claim.trail, claim.tenant);
    let rest = claim.origin.strip_prefix(&log);
    let is_epoch = |epoch: &str| {
        epoch
            .parse::<u32>()
            .is_ok_and(|it| it > 1 && it.to_string() == epoch)
    };
    if !rest.is_some_and(|it| it.is_empty() || it.strip_prefix('/').is_some_and(is_epoch)) {
        report.find(
            MANIFEST,
            "claim.origin",
            format!("it is not the log {log} or a successor"),
        );
    }
    for (index, proof) in &contents.proofs {
        let head = proof.checkpoint().checkpoint();
        let file = FileName::Proof(*index);
        if head.origin() != claim.origin {
            let what = format!(
                "it is a proof of the log {}, not the one claimed",
                head.origin()
            );
            report.find(file, "", what);
        } else if (head.size(), head.root()) != (claim.tree_size, &claim.root) {
            let what = format!(
                "its checkpoint is not the one claimed, of {}",
                claim.tree_size
            );
            report.find(file, "", what);
        }
    }
}

fn check_indexes(claim: &Statement, contents: &Contents, report: &mut Report) {
    let found: BTreeSet<u64> = contents.records.values().map(|it| it.index).collect();
    let claimed: BTreeSet<u64> = claim.indexes.iter().copied().collect();
    if !claim.indexes.is_sorted_by(|a, b| a < b) || claim.indexes.is_empty() {
        report.find(
            MANIFEST,
            "claim.indexes",
            "they are not rising, or there is none",
        );
    }
    for index in claimed.difference(&found) {
        let what = format!("the record of index {index} is missing");
        report.find(MANIFEST, "claim.indexes", what);
    }
    for record in contents.records.values() {
        if !claimed.contains(&record.index) {
            let what = "the record is not among those claimed: it was added";
            report.find(FileName::Record(record.id), "", what);
        }
    }
}

fn check_tenants(claim: &Statement, contents: &Contents, report: &mut Report) {
    for record in contents.records.values() {
        let shown = value::at(record, "/tenant");
        if shown.is_some_and(|it| it.as_str() != Some(claim.tenant.as_str())) {
            report.find(
                FileName::Record(record.id),
                "/tenant",
                "it is not the tenant claimed",
            );
        }
    }
}

/// Nothing between the first and the last index was left out.
fn check_range(from: u64, to: u64, contents: &Contents, report: &mut Report) {
    if from > to {
        report.find(MANIFEST, "claim.from", "it is after claim.to");
        return;
    }
    let present: BTreeSet<u64> = contents.records.values().map(|it| it.index).collect();
    let mut next = from;
    for index in present.iter().copied().filter(|it| *it <= to) {
        if index < from {
            continue;
        }
        report_gap(next, index, report);
        next = index + 1;
    }
    report_gap(next, to + 1, report);
    for record in contents.records.values() {
        if !(from..=to).contains(&record.index) && !stands_alone(record, contents) {
            let what = "the record is outside the range";
            report.find(FileName::Record(record.id), "index", what);
        }
    }
}

/// Whether a record belongs in a bundle that it is not tied to by references.
///
/// A succession is in every bundle of a later epoch: it says what the log lost. A hold may cover what it
/// does not refer to: what an entity or a query stands for. Decisions name the versions that govern them,
/// and these what they come from, by name. What took values away names their records by
/// index, and has to name one of the bundle, as far as it shows which.
pub(super) fn stands_alone(record: &RecordFile, contents: &Contents) -> bool {
    match record.kind {
        Kind::Succession | Kind::Hold | Kind::Release => true,
        kind if kind.says_what_governs() => true,
        kind if kind.takes_away() => gone::slots(record).is_none_or(|slots| {
            let is_here = |index| contents.entries.contains_key(&index);
            slots.iter().any(|[index, _]| is_here(*index))
        }),
        _ => false,
    }
}

fn report_gap(from: u64, before: u64, report: &mut Report) {
    let what = match before - from {
        0 => return,
        1 => format!("index {from} is missing from the range"),
        _ => format!(
            "indexes {from} to {} are missing from the range",
            before - 1
        ),
    };
    report.find(MANIFEST, "claim", what);
}

fn check_decisions(claim: &Statement, contents: &Contents, report: &mut Report) {
    if claim.decisions.is_empty() {
        report.find(MANIFEST, "claim.decisions", "there is none");
    }
    for id in &claim.decisions {
        let Some(record) = contents.records.get(id) else {
            let what = format!("there is no readable record of the decision {id}");
            report.find(MANIFEST, "claim.decisions", what);
            continue;
        };
        if record.kind != Kind::Decision {
            let what = format!("{id} is a {}, not a decision", record.kind);
            report.find(MANIFEST, "claim.decisions", what);
        }
    }
    check_subject(claim, contents, report);
}

fn check_subject(claim: &Statement, contents: &Contents, report: &mut Report) {
    let Scope::Decision {
        subject: Some(subject),
    } = &claim.scope
    else {
        return;
    };
    let Ok(claimed) = serde_json::to_value(subject) else {
        return;
    };
    for record in claim
        .decisions
        .iter()
        .filter_map(|id| contents.records.get(id))
    {
        match value::at(record, "/subject") {
            Some(shown) if shown == claimed => {}
            Some(_) => {
                let what = format!("it is not {subject}, which the bundle is said to be about");
                report.find(FileName::Record(record.id), "/subject", what);
            }
            None => report.not_checked.push(format!(
                "{}: whether its subject is {subject}, which it does not show",
                FileName::Record(record.id)
            )),
        }
    }
}

const MANIFEST: &str = "manifest.json";
