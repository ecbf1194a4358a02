//! The page in a few sentences.

use super::facts::{entity, who};
use super::words;
use super::{MAX_IN_DETAIL, asked, gone, hold, succession, withheld};
use crate::evidence::page::{Block, Line, Section, counted};
use crate::evidence::shown::{Said, ShownBundle, ShownRecord};
use crate::evidence::view::Scope;
use crate::record::Kind;

pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let mut lines = vec![holds(bundle)];
    lines.extend(succession::sentences(bundle));
    lines.extend(hold::sentences(bundle));
    if withheld::shows_nothing(bundle) {
        lines.push("No value is shown. This file proves that the records exist, and nothing about what they say.".into());
    }
    for decision in bundle.of_kind(Kind::Decision).take(MAX_IN_DETAIL) {
        lines.push(decided(decision));
        lines.extend(
            bundle
                .naming(decision, Kind::Review, "/decision")
                .map(reviewed),
        );
        lines.extend(
            bundle
                .naming(decision, Kind::Outcome, "/decision")
                .map(followed),
        );
    }
    for context in bundle.of_kind(Kind::Context).take(MAX_IN_DETAIL) {
        lines.extend(given(context));
    }
    lines.extend(asked::sentences(bundle));
    lines.extend(gone::sentences(bundle));
    if let Some(line) = withheld::sentence(bundle) {
        lines.push(line);
    }
    lines
        .push("What this file proves, and what it does not, stands under “What is proved”.".into());
    Section {
        title: "In brief",
        blocks: vec![Block::List(lines)],
    }
}

/// What the bundle holds.
fn holds(bundle: &ShownBundle<'_>) -> Line {
    let kinds: Vec<String> = Kind::ALL
        .into_iter()
        .map(|kind| (kind, bundle.of_kind(kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| counted(count, kind.as_str(), &format!("{kind}s")))
        .collect();
    if kinds.is_empty() {
        return "This file holds no record.".into();
    }
    let records = counted(bundle.records.len(), "record", "records");
    let line = Line::from(format!("This file holds {records}: {}.", kinds.join(", ")));
    match bundle.view.claim.scope {
        Scope::Range { from, to } if is_whole(bundle, from, to) => line.own(format!(
            " It has every entry of the log from {from} to {to}: nothing in between was held back."
        )),
        _ => line,
    }
}

/// Whether every index from `from` to `to` is there.
pub(super) fn is_whole(bundle: &ShownBundle<'_>, from: u64, to: u64) -> bool {
    let indexes = bundle.records.iter().map(|record| record.view.index);
    // A succession belongs to every bundle of a later epoch, wherever it stands.
    from <= to && indexes.filter(|it| (from..=to).contains(it)).eq(from..=to)
}

fn decided(decision: &ShownRecord<'_>) -> Line {
    Line::default()
        .said(decision.at("/decided_at"))
        .own(": ")
        .append(who(decision, "/decided_by"))
        .own(" decided on ")
        .append(entity(decision, "/subject"))
        .own(". The outcome was ")
        .said(decision.at("/outcome"))
        .own(".")
}

fn reviewed(review: &ShownRecord<'_>) -> Line {
    let line = Line::default()
        .said(review.at("/decided_at"))
        .own(": ")
        .append(who(review, "/actor"))
        .own(" reviewed this decision and ")
        .word(review.at("/verdict"), words::review);
    match review.at("/new_outcome") {
        Said::Nothing | Said::Unsaid => line.own("."),
        new => line
            .own(". The outcome changed from ")
            .said(review.at("/original_outcome"))
            .own(" to ")
            .said(new)
            .own("."),
    }
}

fn followed(outcome: &ShownRecord<'_>) -> Line {
    Line::default()
        .said(outcome.at("/at"))
        .own(": afterwards, ")
        .said(outcome.at("/kind"))
        .own(" was recorded of this decision.")
}

/// How much the model was given, and how much was left out.
fn given(context: &ShownRecord<'_>) -> Option<Line> {
    let items = context.elements("/assembly/items");
    let verdicts: Vec<Option<String>> = items
        .map(|item| context.at(&format!("{item}/verdict")).text())
        .collect();
    if verdicts.is_empty() {
        return None;
    }
    let count = |word: &str| {
        let is_it = |it: &&Option<String>| it.as_deref() == Some(word);
        verdicts.iter().filter(is_it).count()
    };
    let unknown = verdicts.iter().filter(|it| it.is_none()).count();
    let [included, truncated, dropped] = ["included", "truncated", "dropped"].map(count);
    let line = Line::from("For the context ")
        .said(context.at("/name"))
        .own(format!(
            ", the model was given {} in full and {truncated} shortened; {dropped} {} left out",
            counted(included, "piece of text", "pieces of text"),
            if dropped == 1 { "was" } else { "were" },
        ));
    Some(match unknown {
        0 => line.own("."),
        _ => line.own(format!(
            "; of {unknown} more it is not shown what became of {}.",
            if unknown == 1 { "it" } else { "them" }
        )),
    })
}
