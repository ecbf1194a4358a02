//! Finding personal data in a text.

use std::fmt;
use std::ops::Range;

use regex::Regex;

use super::kind::Kind;
use super::pattern::PATTERNS;

/// Finds personal data in texts, by kinds and by rules of one's own.
#[derive(Clone)]
pub struct Detector {
    kinds: Vec<Kind>,
    rules: Vec<(String, Regex)>,
}

/// A place in a text where something was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// The rule: the word for its kind, or the name that the application gave it.
    pub rule: String,
    /// The kind, unless a rule of the application found it.
    pub kind: Option<Kind>,
    /// Where it is, in bytes.
    pub range: Range<usize>,
}

/// A rule that does not compile.
#[derive(Debug, thiserror::Error)]
#[error("the rule {rule:?} does not compile, at character {at}: {what}")]
pub struct RuleError {
    /// Its name.
    pub rule: String,
    /// The place in the pattern, in characters from 1.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
}

impl Default for Detector {
    /// Looks for every kind.
    fn default() -> Self {
        Self::of(Kind::ALL)
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<&str> = self.rules.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Detector")
            .field("kinds", &self.kinds)
            .field("rules", &rules)
            .finish()
    }
}

impl Detector {
    /// Looks for `kinds` alone.
    pub fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self {
            kinds: kinds.into_iter().collect(),
            rules: Vec::new(),
        }
    }

    /// Looks for the regular expression `pattern` too, in the syntax of the `regex` crate. Where a
    /// rule and a kind are found in one place, the rule wins.
    ///
    /// # Errors
    ///
    /// [`RuleError`] with the place in the pattern.
    pub fn with_rule(mut self, name: &str, pattern: &str) -> Result<Self, RuleError> {
        let error = |at: usize, what: String| RuleError {
            rule: name.to_owned(),
            at: pattern
                .get(..at)
                .map_or(at, |before| before.chars().count())
                + 1,
            what,
        };
        regex_syntax::parse(pattern).map_err(|wrong| match wrong {
            regex_syntax::Error::Parse(wrong) => {
                error(wrong.span().start.offset, wrong.kind().to_string())
            }
            regex_syntax::Error::Translate(wrong) => {
                error(wrong.span().start.offset, wrong.kind().to_string())
            }
            wrong => error(0, wrong.to_string()),
        })?;
        let compiled = Regex::new(pattern).map_err(|wrong| error(0, wrong.to_string()))?;
        self.rules.push((name.to_owned(), compiled));
        Ok(self)
    }

    /// What stands in `text`, in order, without overlaps: of two in one place, rules come before
    /// kinds, kinds in the order of [`Kind::ALL`], and the longer before the shorter.
    ///
    /// Takes time in proportion to the length of the text.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Found> {
        let rules = self.rules.iter().flat_map(|(name, rule)| {
            let places = rule.find_iter(text).filter(|found| !found.is_empty());
            places.map(|found| (0, name.clone(), None, found.range()))
        });
        let kinds = PATTERNS.iter().flat_map(|pattern| {
            let rank = self.kinds.iter().position(|kind| *kind == pattern.kind);
            let places = rank.map(|_| pattern.find(text)).unwrap_or_default();
            let kind = pattern.kind;
            places
                .into_iter()
                .map(move |range| (1 + kind as usize, kind.to_string(), Some(kind), range))
        });
        let mut candidates: Vec<_> = rules.chain(kinds).collect();
        candidates
            .sort_by_key(|(rank, _, _, range)| (*rank, range.start, std::cmp::Reverse(range.end)));
        let mut taken = std::collections::BTreeMap::<usize, Found>::new();
        for (_, rule, kind, range) in candidates {
            let before = taken.range(..range.end).next_back();
            if before.is_none_or(|(_, before)| before.range.end <= range.start) {
                taken.insert(range.start, Found { rule, kind, range });
            }
        }
        taken.into_values().collect()
    }
}
