//! What redaction took out before a record was written.

use super::words;
use crate::evidence::page::{Block, Line, Section, Table};
use crate::evidence::shown::{ShownBundle, ShownRecord};

/// Every trace that the records have: the rule, the place, what was found, never the value.
pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let columns = [
        "in",
        "place",
        "what was found",
        "bytes",
        "what became of it",
        "rule",
    ];
    let mut table = Table::new("Taken out before it was recorded", &columns);
    for record in &bundle.records {
        table
            .rows
            .extend(places(record).map(|trace| row(record, &trace)));
    }
    let mut blocks: Vec<Block> = table.into_block().into_iter().collect();
    if !blocks.is_empty() {
        let words = "These values were in no file of the trail, and are not in the log: that something was \
             taken out, where and by which rule, is part of the record and proved with it.";
        blocks.push(Block::Paragraph(words.into()));
    }
    Section {
        title: "What redaction took out",
        blocks,
    }
}

fn places<'r>(record: &'r ShownRecord<'_>) -> impl Iterator<Item = String> + use<'r> {
    let lists = ["/capture/redactions", "/redactions"];
    lists.into_iter().flat_map(|list| record.elements(list))
}

fn row(record: &ShownRecord<'_>, trace: &str) -> Vec<Line> {
    let at = |member: &str| record.at(&format!("{trace}/{member}"));
    let id = Line::from(format!("{} ", record.view.kind.as_str()));
    vec![
        id.recorded(record.view.id.to_string()),
        at("path").into(),
        at("kind").into(),
        at("length").into(),
        Line::default().word(at("treatment"), words::treatment),
        at("rule").into(),
    ]
}
