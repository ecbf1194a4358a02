//! Values that were erased: when, why, by whom, and how many of those in this file.

use std::collections::BTreeMap;

use super::facts::{joined, number, who};
use crate::evidence::bundle::FieldEntry;
use crate::evidence::page::{Block, Line, Section, Table, counted};
use crate::evidence::shown::{ShownBundle, ShownRecord};
use crate::record::{Kind, RecordId};

pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let columns = [
        "when",
        "what",
        "values of this file",
        "why",
        "approved by",
        "keys destroyed",
        "record",
    ];
    let mut table = Table::new("Records that took values away for good", &columns);
    let counts = counts(bundle);
    for record in removals(bundle) {
        table.rows.push(vec![
            record.at("/recorded_at").into(),
            what(record.view.kind).into(),
            counts
                .get(&record.view.id)
                .copied()
                .unwrap_or(0)
                .to_string()
                .into(),
            why(record),
            joined(record.elements("/approved_by").map(|it| who(record, &it))),
            number(record.at("/keys")),
            Line::default().recorded(record.view.id.to_string()),
        ]);
    }
    let unnamed = unnamed(bundle);
    let mut blocks: Vec<Block> = table.into_block().into_iter().collect();
    if !blocks.is_empty() {
        let words = "The values are gone; the commitments to them are not, so that every record is proved as \
             before. Which slots are gone is proved by the record named; in which slot a value was, and with \
             that the number of values of this file, is what the maker of this file says.";
        blocks.push(Block::Paragraph(words.into()));
    }
    if unnamed > 0 {
        let values = counted(unnamed, "value is", "values are");
        let words = format!(
            "{values} said to be erased, and this file does not have the record of that: only its maker says so."
        );
        blocks.push(Block::Paragraph(words.into()));
    }
    Section {
        title: "What was erased",
        blocks,
    }
}

/// Every record that took values of this file away, in one sentence.
pub(super) fn sentences(bundle: &ShownBundle<'_>) -> Vec<Line> {
    let counts = counts(bundle);
    let removals =
        removals(bundle).filter_map(|record| Some((record, *counts.get(&record.view.id)?)));
    let lines = removals.map(|(record, count)| {
        Line::from(counted(count, "value", "values"))
            .own(" of the records in this file: ")
            .own(what(record.view.kind))
            .own(", ")
            .said(record.at("/recorded_at"))
            .own(". ")
            .append(why(record))
            .own(".")
    });
    lines.collect()
}

fn removals<'b, 'v>(bundle: &'b ShownBundle<'v>) -> impl Iterator<Item = &'b ShownRecord<'v>> {
    bundle.records.iter().filter(|it| it.view.kind.takes_away())
}

const fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Erasure => "erased for good",
        Kind::Retention => "expired by the retention policy",
        _ => "taken away for good",
    }
}

/// Why a record took values away: the reason given, or the policy that made them expire.
fn why(record: &ShownRecord<'_>) -> Line {
    match record.view.kind {
        Kind::Retention => Line::from("Retention policy ")
            .said(record.at("/policy"))
            .own(", class ")
            .said(record.at("/class"))
            .own(", action ")
            .said(record.at("/action")),
        _ => Line::from("The reason given: ").said(record.at("/reason")),
    }
}

/// How many values of the bundle each record took away.
fn counts(bundle: &ShownBundle<'_>) -> BTreeMap<RecordId, usize> {
    let mut counts = BTreeMap::new();
    for field in fields(bundle) {
        if let FieldEntry::Named {
            gone: Some(gone), ..
        } = field
        {
            *counts.entry(gone.by).or_default() += 1;
        }
    }
    counts
}

/// How many values are said to be erased without a word on what took them.
fn unnamed(bundle: &ShownBundle<'_>) -> usize {
    let is_unnamed = |field: &&FieldEntry| matches!(field, FieldEntry::Named { gone: None, why, .. } if why == "erased");
    fields(bundle).filter(is_unnamed).count()
}

fn fields<'b>(bundle: &'b ShownBundle<'_>) -> impl Iterator<Item = &'b FieldEntry> {
    bundle.view.records.iter().flat_map(|it| &it.fields)
}
