//! W1, one loan context, as the project's figures are defined on it: ten features, three retrievers
//! of five documents of 2,000 bytes, a budget of 4,000 tokens that drops about half of them.

use std::sync::Arc;
use std::time::Duration;

use contextrail::assembly::Budget;
use contextrail::capture::{
    AssembledContext, Document, FeatureAnswer, FeatureRequest, FeatureSource,
};
use contextrail::record::{Clock, SystemClock, Timestamp};
use contextrail::trail::{Decided, Trail};
use serde_json::{Value, json};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The documents, and which form of the workload this is.
pub(crate) struct Workload {
    texts: Vec<Vec<Arc<str>>>,
    unique: bool,
}

impl Workload {
    pub(crate) fn new(unique: bool) -> Self {
        let texts = (0..3)
            .map(|retriever| {
                (0..1_000)
                    .map(|number| text(retriever, number).into())
                    .collect()
            })
            .collect();
        Self { texts, unique }
    }

    /// Records context `i`, and with `decision` the decision it led to.
    pub(crate) async fn record(
        &self,
        trail: &Trail,
        i: u64,
        decision: bool,
    ) -> Result<AssembledContext, BoxError> {
        let context = self.context(trail, i).await?;
        if decision {
            self.decide(trail, i, &context).await?;
        }
        Ok(context)
    }

    /// Records context `i`.
    pub(crate) async fn context(
        &self,
        trail: &Trail,
        i: u64,
    ) -> Result<AssembledContext, BoxError> {
        let customer = format!("cust-{}", i % 1_000);
        let mut cx = trail
            .context("loan_decision")
            .entity("customer", &customer)
            .input("customer_id", customer.as_str())
            .input("query", format!("refund policy {i}"))
            .input("application_id", format!("A-{i}"))
            .budget(Budget::tokens(4_000).tokenizer("cl100k_base"))
            .freshness_limit(Duration::from_secs(300))
            .begin();
        cx.item("system", "You are a loan officer assistant. Template v3.")
            .required()
            .priority(0);
        for k in 0..10 {
            let value = cx
                .feature(format!("f{k}"), &customer)
                .fetch(&Features { e: i % 1_000, k })
                .await?;
            cx.item(&format!("f{k}"), format!("f{k}: {value}"))
                .required()
                .priority(1);
        }
        for retriever in 0..3 {
            let found = cx
                .retrieve(format!("r{retriever}"), format!("refund policy {i}"))
                .top_k(5)
                .shared()
                // why: the limit of W1 is on features; its documents are days old.
                .max_age(Duration::from_secs(365 * 86_400))
                .run_fn(async |_| Ok::<_, BoxError>(self.documents(retriever, i)))
                .await?;
            cx.items("policy", &found).priority(2 + retriever);
        }
        Ok(cx.assemble().await?)
    }

    /// Records the decision that context `i` led to.
    pub(crate) async fn decide(
        &self,
        trail: &Trail,
        i: u64,
        context: &AssembledContext,
    ) -> Result<Decided, BoxError> {
        let decision = trail
            .decide("loan_application", i)
            .outcome("approved")
            .because("R01", "score above threshold")
            .from_context(context);
        Ok(decision.commit().await?)
    }

