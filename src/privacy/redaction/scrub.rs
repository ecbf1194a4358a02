//! Rules at work on single values, and the traces they leave.

mod value;

use super::error::{Blocked, RedactError};
use super::path::{Reach, escaped};
use super::rule::{Rule, WHOLE};
use super::{Redaction, RedactionKeys, Tokens};
use crate::record::{Class, Name, RedactionTrace, RedactionTreatment};

/// Applies rules to the values of one record, remembering where in it they are.
pub(super) struct Scrubber<'a> {
    rules: &'a [Rule],
    keys: &'a RedactionKeys,
    steps: Vec<Step>,
    class: Class,
    pub(super) traces: Vec<RedactionTrace>,
    pub(super) blocked: Option<Blocked>,
    pub(super) failed: Option<RedactError>,
}

/// A step of the path to where a scrubber is.
struct Step {
    name: String,
    /// Whether it may be told: names within a value are part of it.
    is_told: bool,
}

/// What stands where a value stood.
enum StandIn {
    Text(String),
    Nothing,
}

impl<'a> Scrubber<'a> {
    pub(super) fn new(redaction: &'a Redaction, keys: &'a RedactionKeys) -> Self {
        Self {
            rules: &redaction.rules,
            keys,
            steps: Vec::new(),
            class: Class::Personal,
            traces: Vec::new(),
            blocked: None,
            failed: None,
        }
    }

    /// Works one step further down.
    pub(super) fn at<R>(
        &mut self,
        step: impl Into<String>,
        work: impl FnOnce(&mut Self) -> R,
    ) -> R {
        self.within(step.into(), true, work)
    }

    /// Works at the place that `path`, a JSON pointer without names of others, leads to from here.
    pub(super) fn at_path<R>(&mut self, path: &str, work: impl FnOnce(&mut Self) -> R) -> R {
        let depth = self.steps.len();
        self.steps.extend(path.split('/').skip(1).map(|name| Step {
            name: name.to_owned(),
            is_told: true,
        }));
        let result = work(self);
        self.steps.truncate(depth);
        result
    }

    fn within<R>(&mut self, name: String, is_told: bool, work: impl FnOnce(&mut Self) -> R) -> R {
        self.steps.push(Step { name, is_told });
        let result = work(self);
        self.steps.pop();
        result
    }

    /// Works on values of `class`; of personal ones otherwise.
    pub(super) fn of<R>(&mut self, class: Class, work: impl FnOnce(&mut Self) -> R) -> R {
        let around = std::mem::replace(&mut self.class, class);
        let result = work(self);
        self.class = around;
        result
    }

    /// Every element of a list.
    pub(super) fn each<T>(
        &mut self,
        key: &str,
        list: &mut [T],
        mut work: impl FnMut(&mut Self, &mut T),
    ) {
        self.at(key, |scrub| {
            for (index, element) in list.iter_mut().enumerate() {
                scrub.at(index.to_string(), |scrub| work(scrub, element));
            }
        });
    }

    fn reach(&self, rule: &Rule) -> Reach {
        if rule.matching.class.is_some_and(|class| class != self.class) {
            return Reach::Elsewhere;
        }
        match &rule.matching.path {
            None => Reach::Here,
            Some(path) => path.reach(self.steps.iter().map(|step| step.name.as_str())),
        }
    }

    /// A text that the record has to have.
    pub(super) fn text(&mut self, key: &str, text: &mut String) {
        self.at(key, |scrub| {
            for rule in scrub.rules {
                match scrub.string(rule, text, false) {
                    Some(StandIn::Text(new)) => *text = new,
                    Some(StandIn::Nothing) => text.clear(),
                    None => {}
                }
            }
        });
    }

    pub(super) fn optional_text(&mut self, key: &str, text: &mut Option<String>) {
        let Some(mut there) = text.take() else {
            return;
        };
        let was = there.is_empty();
        self.text(key, &mut there);
        *text = Some(there).filter(|left| was || !left.is_empty());
    }

    /// A name, which is never empty and never a token that is too long for one.
    pub(super) fn name(&mut self, key: &str, name: &mut Name) {
        self.at(key, |scrub| {
            for rule in scrub.rules {
                let new = match scrub.string(rule, name.as_str(), true) {
                    Some(StandIn::Text(new)) => Name::new(new),
                    Some(StandIn::Nothing) => Name::new(""),
                    None => continue,
                };
                *name = new.unwrap_or_else(|_| mask(rule));
            }
        });
    }

    pub(super) fn optional_name(&mut self, key: &str, name: &mut Option<Name>) {
        if let Some(name) = name {
            self.name(key, name);
        }
    }

    /// A text that stays whatever is found in it, unless a rule blocks the record.
    pub(super) fn fixed(&mut self, key: &str, text: &str) {
        self.at(key, |scrub| {
            for rule in scrub.rules {
                if rule.treatment == RedactionTreatment::Block && rule.matching.finder.is_some() {
                    scrub.string(rule, text, true);
                }
            }
        });
    }

    /// Whether the text here, which was sent, may not be stored; leaves the traces that say so.
    pub(super) fn is_taken(&mut self, text: &str) -> bool {
        let before = self.traces.len();
        for rule in self.rules {
            if self.reach(rule) != Reach::Here {
                continue;
            }
            for found in self.found(rule, text) {
                self.trace(rule, text[found].len(), RedactionTreatment::Drop);
            }
        }
        self.traces.len() > before
    }

    /// `text` without what the rules with a detector find in it; `None` when that is nothing.
    pub(super) fn found_text(&mut self, text: &str) -> Option<String> {
        let mut left = None;
        for rule in self.rules {
            if rule.matching.finder.is_none() {
                continue;
            }
            match self.string(rule, left.as_deref().unwrap_or(text), false) {
                Some(StandIn::Text(new)) => left = Some(new),
                Some(StandIn::Nothing) => left = Some(String::new()),
                None => {}
            }
        }
        left
    }

