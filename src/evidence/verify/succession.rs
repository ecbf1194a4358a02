//! What the log lost, when it went on after a restore.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::bundle::RecordFile;
use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::manifest::Statement;
use super::super::report::{Report, Succeeded};
use super::super::value;
use crate::record::Kind;

/// States every succession in the bundle, and names the epochs of the log that none is there for.
pub(super) fn check(claim: &Statement, contents: &Contents, report: &mut Report) {
    let records = contents.records.values();
    let mut records: Vec<&RecordFile> = records.filter(|it| it.kind == Kind::Succession).collect();
    records.sort_by_key(|it| it.index);
    report.successions = records.into_iter().map(stated).collect();
    let stated = report.successions.iter().filter_map(|it| it.epoch);
    let stated: BTreeSet<u64> = stated.collect();
    let missing = (2..=claim.claim().epoch(&claim.origin)).filter(|epoch| !stated.contains(epoch));
    let mut missing: Vec<String> = missing
        .take(MOST_NAMED + 1)
        .map(|it| it.to_string())
        .collect();
    if missing.len() > MOST_NAMED {
        missing[MOST_NAMED] = "and later".to_owned();
    }
    if !missing.is_empty() {
        report.not_checked.push(format!(
            "what the log lost when it went on as epoch {}: no succession in the bundle shows it",
            missing.join(", ")
        ));
    }
}

fn stated(record: &RecordFile) -> Succeeded {
    let number = |path| value::at(record, path).and_then(|it| it.as_u64());
    let approvers = (0..).map_while(|at| value::at(record, &format!("/approved_by/{at}")));
    let name = |actor: Value| Some(actor.get("id")?.as_str()?.to_owned());
    Succeeded {
        file: FileName::Record(record.id).to_string(),
        index: record.index,
        epoch: number("/epoch"),
        lost_from: number("/lost_from"),
        lost_to: number("/lost_to"),
        reason: value::at(record, "/reason").and_then(|it| Some(it.as_str()?.to_owned())),
        approved_by: approvers.filter_map(name).collect(),
    }
}

/// How many missing epochs are named: an origin may claim to be any.
const MOST_NAMED: usize = 8;
