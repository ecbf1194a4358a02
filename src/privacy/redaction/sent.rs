//! Texts that were sent: they are stored as they were, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::scrub::Scrubber;
use crate::record::{
    Class, Context, Digest, Generation, RedactionTreatment, TEMPLATE_TEXT_PATH, Texts, Verdict,
    WithheldText, item_text_path,
};

/// The texts of items and of the template by digest, of a record that comes with its digests.
pub(super) type KnownTexts = BTreeMap<Digest, Arc<str>>;

/// A text of an item or template, and the class it has.
type Placed = (WithheldText, Class, Arc<str>);

/// Keeps the texts of a context from being stored in which a rule finds anything.
pub(super) fn context(
    context: &Context,
    texts: &mut Texts,
    known: Option<&mut KnownTexts>,
    scrub: &mut Scrubber<'_>,
) {
    let placed = placed(context, texts, known.as_deref());
    let mut found = BTreeSet::new();
    for (place, class, text) in &placed {
        for finds in at(*place, scrub, |scrub| scrub.of(*class, |it| it.finds(text))) {
            found.insert(finds.1.to_owned());
        }
        if at(*place, scrub, |scrub| {
            scrub.of(*class, |it| it.is_taken(text))
        }) {
            texts.withheld.insert(*place);
        }
    }
    across(context, texts, &placed, &found, scrub);
    if let Some(known) = known {
        let withheld = placed.iter().filter(|it| texts.withheld.contains(&it.0));
        let gone: BTreeSet<&str> = withheld.map(|(_, _, text)| &**text).collect();
        known.retain(|_, text| !gone.contains(&**text));
    }
}

/// What stands only where items meet is in none of them: then none of them is stored.
fn across(
    context: &Context,
    texts: &mut Texts,
    placed: &[Placed],
    found: &BTreeSet<String>,
    scrub: &mut Scrubber<'_>,
) {
    let (Some(text), Some(made)) = (&texts.text, &context.assembly) else {
        return;
    };
    let finds = scrub.at("text", |scrub| scrub.finds(text));
    let mut new = finds.into_iter().filter(|(rule, it)| {
        let is_asked_for = rule.matching.finder.is_some() || rule.matching.path.is_some();
        is_asked_for && !found.contains(*it)
    });
    let Some((rule, found)) = new.next() else {
        return;
    };
    let sent = placed.iter().filter(|(place, _, _)| match place {
        WithheldText::Template => false,
        WithheldText::Item(index) => {
            let item = made.items.get(*index);
            item.is_some_and(|item| item.verdict != Verdict::Dropped)
        }
    });
    for (place, _, _) in sent {
        if texts.withheld.insert(*place) {
            at(*place, scrub, |scrub| {
                scrub.trace(rule, found.len(), RedactionTreatment::Drop);
            });
        }
    }
}

/// The texts that would be stored with a context.
fn placed(context: &Context, texts: &Texts, known: Option<&KnownTexts>) -> Vec<Placed> {
    let by_digest = |digest: Option<Digest>| {
        let digest = digest?;
        let class = match digest {
            Digest::Sha256(_) => Class::Confidential,
            Digest::HmacSha256(_) => Class::Personal,
        };
        Some((class, Arc::clone(known?.get(&digest)?)))
    };
    let mut placed = Vec::with_capacity(texts.items.len() + 1);
    let used = context.template.as_ref();
    let template = match &texts.template {
        Some(text) => Some((Class::Confidential, Arc::clone(text))),
        None => by_digest(used.and_then(|it| it.digest)),
    };
    placed.extend(template.map(|(class, text)| (WithheldText::Template, class, text)));
    let items = texts.items.iter().enumerate().map(|(index, item)| {
        let class = match item.class {
            Class::Plain => Class::Confidential,
            class => class,
        };
        (WithheldText::Item(index), class, Arc::clone(&item.text))
    });
    placed.extend(items);
    let made = context.assembly.iter().flat_map(|made| &made.items);
    let known = made.enumerate().filter_map(|(index, item)| {
        let (class, text) = by_digest(item.digest)?;
        Some((WithheldText::Item(index), class, text))
    });
    if texts.items.is_empty() {
        placed.extend(known);
    }
    placed
}

/// Works at the place of a text.
fn at<'a, R>(
    place: WithheldText,
    scrub: &mut Scrubber<'a>,
    work: impl FnOnce(&mut Scrubber<'a>) -> R,
) -> R {
    let path = match place {
        WithheldText::Template => TEMPLATE_TEXT_PATH.to_owned(),
        WithheldText::Item(index) => item_text_path(index),
    };
    scrub.at_path(&path, work)
}

/// Keeps an answer from being stored in which a rule finds anything.
pub(super) fn generation(generation: &mut Generation, texts: &mut Texts, scrub: &mut Scrubber<'_>) {
    if generation.text_digest.is_some() {
        return;
    }
    if scrub.at("text", |scrub| scrub.is_taken(&generation.text)) {
        let text = std::mem::replace(&mut generation.text, Generation::REDACTED.to_owned());
        texts.text = Some(text.into());
    }
}
