//! One request, taken apart: what a handler asks it for.

use std::str::FromStr;

use axum::http::HeaderMap;

use super::body::Held;
use super::gate::Caller;
use super::permission::Permission;
use super::problem::Problem;
use super::route::{Route, decoded};
use crate::codec::{Format, Node, read};
use crate::record::{Actor, InvalidValue, Timestamp, Trace};

/// One request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) route: &'static Route,
    pub(super) params: Vec<(&'static str, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Held,
    pub(super) caller: Caller,
    /// Who approves what needs two people.
    pub(super) approver: Option<Caller>,
    /// The span it belongs to: the caller's trace, and a span of its own.
    pub(super) trace: Option<Trace>,
    pub(super) now: Timestamp,
}

impl Call {
    /// A part of the path.
    pub(super) fn param<T>(&self, name: &str) -> Result<T, Problem>
    where
        T: FromStr<Err = InvalidValue>,
    {
        let found = self.params.iter().find(|(it, _)| *it == name);
        let text = found.map_or("", |(_, text)| text.as_str());
        text.parse()
            .map_err(|error| Problem::parameter(name, &error))
    }

    /// A part of the path, as it is.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(it, _)| *it == name);
        found.map_or("", |(_, text)| text.as_str())
    }

    /// A parameter.
    pub(super) fn query<T>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T: FromStr<Err = InvalidValue>,
    {
        self.query_text(name)
            .map(str::parse)
            .transpose()
            .map_err(|error| Problem::parameter(name, &error))
    }

    pub(super) fn query_text(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(it, _)| it == name);
        found.map(|(_, text)| text.as_str())
    }

    /// How many to give at most.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.query_text("limit") else {
            return Ok(DEFAULT_LIMIT);
        };
        match text.parse() {
            Ok(limit) if (1..=MOST).contains(&limit) => Ok(limit),
            _ => {
                let error = InvalidValue::new("limit", text, format!("a number from 1 to {MOST}"));
                Err(Problem::parameter("limit", &error))
            }
        }
    }

    /// The body as a document.
    pub(super) fn document(&self) -> Result<Node, Problem> {
        let media = self.headers.get("content-type");
        let media = media.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        let format = match media.to_ascii_lowercase().as_str() {
            "application/json" => Format::Json,
            "application/yaml" => Format::Yaml,
            _ => {
                let detail = format!("the body is {media:?}");
                return Err(Problem::new(415, "media_type", detail)
                    .hint("send `Content-Type: application/json` or `application/yaml`"));
            }
        };
        Ok(read(&self.body.bytes, format)?)
    }

    /// Whether personal values are given to whoever asks.
    pub(super) fn sees_personal(&self) -> bool {
        self.caller.may(Permission::Personal)
    }

    /// What for; needed of everybody who shows a token and gets personal values.
    pub(super) fn purpose(&self) -> Result<Option<String>, Problem> {
        let purpose = self.headers.get(PURPOSE);
        let malformed = |detail| Problem::new(400, "bad_purpose", detail).member(PURPOSE);
        let purpose = match purpose.map(|it| std::str::from_utf8(it.as_bytes())) {
            None => None,
            Some(Err(_)) => return Err(malformed("the purpose is not UTF-8")),
            Some(Ok(text)) if text.chars().count() > LONGEST_PURPOSE => {
                return Err(malformed("the purpose is longer than 512 characters"));
            }
            Some(Ok(text)) => Some(text.trim().to_owned()).filter(|it| !it.is_empty()),
        };
        if purpose.is_none() && self.caller.role.is_some() {
            return Err(Problem::new(
                403,
                "purpose_required",
                "personal values are given for a purpose, and none is stated",
            )
            .hint("say what for in the header `Contextrail-Purpose`"));
        }
        Ok(purpose)
    }

    /// The two people who ask for what one may not do alone.
    pub(super) fn two_people(&self) -> Result<Vec<Actor>, Problem> {
        let refused = |detail| {
            Problem::new(403, "needs_two_people", detail).hint(
                "send the token of another person with the same permission in the header `Contextrail-Approval: Bearer ctr_…`",
            )
        };
        if self.caller.role.is_none() {
            return Err(Problem::new(
                403,
                "needs_two_people",
                "two people have to ask for it, and without tokens nobody is known to be two",
            )
            .hint("grant tokens, or use the command line"));
        }
        let Some(approver) = &self.approver else {
            return Err(refused("two people have to ask for it, and one does"));
        };
        if !approver.may(self.route.needs) {
            return Err(refused("the second person may not do it"));
        }
        if !self.caller.is_person() || !approver.is_person() {
            return Err(refused(
                "two people have to ask for it, and a program is not one",
            ));
        }
        if self.caller.actor.known_as() == approver.actor.known_as() {
            return Err(refused(
                "two people have to ask for it, and both tokens are of one",
            ));
        }
        Ok(vec![self.caller.actor.clone(), approver.actor.clone()])
    }
}

/// The parameters of an address. Each may be there once, and has to be one that the route takes.
pub(super) fn parse_query(
    route: &'static Route,
    query: Option<&str>,
) -> Result<Vec<(String, String)>, Problem> {
    let mut parsed: Vec<(String, String)> = Vec::new();
    let parts = query.unwrap_or_default().split('&');
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (Some(name), Some(value)) = (decoded(name, true), decoded(value, true)) else {
            return Err(Problem::new(
                400,
                "bad_parameter",
                "the percent-encoding of the address is broken",
            ));
        };
        if !route.query.contains(&name.as_str()) {
            let shown: String = name.chars().take(64).collect();
            let problem = Problem::new(400, "unknown_parameter", "the route has no such parameter")
                .member(shown);
            return Err(match nearest(&name, route.query) {
                Some(near) => problem.hint(format!("did you mean {near:?}?")),
                None if route.query.is_empty() => problem.hint("it takes none"),
                None => problem.hint(format!("it takes {}", route.query.join(", "))),
            });
        }
        if parsed.iter().any(|(it, _)| *it == name) {
            return Err(
                Problem::new(400, "bad_parameter", "the parameter is there twice").member(name),
            );
        }
        parsed.push((name, value));
    }
    Ok(parsed)
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known
        .iter()
        .map(|it| (strsim::damerau_levenshtein(name, it), *it));
    let near = scored.min_by_key(|(distance, _)| *distance)?;
    (near.0 <= 1 + name.len() / 4).then_some(near.1)
}

const PURPOSE: &str = "contextrail-purpose";
const LONGEST_PURPOSE: usize = 512;
const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 500;
