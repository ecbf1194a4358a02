//! Decisions with what was said about them later, answers of models, and all other records.

use super::facts::{
    entity, guardrails, how_known, joined, listed, members, model, number, tools, who,
};
use super::{each_of_kind, words};
use crate::evidence::page::{Block, Facts, Line, Section, Table};
use crate::evidence::shown::{Said, ShownBundle, ShownRecord};
use crate::record::Kind;

pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    Section {
        title: "What was decided, and why",
        blocks: each_of_kind(bundle, Kind::Decision, |decision| one(bundle, decision)),
    }
}

fn one(bundle: &ShownBundle<'_>, decision: &ShownRecord<'_>) -> Vec<Block> {
    let heading = entity(decision, "/subject")
        .own(": ")
        .said(decision.at("/outcome"));
    let mut blocks = vec![Block::Heading(heading)];
    blocks.extend(head(bundle, decision).into_block());
    blocks.extend(reasons(decision));
    blocks.extend(rationale(decision));
    for (words, pointer) in [
        ("What the model or rule gave:", "/output"),
        ("Versions that governed it:", "/governed_by"),
        ("Measured with it:", "/kpis"),
        ("Members that came with an import:", "/extra"),
    ] {
        if let Some(members) = members(decision, pointer) {
            blocks.extend([Block::Paragraph(words.into()), members]);
        }
    }
    blocks.extend(checks(decision));
    blocks.extend(reviews(bundle, decision));
    blocks.extend(outcomes(bundle, decision));
    blocks
}

fn head(bundle: &ShownBundle<'_>, decision: &ShownRecord<'_>) -> Facts {
    let later = bundle.naming(decision, Kind::Decision, "/supersedes");
    let later = joined(later.map(|it| Line::default().recorded(it.view.id.to_string())));
    Facts::default()
        .need("outcome", decision.at("/outcome"))
        .some("what was done about it", decision.at("/action"))
        .line("decided by", who(decision, "/decided_by"))
        .line("how that is known", how_known(decision, "/decided_by"))
        .need("decided", decision.at("/decided_at"))
        .need("recorded", decision.at("/recorded_at"))
        .line("human part", human_part(decision))
        .some(
            "how sure the decider was, from 0 to 1",
            decision.at("/confidence"),
        )
        .some("how much is at stake", decision.at("/risk_tier"))
        .some("use case", decision.at("/use_case"))
        .line("held against", threshold(decision))
        .line("rests on the contexts", listed(decision, "/contexts"))
        .line("rests on the answers", listed(decision, "/generations"))
        .line("caused by", listed(decision, "/caused_by"))
        .some("kept by the rule", decision.at("/retention/class"))
        .some("takes the place of decision", decision.at("/supersedes"))
        .line("its place was taken by decision", later)
        .some("where the input is kept", decision.at("/input_ref"))
        .line("id", Line::default().recorded(decision.view.id.to_string()))
}

/// What part people had, as the level of automation and the decider say together.
fn human_part(decision: &ShownRecord<'_>) -> Line {
    let level = decision.at("/automation");
    let decider = decision.at("/decided_by/kind").string();
    let words = level.string().and_then(|it| words::automation(it, decider));
    match (words, level) {
        (Some(words), _) => words.into(),
        (None, Said::Unsaid) => Line::default(),
        (None, level) => level.into(),
    }
}

fn threshold(decision: &ShownRecord<'_>) -> Line {
    match decision.at("/threshold") {
        Said::Shown(_) => Line::default()
            .said(decision.at("/threshold/name"))
            .own(" ")
            .said(decision.at("/threshold/value")),
        Said::Unsaid => Line::default(),
        said => said.into(),
    }
}

fn reasons(decision: &ShownRecord<'_>) -> Vec<Block> {
    let reason = |pointer: String| {
        let at = |member: &str| decision.at(&format!("{pointer}/{member}"));
        let line = Line::from(at("code"));
        let line = match at("text") {
            Said::Nothing => line,
            text => line.own(": ").said(text),
        };
        match listed(decision, &format!("{pointer}/refs")) {
            rests if rests.is_empty() => line,
            rests => line.own(" (rests on ").append(rests).own(")"),
        }
    };
    let reasons: Vec<Line> = decision.elements("/reasons").map(reason).collect();
    if reasons.is_empty() {
        return Vec::new();
    }
    let words = "Reasons, the principal one first:";
    vec![Block::Paragraph(words.into()), Block::List(reasons)]
}

fn rationale(decision: &ShownRecord<'_>) -> Option<Block> {
    let columns = ["signal", "contribution", "method"];
    let mut table = Table::new("How much each signal contributed", &columns);
    for pointer in decision.elements("/rationale") {
        let cell = |member: &&str| decision.at(&format!("{pointer}/{member}")).into();
        table.rows.push(columns.iter().map(cell).collect());
    }
    table.into_block()
}

fn checks(decision: &ShownRecord<'_>) -> Option<Block> {
    let columns = ["constraint", "measured", "had to be", "finding"];
    let mut table = Table::new("Constraints that were checked", &columns);
    for pointer in decision.elements("/checks") {
        let at = |member: &str| decision.at(&format!("{pointer}/{member}"));
        table.rows.push(vec![
            at("constraint").into(),
            Line::from(at("metric")).own(" ").said(at("value")),
            Line::default()
                .word(at("comparison"), words::comparison)
                .own(" ")
                .said(at("threshold")),
            Line::default().word(at("result"), words::check),
        ]);
    }
    table.into_block()
}

