//! One rule: what it matches, and what is done about it.

use super::path::PathPattern;
use crate::privacy::{Detector, Kind, RuleError};
use crate::record::{Class, Name, RedactionTreatment};

/// One redaction rule.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) name: Name,
    pub(super) matching: Match,
    pub(super) treatment: RedactionTreatment,
}

/// What a rule matches: values at a path, of a class, or what a detector finds in them. Where it
/// says several of these, all of them have to hold.
///
/// ```
/// use contextrail::privacy::Kind;
/// use contextrail::privacy::redaction::Match;
///
/// let emails_of_tools = Match::kind(Kind::Email).within("/tools".parse().unwrap());
/// ```
#[derive(Clone, Debug)]
pub struct Match {
    pub(super) path: Option<PathPattern>,
    pub(super) class: Option<Class>,
    pub(super) finder: Option<Finder>,
}

/// What finds values within texts.
#[derive(Clone, Debug)]
pub(super) struct Finder {
    pub(super) detector: Detector,
    /// `None` for a pattern of the rule's own.
    pub(super) kind: Option<Kind>,
}

impl Rule {
    /// A rule; its name is what records say of it.
    #[must_use]
    pub const fn new(name: Name, matching: Match, treatment: RedactionTreatment) -> Self {
        Self {
            name,
            matching,
            treatment,
        }
    }

    /// The word for what it finds: it stands in the place of the value, and in the trace.
    pub(super) fn label(&self) -> &str {
        match &self.matching.finder {
            None => WHOLE,
            Some(Finder { kind: None, .. }) => self.name.as_str(),
            Some(Finder {
                kind: Some(kind), ..
            }) => kind.as_str(),
        }
    }
}

impl Match {
    /// Everything at `path` and below it.
    #[must_use]
    pub const fn path(path: PathPattern) -> Self {
        Self {
            path: Some(path),
            class: None,
            finder: None,
        }
    }

    /// Every value of `class`.
    #[must_use]
    pub const fn class(class: Class) -> Self {
        Self {
            path: None,
            class: Some(class),
            finder: None,
        }
    }

    /// Every find of this kind.
    #[must_use]
    pub fn kind(kind: Kind) -> Self {
        Self::finder(Finder {
            detector: Detector::of([kind]),
            kind: Some(kind),
        })
    }

    /// Every match of a regular expression, in the syntax of the `regex` crate.
    ///
    /// # Errors
    ///
    /// [`RuleError`] with the place in the pattern.
    pub fn pattern(pattern: &str) -> Result<Self, RuleError> {
        Ok(Self::finder(Finder {
            detector: Detector::of([]).with_rule("pattern", pattern)?,
            kind: None,
        }))
    }

    const fn finder(finder: Finder) -> Self {
        Self {
            path: None,
            class: None,
            finder: Some(finder),
        }
    }

    /// The same, at `path` and below it alone.
    #[must_use]
    pub fn within(mut self, path: PathPattern) -> Self {
        self.path = Some(path);
        self
    }

    /// The same, in values of `class` alone.
    #[must_use]
    pub const fn of_class(mut self, class: Class) -> Self {
        self.class = Some(class);
        self
    }
}

/// The word for a value that a rule takes the whole of.
pub(super) const WHOLE: &str = "value";
