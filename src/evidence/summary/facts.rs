//! Ways of saying what several kinds of record have in common.

use super::words;
use crate::evidence::page::{Block, Facts, Line, Table, grouped};
use crate::evidence::shown::{Said, ShownRecord};

/// `name`, with `version` after an `@` where there is one.
pub(super) fn versioned(record: &ShownRecord<'_>, pointer: &str) -> Line {
    let at = |member: &str| record.at(&format!("{pointer}/{member}"));
    match (at("name").text(), at("version").text()) {
        (Some(name), Some(version)) => Line::default().recorded(format!("{name}@{version}")),
        _ => at("name").into(),
    }
}

/// `type:id` of the entity at `pointer`, or what is said instead.
pub(super) fn entity(record: &ShownRecord<'_>, pointer: &str) -> Line {
    match entity_text(record, pointer) {
        Some(text) => Line::default().recorded(text),
        None => record.at(pointer).into(),
    }
}

/// `type:id` of the entity at `pointer`, when it is shown.
pub(super) fn entity_text(record: &ShownRecord<'_>, pointer: &str) -> Option<String> {
    let part = |name: &str| record.at(&format!("{pointer}/{name}")).text();
    Some(format!("{}:{}", part("type")?, part("id")?))
}

/// The model at `pointer`: provider, name, the version that answered.
pub(super) fn model(record: &ShownRecord<'_>, pointer: &str) -> Line {
    let at = |member: &str| record.at(&format!("{pointer}/{member}"));
    let mut line = Line::from(at("name"));
    if let Some(served) = at("served").text() {
        line = line.own(", answered by ").recorded(served);
    }
    if let Some(provider) = at("provider").text() {
        line = line.own(", run by ").recorded(provider);
    }
    line
}

/// All that is listed at `pointer`, one after the other.
pub(super) fn listed(record: &ShownRecord<'_>, pointer: &str) -> Line {
    joined(record.elements(pointer).map(|it| record.at(&it).into()))
}

/// `lines` with commas between.
pub(super) fn joined(lines: impl Iterator<Item = Line>) -> Line {
    lines.fold(Line::default(), |all, line| match all.is_empty() {
        true => line,
        false => all.own(", ").append(line),
    })
}

/// A count, with commas between thousands.
pub(super) fn number(said: Said<'_>) -> Line {
    match said.number() {
        Some(number) => grouped(number).into(),
        None => said.into(),
    }
}

/// A number of milliseconds, read out.
pub(super) fn duration(said: Said<'_>) -> Line {
    let ms = said.text().and_then(|text| text.parse().ok());
    ms.map_or_else(|| said.into(), |ms| words::duration(ms).into())
}

/// The members at `pointer`, as a block of facts.
pub(super) fn members(record: &ShownRecord<'_>, pointer: &str) -> Option<Block> {
    let facts = record
        .members(pointer)
        .into_iter()
        .fold(Facts::default(), |facts, (name, said)| {
            facts.line(Line::default().recorded(name), said.into())
        });
    facts.into_block()
}

/// Who caused the record at hand: `id`, with what kind of caller it is.
pub(super) fn who(record: &ShownRecord<'_>, pointer: &str) -> Line {
    let at = |member: &str| record.at(&format!("{pointer}/{member}"));
    let Said::Shown(_) = record.at(pointer) else {
        return record.at(pointer).into();
    };
    let line = Line::from(at("id"));
    match at("kind").string().and_then(words::kind) {
        Some(kind) => line.own(format!(" ({kind})")),
        None => line,
    }
}

/// How the identity of the one at `pointer` is known.
///
/// A decider is a name that whoever recorded the decision put there: it is known as well as they are
/// when it is their own, and else was not checked.
pub(super) fn how_known(record: &ShownRecord<'_>, pointer: &str) -> Line {
    let at = |member: &str| record.at(&format!("{pointer}/{member}"));
    let method = at("method");
    if pointer != "/decided_by" || matches!(method, Said::Shown(_)) {
        return match method {
            Said::Unsaid => Line::default(),
            method => Line::default().word(method, words::method),
        };
    }
    if !matches!(record.at(pointer), Said::Shown(_)) {
        return Line::default();
    }
    let is_same =
        at("id").string().is_some() && at("id").string() == record.at("/actor/id").string();
    let kinds = [at("kind").string(), record.at("/actor/kind").string()];
    let is_same_kind = matches!(
        kinds,
        [Some("human"), Some("human")] | [Some("system"), Some("service")]
    );
    match record.at("/actor/method") {
        method @ Said::Shown(_) if is_same && is_same_kind => {
            Line::default().word(method, words::method)
        }
        _ => "named by whoever recorded it: identity not checked by us (asserted)".into(),
    }
}

/// The guardrails at `pointer`.
pub(super) fn guardrails(record: &ShownRecord<'_>, pointer: &str) -> Option<Block> {
    let columns = [
        "guardrail",
        "stage",
        "policy",
        "verdict",
        "what was done",
        "what it found",
    ];
    let mut table = Table::new(
        "Guardrails: automatic checks of what went in or came out",
        &columns,
    );
    for it in record.elements(pointer) {
        let at = |member: &str| record.at(&format!("{it}/{member}"));
        let error = at("error/message");
        let found = match (at("native"), error) {
            (Said::Nothing | Said::Unsaid, Said::Shown(_)) => Line::from("failed: ").said(error),
            (native, _) => native.into(),
        };
        table.rows.push(vec![
            versioned(record, &it),
            at("stage").into(),
            versioned(record, &format!("{it}/policy")),
            Line::default().word(at("verdict"), words::guardrail),
            at("action").into(),
            found,
        ]);
    }
    table.into_block()
}

/// The tool calls at `pointer`.
pub(super) fn tools(record: &ShownRecord<'_>, pointer: &str, caption: &'static str) -> Vec<Block> {
    let columns = ["tool", "called", "with", "outcome", "acts on the world"];
    let mut table = Table::new(caption, &columns);
    let mut outputs = Vec::new();
    for it in record.elements(pointer) {
        let at = |member: &str| record.at(&format!("{it}/{member}"));
        let acts = match at("side_effect").text().as_deref() {
            Some("true") => "yes".into(),
            Some("false") => "no".into(),
            _ => at("side_effect").into(),
        };
        let outcome = match at("error/message") {
            Said::Nothing | Said::Unsaid => at("status").into(),
            message => Line::from(at("status")).own(": ").said(message),
        };
        table.rows.push(vec![
            versioned(record, &it),
            at("started_at").into(),
            at("arguments").into(),
            outcome,
            acts,
        ]);
        if let Some(text) = at("output").text() {
            let label = Line::from("What ").said(at("name")).own(" answered");
            outputs.push(Block::Text { label, text });
        }
    }
    table.into_block().into_iter().chain(outputs).collect()
}
