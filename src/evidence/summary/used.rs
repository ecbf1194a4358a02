//! What a context used: features, retrievals, and how old all of it was.

use super::facts::versioned;
use super::saw::age;
use super::words;
use crate::evidence::page::{Block, Line, Table};
use crate::evidence::shown::{Said, ShownRecord};

pub(super) fn features(context: &ShownRecord<'_>) -> Option<Block> {
    let columns = [
        "feature",
        "value",
        "about",
        "how it was had",
        "comes from",
        "true as of",
        "age",
    ];
    let mut table = Table::new("Values that were fetched", &columns);
    for feature in context.elements("/features") {
        let at = |member: &str| context.at(&format!("{feature}/{member}"));
        table.rows.push(vec![
            versioned(context, &feature),
            value(at("value"), at("status"), at("error/message")),
            at("entity").into(),
            Line::default().word(at("source"), words::source),
            from(at("origin/system"), at("origin/dataset")),
            at("as_of").into(),
            age(at("freshness_ms"), at("max_age_ms")),
        ]);
    }
    table.into_block()
}

fn value(value: Said<'_>, status: Said<'_>, error: Said<'_>) -> Line {
    match (value, status.string(), error) {
        (Said::Nothing | Said::Unsaid, Some("missing"), _) => "there was none".into(),
        (Said::Nothing | Said::Unsaid, Some("failed"), Said::Nothing | Said::Unsaid) => {
            "the fetch failed".into()
        }
        (Said::Nothing | Said::Unsaid, Some("failed"), error) => {
            Line::from("the fetch failed: ").said(error)
        }
        _ => value.into(),
    }
}

fn from(system: Said<'_>, dataset: Said<'_>) -> Line {
    match (system, dataset) {
        (Said::Unsaid, _) => Line::default(),
        (system, Said::Nothing | Said::Unsaid) => system.into(),
        (system, dataset) => Line::from(system).own(", ").said(dataset),
    }
}

pub(super) fn retrievals(context: &ShownRecord<'_>) -> Vec<Block> {
    let retrievals = context.elements("/retrievals");
    retrievals.flat_map(|it| retrieval(context, &it)).collect()
}

fn retrieval(context: &ShownRecord<'_>, pointer: &str) -> Vec<Block> {
    let at = |member: &str| context.at(&format!("{pointer}/{member}"));
    let mut line = Line::from("Search by ").said(at("retriever"));
    if let Said::Shown(_) = at("index") {
        let index = versioned(context, &format!("{pointer}/index"));
        line = line.own(" in ").append(index);
    }
    line = line.own(" for ").said(at("query"));
    line = match at("status").string() {
        Some("empty") => line.own(": nothing was found."),
        Some("failed") => line.own(": the search failed. ").said(at("error/message")),
        _ => line.own(":"),
    };
    let columns = [
        "rank",
        "document",
        "version",
        "score",
        "true as of",
        "age",
        "became",
    ];
    let mut table = Table::new("What the search found", &columns);
    for result in context.elements(&format!("{pointer}/results")) {
        let at = |member: &str| context.at(&format!("{result}/{member}"));
        table.rows.push(vec![
            at("rank").into(),
            document(at("document"), at("chunk")),
            at("version").into(),
            at("score").into(),
            at("as_of").into(),
            age(at("freshness_ms"), Said::Nothing),
            Line::default().word(at("used"), words::verdict),
        ]);
    }
    let found = table.into_block();
    std::iter::once(Block::Paragraph(line))
        .chain(found)
        .collect()
}

fn document(document: Said<'_>, chunk: Said<'_>) -> Line {
    match (document.text(), chunk) {
        (Some(_), Said::Nothing | Said::Unsaid) | (None, _) => document.into(),
        (Some(name), chunk) => Line::default().recorded(name).own(", part ").said(chunk),
    }
}

pub(super) fn freshness(context: &ShownRecord<'_>) -> Vec<Block> {
    let status = context.at("/freshness/status");
    let line = Line::from("How fresh it was: ")
        .word(status, words::freshness)
        .own(".");
    let columns = ["what", "why", "age"];
    let mut table = Table::new("What was not known to be fresh, and why", &columns);
    for violation in context.elements("/freshness/violations") {
        let at = |member: &str| context.at(&format!("{violation}/{member}"));
        // A fallback may be young enough and is none of the values asked for: its age is not the reason.
        let limit = match at("reason").string() {
            Some("too_old") => at("limit_ms"),
            _ => Said::Nothing,
        };
        table.rows.push(vec![
            at("ref").into(),
            Line::default().word(at("reason"), words::stale),
            age(at("age_ms"), limit),
        ]);
    }
    std::iter::once(Block::Paragraph(line))
        .chain(table.into_block())
        .collect()
}
