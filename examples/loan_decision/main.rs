//! Loan decisions over real applications: `cargo run --example loan_decision`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod applicant;
mod category;
mod features;
mod guardrails;
mod index;
mod model;
mod policy;
mod prompt;
mod rules;
mod scorecard;
mod statement;

use std::collections::BTreeMap;
use std::error::Error;

use contextrail::record::{Clock, SystemClock, Timestamp};
use serde_json::Value;

use applicant::{Applicant, applicants};
use category::Category;
use features::FeatureTable;
use guardrails::{CONTACT_DETAILS, PROMPT_INJECTION, PROTECTED_ATTRIBUTES};
use index::PolicyIndex;
use model::{Answerer, EndpointConfig, Message};
use prompt::LOAN_PROMPT;
use rules::StatementFinding;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let people = applicants()?;
    let now = SystemClock.now();
    let table = FeatureTable::at(now, &people);
    let index = PolicyIndex::open().await?;
    let answerer = Answerer::new(endpoint()?)?;
    println!(
        "{} applicants, {}@{}",
        people.len(),
        PolicyIndex::NAME,
        PolicyIndex::VERSION
    );
    println!("letters by {:?}", answerer.model());
    for applicant in people.iter().take(20) {
        decide(applicant, &table, &index, &answerer, now).await?;
    }
    Ok(())
}

async fn decide(
    applicant: &Applicant,
    table: &FeatureTable,
    index: &PolicyIndex,
    answerer: &Answerer,
    now: Timestamp,
) -> Result<(), Box<dyn Error>> {
    let written = statement::statement(applicant);
    let phrases = guardrails::injection_phrases(&written);
    let finding = if phrases.is_empty() {
        StatementFinding::Clean
    } else {
        StatementFinding::Flagged
    };
    let redacted = guardrails::redact_contacts(&written);
    println!(
        "\n{} {}: {}",
        applicant.entity(),
        applicant.application(),
        redacted.text
    );
    println!("  {PROMPT_INJECTION:?} {phrases:?}");
    println!(
        "  {CONTACT_DETAILS:?} {} e-mails, {} telephone numbers",
        redacted.emails, redacted.phones
    );
    let known = known(applicant, table, now);
    for hit in index
        .search(&statement::policy_question(applicant), 6)
        .await?
    {
        let (document, chunk, version) = (&hit.document, &hit.chunk, &hit.version);
        let bytes = hit.text.len();
        println!(
            "  {document}#{chunk}@{version} {:.2} {bytes} bytes, {} {}",
            hit.score, hit.as_of, hit.uri
        );
    }
    let ruling = rules::decide(&known, finding);
    let messages = [
        Message {
            role: "system",
            content: LOAN_PROMPT.text,
        },
        Message {
            role: "user",
            content: &redacted.text,
        },
    ];
    let answer = answerer.answer(&messages, &ruling).await?;
    println!("  {}@{}", LOAN_PROMPT.name, LOAN_PROMPT.version);
    println!(
        "  {} at {} ({:?}), then {}",
        ruling.verdict.outcome(),
        ruling.score,
        rules::approve_at(),
        ruling.verdict.action()
    );
    println!(
        "  {} contributions, really {}",
        ruling.rationale.len(),
        applicant.creditability.code()
    );
    println!(
        "  {PROTECTED_ATTRIBUTES:?} {:?}",
        guardrails::protected_attributes(&answer.text)
    );
    let request_bytes = answer.request.map_or(0, |request| request.len());
    println!(
        "  {:?} {:?} {:?} {request_bytes}\n{}",
        answer.served, answer.finish_reason, answer.usage, answer.text
    );
    Ok(())
}

fn known(applicant: &Applicant, table: &FeatureTable, now: Timestamp) -> BTreeMap<String, Value> {
    let mut known = BTreeMap::new();
    for definition in &features::FEATURES {
        let Some(row) = table.value(&applicant.entity(), definition.name) else {
            continue;
        };
        let age_ms = now.millis_since(row.as_of);
        println!(
            "  {}@{} {:?} {:?} {age_ms} of {} ms, {:?} {:?}",
            definition.name,
            definition.version,
            row.value,
            row.source,
            definition.max_age.as_millis(),
            row.origin,
            row.quality
        );
        known.extend(
            row.value
                .clone()
                .map(|value| (definition.name.to_owned(), value)),
        );
    }
    known
}

/// The endpoint that the environment names, if it names one.
#[expect(
    clippy::disallowed_methods,
    reason = "an application may read its environment; the library does not"
)]
fn endpoint() -> Result<Option<EndpointConfig>, Box<dyn Error>> {
    match (std::env::var("LOAN_MODEL_URL"), std::env::var("LOAN_MODEL")) {
        (Err(_), Err(_)) => Ok(None),
        (Ok(base_url), Ok(model)) => Ok(Some(EndpointConfig {
            base_url,
            model,
            api_key: std::env::var("LOAN_MODEL_KEY").ok(),
        })),
        _ => Err("set LOAN_MODEL_URL and LOAN_MODEL together, or neither".into()),
    }
}
