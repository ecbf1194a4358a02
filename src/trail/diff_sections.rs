//! The sections of a context, as they are compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::record::{Context, Digest, Feature, Item, ItemKind, Retrieval, Version};

/// Texts by their digests.
pub(super) type TextMap = BTreeMap<Digest, Arc<str>>;

/// One of the two contexts, and the texts of it that are known.
pub(super) struct Side<'a> {
    pub(super) context: &'a Context,
    pub(super) texts: &'a TextMap,
}

type Section = fn(&Side<'_>) -> Keyed;

/// What a context has several of, in the order of the sections of a record.
pub(super) const SECTIONS: [(&str, Section); 6] = [
    ("features", features),
    ("retrievals", retrievals),
    ("documents", documents),
    ("tools", tools),
    ("guardrails", guardrails),
    ("items", items),
];

impl Side<'_> {
    /// Puts the text in the place of its digest, when it is known: a keyed digest says nothing
    /// across records, and a bare one nothing to people.
    fn show_text(&self, value: &mut Value, digest: Option<Digest>) {
        let text = digest.and_then(|digest| self.texts.get(&digest));
        if let (Some(members), Some(text)) = (value.as_object_mut(), text) {
            members.remove("digest");
            members.insert("text".to_owned(), Value::from(&**text));
        }
    }

    fn with_text(&self, mut value: Value, digest: Option<Digest>) -> Value {
        self.show_text(&mut value, digest);
        value
    }

    /// What an item is called in both contexts: the template without its version, which is a
    /// change of its own.
    fn name_of<'i>(&'i self, item: &'i Item) -> Option<&'i str> {
        let reference = item.reference.as_ref()?.as_str();
        let Some(used) =
            (self.context.template.as_ref()).filter(|_| item.kind == ItemKind::Template)
        else {
            return Some(reference);
        };
        let name = used.name.as_str();
        let version = reference
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('@'));
        let is_version = version.is_some() && version == used.version.as_ref().map(Version::as_str);
        Some(if is_version { name } else { reference })
    }
}

/// What a context has once.
pub(super) fn overall(side: &Side<'_>) -> Value {
    let Side { context, .. } = side;
    let mut value = pick(
        context,
        &[
            "name",
            "use_case",
            "retention",
            "status",
            "error",
            "environment",
            "service",
            "recorder",
            "agent",
            "entities",
            "inputs",
            "template",
            "model",
        ],
    );
    if let (Some(assembly), Some(members)) = (&context.assembly, value.as_object_mut()) {
        let assembly = pick(
            assembly,
            &["tokenizer", "budget", "separator", "order", "text_bytes"],
        );
        members.insert("assembly".to_owned(), assembly);
    }
    if let Some(template) = value.get_mut("template") {
        let digest = context.template.as_ref().and_then(|used| used.digest);
        side.show_text(template, digest);
    }
    if let Some(members) = value.as_object_mut() {
        let freshness = json!({
            "status": context.freshness.status,
            "limit_ms": context.freshness.limit_ms,
            "violations": context.freshness.violations.iter()
                .map(|violation| json!({"ref": violation.reference, "reason": violation.reason}))
                .collect::<Vec<_>>(),
        });
        members.insert("freshness".to_owned(), freshness);
        members.insert(
            "capture".to_owned(),
            json!({"sections": context.capture.sections}),
        );
    }
    value
}

/// Things that a context has several of: the value of each by its name, and its place.
pub(super) type Keyed = BTreeMap<String, (usize, Value)>;

fn features(Side { context, .. }: &Side<'_>) -> Keyed {
    let twins = |feature: &Feature| {
        context
            .features
            .iter()
            .filter(|it| it.name == feature.name)
            .count()
            > 1
    };
    let key = |feature: &Feature| match &feature.entity {
        Some(entity) if twins(feature) => format!("{}@{entity}", feature.name),
        _ => feature.name.to_string(),
    };
    let members = [
        "version",
        "entity",
        "value",
        "source",
        "origin",
        "transforms",
        "quality",
        "status",
        "error",
        "as_of",
        "max_age_ms",
    ];
    keyed(
        context
            .features
            .iter()
            .map(|it| (key(it), pick(it, &members))),
    )
}

fn retrievals(Side { context, .. }: &Side<'_>) -> Keyed {
    let members = [
        "class",
        "query",
        "index",
        "top_k",
        "filters",
        "status",
        "error",
        "max_age_ms",
    ];
    keyed(
        context
            .retrievals
            .iter()
            .map(|it| (it.retriever.to_string(), pick(it, &members))),
    )
}

fn documents(side: &Side<'_>) -> Keyed {
    let members = [
        "version", "score", "digest", "uri", "as_of", "stale", "used",
    ];
    let of_call = |call: &Retrieval| {
        let retriever = call.retriever.clone();
        let results = call.results.iter().map(move |it| {
            let chunk = it
                .chunk
                .as_ref()
                .map_or_else(String::new, |chunk| format!("#{chunk}"));
            (
                format!("{retriever}.{}{chunk}", it.document),
                side.with_text(pick(it, &members), it.digest),
            )
        });
        results.collect::<Vec<_>>()
    };
    keyed(side.context.retrievals.iter().flat_map(of_call))
}

fn tools(Side { context, .. }: &Side<'_>) -> Keyed {
    let members = [
        "version",
        "arguments",
        "output",
        "status",
        "error",
        "side_effect",
    ];
    keyed(
        context
            .tools
            .iter()
            .map(|it| (it.name.to_string(), pick(it, &members))),
    )
}

fn guardrails(Side { context, .. }: &Side<'_>) -> Keyed {
    let members = ["version", "policy", "native", "verdict", "action", "error"];
    let key = |it: &crate::record::GuardrailResult| format!("{}.{}", it.name, word(&it.stage));
    keyed(
        context
            .guardrails
            .iter()
            .map(|it| (key(it), pick(it, &members))),
    )
}

fn items(side: &Side<'_>) -> Keyed {
    let members = [
        "role",
        "priority",
        "required",
        "overflow",
        "min_tokens",
        "marker",
        "tokens",
        "used_tokens",
        "verdict",
        "reason",
        "kept",
        "digest",
    ];
    // why: an item without a reference has no other name than its kind and its number within it.
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut key = |item: &Item| {
        let kind = word(&item.kind);
        match side.name_of(item) {
            Some(reference) => format!("{kind}.{reference}"),
            None => {
                let number = numbers.entry(kind.clone()).or_default();
                *number += 1;
                format!("{kind}.{number}")
            }
        }
    };
    let assembly = side.context.assembly.iter();
    let items = assembly.flat_map(|assembly| &assembly.items);
    keyed(items.map(|item| {
        let value = side.with_text(pick(item, &members), item.digest);
        (key(item), value)
    }))
}

fn keyed(named: impl Iterator<Item = (String, Value)>) -> Keyed {
    let mut found = Keyed::new();
    for (place, (name, value)) in named.enumerate() {
        // The same thing used twice is two things.
        let mut key = name.clone();
        let mut number = 1;
        while found.contains_key(&key) {
            number += 1;
            key = format!("{name}[{number}]");
        }
        found.insert(key, (place, value));
    }
    found
}

/// The named members of `value`, those that are there.
fn pick(value: &impl Serialize, names: &[&str]) -> Value {
    let Ok(Value::Object(mut members)) = serde_json::to_value(value) else {
        return Value::Null;
    };
    let picked: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), members.remove(*name)?)))
        .collect();
    Value::Object(picked)
}

fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
