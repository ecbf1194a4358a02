//! What the log lost, when it went on after a restore.

use super::facts::{joined, who};
use crate::evidence::page::{Block, Line, Section, Table};
use crate::evidence::shown::{Said, ShownBundle, ShownRecord};
use crate::record::Kind;

/// Every succession: nothing, where the log was never restored.
pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let columns = [
        "epoch",
        "begins at index",
        "lost",
        "why it went on all the same",
        "approved by",
        "went on from",
        "newest head that was known",
    ];
    let mut table = Table::new("Where the log went on after a restore", &columns);
    for record in bundle.of_kind(Kind::Succession) {
        table.rows.push(vec![
            record.at("/epoch").into(),
            record.view.index.to_string().into(),
            lost(record),
            record.at("/reason").into(),
            joined(record.elements("/approved_by").map(|it| who(record, &it))),
            head(record, "/restored"),
            head(record, "/known"),
        ]);
    }
    Section {
        title: "What the log lost",
        blocks: table
            .into_block()
            .into_iter()
            .chain(unsaid(bundle))
            .collect(),
    }
}

/// Every succession in one sentence.
pub(super) fn sentences<'b>(bundle: &'b ShownBundle<'_>) -> impl Iterator<Item = Line> + use<'b> {
    bundle.of_kind(Kind::Succession).map(|record| {
        Line::from("The log went on as epoch ")
            .said(record.at("/epoch"))
            .own(" after a restore. Lost: ")
            .append(lost(record))
            .own(". The reason given: ")
            .said(record.at("/reason"))
            .own(".")
    })
}

/// That the head is of a later epoch, and a succession before it is not in the file.
fn unsaid(bundle: &ShownBundle<'_>) -> Option<Block> {
    let view = bundle.view;
    let epoch = view.claim.epoch(&view.checkpoint.origin);
    let epoch = usize::try_from(epoch).ok()?;
    let known = bundle.of_kind(Kind::Succession).count();
    (epoch > known + 1).then(|| {
        let words = "The log has gone on after a restore, and this file does not have every record of that: \
                     what was lost cannot be said from it.";
        Block::Paragraph(words.into())
    })
}

/// The indexes that are lost.
fn lost(record: &ShownRecord<'_>) -> Line {
    match (
        record.at("/lost_from").number(),
        record.at("/lost_to").number(),
    ) {
        (Some(from), Some(to)) if from >= to => "no entry".into(),
        (Some(from), Some(to)) if from + 1 == to => format!("entry {from}").into(),
        (Some(from), Some(to)) => format!("entries {from} to {}", to - 1).into(),
        _ => Line::from("from entry ")
            .said(record.at("/lost_from"))
            .own(" to before entry ")
            .said(record.at("/lost_to")),
    }
}

fn head(record: &ShownRecord<'_>, pointer: &str) -> Line {
    match record.at(pointer) {
        Said::Shown(_) => Line::default()
            .said(record.at(&format!("{pointer}/origin")))
            .own(" with ")
            .said(record.at(&format!("{pointer}/size")))
            .own(" entries"),
        said => said.into(),
    }
}
