//! Rules at work on JSON values and the names in them.

use serde_json::{Map, Value};

use super::{Scrubber, StandIn, mask};
use crate::privacy::redaction::path::Reach;
use crate::privacy::redaction::rule::Rule;
use crate::record::Members;

impl Scrubber<'_> {
    /// The members of a map that is the caller's, and their names.
    pub(in crate::privacy::redaction) fn members(&mut self, key: &str, members: &mut Members) {
        if members.is_empty() {
            return;
        }
        self.at(key, |scrub| {
            // why: traces tell these names, so no rule finds anything in them after this.
            for rule in scrub.rules {
                for (name, value) in std::mem::take(members) {
                    let name = scrub.key(rule, name);
                    members.insert(free(name, |it| members.contains_key(it)), value);
                }
            }
            for rule in scrub.rules {
                members.retain(|name, value| scrub.at(name, |scrub| scrub.one(rule, value)));
            }
        });
    }

    pub(in crate::privacy::redaction) fn optional_value(
        &mut self,
        key: &str,
        value: &mut Option<Value>,
    ) {
        self.at(key, |scrub| {
            for rule in scrub.rules {
                if value.as_mut().is_some_and(|value| !scrub.one(rule, value)) {
                    *value = None;
                }
            }
        });
    }

    /// A number that may be left out, and that nothing can stand in the place of.
    pub(in crate::privacy::redaction) fn number(&mut self, key: &str, number: &mut Option<f64>) {
        let mut value = number.map(Value::from);
        self.optional_value(key, &mut value);
        *number = value.and_then(|value| value.as_f64());
    }

    /// Applies one rule to the value here; `false` when it goes.
    fn one(&mut self, rule: &Rule, value: &mut Value) -> bool {
        match self.reach(rule) {
            Reach::Elsewhere => true,
            Reach::Here if rule.matching.finder.is_none() => self.whole(rule, value),
            reach => self.inside(rule, value, reach),
        }
    }

    fn whole(&mut self, rule: &Rule, value: &mut Value) -> bool {
        let text = match &*value {
            Value::Null => return true,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match self.stand_in(rule, &text, false) {
            StandIn::Text(text) => *value = Value::String(text),
            StandIn::Nothing => return false,
        }
        true
    }

    fn inside(&mut self, rule: &Rule, value: &mut Value, reach: Reach) -> bool {
        match value {
            Value::String(text) if reach == Reach::Here => match self.string(rule, text, false) {
                Some(StandIn::Text(new)) => *text = new,
                Some(StandIn::Nothing) => text.clear(),
                None => {}
            },
            Value::Number(number) if reach == Reach::Here => {
                match self.string(rule, &number.to_string(), false) {
                    Some(StandIn::Text(new)) => *value = Value::String(new),
                    Some(StandIn::Nothing) => return false,
                    None => {}
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    if !self.at(index.to_string(), |scrub| scrub.one(rule, value)) {
                        *value = Value::Null;
                    }
                }
            }
            Value::Object(members) => self.object(rule, members),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        true
    }

    fn object(&mut self, rule: &Rule, members: &mut Map<String, Value>) {
        for (name, mut value) in std::mem::take(members) {
            let name = self.key(rule, name);
            let stays = self.within(name.clone(), false, |scrub| scrub.one(rule, &mut value));
            if stays {
                members.insert(free(name, |it| members.contains_key(it)), value);
            }
        }
    }

    /// The name of a member without what the rule finds in it.
    fn key(&mut self, rule: &Rule, name: String) -> String {
        if rule.matching.finder.is_none() {
            return name;
        }
        match self.within(name.clone(), false, |scrub| scrub.string(rule, &name, true)) {
            Some(StandIn::Text(new)) => new,
            Some(StandIn::Nothing) => mask(rule).to_string(),
            None => name,
        }
    }
}

/// `name`, or that with a number behind it when it is taken.
fn free(name: String, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(&name) {
        return name;
    }
    let numbered = (2_u64..).map(|number| format!("{name} {number}"));
    let mut free = numbered.filter(|it| !is_taken(it));
    free.next().expect("numbers do not end")
}
