//! From items to text: order, kept ranges, markers, separators, messages.

use std::borrow::Cow;
use std::sync::Arc;

use crate::record::{AssemblyRecord, Item, MessageSpan, Order, Overflow, Role, Verdict};

use super::error::RenderError;

/// The text of `record` made again from the whole texts of its items, byte for byte.
///
/// `item_texts` holds the text of every item by index; those of dropped items are not looked at.
///
/// # Errors
///
/// [`RenderError`] when a text is missing or is not the one the record was made from.
pub fn render(record: &AssemblyRecord, item_texts: &[Arc<str>]) -> Result<String, RenderError> {
    let priorities: Vec<u64> = record.items.iter().map(|item| item.priority).collect();
    let mut text = String::new();
    let mut first = true;
    for place in arrangement(record.order, &priorities) {
        let item = &record.items[place];
        if item.verdict == Verdict::Dropped {
            continue;
        }
        if !first {
            text.push_str(&record.separator);
        }
        first = false;
        let whole = item_texts
            .get(place)
            .ok_or(RenderError::MissingText { index: item.index })?;
        text.push_str(&kept_text(item, whole)?);
    }
    Ok(text)
}

/// The runs of equal role of `text`, which is the text of `record`.
///
/// A run whose range is not a part of `text` is left out; the record is then not that of `text`.
#[must_use]
pub fn messages<'a>(record: &AssemblyRecord, text: &'a str) -> Vec<(Role, &'a str)> {
    let slice = |span: &MessageSpan| {
        let [from, to] = span.range;
        let range = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
        Some((span.role, text.get(range)?))
    };
    record.messages.iter().filter_map(slice).collect()
}

/// The indices of all items in the order they stand in the text, dropped ones left in place.
pub(super) fn arrangement(order: Order, priorities: &[u64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..priorities.len()).collect();
    match order {
        Order::Added => {}
        Order::Priority => places.sort_by_key(|place| priorities[*place]),
        Order::Edges => {
            places.sort_by_key(|place| priorities[*place]);
            let front = places.iter().step_by(2).copied();
            let back = places.iter().skip(1).step_by(2).rev().copied();
            places = front.chain(back).collect();
        }
    }
    places
}

/// A truncated text: what is kept of it, with the marker where text was cut out.
pub(super) fn cut_text(overflow: Overflow, marker: &str, kept: &[&str]) -> Option<String> {
    match (overflow, kept) {
        (Overflow::KeepTail, [tail]) => Some([marker, tail].concat()),
        (Overflow::KeepEnds, [head, tail]) => Some([head, marker, tail].concat()),
        (Overflow::KeepEnds, _) => None,
        (_, [head]) => Some([head, marker].concat()),
        _ => None,
    }
}

fn kept_text<'a>(item: &Item, whole: &'a str) -> Result<Cow<'a, str>, RenderError> {
    if item.verdict == Verdict::Included {
        return Ok(Cow::Borrowed(whole));
    }
    let slice = |range: &[u64; 2]| {
        let [from, to] = *range;
        let bytes = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
        whole.get(bytes)
    };
    let parts = item
        .kept
        .iter()
        .map(|range| {
            slice(range).ok_or(RenderError::KeptOutside {
                index: item.index,
                from: range[0],
                to: range[1],
                bytes: whole.len(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let marker = item.marker.as_deref().unwrap_or_default();
    cut_text(item.overflow, marker, &parts)
        .map(Cow::Owned)
        .ok_or(RenderError::KeptMissing {
            index: item.index,
            found: parts.len(),
        })
}
