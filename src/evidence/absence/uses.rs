//! Where a record would name a thing that it used, and how far what stands there is the thing asked for.
//!
//! The places are those that `store::handles` takes what records are found by from, so that a bundle
//! and `contextrail used` mean the same by a use. A property test holds the two against each other.

use super::{Unsaid, UnsaidReason};
use crate::evidence::shown::{Said, ShownRecord};
use crate::record::{UsedKind, UsedRef};

/// What was found of one thing in one record.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where it is used.
    pub(super) paths: Vec<String>,
    /// Where it might be.
    pub(super) unsaid: Vec<Unsaid>,
}

/// Something that a record used.
struct Use {
    path: String,
    name: Part,
    chunk: Part,
    version: Part,
}

/// A part of what names a use.
enum Part {
    Is(String),
    Nothing,
    /// It cannot be read from the bundle.
    Unsaid(Unsaid),
}

/// How far a use is the one asked for.
enum Fit {
    Yes,
    No,
    Unsaid(Vec<Unsaid>),
}

/// What a context used.
pub(super) fn in_context(asked: &UsedRef, context: &ShownRecord<'_>) -> Found {
    let mut found = Found::default();
    let uses = match asked.kind {
        UsedKind::Feature => each(context, "/features", ""),
        UsedKind::Guardrail => each(context, "/guardrails", ""),
        UsedKind::Policy => each(context, "/guardrails", "/policy"),
        UsedKind::Index => each(context, "/retrievals", "/index"),
        UsedKind::Template => versioned(context, "/template").into_iter().collect(),
        UsedKind::Model => model(context).into_iter().collect(),
        UsedKind::Document => documents(context, &mut found.unsaid),
    };
    found.judge(asked, &uses);
    found.unsaid.extend(elsewhere(asked, context, &uses));
    found
}

/// What governed a decision.
pub(super) fn in_decision(asked: &UsedRef, decision: &ShownRecord<'_>) -> Found {
    let pointer = format!("/governed_by/{}", asked.kind.as_str());
    let places = std::iter::once(pointer.clone()).chain(decision.elements(&pointer));
    let uses: Vec<Use> = places
        .filter_map(|path| {
            let (name, version) = match part(decision, &path) {
                Part::Nothing => return None,
                Part::Unsaid(_) if decision.count(&path) > 0 => return None,
                Part::Is(text) => match text.rsplit_once('@') {
                    Some((name, version)) => {
                        (Part::Is(name.to_owned()), Part::Is(version.to_owned()))
                    }
                    None => (Part::Is(text), Part::Nothing),
                },
                Part::Unsaid(why) => (Part::Unsaid(why), Part::Nothing),
            };
            Some(Use {
                path,
                name,
                chunk: Part::Nothing,
                version,
            })
        })
        .collect();
    let mut found = Found::default();
    found.judge(asked, &uses);
    found
}

impl Found {
    fn judge(&mut self, asked: &UsedRef, uses: &[Use]) {
        for it in uses {
            match it.named(asked).and(|| it.versioned(asked)) {
                Fit::Yes => self.paths.push(it.path.clone()),
                Fit::No => {}
                Fit::Unsaid(why) => self.unsaid.extend(why),
            }
        }
    }
}

/// The uses below each element of the list at `list`.
fn each(record: &ShownRecord<'_>, list: &str, below: &str) -> Vec<Use> {
    let places = record.elements(list).map(|it| format!("{it}{below}"));
    places.filter_map(|it| versioned(record, &it)).collect()
}

/// What stands at `path` with a name and perhaps a version; `None` when nothing does.
fn versioned(record: &ShownRecord<'_>, path: &str) -> Option<Use> {
    if let Said::Nothing = record.at(path) {
        return None;
    }
    Some(Use {
        path: path.to_owned(),
        name: required(record, &format!("{path}/name")),
        chunk: Part::Nothing,
        version: part(record, &format!("{path}/version")),
    })
}

/// The model is found by the name that was asked for, whatever answered.
fn model(context: &ShownRecord<'_>) -> Option<Use> {
    let used = versioned(context, "/model")?;
    Some(Use {
        version: Part::Nothing,
        ..used
    })
}

/// The documents of every call. A call whose own field is withheld says nothing about its results.
fn documents(context: &ShownRecord<'_>, unsaid: &mut Vec<Unsaid>) -> Vec<Use> {
    let mut found = Vec::new();
    for call in context.elements("/retrievals") {
        if let Part::Unsaid(why) = part(context, &format!("{call}/retriever")) {
            unsaid.push(why);
        }
        for result in context.elements(&format!("{call}/results")) {
            found.push(Use {
                name: required(context, &format!("{result}/document")),
                chunk: part(context, &format!("{result}/chunk")),
                version: part(context, &format!("{result}/version")),
                path: result,
            });
        }
    }
    found
}

