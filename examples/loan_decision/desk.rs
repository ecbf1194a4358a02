//! The loan desk: one application, one sealed context, one decision.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contextrail::assembly::Budget;
use contextrail::capture::{AssembledContext, Capture, CaptureError, Retrieved};
use contextrail::record::{
    EntityRef, FreshnessStatus, InvalidValue, Name, Overflow, Role, Service, Version,
};
use contextrail::trail::{Decided, Trail};
use serde_json::{Value, json};

use super::affordability::{CALCULATOR, CALCULATOR_VERSION, Repayment, Terms, repayment};
use super::applicant::Applicant;
use super::category::Category;
use super::features::{FEATURES, FeatureTable};
use super::guardrails::{Guards, injection_phrases};
use super::index::PolicyIndex;
use super::letter;
use super::model::Answerer;
use super::prompt::LOAN_PROMPT;
use super::rules::{self, Ruling, StatementFinding};
use super::scorecard::{Need, SCORECARD};
use super::statement::{policy_question, statement};
use super::{Cuts, FlowError, decision};

/// Everything that applications are decided with.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(crate) trail: &'a Trail,
    pub(crate) answerer: &'a Answerer,
    pub(crate) table: FeatureTable,
    pub(crate) index: PolicyIndex,
    pub(crate) guards: Guards,
}

/// An application that was decided.
#[derive(Debug)]
pub(crate) struct Case {
    /// Whose application it is.
    pub(crate) applicant: EntityRef,
    /// What was asked for.
    pub(crate) application: EntityRef,
    /// The sealed context.
    pub(crate) context: AssembledContext,
    /// The letter, as the model wrote it.
    pub(crate) letter: String,
    /// Whether the output guardrail let the letter go out.
    pub(crate) letter_sent: bool,
    /// The recorded decision.
    pub(crate) decision: Decided,
    /// What the scorecard said.
    pub(crate) ruling: Ruling,
    /// What the input guardrail said about the statement.
    pub(crate) statement: StatementFinding,
}

impl Case {
    /// How many items the budget kept, truncated and dropped.
    pub(crate) fn cuts(&self) -> Cuts {
        Cuts::of(&self.context.assembly().items)
    }

    /// Whether everything that went in was fresh enough.
    pub(crate) fn is_fresh(&self) -> bool {
        self.context.freshness().status == FreshnessStatus::Guaranteed
    }
}

impl Desk<'_> {
    /// Decides one application.
    ///
    /// # Errors
    ///
    /// [`FlowError`] when a source, the model or the trail fails; what was captured until then is
    /// recorded as `failed`.
    pub(crate) async fn decide(&self, applicant: &Applicant) -> Result<Case, FlowError> {
        let started = Instant::now();
        let mut cx = self.begin(applicant)?;
        let written = statement(applicant);
        let written = cx
            .guard_text(&self.guards.prompt_injection, written)
            .await?;
        let finding = if injection_phrases(&written).is_empty() {
            StatementFinding::Clean
        } else {
            StatementFinding::Flagged
        };
        let known = self.fetch(&cx, applicant).await?;
        let policies = self.retrieve(&cx, applicant).await?;
        let repayment = calculate(&cx, applicant).await?;
        let ruling = rule(&cx, &known, finding).await?;
        add_features(&mut cx, &known);
        add_items(&mut cx, &policies, &repayment, &ruling, &written);
        let context = cx.assemble().await?;
        let letter = letter::write(self, &context, &ruling).await?;
        let (text, letter_sent) = (letter.text().to_owned(), letter.may_be_sent());
        let decision = decision::begin(self, applicant, &ruling, &letter, started.elapsed())?
            .from_context(&context)
            .generation(letter.generation(self.answerer)?)
            .commit()
            .await?;
        Ok(Case {
            applicant: applicant.entity(),
            application: applicant.application(),
            context,
            letter: text,
            letter_sent,
            decision,
            ruling,
            statement: finding,
        })
    }

    fn begin(&self, applicant: &Applicant) -> Result<Capture, InvalidValue> {
        let (provider, model) = self.answerer.model();
        let person = applicant.entity();
        let application = applicant.application();
        let builder = self
            .trail
            .context("loan_decision")
            .entity(person.kind.as_str(), &person.id)
            .use_case(USE_CASE)
            .retention(RETENTION_CLASS)
            .retention_policy(RETENTION_POLICY)
            .environment("demo")
            .service(service()?)
            .input("application_id", application.id.as_str())
            .input("amount_dm", applicant.credit_amount)
            .input("months", applicant.duration_months)
            .input("channel", "branch")
            .budget(
                Budget::tokens(BUDGET_TOKENS)
                    .reserve_output(OUTPUT_TOKENS)
                    .tokenizer(TOKENIZER),
            )
            .template(&LOAN_PROMPT)
            .variable("bank", "Beispielbank")
            .variable("application", application.id.as_str())
            .variable("amount", applicant.credit_amount)
            .variable("months", applicant.duration_months)
            .variable("purpose", applicant.purpose.code().replace('_', " "))
            .variable("threshold", rules::approve_at().value)
            .model(provider, model)
            .model_parameter("temperature", 0)
            .freshness_limit(FRESHNESS_LIMIT)
            .guard(self.guards.contact_details.clone());
        Ok(builder.begin())
    }

    /// Every feature of the table. Without those that the scorecard requires nothing is decided.
    async fn fetch(
        &self,
        cx: &Capture,
        applicant: &Applicant,
    ) -> Result<BTreeMap<String, Value>, CaptureError> {
        let person = applicant.entity();
        let mut known = BTreeMap::new();
        for definition in &FEATURES {
            let mut fetch = cx
                .feature(definition.name, &person)
                .version(definition.version)
                .max_age(definition.max_age);
            if !is_required(definition.name) {
                fetch = fetch.optional();
            }
            let value = fetch.fetch(&self.table).await?;
            if !value.is_missing() {
                known.insert(definition.name.to_owned(), value.into_value());
            }
        }
        Ok(known)
    }

    async fn retrieve(
        &self,
        cx: &Capture,
        applicant: &Applicant,
    ) -> Result<Retrieved, CaptureError> {
        cx.retrieve("policy_docs", policy_question(applicant))
            .top_k(POLICIES)
            .max_age(POLICY_MAX_AGE)
            .run(&self.index)
            .await
    }
}

