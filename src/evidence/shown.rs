//! What a bundle shows of its records, and what it may be hiding.

use std::collections::BTreeMap;

use serde_json::Value;

use super::absence::Absence;
use super::bundle::FieldEntry;
use super::tree::{Mark, Shape, Tree, TreeError};
use super::view::{RecordView, View};
use crate::record::{Kind, RecordId, Timestamp};

/// The records of a bundle, put together from their fields.
#[derive(Debug)]
pub(super) struct ShownBundle<'v> {
    pub(super) view: &'v View,
    pub(super) records: Vec<ShownRecord<'v>>,
    by_id: BTreeMap<RecordId, usize>,
    /// What they say of the things that were asked about.
    pub(super) absences: Vec<Absence>,
}

/// One record, put together from its fields.
#[derive(Debug)]
pub(super) struct ShownRecord<'v> {
    pub(super) view: &'v RecordView,
    pub(super) tree: Tree,
    /// Between which paths the hidden fields stand.
    hidden: Vec<(&'v str, Option<&'v str>)>,
}

/// What a bundle says about one place in a record.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said<'t> {
    /// The value.
    Shown(&'t Tree),
    /// That there is a value, and why it is withheld.
    Withheld(&'t Mark),
    /// Nothing, and it may be among what is withheld.
    Unsaid,
    /// That there is no value.
    Nothing,
}

impl<'v> ShownBundle<'v> {
    pub(super) fn of(view: &'v View) -> Result<Self, TreeError> {
        let records = view.records.iter().map(ShownRecord::of);
        let ids = view.records.iter().map(|record| record.id);
        Ok(Self {
            view,
            records: records.collect::<Result<_, _>>()?,
            by_id: ids.zip(0..).collect(),
            absences: Absence::of_all(&view.asked, &view.records),
        })
    }

    /// The records of one kind, by index.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &ShownRecord<'v>> {
        self.records
            .iter()
            .filter(move |record| record.view.kind == kind)
    }

    /// The record whose id is `id`.
    pub(super) fn by_id(&self, id: &str) -> Option<&ShownRecord<'v>> {
        let place = self.by_id.get(&id.parse().ok()?)?;
        self.records.get(*place)
    }

    /// The records of one kind that name `record` at `pointer`.
    pub(super) fn naming<'b>(
        &'b self,
        record: &ShownRecord<'_>,
        kind: Kind,
        pointer: &'b str,
    ) -> impl Iterator<Item = &'b ShownRecord<'v>> {
        let id = record.view.id.to_string();
        self.of_kind(kind)
            .filter(move |other| other.at(pointer).string() == Some(&id))
    }
}

impl<'v> ShownRecord<'v> {
    pub(super) fn of(view: &'v RecordView) -> Result<Self, TreeError> {
        let mut tree = Tree::default();
        let record = || view.id.to_string();
        for field in &view.fields {
            let (path, what) = match field {
                FieldEntry::Shown { path, value, .. } => {
                    let value = Tree::of_json(value).ok_or_else(|| TreeError::Value {
                        record: record(),
                        path: path.clone(),
                    })?;
                    (path, value)
                }
                FieldEntry::Named {
                    path, class, why, ..
                } => (path, Tree::withheld(*class, why.clone())),
                FieldEntry::Hidden { .. } => continue,
            };
            tree.place(path, what).ok_or_else(|| TreeError::Place {
                record: record(),
                path: path.clone(),
            })?;
        }
        let hidden = intervals(&view.fields);
        if tree.gaps() > hidden.len() {
            return Err(TreeError::Gaps { record: record() });
        }
        Ok(Self { view, tree, hidden })
    }