    /// What the rules find in the text here, without a trace.
    pub(super) fn finds<'t>(&self, text: &'t str) -> Vec<(&'a Rule, &'t str)> {
        let here = self.rules.iter();
        let here = here.filter(|rule| self.reach(rule) == Reach::Here);
        here.flat_map(|rule| {
            let found = self.found(rule, text).into_iter();
            found.map(move |place| (rule, &text[place]))
        })
        .collect()
    }

    /// `text` without what the rule takes out of it; `None` when that is nothing.
    fn string(&mut self, rule: &Rule, text: &str, is_name: bool) -> Option<StandIn> {
        if self.reach(rule) != Reach::Here || text.is_empty() {
            return None;
        }
        if rule.matching.finder.is_none() {
            return Some(self.stand_in(rule, text, is_name));
        }
        let found = self.found(rule, text);
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for place in &found {
            out.push_str(&text[from..place.start]);
            if let StandIn::Text(text) = self.stand_in(rule, &text[place.clone()], is_name) {
                out.push_str(&text);
            }
            from = place.end;
        }
        out.push_str(&text[from..]);
        match found.is_empty() {
            true => None,
            false if out.is_empty() => Some(StandIn::Nothing),
            false => Some(StandIn::Text(out)),
        }
    }

    /// Where the rule finds something in `text`: all of it, for a rule without a detector.
    fn found(&self, rule: &Rule, text: &str) -> Vec<std::ops::Range<usize>> {
        let Some(finder) = &rule.matching.finder else {
            return (!text.is_empty())
                .then_some(0..text.len())
                .into_iter()
                .collect();
        };
        let found = finder.detector.find(text).into_iter().map(|it| it.range);
        found
            .filter(|place| !self.is_stand_in(&text[place.clone()]))
            .collect()
    }

    /// Whether `text` is what a rule put in the place of a value before.
    fn is_stand_in(&self, text: &str) -> bool {
        let Some((inner, rest)) = text.strip_prefix('[').and_then(|it| it.split_once(']')) else {
            return false;
        };
        let (label, more) = inner.split_once(':').unwrap_or((inner, ""));
        let is_hash = more.is_empty() || more.len() == HASH_DIGITS;
        let is_known = || self.rules.iter().any(|rule| rule.label() == label);
        !rest.contains(char::is_alphanumeric) && (label == TOKEN || (is_hash && is_known()))
    }

    /// What stands in the place of `value`; leaves the trace.
    fn stand_in(&mut self, rule: &Rule, value: &str, is_name: bool) -> StandIn {
        let label = rule.label();
        let hash = |scrub: &Self| {
            let digits = scrub.keys.hash.digits(label, value);
            StandIn::Text(format!("[{label}:{digits}]"))
        };
        let (treatment, stand_in) = match (rule.treatment, &self.keys.tokens) {
            (RedactionTreatment::Tokenise, _) if is_name => (RedactionTreatment::Hash, hash(self)),
            (RedactionTreatment::Tokenise, Tokens::Of(key)) => match key.token(value) {
                Ok(token) => (rule.treatment, StandIn::Text(token.to_string())),
                Err(error) => {
                    self.failed.get_or_insert(error.into());
                    (rule.treatment, StandIn::Nothing)
                }
            },
            (RedactionTreatment::Tokenise, Tokens::NoOwner { entities }) => {
                let error = RedactError::NoOwner {
                    rule: rule.name.clone(),
                    path: self.path(),
                    entities: *entities,
                };
                self.failed.get_or_insert(error);
                (rule.treatment, StandIn::Nothing)
            }
            (RedactionTreatment::Hash | RedactionTreatment::Tokenise, _) => {
                (rule.treatment, hash(self))
            }
            (RedactionTreatment::Mask, _) => (rule.treatment, StandIn::Text(format!("[{label}]"))),
            (RedactionTreatment::Drop | RedactionTreatment::Block, _) => {
                (rule.treatment, StandIn::Nothing)
            }
        };
        self.trace(rule, value.len(), treatment);
        stand_in
    }

    /// Leaves a trace, and notes what blocks: a rule that blocks does, whatever else is done.
    pub(super) fn trace(&mut self, rule: &Rule, length: usize, treatment: RedactionTreatment) {
        let treatment = match rule.treatment {
            RedactionTreatment::Block => RedactionTreatment::Block,
            _ => treatment,
        };
        let trace = RedactionTrace {
            rule: rule.name.clone(),
            path: self.path(),
            kind: label_name(rule),
            length: u64::try_from(length).unwrap_or(u64::MAX),
            treatment,
        };
        if treatment == RedactionTreatment::Block && self.blocked.is_none() {
            self.blocked = Some(Blocked {
                rule: trace.rule.clone(),
                path: trace.path.clone(),
                kind: trace.kind.clone(),
                recorded: None,
            });
        }
        self.traces.push(trace);
    }

    fn path(&self) -> String {
        let steps = self.steps.iter();
        steps.fold(String::new(), |path, step| match step.is_told {
            true => path + "/" + &escaped(&step.name),
            false => path + "/*",
        })
    }
}

/// `[email]`, as a name.
fn mask(rule: &Rule) -> Name {
    let name = Name::new(format!("[{}]", rule.label()));
    name.unwrap_or_else(|_| Name::new(format!("[{WHOLE}]")).expect("it is short"))
}

fn label_name(rule: &Rule) -> Name {
    Name::new(rule.label()).expect("it is the word for a kind, or the name of the rule")
}

const TOKEN: &str = "tok";
const HASH_DIGITS: usize = 12;