async fn calculate(cx: &Capture, applicant: &Applicant) -> Result<Repayment, CaptureError> {
    let terms = Terms::of(applicant);
    cx.tool(CALCULATOR)
        .version(CALCULATOR_VERSION)
        .call_id(format!("{CALCULATOR}-1"))
        .arguments(terms.arguments())
        .run(|| async { repayment(terms) })
        .await
}

/// Rules by the scorecard, which is a tool to the model: it explains the ruling and changes nothing.
async fn rule(
    cx: &Capture,
    known: &BTreeMap<String, Value>,
    finding: StatementFinding,
) -> Result<Ruling, CaptureError> {
    let ruling = rules::decide(known, finding);
    let output = json!({ "outcome": ruling.verdict.outcome(), "score": ruling.score });
    cx.tool("loan_scorecard")
        .call_id("loan_scorecard-1")
        .version("1.4.0")
        .arguments(json!({ "features": known }))
        .run(|| async { Ok::<_, std::convert::Infallible>(output) })
        .await?;
    Ok(ruling)
}

/// The prompt, and the features that have a value.
fn add_features(cx: &mut Capture, known: &BTreeMap<String, Value>) {
    cx.template_item().role(Role::System).priority(0).required();
    // Age is looked at by the scorecard alone, for legal age.
    let sent = |name: &str| name != "age_years" && known.contains_key(name);
    for definition in FEATURES.iter().filter(|it| sent(it.name)) {
        let item = cx.feature_item(definition.name).priority(0);
        if is_required(definition.name) {
            item.required();
        }
    }
}

/// What must be in comes first, the policies compete for the rest, best first.
fn add_items(
    cx: &mut Capture,
    policies: &Retrieved,
    repayment: &Repayment,
    ruling: &Ruling,
    written: &str,
) {
    // The outputs of tools that the model did not call are no tool messages to it.
    cx.tool_item(CALCULATOR, repayment.to_string())
        .role(Role::User)
        .priority(0);
    cx.tool_item("loan_scorecard", ruling.to_string())
        .role(Role::User)
        .priority(0)
        .required();
    cx.items("policies", policies)
        .priority(1)
        .overflow(Overflow::KeepHead)
        .min_tokens(40)
        .marker("\n[…]");
    cx.item(
        "statement",
        format!("The applicant's statement:\n{written}"),
    )
    .priority(0)
    .required();
}

fn is_required(feature: &str) -> bool {
    SCORECARD
        .iter()
        .any(|criterion| criterion.feature == feature && criterion.need == Need::Required)
}

fn service() -> Result<Service, InvalidValue> {
    Ok(Service {
        name: Name::new(SERVICE)?,
        version: Some(Version::new(env!("CARGO_PKG_VERSION"))?),
        commit: None,
    })
}

pub(crate) const SERVICE: &str = "loan-api";
pub(crate) const USE_CASE: &str = "credit_underwriting@1";
pub(crate) const RETENTION_CLASS: &str = "high_risk";
pub(crate) const RETENTION_POLICY: &str = "default@1";
/// The tokenizer of the budget; models behind an endpoint may have names nobody knows.
const TOKENIZER: &str = "o200k_base";
const BUDGET_TOKENS: u64 = 1_500;
const OUTPUT_TOKENS: u64 = 300;
/// How many chunks of policies are asked for.
const POLICIES: u64 = 6;
/// A policy that nobody has looked at for five years is not relied on.
const POLICY_MAX_AGE: Duration = Duration::from_secs(5 * 365 * 24 * 3_600);
const FRESHNESS_LIMIT: Duration = Duration::from_secs(30 * 24 * 3_600);
