//! What the bundle withholds, by class and path, and why.

use std::collections::BTreeMap;

use crate::evidence::bundle::FieldEntry;
use crate::evidence::page::{Block, Line, Section, Table, grouped};
use crate::evidence::shown::ShownBundle;
use crate::record::Class;

/// How many fields are shown, named and hidden.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) shown: usize,
    pub(super) named: usize,
    pub(super) hidden: usize,
}

impl Counts {
    pub(super) fn of<'f>(fields: impl Iterator<Item = &'f FieldEntry>) -> Self {
        fields.fold(Self::default(), |mut counts, field| {
            match field {
                FieldEntry::Shown { .. } => counts.shown += 1,
                FieldEntry::Named { .. } => counts.named += 1,
                FieldEntry::Hidden { .. } => counts.hidden += 1,
            }
            counts
        })
    }

    pub(super) const fn all(self) -> usize {
        self.shown + self.named + self.hidden
    }
}

pub(super) fn counts(bundle: &ShownBundle<'_>) -> Counts {
    Counts::of(fields(bundle))
}

fn fields<'b>(bundle: &'b ShownBundle<'_>) -> impl Iterator<Item = &'b FieldEntry> {
    bundle.view.records.iter().flat_map(|it| &it.fields)
}

pub(super) fn shows_nothing(bundle: &ShownBundle<'_>) -> bool {
    counts(bundle).shown == 0
}

/// How much is withheld, in one sentence; `None` when nothing is.
pub(super) fn sentence(bundle: &ShownBundle<'_>) -> Option<Line> {
    let counts = counts(bundle);
    let withheld = counts.named + counts.hidden;
    (withheld > 0).then(|| {
        let all = grouped_count(counts.all());
        let named = grouped_count(counts.named);
        let hidden = grouped_count(counts.hidden);
        let withheld = grouped_count(withheld);
        format!("Fields withheld: {withheld} of {all}; {named} redacted by name, {hidden} hidden.")
            .into()
    })
}

pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let Some(sentence) = sentence(bundle) else {
        return Section {
            title: "What is withheld",
            blocks: vec![Block::Paragraph(
                "Nothing: every field of every record in this file is shown.".into(),
            )],
        };
    };
    let mut blocks = vec![Block::Paragraph(sentence.own(
        " Of a field redacted by name it is proved that it exists, where and of which class; of a \
         hidden one, only that it exists. Neither can be exchanged without this file failing its check.",
    ))];
    blocks.extend(named(bundle).into_block());
    blocks.extend(hidden(bundle).into_block());
    Section {
        title: "What is withheld",
        blocks,
    }
}

fn named(bundle: &ShownBundle<'_>) -> Table {
    let mut found: BTreeMap<(Class, String, &str), usize> = BTreeMap::new();
    for field in fields(bundle) {
        if let FieldEntry::Named {
            path, class, why, ..
        } = field
        {
            *found.entry((*class, place(path), why)).or_default() += 1;
        }
    }
    let mut table = Table::new("Redacted by name", &["class", "place", "fields", "why"]);
    for ((class, place, why), count) in found {
        table.rows.push(vec![
            class.as_str().into(),
            Line::default().recorded(place),
            grouped_count(count).into(),
            Line::default().recorded(why),
        ]);
    }
    table
}

fn hidden(bundle: &ShownBundle<'_>) -> Table {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for field in fields(bundle) {
        if let FieldEntry::Hidden { why, .. } = field {
            *found.entry(why).or_default() += 1;
        }
    }
    let mut table = Table::new("Hidden", &["fields", "why"]);
    for (why, count) in found {
        let count = grouped_count(count).into();
        table.rows.push(vec![count, Line::default().recorded(why)]);
    }
    table
}

/// `path` with its numbers as `*`, so that alike fields are counted together.
fn place(path: &str) -> String {
    let is_index = |step: &str| !step.is_empty() && step.bytes().all(|it| it.is_ascii_digit());
    let steps = path
        .split('/')
        .map(|step| if is_index(step) { "*" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

fn grouped_count(count: usize) -> String {
    grouped(u64::try_from(count).unwrap_or(u64::MAX))
}