    /// What is said about the place `pointer`.
    pub(super) fn at(&self, pointer: &str) -> Said<'_> {
        let mut tree = &self.tree;
        let mut marked = false;
        for token in pointer.split('/').skip(1) {
            marked |= tree.mark.is_some();
            let Some(child) = tree.child(token) else {
                let unsaid = marked || self.may_hide_all_of(pointer);
                return if unsaid { Said::Unsaid } else { Said::Nothing };
            };
            tree = child;
        }
        match (&tree.shape, &tree.mark) {
            (Shape::Absent, Some(mark)) => Said::Withheld(mark),
            (Shape::Absent, None) => Said::Unsaid,
            _ => Said::Shown(tree),
        }
    }

    /// The place, `pointer` or the nearest one above it, at which a field redacted by name stands.
    pub(super) fn withheld_over<'p>(&self, pointer: &'p str) -> Option<&'p str> {
        let mut tree = &self.tree;
        let mut found = None;
        let ends = pointer.match_indices('/').skip(1).map(|(at, _)| at);
        let tokens = pointer.split('/').skip(1);
        for (token, end) in tokens.zip(ends.chain([pointer.len()])) {
            tree = match tree.child(token) {
                Some(child) => child,
                None => break,
            };
            if tree.mark.is_some() {
                found = Some(&pointer[..end]);
            }
        }
        found
    }

    /// How many elements the list at `pointer` has, as far as is shown.
    pub(super) fn count(&self, pointer: &str) -> usize {
        match self.at(pointer) {
            Said::Shown(Tree {
                shape: Shape::List(list),
                ..
            }) => list.keys().next_back().map_or(0, |last| last + 1),
            _ => 0,
        }
    }

    /// The pointers of the elements of the list at `pointer`.
    pub(super) fn elements(&self, pointer: &str) -> impl Iterator<Item = String> + use<> {
        let pointer = pointer.to_owned();
        (0..self.count(&pointer)).map(move |at| format!("{pointer}/{at}"))
    }

    /// The names of the members at `pointer`, with what is said about each.
    pub(super) fn members(&self, pointer: &str) -> Vec<(&str, Said<'_>)> {
        let Said::Shown(Tree {
            shape: Shape::Object(members),
            ..
        }) = self.at(pointer)
        else {
            return Vec::new();
        };
        let child = |name: &String| name.replace('~', "~0").replace('/', "~1");
        members
            .keys()
            .map(|name| {
                let pointer = format!("{pointer}/{}", child(name));
                (name.as_str(), self.at(&pointer))
            })
            .collect()
    }

    /// How many fields are hidden.
    pub(super) const fn hidden(&self) -> usize {
        self.hidden.len()
    }

    /// Whether a hidden field can stand at `pointer` or within it.
    ///
    /// Fields are listed in byte order of path, so a hidden one lies between its neighbours.
    pub(super) fn may_hide(&self, pointer: &str) -> bool {
        // '0' follows '/', so this is above every path within, and not above those beside.
        let above = format!("{pointer}0");
        let fits = |(lower, upper): &(&str, Option<&str>)| {
            *lower < above.as_str() && upper.is_none_or(|upper| upper > pointer)
        };
        self.hidden.iter().any(fits)
    }

    /// The same, or that a hidden field is a whole that `pointer` is part of.
    fn may_hide_all_of(&self, pointer: &str) -> bool {
        let mut wholes = pointer
            .match_indices('/')
            .skip(1)
            .map(|(at, _)| &pointer[..at]);
        let is_between = |whole: &str| {
            let fits = |(lower, upper): &(&str, Option<&str>)| {
                *lower < whole && upper.is_none_or(|upper| upper > whole)
            };
            self.hidden.iter().any(fits)
        };
        self.may_hide(pointer) || wholes.any(is_between)
    }
}

impl<'t> Said<'t> {
    /// The value when it is a string and shown.
    pub(super) fn string(self) -> Option<&'t str> {
        match self.scalar()? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value when it is a whole number from 0 and shown.
    pub(super) fn number(self) -> Option<u64> {
        self.scalar()?.as_u64()
    }

    /// The value when it is a time and shown.
    pub(super) fn time(self) -> Option<Timestamp> {
        self.string()?.parse().ok()
    }

    /// The value as a reader wants it, when it is shown.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Shown(tree) => Some(tree.text()),
            _ => None,
        }
    }

    fn scalar(self) -> Option<&'t Value> {
        match self {
            Self::Shown(Tree {
                shape: Shape::Scalar(value),
                ..
            }) => Some(value),
            _ => None,
        }
    }
}

fn intervals(fields: &[FieldEntry]) -> Vec<(&str, Option<&str>)> {
    let mut lower = "";
    let mut found = Vec::new();
    let mut open = 0;
    for field in fields {
        match field.path() {
            None => {
                found.push((lower, None));
                open += 1;
            }
            Some(path) => {
                let start = found.len() - open;
                for (_, upper) in &mut found[start..] {
                    *upper = Some(path);
                }
                open = 0;
                lower = path;
            }
        }
    }
    found
}
