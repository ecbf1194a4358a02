//! The items of a request: what each refers to, and its text.

use super::assembling::set_text;
use super::found::{class_of, document_reference};
use super::reference::{
    feature_candidate, matching_documents, matching_features, template_reference, without_value,
};
use super::state::{ItemSource, State};
use crate::assembly::{Candidate, value_text};
use crate::capture::CaptureError;
use crate::record::{Class, InvalidValue, ItemKind, Name, RequestItem, ToolCall};

/// The candidate that `item` asks for, and what it comes from.
///
/// # Errors
///
/// [`CaptureError::Reference`] for a `ref` that stands for nothing or for several things, and
/// [`CaptureError::Invalid`] for an item without a text.
pub(super) fn candidate(
    state: &State,
    index: usize,
    item: RequestItem,
) -> Result<(Candidate, ItemSource), CaptureError> {
    let place = Place { index };
    let (mut candidate, mut source) = match item.kind {
        ItemKind::Template => template(state, place, &item)?,
        ItemKind::Feature => feature(state, place, &item)?,
        ItemKind::Document => document(state, place, &item)?,
        ItemKind::Tool => tool(state, place, &item)?,
        ItemKind::Text | ItemKind::Turn => {
            (Candidate::new(place.text(&item)?), ItemSource::personal())
        }
    };
    candidate.kind = item.kind;
    candidate.reference = candidate.reference.or(item.reference);
    candidate.role = item.role;
    candidate.priority = item.priority;
    candidate.required = item.required;
    candidate.overflow = item.overflow;
    candidate.min_tokens = item.min_tokens;
    candidate.marker = item.marker;
    if let Some(text) = item.text.filter(|text| **text != *candidate.text) {
        source.class = Class::Personal;
        source.is_template = false;
        set_text(&mut candidate, text);
    }
    Ok((candidate, source))
}

/// Where an item stands in the request, for errors.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
}

impl Place {
    fn text(self, item: &RequestItem) -> Result<&str, CaptureError> {
        item.text.as_deref().ok_or_else(|| CaptureError::Invalid {
            path: format!("items[{}].text", self.index),
            source: InvalidValue::new("text", "", "the text of the item"),
        })
    }

    fn reference(self, item: &RequestItem) -> Result<&Name, CaptureError> {
        item.reference
            .as_ref()
            .ok_or_else(|| CaptureError::Invalid {
                path: format!("items[{}].ref", self.index),
                source: InvalidValue::new("ref", "", "what the item refers to"),
            })
    }

    fn wrong(self, reference: &str, problem: impl Into<String>) -> CaptureError {
        CaptureError::Reference {
            path: format!("items[{}].ref", self.index),
            reference: reference.to_owned(),
            problem: problem.into(),
        }
    }
}

type Drafted = Result<(Candidate, ItemSource), CaptureError>;

fn template(state: &State, place: Place, item: &RequestItem) -> Drafted {
    let reference = template_reference(state);
    let name = state.context.template.as_ref().map(|used| &used.name);
    match (&item.reference, &reference) {
        (Some(given), Some(known)) if given != known && Some(given) != name => {
            let problem = format!("is not the template of the request, {known}");
            return Err(place.wrong(given.as_str(), problem));
        }
        (Some(given), None) => {
            let problem = "is a template, and the request has none";
            return Err(place.wrong(given.as_str(), problem));
        }
        (None, None) => {
            place.text(item)?;
        }
        _ => {}
    }
    let candidate = Candidate {
        reference,
        ..Candidate::new("")
    };
    let source = ItemSource {
        is_template: true,
        ..ItemSource::personal()
    };
    Ok((candidate, source))
}

/// A feature without a value has no text of its own; the caller may give the item one.
fn feature(state: &State, place: Place, item: &RequestItem) -> Drafted {
    let reference = place.reference(item)?;
    let features = &state.context.features;
    let matching = matching_features(features, reference.as_str());
    match *matching {
        [index] => match without_value(&features[index]).filter(|_| item.text.is_none()) {
            Some(status) => Err(CaptureError::NoValue {
                id: None,
                path: format!("items[{}]", place.index),
                reference: reference.to_string(),
                status,
            }),
            None => Ok(feature_candidate(&state.context, index, reference.clone())),
        },
        [] => Err(place.wrong(
            reference.as_str(),
            format!("is none of the features{}", known_features(state)),
        )),
        _ => Err(place.wrong(
            reference.as_str(),
            "stands for several features: write name@type:id, and give each once",
        )),
    }
}

fn document(state: &State, place: Place, item: &RequestItem) -> Drafted {
    let reference = place.reference(item)?;
    let matching = matching_documents(state, reference);
    let Some(&(retrieval, result)) = matching.first() else {
        let problem = "is none of the retrieved documents: write document#chunk";
        return Err(place.wrong(reference.as_str(), problem));
    };
    let text = &state.documents[retrieval][result];
    let same = |&(r, d): &(usize, usize)| state.documents[r][d].text == text.text;
    if !matching.iter().all(same) {
        let problem = "stands for several documents with different texts: give each a `chunk` of its own, and write document#chunk";
        return Err(place.wrong(reference.as_str(), problem));
    }
    if item
        .text
        .as_deref()
        .is_some_and(|given| *given != *text.text)
    {
        return Err(CaptureError::OtherText {
            path: format!("items[{}].text", place.index),
            document: reference.to_string(),
        });
    }
    let retriever = &state.context.retrievals[retrieval];
    let found = &retriever.results[result];
    let source = ItemSource {
        class: class_of(retriever.class),
        place: Some((retrieval, result)),
        is_stale: found.stale == Some(true),
        ..ItemSource::personal()
    };
    let candidate = Candidate {
        reference: Some(document_reference(found)),
        ..Candidate::new(text.text.clone())
    };
    Ok((candidate, source))
}

fn tool(state: &State, place: Place, item: &RequestItem) -> Drafted {
    if let Some(text) = &item.text {
        return Ok((Candidate::new(text.as_str()), ItemSource::personal()));
    }
    let reference = place.reference(item)?;
    let is_meant = |call: &&ToolCall| call.call_id.as_ref() == Some(reference);
    let by_id: Vec<&ToolCall> = state.context.tools.iter().filter(is_meant).collect();
    let by_name = || {
        let tools = state.context.tools.iter();
        tools.filter(|call| call.name == *reference).collect()
    };
    let matching = if by_id.is_empty() { by_name() } else { by_id };
    match *matching {
        [call] => {
            let text = call.output.as_ref().map(value_text).unwrap_or_default();
            Ok((Candidate::new(text), ItemSource::personal()))
        }
        [] => Err(place.wrong(reference.as_str(), "is none of the tool calls")),
        _ => Err(place.wrong(
            reference.as_str(),
            "stands for several tool calls: write the call_id",
        )),
    }
}

fn known_features(state: &State) -> String {
    let names: Vec<&str> = state
        .context
        .features
        .iter()
        .take(MAX_NAMED)
        .map(|feature| feature.name.as_str())
        .collect();
    match names.is_empty() {
        true => ": there are none".to_owned(),
        false => format!(": {}", names.join(", ")),
    }
}

const MAX_NAMED: usize = 10;
