//! Which versions governed: who approved them, how they were checked, and what was deployed.

use super::facts::{joined, who};
use super::{each_of_kind, words};
use crate::evidence::page::{Block, Facts, Line, Section, Table};
use crate::evidence::shown::{ShownBundle, ShownRecord};
use crate::record::Kind;

pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let mut blocks = each_of_kind(bundle, Kind::Artifact, |version| one(bundle, version));
    blocks.extend(strays(bundle));
    blocks.extend(deployments(bundle));
    blocks.extend(each_of_kind(bundle, Kind::Check, check));
    Section {
        title: "Which versions governed, and who approved them",
        blocks,
    }
}

fn one(bundle: &ShownBundle<'_>, version: &ShownRecord<'_>) -> Vec<Block> {
    let heading = Line::from(version.at("/kind"))
        .own(" ")
        .said(version.at("/name"))
        .own(", version ")
        .said(version.at("/version"));
    let owners = version.elements("/owners").map(|it| {
        let line = Line::from(version.at(&format!("{it}/name")));
        match version.at(&format!("{it}/role")) {
            role if role.string().is_some() => line.own(", ").said(role),
            _ => line,
        }
    });
    let approvals: Vec<Line> = bundle
        .naming(version, Kind::Approval, "/record")
        .map(approval)
        .collect();
    let retired = bundle.naming(version, Kind::Retirement, "/record");
    let retired = retired.map(|it| Line::from(it.at("/at")).own(": ").said(it.at("/reason")));
    let facts = Facts::default()
        .need("registered", version.at("/recorded_at"))
        .line("written by", who(version, "/author"))
        .line("answered for by", joined(owners))
        .some("how much is at stake", version.at("/risk_rating"))
        .some("in force from", version.at("/effective_from"))
        .some("in force until", version.at("/effective_until"))
        .some("what is new in it", version.at("/changelog"))
        .some("what it says", version.at("/content"))
        .some("where it is kept", version.at("/reference/uri"))
        .some("digest", version.at("/digest"))
        .some("what it has to do with others", version.at("/links"))
        .line("retired", joined(retired))
        .line("id", Line::default().recorded(version.view.id.to_string()));
    let mut blocks = vec![Block::Heading(heading)];
    blocks.extend(facts.into_block());
    if approvals.is_empty() {
        let words = "This file has no approval of it.";
        blocks.push(Block::Paragraph(words.into()));
    } else {
        blocks.push(Block::Paragraph("Approvals:".into()));
        blocks.push(Block::List(approvals));
    }
    blocks
}

fn approval(approval: &ShownRecord<'_>) -> Line {
    let method = approval.at("/actor/method");
    let line = Line::from(approval.at("/recorded_at"))
        .own(": ")
        .append(who(approval, "/actor"))
        .own(" in the role of ")
        .said(approval.at("/role"))
        .own("; ")
        .word(method, words::method);
    match approval.at("/note") {
        note if note.string().is_some() => line.own(": ").said(note),
        _ => line,
    }
}

/// Approvals and retirements of versions that are not in the bundle.
fn strays(bundle: &ShownBundle<'_>) -> Option<Block> {
    let mut table = Table::new(
        "Approvals and retirements of versions that are not in this file",
        &["kind", "of", "recorded", "by"],
    );
    for kind in [Kind::Approval, Kind::Retirement] {
        for record in bundle.of_kind(kind) {
            let named = record.at("/record").string();
            if named.is_some_and(|id| bundle.by_id(id).is_some()) {
                continue;
            }
            table.rows.push(vec![
                kind.as_str().into(),
                record.at("/artifact").into(),
                record.at("/recorded_at").into(),
                who(record, "/actor"),
            ]);
        }
    }
    table.into_block()
}

fn deployments(bundle: &ShownBundle<'_>) -> Option<Block> {
    let columns = ["where", "from", "until", "what", "recorded by"];
    let mut table = Table::new("What was deployed", &columns);
    for deployment in bundle.of_kind(Kind::Deployment) {
        table.rows.push(vec![
            deployment.at("/environment").into(),
            deployment.at("/from").into(),
            deployment.at("/until").into(),
            deployment.at("/manifest").into(),
            who(deployment, "/actor"),
        ]);
    }
    table.into_block()
}

fn check(check: &ShownRecord<'_>) -> Vec<Block> {
    let passed = match check.at("/passed").text().as_deref() {
        Some("true") => " passed",
        Some("false") => " failed",
        _ => "",
    };
    let line = Line::from(check.at("/recorded_at"))
        .own(": a check of the ")
        .said(check.at("/of"))
        .own(" ")
        .said(check.at("/ref"))
        .own(passed)
        .own(".");
    let columns = ["constraint", "part", "measured", "had to be", "finding"];
    let mut table = Table::new("What the check found", &columns);
    for pointer in check.elements("/results") {
        let at = |member: &str| check.at(&format!("{pointer}/{member}"));
        table.rows.push(vec![
            at("constraint").into(),
            at("slice").into(),
            Line::from(at("metric")).own(" ").said(at("value")),
            Line::default()
                .word(at("comparison"), words::comparison)
                .own(" ")
                .said(at("threshold")),
            Line::default().word(at("result"), words::check),
        ]);
    }
    let mut blocks = vec![Block::Paragraph(line)];
    blocks.extend(table.into_block());
    let allowed = Facts::default()
        .some(
            "passed although not all was measured, because",
            check.at("/allowed_unmeasured/reason"),
        )
        .line("allowed by", who(check, "/allowed_unmeasured/by"));
    blocks.extend(allowed.into_block());
    blocks
}