fn reviews(bundle: &ShownBundle<'_>, decision: &ShownRecord<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for review in bundle.naming(decision, Kind::Review, "/decision") {
        let words = Line::from("Review by ")
            .append(who(review, "/actor"))
            .own(":");
        let facts = Facts::default()
            .some("in the role of", review.at("/role"))
            .word("verdict", review.at("/verdict"), words::review)
            .need("outcome before", review.at("/original_outcome"))
            .some("outcome after", review.at("/new_outcome"))
            .some("recorded as decision", review.at("/new_decision"))
            .some("reason", review.at("/reason_code"))
            .some("policy that allows it", review.at("/policy"))
            .some("note", review.at("/note"))
            .some("was shown the decision", review.at("/presented_at"))
            .line("time taken", taken(review))
            .need("reviewed", review.at("/decided_at"));
        blocks.push(Block::Paragraph(words));
        blocks.extend(facts.into_block());
    }
    blocks
}

/// Without the time of presentation, rubber-stamping cannot be seen.
fn taken(review: &ShownRecord<'_>) -> Line {
    let shown = review.at("/presented_at");
    match (shown.time(), review.at("/decided_at").time()) {
        (Some(shown), Some(decided)) => words::duration(decided.millis_since(shown)).into(),
        _ if matches!(shown, Said::Nothing) => {
            "cannot be said: when the reviewer was shown the decision was not recorded".into()
        }
        _ => Line::default(),
    }
}

fn outcomes(bundle: &ShownBundle<'_>, decision: &ShownRecord<'_>) -> Option<Block> {
    let mut table = Table::new(
        "What happened afterwards",
        &["when", "what", "value", "note"],
    );
    for outcome in bundle.naming(decision, Kind::Outcome, "/decision") {
        let cells = ["/at", "/kind", "/value", "/note"];
        let row = cells.map(|pointer| Line::from(outcome.at(pointer)));
        table.rows.push(row.to_vec());
    }
    table.into_block()
}

/// What models answered.
pub(super) fn answers(bundle: &ShownBundle<'_>) -> Section {
    Section {
        title: "What the model answered",
        blocks: each_of_kind(bundle, Kind::Generation, answer),
    }
}

fn answer(generation: &ShownRecord<'_>) -> Vec<Block> {
    let facts = Facts::default()
        .line("model", model(generation, "/model"))
        .need("to the context", generation.at("/context"))
        .need("recorded", generation.at("/recorded_at"))
        .some("why it stopped", generation.at("/finish_reason"))
        .line("cost", cost(generation))
        .line("tokens given", number(generation.at("/usage/input_tokens")))
        .line(
            "tokens answered",
            number(generation.at("/usage/output_tokens")),
        );
    let heading = Line::from("Answer of ").said(generation.at("/model/name"));
    let mut blocks = vec![Block::Heading(heading)];
    blocks.extend(facts.into_block());
    match generation.at("/text") {
        Said::Shown(tree) => blocks.push(Block::Text {
            label: "The answer, as it was given".into(),
            text: tree.text(),
        }),
        said => blocks.push(Block::Paragraph(Line::from("The answer: ").said(said))),
    }
    blocks.extend(tools(
        generation,
        "/tool_calls",
        "Tools the answer asks for",
    ));
    blocks.extend(guardrails(generation, "/guardrails"));
    blocks
}

fn cost(generation: &ShownRecord<'_>) -> Line {
    match generation.at("/cost") {
        Said::Shown(_) => Line::default()
            .said(generation.at("/cost/amount"))
            .own(" ")
            .said(generation.at("/cost/currency")),
        Said::Unsaid => Line::default(),
        said => said.into(),
    }
}

/// Records that stand under no decision of this bundle.
pub(super) fn others(bundle: &ShownBundle<'_>) -> Section {
    let mut table = Table::new(
        "Reviews and outcomes of decisions that are not in this file, and imports",
        &[
            "index",
            "kind",
            "recorded",
            "of the decision",
            "what it says",
        ],
    );
    for record in &bundle.records {
        let says = match record.view.kind {
            Kind::Review => Line::default().word(record.at("/verdict"), words::review),
            Kind::Outcome => record.at("/kind").into(),
            Kind::Import => Line::from("counts ").said(record.at("/counts")),
            Kind::Key => Line::from("the signing key, ").said(record.at("/action")),
            Kind::Token => Line::from("token, ").said(record.at("/action")),
            Kind::Access => Line::from("access, ").said(record.at("/what")),
            Kind::Policy => Line::from("retention policy ")
                .said(record.at("/name"))
                .own("@")
                .said(record.at("/version")),
            Kind::Archive => {
                Line::from("values moved to the archive, records: ").said(record.at("/records"))
            }
            Kind::Kpi => Line::from("metric ")
                .said(record.at("/metric"))
                .own(" ")
                .said(record.at("/value")),
            Kind::Freeze => Line::from("freeze: ").said(record.at("/reason")),
            Kind::Unfreeze => Line::from("freeze lifted: ").said(record.at("/freeze")),
            // Those have sections of their own.
            Kind::Context
            | Kind::Decision
            | Kind::Generation
            | Kind::Succession
            | Kind::Erasure
            | Kind::Retention
            | Kind::Hold
            | Kind::Release
            | Kind::Artifact
            | Kind::Approval
            | Kind::Retirement
            | Kind::Deployment
            | Kind::Check => continue,
        };
        let decision = record.at("/decision");
        let stands_elsewhere = decision
            .string()
            .and_then(|id| bundle.by_id(id))
            .is_some_and(|it| it.view.kind == Kind::Decision);
        if !stands_elsewhere {
            table.rows.push(vec![
                record.view.index.to_string().into(),
                record.view.kind.as_str().into(),
                record.at("/recorded_at").into(),
                decision.into(),
                says,
            ]);
        }
    }
    Section {
        title: "Other records",
        blocks: table.into_block().into_iter().collect(),
    }
}