fn part(record: &ShownRecord<'_>, path: &str) -> Part {
    match record.at(path) {
        Said::Nothing => Part::Nothing,
        said @ Said::Shown(_) => match said.string() {
            Some(text) => Part::Is(text.to_owned()),
            None => Part::Unsaid(Unsaid::at(UnsaidReason::Unreadable, path)),
        },
        Said::Withheld(_) | Said::Unsaid => {
            let path = record.withheld_over(path).unwrap_or(path);
            Part::Unsaid(Unsaid::at(UnsaidReason::NotShown, path))
        }
    }
}

/// The same for what is always there.
fn required(record: &ShownRecord<'_>, path: &str) -> Part {
    match part(record, path) {
        Part::Nothing => Part::Unsaid(Unsaid::at(UnsaidReason::Unreadable, path)),
        part => part,
    }
}

impl Use {
    /// Whether its name, and chunk, are those asked for.
    fn named(&self, asked: &UsedRef) -> Fit {
        let whole = self.name.is(asked.name.as_str());
        let Some((document, chunk)) = asked.chunk() else {
            return whole;
        };
        if let Fit::Yes = whole {
            return whole;
        }
        self.name.is(document.as_str()).and(|| {
            self.chunk
                .is_recorded(chunk.as_str(), self, UnsaidReason::ChunkNotRecorded)
        })
    }

    fn versioned(&self, asked: &UsedRef) -> Fit {
        let Some(version) = &asked.version else {
            return Fit::Yes;
        };
        let reason = UnsaidReason::VersionNotRecorded;
        self.version.is_recorded(version.as_str(), self, reason)
    }
}

impl Part {
    fn is(&self, wanted: &str) -> Fit {
        match self {
            Self::Is(text) if text == wanted => Fit::Yes,
            Self::Is(_) | Self::Nothing => Fit::No,
            Self::Unsaid(why) => Fit::Unsaid(vec![why.clone()]),
        }
    }

    /// The same, where nothing recorded can mean anything.
    fn is_recorded(&self, wanted: &str, used: &Use, reason: UnsaidReason) -> Fit {
        match self {
            Self::Nothing => Fit::Unsaid(vec![Unsaid::at(reason, &*used.path)]),
            part => part.is(wanted),
        }
    }
}

impl Fit {
    /// One `No` is enough; else what cannot be said of either.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match (self, other()) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, fit) | (fit, Self::Yes) => fit,
            (Self::Unsaid(mut why), Self::Unsaid(more)) => {
                why.extend(
                    more.into_iter()
                        .filter(|it| !why.contains(it))
                        .collect::<Vec<_>>(),
                );
                Self::Unsaid(why)
            }
        }
    }
}

/// Where the thing is named, or may be, by something that is no use: an item of the text whose use is
/// not recorded, or the model that answered. A sound record has none of it.
fn elsewhere(asked: &UsedRef, context: &ShownRecord<'_>, uses: &[Use]) -> Vec<Unsaid> {
    let name = asked.name.as_str();
    let is_used = uses.iter().any(|it| matches!(it.named(asked), Fit::Yes));
    if is_used {
        return Vec::new();
    }
    match asked.kind {
        UsedKind::Model => {
            let path = "/model/served";
            let is_served = context.at(path).string() == Some(name);
            let named = is_served.then(|| Unsaid::at(UnsaidReason::NamedElsewhere, path));
            named.into_iter().collect()
        }
        UsedKind::Feature | UsedKind::Document | UsedKind::Template => {
            let items = context.elements("/assembly/items");
            items
                .filter_map(|it| named_by(asked, context, &it))
                .collect()
        }
        UsedKind::Index | UsedKind::Guardrail | UsedKind::Policy => Vec::new(),
    }
}

/// Whether the item at `item` names the thing asked for, or may.
fn named_by(asked: &UsedRef, context: &ShownRecord<'_>, item: &str) -> Option<Unsaid> {
    match required(context, &format!("{item}/kind")) {
        Part::Is(kind) if kind == asked.kind.as_str() => {}
        Part::Is(_) | Part::Nothing => return None,
        Part::Unsaid(why) => return Some(why),
    }
    match part(context, &format!("{item}/ref")) {
        Part::Nothing => None,
        Part::Unsaid(why) => Some(why),
        Part::Is(reference) => {
            let is_it = may_mean(&reference, asked);
            is_it.then(|| Unsaid::at(UnsaidReason::NamedElsewhere, item))
        }
    }
}

/// Items name `document#chunk` or `document`, `feature@entity`, `template@version`.
fn may_mean(reference: &str, asked: &UsedRef) -> bool {
    let name = asked.name.as_str();
    let rest = reference.strip_prefix(name);
    let goes_on = |mark: char| rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(mark));
    match asked.kind {
        UsedKind::Document => {
            let document = asked.chunk().map(|(document, _)| document);
            goes_on('#') || document.is_some_and(|it| it.as_str() == reference)
        }
        _ => goes_on('@'),
    }
}
