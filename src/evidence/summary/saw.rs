//! What the model saw: the candidates, what became of each, and the text as it was sent.

use super::facts::{duration, number};
use super::words;
use crate::evidence::page::{Block, Line, Table, grouped};
use crate::evidence::shown::{Said, ShownRecord};
use crate::record::Digest;

pub(super) fn items(context: &ShownRecord<'_>) -> Vec<Block> {
    let columns = [
        "no.",
        "kind",
        "what",
        "importance",
        "became",
        "tokens",
        "why",
    ];
    let mut table = Table::new(
        "Every piece of text that was put forward, and what became of it",
        &columns,
    );
    let mut texts = Vec::new();
    for item in context.elements("/assembly/items") {
        let at = |member: &str| context.at(&format!("{item}/{member}"));
        table.rows.push(vec![
            last(&item).into(),
            at("kind").into(),
            at("ref").into(),
            importance(at("priority"), at("required")),
            Line::default().word(at("verdict"), words::verdict),
            tokens(at("used_tokens"), at("tokens")),
            Line::default().word(at("reason"), words::cut),
        ]);
        texts.extend(item_text(context, &item));
    }
    let mut blocks: Vec<Block> = table.into_block().into_iter().collect();
    blocks.extend(budget(context));
    blocks.extend(texts);
    blocks
}

fn importance(priority: Said<'_>, required: Said<'_>) -> Line {
    match required.text().as_deref() {
        Some("true") => "required".into(),
        _ => priority.into(),
    }
}

fn tokens(used: Said<'_>, all: Said<'_>) -> Line {
    match (used.number(), all.number()) {
        (Some(used), Some(all)) if used != all => {
            format!("{} of {}", grouped(used), grouped(all)).into()
        }
        _ => number(used),
    }
}

fn budget(context: &ShownRecord<'_>) -> Option<Block> {
    let at = |member: &str| context.at(&format!("/assembly/budget/{member}"));
    at("used").number()?;
    let line = Line::from("Length of the text: ")
        .append(number(at("used")))
        .own(" tokens of ")
        .append(number(at("available")))
        .own(" available (")
        .append(number(at("limit")))
        .own(" in all, ")
        .append(number(at("reserve_output")))
        .own(" kept free for the answer), counted by ")
        .said(context.at("/assembly/tokenizer/name"))
        .own(".");
    Some(Block::Paragraph(line))
}

/// The text of an item, unless the text as sent has all of it.
fn item_text(context: &ShownRecord<'_>, item: &str) -> Option<Block> {
    let at = |member: &str| context.at(&format!("{item}/{member}"));
    let is_whole = at("verdict").string() == Some("included");
    if is_whole && context.view.text.is_some() {
        return None;
    }
    let digest: Digest = at("digest").string()?.parse().ok()?;
    let text = context.view.texts.get(&digest)?;
    let (is_it, how) = match digest {
        Digest::Sha256(_) => (
            Digest::sha256(text.as_bytes()) == digest,
            " (its digest is the recorded one)",
        ),
        Digest::HmacSha256(_) => (true, ""),
    };
    if !is_it {
        let words = format!("A text in this file is not that of item {}.", last(item));
        return Some(Block::Paragraph(words.into()));
    }
    let label = Line::from(format!("Item {}, ", last(item)))
        .word(at("verdict"), words::verdict)
        .append(kept(context, item, text.len()))
        .own(how);
    Some(Block::Aside {
        label,
        text: text.clone(),
    })
}

/// Which bytes of a shortened item were kept.
fn kept(context: &ShownRecord<'_>, item: &str, length: usize) -> Line {
    let ranges = context.elements(&format!("{item}/kept")).map(|range| {
        let end = |at: u8| {
            context
                .at(&format!("{range}/{at}"))
                .text()
                .unwrap_or_default()
        };
        format!("{} to {}", end(0), end(1))
    });
    let ranges: Vec<String> = ranges.collect();
    if ranges.is_empty() {
        return Line::default();
    }
    format!(
        ": of its {length} bytes, the model saw bytes {}",
        ranges.join(" and ")
    )
    .into()
}

fn last(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or_default()
}

/// The text as it was sent, by whose words they are to the model.
pub(super) fn text(context: &ShownRecord<'_>) -> Vec<Block> {
    let Some(text) = &context.view.text else {
        let has_text = matches!(context.at("/assembly/text_bytes"), Said::Shown(_));
        let words = "The text as it was sent is not in this file.";
        return has_text
            .then(|| Block::Paragraph(words.into()))
            .into_iter()
            .collect();
    };
    parts(context, text).unwrap_or_else(|| {
        vec![Block::Text {
            label: "The text, as it was sent to the model".into(),
            text: text.clone(),
        }]
    })
}

/// The text cut where its roles change; `None` when the record does not say where that is.
fn parts(context: &ShownRecord<'_>, text: &str) -> Option<Vec<Block>> {
    let mut blocks = Vec::new();
    for span in context.elements("/assembly/messages") {
        let end = |at: &str| -> Option<usize> {
            let number = context.at(&format!("{span}/range/{at}")).number()?;
            usize::try_from(number).ok()
        };
        let part = text.get(end("0")?..end("1")?)?;
        let label = Line::from("As it was sent to the model: ")
            .word(context.at(&format!("{span}/role")), words::role);
        blocks.push(Block::Text {
            label,
            text: part.to_owned(),
        });
    }
    (!blocks.is_empty()).then_some(blocks)
}

/// An age and the age allowed.
pub(super) fn age(age: Said<'_>, limit: Said<'_>) -> Line {
    let line = duration(age);
    match limit {
        Said::Nothing | Said::Unsaid => line,
        limit => line.own(" (allowed: ").append(duration(limit)).own(")"),
    }
}
