//! A context as a page for people.

use crate::cli::output::table;
use crate::cli::plain;
use crate::cli::table_text::{age, entities, moment, value, word};
use crate::record::{AssemblyRecord, BudgetUse, Context, Head, Item, Section};

/// The page of a context; without a head, one that was not recorded.
pub(super) fn page(head: Option<&Head>, context: &Context) -> String {
    let mut page = String::new();
    header(&mut page, head, context);
    section(&mut page, "features", &FEATURES, &features(context));
    section(&mut page, "retrievals", &RETRIEVALS, &retrievals(context));
    section(&mut page, "guardrails", &GUARDRAILS, &guardrails(context));
    if let Some(assembly) = &context.assembly {
        section(&mut page, "items", &ITEMS, &items(assembly));
        budget(&mut page, &assembly.budget);
    }
    freshness(&mut page, context);
    capture(&mut page, context);
    page
}

fn header(page: &mut String, head: Option<&Head>, context: &Context) {
    let name = context.name.as_str();
    page.push_str(&format!(
        "context {} {}\n",
        plain::line(name),
        context.status.as_str()
    ));
    if let Some(head) = head {
        fact(page, "id", &head.id.to_string());
        fact(
            page,
            "recorded",
            &format!("{} by {}", moment(head.recorded_at), head.actor.id),
        );
    }
    fact(page, "created", &moment(context.created_at));
    fact(page, "environment", context.environment.as_str());
    if let Some(error) = &context.error {
        fact(page, "error", &format!("{}: {}", error.code, error.message));
    }
    if !context.entities.is_empty() {
        fact(page, "entities", &entities(&context.entities));
    }
    if let Some(model) = &context.model {
        fact(page, "model", model.name.as_str());
    }
    if let Some(template) = &context.template {
        let version = template.version.as_ref();
        let version = version.map_or_else(String::new, |version| format!("@{version}"));
        fact(page, "template", &format!("{}{version}", template.name));
    }
    for (name, input) in &context.inputs {
        fact(page, &format!("input {name}"), &value(input));
    }
}

fn features(context: &Context) -> Vec<Vec<String>> {
    let rows = context.features.iter().map(|feature| {
        vec![
            feature.name.to_string(),
            feature.value.as_ref().map(value).unwrap_or_default(),
            word(&feature.status),
            word(&feature.source),
            feature.freshness_ms.map(age).unwrap_or_default(),
            feature.max_age_ms.map(age).unwrap_or_default(),
            feature
                .entity
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ]
    });
    rows.collect()
}

fn retrievals(context: &Context) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for retrieval in &context.retrievals {
        let query = plain::shortened(&retrieval.query, QUERY_CHARS);
        let asked = format!("{}: {query}", retrieval.retriever);
        if retrieval.results.is_empty() {
            rows.push(vec![asked, String::new(), word(&retrieval.status)]);
            continue;
        }
        for result in &retrieval.results {
            let chunk = result.chunk.as_ref();
            let chunk = chunk.map_or_else(String::new, |chunk| format!("#{chunk}"));
            let mut used = word(&result.used);
            if result.stale == Some(true) {
                used.push_str(", stale");
            }
            rows.push(vec![
                asked.clone(),
                format!("{}{chunk}", result.document),
                used,
                result
                    .score
                    .map(|score| format!("{score}"))
                    .unwrap_or_default(),
                result.freshness_ms.map(age).unwrap_or_default(),
            ]);
        }
    }
    rows
}

fn guardrails(context: &Context) -> Vec<Vec<String>> {
    let rows = context.guardrails.iter().map(|guardrail| {
        let version = guardrail.version.as_ref();
        let version = version.map_or_else(String::new, |version| format!("@{version}"));
        vec![
            format!("{}{version}", guardrail.name),
            word(&guardrail.stage),
            word(&guardrail.verdict),
            guardrail.action.as_ref().map(word).unwrap_or_default(),
        ]
    });
    rows.collect()
}

fn items(assembly: &AssemblyRecord) -> Vec<Vec<String>> {
    assembly.items.iter().map(item).collect()
}

fn item(item: &Item) -> Vec<String> {
    vec![
        item.index.to_string(),
        word(&item.kind),
        item.reference
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        word(&item.role),
        if item.required {
            "required".to_owned()
        } else {
            item.priority.to_string()
        },
        item.tokens.to_string(),
        item.used_tokens.to_string(),
        word(&item.verdict),
        item.reason.as_ref().map(word).unwrap_or_default(),
    ]
}

fn budget(page: &mut String, budget: &BudgetUse) {
    let taken = budget.used.saturating_add(budget.framing.unwrap_or(0));
    let filled = taken
        .saturating_mul(BAR_CELLS)
        .checked_div(budget.available)
        .unwrap_or(BAR_CELLS)
        .min(BAR_CELLS);
    let bar: String = (0..BAR_CELLS)
        .map(|cell| if cell < filled { '#' } else { '.' })
        .collect();
    page.push_str(&format!(
        "\nbudget\n  [{bar}] {} of {} tokens used, {} of {} kept for the answer\n",
        budget.used, budget.available, budget.reserve_output, budget.limit
    ));
    if let Some(over) = budget.over {
        page.push_str(&format!("  required items go {over} tokens beyond it\n"));
    }
}

fn freshness(page: &mut String, context: &Context) {
    let report = &context.freshness;
    page.push_str(&format!("\nfreshness: {}\n", report.status.as_str()));
    for violation in &report.violations {
        let old = violation.age_ms.map(|ms| format!(", {} old", age(ms)));
        let limit = violation.limit_ms.map(|ms| format!(", limit {}", age(ms)));
        page.push_str(&format!(
            "  {}: {}{}{}\n",
            plain::line(violation.reference.as_str()),
            word(&violation.reason),
            old.unwrap_or_default(),
            limit.unwrap_or_default()
        ));
    }
}

fn capture(page: &mut String, context: &Context) {
    let capture = &context.capture;
    page.push_str(&format!("\ncapture: {}\n", word(&capture.door)));
    for section in Section::ALL {
        let completeness = capture.sections.of(section);
        page.push_str(&format!(
            "  {:<11} {}\n",
            section.as_str(),
            word(&completeness)
        ));
    }
    for warning in &capture.warnings {
        page.push_str(&format!("  warning: {}\n", plain::line(warning)));
    }
}

fn section(page: &mut String, name: &str, columns: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    page.push_str(&format!("\n{name}\n"));
    for line in table(columns, rows).lines() {
        page.push_str(&format!("  {line}\n"));
    }
}

fn fact(page: &mut String, name: &str, text: &str) {
    page.push_str(&format!(
        "  {:<12} {}\n",
        plain::line(name),
        plain::line(text)
    ));
}

const FEATURES: [&str; 7] = [
    "name", "value", "status", "source", "age", "limit", "entity",
];
const RETRIEVALS: [&str; 5] = ["asked", "document", "used", "score", "age"];
const GUARDRAILS: [&str; 4] = ["name", "stage", "verdict", "action"];
const ITEMS: [&str; 9] = [
    "#", "kind", "ref", "role", "priority", "tokens", "used", "verdict", "reason",
];
const QUERY_CHARS: usize = 40;
const BAR_CELLS: u64 = 40;