    /// Context `i` as a request, with the texts of all its documents.
    pub(crate) fn request(&self, i: u64) -> Value {
        let customer = format!("customer:cust-{}", i % 1_000);
        let now = SystemClock.now().to_string();
        let features = (0..10).map(|k| {
            let value = feature(i % 1_000, k);
            json!({"name": format!("f{k}"), "entity": customer, "value": value, "as_of": now})
        });
        let retrievals = (0..3).map(|retriever| {
            let results = self.found(retriever, i).map(|(d, score, text)| {
                json!({
                    "document": format!("r{retriever}-d{d}"), "chunk": format!("r{retriever}-c{d}"),
                    "text": &*text, "score": score, "as_of": AS_OF,
                    "uri": format!("https://kb.example/r{retriever}/{d}"),
                })
            });
            json!({
                "retriever": format!("r{retriever}"), "class": "shared", "top_k": 5,
                "query": format!("refund policy {i}"), "max_age": "365d",
                "results": results.collect::<Vec<_>>(),
            })
        });
        let retrievals: Vec<Value> = retrievals.collect();
        let system = "You are a loan officer assistant. Template v3.";
        let mut items = vec![
            json!({"kind": "text", "text": system, "role": "system", "priority": 0, "required": true}),
        ];
        items.extend((0..10).map(
            |k| json!({"kind": "feature", "ref": format!("f{k}"), "priority": 1, "required": true}),
        ));
        for (number, retrieval) in retrievals.iter().enumerate() {
            let results = retrieval["results"].as_array().into_iter().flatten();
            items.extend(results.map(|it| {
                let of = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
                let found = format!("{}#{}", of("document"), of("chunk"));
                json!({"kind": "document", "ref": found, "priority": 2 + number})
            }));
        }
        json!({
            "schema": "contextrail.request/1",
            "name": "loan_decision",
            "entities": [{"type": "customer", "id": format!("cust-{}", i % 1_000)}],
            "inputs": {
                "customer_id": format!("cust-{}", i % 1_000),
                "query": format!("refund policy {i}"),
                "application_id": format!("A-{i}"),
            },
            "budget": {"limit": 4_000, "tokenizer": "cl100k_base"},
            "freshness": {"limit": "5m"},
            "features": features.collect::<Vec<_>>(),
            "retrievals": retrievals,
            "items": items,
        })
    }

    fn documents(&self, retriever: u64, i: u64) -> Vec<Document> {
        let as_of: Timestamp = AS_OF.parse().expect("it is RFC 3339");
        let found = self.found(retriever, i);
        let documents = found.map(|(d, score, text)| {
            Document::new(format!("r{retriever}-d{d}"), text)
                .chunk(format!("r{retriever}-c{d}"))
                .score(score)
                .uri(format!("https://kb.example/r{retriever}/{d}"))
                .as_of(as_of)
        });
        documents.collect()
    }

    /// The numbers, scores and texts of what a retriever finds for context `i`.
    fn found(&self, retriever: u64, i: u64) -> impl Iterator<Item = (u64, f64, Arc<str>)> {
        (0..5_u32).map(move |j| {
            let d = (i * 5 + u64::from(j)) % 1_000;
            let text = &self.texts[usize_of(retriever)][usize_of(d)];
            let text = if self.unique {
                format!("{text} {i}").into()
            } else {
                Arc::clone(text)
            };
            (d, 0.95 - 0.05 * f64::from(j), text)
        })
    }
}

/// The in-memory source of feature `k` for the customer `e`.
struct Features {
    e: u64,
    k: u64,
}

#[async_trait::async_trait]
impl FeatureSource for Features {
    async fn fetch(&self, _: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        let value = feature(self.e, self.k);
        Ok(FeatureAnswer::value(value).as_of(SystemClock.now()))
    }
}

/// Feature `k` of the customer `e`.
fn feature(e: u64, k: u64) -> Value {
    let v = (e * 31 + k * 17) % 1_000;
    #[expect(clippy::cast_precision_loss, reason = "it is below 1,000")]
    match k % 3 {
        0 => Value::from(v),
        1 => Value::from(v as f64 / 7.0),
        _ => Value::from(format!("seg-{}", v % 10)),
    }
}

fn text(retriever: u64, document: u64) -> String {
    let mut x = (retriever * 1_000_003 + document * 7_919 + 12_345) & 0x7fff_ffff;
    let words: Vec<&str> = (0..500)
        .map(|_| {
            x = (x * 1_103_515_245 + 12_345) & 0x7fff_ffff;
            WORDS[usize_of((x >> 16) % 40)]
        })
        .collect();
    words.join(" ") + "."
}

const AS_OF: &str = "2026-11-20T10:00:00Z";

fn usize_of(number: u64) -> usize {
    usize::try_from(number).expect("it is below 1,000")
}

const WORDS: [&str; 40] = [
    "the", "and", "for", "are", "but", "not", "you", "all", "any", "can", "had", "her", "was",
    "one", "our", "out", "day", "get", "has", "him", "his", "how", "man", "new", "now", "old",
    "see", "two", "way", "who", "boy", "did", "its", "let", "put", "say", "she", "too", "use",
    "may",
];
