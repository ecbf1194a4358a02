//! Three steps of agents, one context each, tied by parent and trace:
//! `cargo run --example agent_steps`.
//!
//! A planner asks what to look at, a researcher looks at it in parallel tasks, a writer sums up.
//! Sources and tools find the capture they run within. Records go to `agent_steps.db`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::convert::Infallible;

use async_trait::async_trait;
use contextrail::assembly::Budget;
use contextrail::capture::{
    AssembledContext, BoxError, Capture, ContextBuilder, Document, FeatureAnswer, FeatureRequest,
    FeatureSource, Recorded, RetrievalRequest, Retriever, Sink, ambient, spawn,
};
use contextrail::record::{Agent, ContextId, EntityRef, InvalidValue, Kind, Name, Timestamp};
use contextrail::trail::{Answer, Trail};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let trail = Trail::open("sqlite://agent_steps.db").await?;
    let done = explain(&trail).await;
    trail.close().await;
    done
}

async fn explain(trail: &Trail) -> Result<(), BoxError> {
    let plan = plan(trail).await?;
    let research = research(trail, &plan).await?;
    let report = write(trail, &research).await?;
    let decision = trail
        .decide("incident", INCIDENT)
        .outcome("explained")
        .from_context(&report)
        .generation(Answer::new(
            "report_by_rule",
            "Release 42 took all connections.",
        ))
        .commit()
        .await?;
    println!("{} on incident:{INCIDENT} rests on", decision.id());
    print_lineage(trail, report.id()).await
}

/// Step 1: which services are there to look at?
async fn plan(trail: &Trail) -> Result<AssembledContext, BoxError> {
    let mut cx = begin(trail, 1, "planner", None)?;
    let services = cx.scope(list_services()).await?;
    cx.item("task", format!("Plan how to explain incident {INCIDENT}."))
        .required();
    cx.tool_item("list_services", services.join(", "));
    Ok(cx.assemble().await?)
}

/// Step 2: error rate and notes of every service, each in a task of its own.
async fn research(trail: &Trail, plan: &AssembledContext) -> Result<AssembledContext, BoxError> {
    let mut cx = begin(trail, 2, "researcher", Some(plan.id()))?;
    let now = trail.clock().now();
    let looking = cx.scope(async {
        let tasks = SERVICES.map(|(service, ..)| spawn(look_at(service, now)));
        let mut findings = Vec::new();
        for task in tasks {
            findings.push(task.await??);
        }
        Ok::<_, BoxError>(findings)
    });
    cx.item("task", "Find what the services say.").required();
    for finding in looking.await? {
        cx.item("finding", finding);
    }
    Ok(cx.assemble().await?)
}

/// Step 3: the report, from what the step before gave.
async fn write(trail: &Trail, research: &AssembledContext) -> Result<AssembledContext, BoxError> {
    let mut cx = begin(trail, 3, "writer", Some(research.id()))?;
    let words = cx.scope(count_words(research.text())).await?;
    cx.item("task", "Explain the incident in one sentence.")
        .required();
    cx.item("findings", research.text()).priority(0);
    cx.tool_item("count_words", format!("{words} words of findings"));
    Ok(cx.assemble().await?)
}

fn begin(
    trail: &Trail,
    step: u64,
    agent: &str,
    parent: Option<ContextId>,
) -> Result<Capture, InvalidValue> {
    let builder = trail
        .context("incident_report")
        .entity("incident", INCIDENT)
        .budget(Budget::tokens(600).reserve_output(100))
        .trace(&format!("00-{TRACE}-{step:016x}-01"))
        .agent(Agent {
            name: Name::new(agent)?,
            role: None,
            step: Some(step),
            state: None,
        });
    let builder = parent.into_iter().fold(builder, ContextBuilder::parent);
    Ok(builder.begin())
}

/// Looks at one service; its calls are recorded in the context that it runs within.
async fn look_at(service: &'static str, now: Timestamp) -> Result<String, BoxError> {
    let entity = EntityRef::new("service", service)?;
    let request = FeatureRequest::new(Name::new("error_rate")?, entity);
    let rate = Recorded::new(Monitoring(now)).fetch(&request).await?;
    let request = RetrievalRequest::new(Name::new("notes")?, service);
    let notes = Recorded::new(Notes).retrieve(&request).await?;
    let rate = rate.value.unwrap_or_default();
    let notes: Vec<&str> = notes.iter().map(Document::text).collect();
    Ok(format!("{service}: error rate {rate}. {}", notes.join(" ")))
}

async fn list_services() -> Result<Vec<&'static str>, BoxError> {
    let scope = ambient().ok_or("a tool is called within a step")?;
    let names = async { Ok::<_, Infallible>(SERVICES.map(|(name, ..)| name).to_vec()) };
    Ok(scope.tool("list_services").run(|| names).await?)
}

async fn count_words(text: &str) -> Result<usize, BoxError> {
    let scope = ambient().ok_or("a tool is called within a step")?;
    let count = text.split_whitespace().count();
    let tool = scope.tool("count_words").arguments(json!({ "text": text }));
    Ok(tool.run(|| async { Ok::<_, Infallible>(count) }).await?)
}

/// The monitoring of the services, as of the given time.
struct Monitoring(Timestamp);

#[async_trait]
impl FeatureSource for Monitoring {
    async fn fetch(&self, request: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        let mut services = SERVICES.iter();
        let known = services.find(|(name, ..)| *name == request.entity.id.as_str());
        let rate = known.map(|(_, rate, _)| FeatureAnswer::value(*rate).as_of(self.0));
        Ok(rate.unwrap_or_default())
    }
}

struct Notes;

#[async_trait]
impl Retriever for Notes {
    async fn retrieve(&self, request: &RetrievalRequest) -> Result<Vec<Document>, BoxError> {
        let notes = SERVICES.iter().filter(|(name, ..)| *name == request.query);
        Ok(notes
            .map(|(name, _, note)| Document::new(name, *note))
            .collect())
    }
}

/// Every context that led to `last`, latest first, as the trail has it.
async fn print_lineage(trail: &Trail, last: ContextId) -> Result<(), BoxError> {
    let mut next = Some(last);
    while let Some(id) = next {
        let stored = trail.read_kind(id.into(), Kind::Context).await?;
        let context = stored.context().ok_or("the record is no context")?;
        if let (Some(agent), Some(trace)) = (&context.agent, &context.trace) {
            println!("  {id}  {}, span {}", agent.name, trace.span_id);
        }
        for tool in &context.tools {
            let output = tool.output.as_ref().unwrap_or(&Value::Null);
            println!("    tool {}: {output}", tool.name);
        }
        for feature in &context.features {
            let value = feature.value.as_ref().unwrap_or(&Value::Null);
            println!("    feature {}: {value}", feature.name);
        }
        for found in context.retrievals.iter().flat_map(|it| &it.results) {
            println!("    document {}", found.document);
        }
        next = context.parents.first().copied();
    }
    Ok(())
}

const INCIDENT: &str = "2041";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SERVICES: [(&str, f64, &str); 3] = [
    (
        "payments",
        0.31,
        "Release 42 opens a connection for each request.",
    ),
    (
        "database",
        0.02,
        "All 100 connections were in use from 09:14 on.",
    ),
    (
        "frontend",
        0.0,
        "Nothing unusual but slow answers of payments.",
    ),
];
