//! Whether the things that were asked about were used.

use super::words;
use crate::evidence::absence::{Absence, RecordUsage, Usage};
use crate::evidence::page::{Block, Line, Section, Table, counted};
use crate::evidence::shown::ShownBundle;
use crate::record::{Kind, UsedRef};

/// What can be said of each thing, record by record.
pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let mut blocks = Vec::new();
    for claim in &bundle.absences {
        blocks.push(Block::Heading(
            thing(claim).own(": ").own(outcome(claim.outcome)),
        ));
        blocks.push(Block::Paragraph(sentence(claim)));
        blocks.extend(records(bundle, claim).into_block());
    }
    if !blocks.is_empty() {
        let words = "“Not used” is said of a context only where all of this holds: every field of the record \
             is accounted for in the hash that the log commits to, and none is hidden; the record says that \
             the section in which the thing would stand is complete; redaction took nothing out of that \
             section; and every value that could name the thing is shown, and names something else. It rests \
             on what the application recorded: the log cannot prove that the application recorded everything.";
        blocks.push(Block::Paragraph(words.into()));
    }
    Section {
        title: "Whether it was used",
        blocks,
    }
}

/// One sentence on each thing.
pub(super) fn sentences<'b>(bundle: &'b ShownBundle<'_>) -> impl Iterator<Item = Line> + use<'b> {
    bundle.absences.iter().map(sentence)
}

fn sentence(claim: &Absence) -> Line {
    let of_outcome = claim
        .records
        .iter()
        .filter(|it| it.outcome == claim.outcome);
    let of_outcome: Vec<&RecordUsage> = of_outcome.collect();
    let line = Line::from("Whether ")
        .append(thing(claim))
        .own(" was used: ");
    match (claim.outcome, of_outcome.as_slice()) {
        (Usage::Absent, all) => {
            let contexts = counted(all.len(), "context", "contexts");
            line.own(format!("it was not, in the {contexts} of this file."))
        }
        (Usage::Present, all) => {
            let records = counted(all.len(), "record says", "records say");
            line.own(format!("it was; {records} so."))
        }
        (Usage::CannotBeSaid, []) => {
            line.own("this cannot be said from this file: it has no context.")
        }
        (Usage::CannotBeSaid, [one]) => line
            .own("this cannot be said from this file: ")
            .append(why(one))
            .own("."),
        (Usage::CannotBeSaid, more) => line.own(format!(
            "this cannot be said from this file, for the reasons given of {} below.",
            counted(more.len(), "record", "records")
        )),
    }
}

fn records(bundle: &ShownBundle<'_>, claim: &Absence) -> Table {
    let columns = ["record", "what can be said", "where, or why not"];
    let mut table = Table::new("Record by record", &columns);
    for it in &claim.records {
        let record = bundle.by_id(&it.id);
        let line = match record {
            Some(record) if record.view.kind == Kind::Context => {
                Line::from("context ").said(record.at("/name")).own(", ")
            }
            Some(_) => "decision ".into(),
            None => "context ".into(),
        };
        table.rows.push(vec![
            line.recorded(&*it.id),
            outcome(it.outcome).into(),
            match it.outcome {
                Usage::Absent => {
                    "every value that could name it is shown, and names something else".into()
                }
                Usage::Present => {
                    let places = it
                        .paths
                        .iter()
                        .map(|path| Line::default().recorded(&**path));
                    super::facts::joined(places)
                }
                Usage::CannotBeSaid => why(it),
            },
        ]);
    }
    table
}

fn why(usage: &RecordUsage) -> Line {
    let reasons = usage.why.iter().map(|it| {
        let line = Line::from(it.reason.words());
        match it.path.as_str() {
            "" => line,
            path => line.own(", at ").recorded(path),
        }
    });
    super::facts::joined(reasons)
}

const fn outcome(outcome: Usage) -> &'static str {
    match outcome {
        Usage::Absent => "not used",
        Usage::Present => "used",
        Usage::CannotBeSaid => "cannot be said",
    }
}

/// The thing in words: `the document doc_456, version 7`.
fn thing(claim: &Absence) -> Line {
    let Ok(UsedRef {
        kind,
        name,
        version,
    }) = claim.reference.parse::<UsedRef>()
    else {
        return Line::default().recorded(&*claim.reference);
    };
    let line = Line::from(format!("the {} ", words::used(kind))).recorded(name.as_str());
    match version {
        Some(version) => line.own(", version ").recorded(version.as_str()),
        None => line.own(", in any version"),
    }
}
