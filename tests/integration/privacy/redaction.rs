//! Rules at every door, and what is left behind: traces, and never a value.

use std::path::Path;

use contextrail::assembly::Budget;
use contextrail::capture::CaptureError;
use contextrail::codec::{Unknown, decode_record, read_json, write_json};
use contextrail::privacy::redaction::{Match, Redaction, Rule};
use contextrail::privacy::{Kind, keys::KeyError, keys::Token};
use contextrail::record::{
    Body, Class, Completeness, ContextStatus, Digest, Draft, Generation, RedactionTrace,
    RedactionTreatment as Treatment,
};
use contextrail::store::AppenderOptions;
use contextrail::trail::{Answer, Evidence, Stored, Trail, TrailError, TrailOptions};
use serde_json::{Value, json};

use crate::sample::{assembled, context, entity, id};

pub(super) const CANARY: &str = "canary.ada@example.org";

pub(super) fn emails(treatment: Treatment) -> Redaction {
    let name = "emails".parse().unwrap();
    Redaction::new().with(Rule::new(name, Match::kind(Kind::Email), treatment))
}

async fn opened(redaction: Redaction) -> Trail {
    let options = TrailOptions::new().redaction(redaction);
    options.open_in_memory().await.unwrap()
}

fn about_one(inputs: &Value) -> Draft {
    let more = json!({"entities": [entity("applicant:1")], "inputs": inputs});
    Draft::new(id(1), context(more))
}

async fn stored(trail: &Trail, draft: Draft) -> Stored {
    let receipt = trail.record(draft).await.unwrap();
    trail.read(receipt.id).await.unwrap().unwrap()
}

fn shown(stored: &Stored) -> String {
    serde_json::to_string(stored.record()).unwrap()
}

fn traces(stored: &Stored) -> Vec<RedactionTrace> {
    match &stored.record().body {
        Body::Context(context) => context.capture.redactions.clone(),
        Body::Generation(generation) => generation.redactions.clone(),
        Body::Decision(decision) => decision.redactions.clone(),
        Body::Review(review) => review.redactions.clone(),
        Body::Outcome(outcome) => outcome.redactions.clone(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn each_treatment_leaves_what_it_says_and_a_trace() {
    let text = format!("ask {CANARY}, soon");
    for (treatment, begin, end) in [
        (Treatment::Mask, "ask [email], soon", ""),
        (Treatment::Hash, "ask [email:", "], soon"),
        (Treatment::Tokenise, "ask [tok:", "], soon"),
        (Treatment::Drop, "ask , soon", ""),
    ] {
        let trail = opened(emails(treatment)).await;
        let stored = stored(&trail, about_one(&json!({"question": text}))).await;
        let left = stored.context().unwrap().inputs["question"].clone();
        let left = left.as_str().unwrap();
        assert!(left.starts_with(begin) && left.ends_with(end), "{left}");
        assert!(!shown(&stored).contains(CANARY));
        let trace = RedactionTrace {
            rule: "emails".parse().unwrap(),
            path: "/inputs/question".to_owned(),
            kind: "email".parse().unwrap(),
            length: u64::try_from(CANARY.len()).unwrap(),
            treatment,
        };
        assert_eq!(traces(&stored), [trace]);
        let sections = stored.context().unwrap().capture.sections;
        assert_eq!(sections.inputs, Completeness::Redacted);
        assert!(verified(&trail).await.ok);
        trail.close().await;
    }
}

#[tokio::test]
async fn a_blocked_context_is_recorded_as_refused_without_what_blocked_it() {
    let trail = opened(emails(Treatment::Block)).await;
    let error = trail.record(about_one(&json!({"to": CANARY}))).await;
    let error = error.unwrap_err();
    let TrailError::Blocked(blocked) = &error else {
        panic!("{error}");
    };
    let said = (
        blocked.rule.as_str(),
        blocked.path.as_str(),
        blocked.kind.as_str(),
    );
    assert_eq!(said, ("emails", "/inputs/to", "email"));
    assert!(!error.to_string().contains(CANARY), "{error}");
    let refused = trail
        .read(blocked.recorded.unwrap())
        .await
        .unwrap()
        .unwrap();
    let refused_context = refused.context().unwrap();
    assert_eq!(refused_context.status, ContextStatus::Refused);
    let note = refused_context.error.as_ref().unwrap();
    assert_eq!(note.code.as_str(), "redaction_block");
    assert!(!shown(&refused).contains(CANARY));
    assert_eq!(traces(&refused)[0].treatment, Treatment::Block);
    trail.close().await;
}

#[tokio::test]
async fn a_blocked_decision_is_not_stored() {
    let trail = opened(emails(Treatment::Block)).await;
    let made = stored(&trail, about_one(&json!({}))).await;
    let decided = trail
        .decide("loan", "1")
        .from_context_id(made.id().into())
        .outcome("approved")
        .because("R1", format!("{CANARY} said so"))
        .commit()
        .await;
    let error = decided.unwrap_err();
    assert!(matches!(error, TrailError::Blocked(_)), "{error}");
    assert!(!error.to_string().contains(CANARY), "{error}");
    assert_eq!(trail.status().await.unwrap().size, 1);
    trail.close().await;
}

#[tokio::test]
async fn a_token_gives_the_value_back_and_another_trail_does_not() {
    let trail = opened(emails(Treatment::Tokenise)).await;
    let draft = about_one(&json!({"to": CANARY}));
    let first = stored(&trail, draft.clone()).await;
    let token: Token = first.context().unwrap().inputs["to"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(trail.reveal(&token).await.unwrap(), CANARY);
    let size = trail.status().await.unwrap().size;
    assert_eq!(size, 1, "nothing is recorded of the question");
    trail.record(draft).await.expect("the same record twice");
    let other = opened(Redaction::new()).await;
    let error = other.reveal(&token).await.unwrap_err();
    assert!(
        matches!(&error, TrailError::Key(it) if matches!(**it, KeyError::TokenKey)),
        "{error}"
    );
    for trail in [trail, other] {
        trail.close().await;
    }
}

#[tokio::test]
async fn a_token_needs_exactly_one_entity() {
    let trail = opened(emails(Treatment::Tokenise)).await;
    for about in [json!([]), json!([entity("a:1"), entity("a:2")])] {
        let more = json!({"entities": about, "inputs": {"to": CANARY}});
        let error = trail.record(Draft::new(id(1), context(more))).await;
        let error = error.unwrap_err();
        assert!(matches!(error, TrailError::Redact(_)), "{error}");
        assert!(!error.to_string().contains(CANARY), "{error}");
    }
    assert_eq!(trail.status().await.unwrap().size, 0);
    trail.close().await;
}

#[tokio::test]
async fn a_path_and_a_class_take_whole_values() {
    let rules = Redaction::new()
        .with(Rule::new(
            "income".parse().unwrap(),
            Match::path("/inputs/*/income".parse().unwrap()),
            Treatment::Drop,
        ))
        .with(Rule::new(
            "parameters".parse().unwrap(),
            Match::path("/model/parameters/user".parse().unwrap()),
            Treatment::Mask,
        ))
        .with(Rule::new(
            "state".parse().unwrap(),
            Match::path("/agent".parse().unwrap()).of_class(Class::Personal),
            Treatment::Hash,
        ));
    let trail = opened(rules).await;
    let more = json!({
        "inputs": {"form": {"income": 4200, "term": 12}, "income": 1},
        "agent": {"name": "planner", "state": {"seen": ["x"]}},
        "model": {"name": "m", "parameters": {"user": CANARY, "temperature": 0}},
    });
    let stored = stored(&trail, Draft::new(id(1), context(more))).await;
    let context = stored.context().unwrap();
    assert_eq!(context.inputs["form"], json!({"term": 12}));
    assert_eq!(context.inputs["income"], json!(1));
    let parameters = &context.model.as_ref().unwrap().parameters;
    assert_eq!(parameters["user"], json!("[value]"));
    let state = context.agent.as_ref().unwrap().state.as_ref().unwrap();
    assert!(state.as_str().unwrap().starts_with("[value:"), "{state}");
    let paths: Vec<String> = traces(&stored).into_iter().map(|it| it.path).collect();
    assert_eq!(
        paths,
        ["/agent/state", "/inputs/form/*", "/model/parameters/user"]
    );
    trail.close().await;
}

#[tokio::test]
async fn names_of_members_are_values_too() {
    let trail = opened(emails(Treatment::Mask)).await;
    let inputs = json!({CANARY: 1, "by": {CANARY: {"b@example.org": 2}}});
    let stored = stored(&trail, about_one(&inputs)).await;
    let left = &stored.context().unwrap().inputs;
    assert_eq!(
        serde_json::to_value(left).unwrap(),
        json!({"[email]": 1, "by": {"[email]": {"[email]": 2}}})
    );
    let told = serde_json::to_string(&traces(&stored)).unwrap();
    assert!(!told.contains('@'), "{told}");
    trail.close().await;
}

#[tokio::test]
async fn a_text_that_was_sent_is_kept_whole_or_not_at_all() {
    let trail = opened(emails(Treatment::Mask)).await;
    let mut cx = trail
        .context("letter")
        .entity("applicant", "1")
        .budget(Budget::tokens(100))
        .input("to", CANARY)
        .begin();
    cx.item("greeting", format!("Write to {CANARY}")).required();
    cx.item("rules", "Be brief.").required();
    let sent = cx.assemble().await.unwrap();
    assert!(sent.text().contains(CANARY), "what is sent stays as it is");
    let stored = trail.read(sent.id()).await.unwrap().unwrap();
    assert_eq!(stored.context().unwrap().inputs["to"], json!("[email]"));
    assert_eq!(trail.text(&stored).await.unwrap(), None);
    let texts = trail.item_texts(&stored).await.unwrap();
    assert_eq!(texts[0], None);
    assert_eq!(texts[1].as_deref(), Some("Be brief."));
    let made = stored.context().unwrap().assembly.as_ref().unwrap();
    assert!(made.items[0].digest.is_some() && made.text_digest.is_some());
    let found = traces(&stored);
    let text = found.iter().find(|it| it.path == "/assembly/items/0/text");
    assert_eq!(text.unwrap().treatment, Treatment::Drop);
    let sections = stored.context().unwrap().capture.sections;
    assert_eq!(sections.assembly, Completeness::Redacted);
    let verified = verified(&trail).await;
    assert!(verified.ok, "{:?}", verified.verification.findings);
    trail.close().await;
}

#[tokio::test]
async fn what_stands_only_where_items_meet_keeps_them_all_out() {
    let trail = opened(emails(Treatment::Mask)).await;
    let mut cx = trail
        .context("letter")
        .budget(Budget::tokens(100))
        .separator("")
        .begin();
    cx.item("one", "to: canary.ada").required();
    cx.item("two", "@example.org").required();
    let sent = cx.assemble().await.unwrap();
    let stored = trail.read(sent.id()).await.unwrap().unwrap();
    assert_eq!(trail.item_texts(&stored).await.unwrap(), [None, None]);
    assert!(verified(&trail).await.ok);
    trail.close().await;
}

#[tokio::test]
async fn the_guard_takes_it_out_before_it_is_sent() {
    let trail = opened(emails(Treatment::Tokenise)).await;
    let guard = trail
        .redaction_guard(Some(&entity("applicant:1")))
        .await
        .unwrap();
    let mut cx = trail
        .context("letter")
        .entity("applicant", "1")
        .budget(Budget::tokens(400))
        .input("to", CANARY)
        .guard(guard.clone())
        .begin();
    cx.guard_inputs(&guard).await.unwrap();
    cx.item("greeting", format!("Write to {CANARY}")).required();
    let sent = cx.assemble().await.unwrap();
    assert!(!sent.text().contains(CANARY), "{}", sent.text());
    let stored = trail.read(sent.id()).await.unwrap().unwrap();
    assert_eq!(
        trail.text(&stored).await.unwrap().as_deref(),
        Some(sent.text())
    );
    assert_eq!(traces(&stored), []);
    let token = sent.text().trim_start_matches("Write to ").parse().unwrap();
    assert_eq!(trail.reveal(&token).await.unwrap(), CANARY);
    trail.close().await;
}

#[tokio::test]
async fn a_blocked_text_is_withheld_and_its_context_refused() {
    let trail = opened(emails(Treatment::Block)).await;
    let mut cx = trail.context("letter").budget(Budget::tokens(100)).begin();
    cx.item("greeting", format!("Write to {CANARY}")).required();
    let error: CaptureError = cx.assemble().await.unwrap_err();
    assert!(error.is_refusal(), "{error}");
    let refused = trail
        .read(error.refused_id().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(refused.context().unwrap().status, ContextStatus::Refused);
    assert!(trail.texts(&refused).await.unwrap().is_empty());
    assert!(verified(&trail).await.ok);
    trail.close().await;
}

#[tokio::test]
async fn every_kind_of_record_is_redacted_by_every_treatment() {
    for treatment in [
        Treatment::Mask,
        Treatment::Hash,
        Treatment::Tokenise,
        Treatment::Drop,
    ] {
        every_kind_is_redacted(treatment).await;
    }
}

async fn every_kind_is_redacted(treatment: Treatment) {
    let trail = opened(emails(treatment)).await;
    let made = stored(&trail, about_one(&json!({}))).await;
    let decided = trail
        .decide("loan", "1")
        .from_context_id(made.id().into())
        .generation(Answer::new("m", format!("Dear {CANARY}")))
        .output("sent_to", json!({"all": [CANARY]}))
        .outcome("approved")
        .because("R1", format!("{CANARY} said so"))
        .commit()
        .await
        .unwrap();
    let reviewed = trail
        .review(decided.id())
        .by("officer_7")
        .approve(format!("asked {CANARY}"))
        .await;
    let review = reviewed.unwrap().receipt.id;
    let outcome = trail
        .outcome_of(decided.id(), "repaid")
        .value(json!([CANARY]))
        .note(CANARY)
        .commit()
        .await
        .unwrap();
    let decision = trail.read(decided.id()).await.unwrap().unwrap();
    let generation = decision.decision().unwrap().generations[0];
    let generation = trail.read(generation).await.unwrap().unwrap();
    let Body::Generation(answer) = &generation.record().body else {
        panic!("it is a generation");
    };
    assert_eq!(answer.text, Generation::REDACTED);
    assert!(matches!(answer.text_digest, Some(Digest::HmacSha256(_))));
    assert_eq!(traces(&generation)[0].treatment, Treatment::Drop);
    let review = trail.read(review).await.unwrap().unwrap();
    let outcome = trail.read(outcome.id).await.unwrap().unwrap();
    for (stored, paths) in [
        (&decision, vec!["/output/sent_to/*/0", "/reasons/0/text"]),
        (&generation, vec!["/text"]),
        (&review, vec!["/note"]),
        (&outcome, vec!["/value/0", "/note"]),
    ] {
        assert!(!shown(stored).contains(CANARY), "{}", shown(stored));
        let found = traces(stored);
        let found: Vec<&str> = found.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(found, paths);
    }
    assert!(verified(&trail).await.ok);
    trail.close().await;
}

#[tokio::test]
async fn what_is_blocked_of_any_other_kind_is_not_stored() {
    let trail = opened(emails(Treatment::Block)).await;
    let made = stored(&trail, about_one(&json!({}))).await;
    let decide = || {
        let decision = trail.decide("loan", "1").from_context_id(made.id().into());
        decision.outcome("approved")
    };
    let decided = decide().commit().await.unwrap().id();
    let size = trail.status().await.unwrap().size;
    let answer = Answer::new("m", format!("Dear {CANARY}"));
    let review = trail.review(decided).by("officer_7");
    let subject = trail.decide("loan", CANARY).outcome("approved");
    for error in [
        decide().generation(answer).commit().await.unwrap_err(),
        subject
            .from_context_id(made.id().into())
            .commit()
            .await
            .unwrap_err(),
        review.reject(format!("asked {CANARY}")).await.unwrap_err(),
        trail
            .outcome_of(decided, "repaid")
            .note(CANARY)
            .commit()
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(error, TrailError::Blocked(_)), "{error}");
        assert!(!error.to_string().contains(CANARY), "{error}");
    }
    assert_eq!(trail.status().await.unwrap().size, size);
    trail.close().await;
}

async fn exported_with_canary() -> contextrail::codec::ExportedRecord {
    let from = opened(Redaction::new()).await;
    let (assembly, texts) = assembled(&[
        (&format!("mail {CANARY}"), Class::Personal),
        ("Policy", Class::Confidential),
    ]);
    let more = json!({"entities": [entity("applicant:1")], "inputs": {"to": CANARY},
                      "assembly": assembly});
    let mut draft = Draft::new(id(1), context(more));
    draft.texts = texts;
    let stored = stored(&from, draft).await;
    let exported = from.export(&stored, true).await.unwrap();
    let text = write_json(&exported, contextrail::codec::Layout::Compact).unwrap();
    from.close().await;
    decode_record(&read_json(text.as_bytes()).unwrap(), Unknown::Keep).unwrap()
}

#[tokio::test]
async fn what_is_imported_is_redacted_unless_the_rules_say_otherwise() {
    let exported = exported_with_canary().await;
    let digest = Digest::sha256(b"file");
    for imports in [true, false] {
        for treatment in [Treatment::Mask, Treatment::Tokenise] {
            let trail = opened(emails(treatment).with_imports(imports)).await;
            for existed in [0, 1] {
                let imported = trail.import(vec![exported.clone()], digest).await.unwrap();
                assert_eq!(
                    imported.existed, existed,
                    "the same file twice changes nothing"
                );
            }
            let stored = trail.read(id(1)).await.unwrap().unwrap();
            assert_eq!(shown(&stored).contains(CANARY), !imports);
            let texts = trail.item_texts(&stored).await.unwrap();
            assert_eq!(texts[0].is_none(), imports);
            assert_eq!(texts[1].as_deref(), Some("Policy"));
            assert!(verified(&trail).await.ok);
            trail.close().await;
        }
    }
}

#[tokio::test]
async fn a_redacted_record_is_imported_elsewhere_as_it_is() {
    let trail = opened(emails(Treatment::Mask)).await;
    let made = stored(&trail, everywhere(1)).await;
    let exported = trail.export(&made, true).await.unwrap();
    let text = write_json(&exported, contextrail::codec::Layout::Compact).unwrap();
    let exported = decode_record(&read_json(text.as_bytes()).unwrap(), Unknown::Keep).unwrap();
    let elsewhere = opened(Redaction::new()).await;
    for (trail, existed) in [(&elsewhere, 0), (&trail, 1)] {
        let digest = Digest::sha256(text.as_bytes());
        let imported = trail.import(vec![exported.clone()], digest).await.unwrap();
        assert_eq!(imported.existed, existed);
        let copy = trail.read(id(1)).await.unwrap().unwrap();
        assert_eq!(
            copy.record(),
            made.record(),
            "nothing is said to be missing"
        );
        assert!(verified(trail).await.ok);
    }
    for trail in [trail, elsewhere] {
        trail.close().await;
    }
}

#[tokio::test]
async fn a_file_with_a_blocked_record_is_not_imported() {
    let exported = exported_with_canary().await;
    let trail = opened(emails(Treatment::Block)).await;
    let imported = trail.import(vec![exported], Digest::sha256(b"file")).await;
    let error = imported.unwrap_err();
    assert!(matches!(error, TrailError::Blocked(_)), "{error}");
    assert!(!error.to_string().contains(CANARY), "{error}");
    assert_eq!(trail.status().await.unwrap().size, 0);
    trail.close().await;
}

#[tokio::test]
async fn no_file_ever_has_the_value() {
    for (evidence, queue_bytes) in [
        (Evidence::Required, 1 << 20),
        (Evidence::BestEffort, 1 << 20),
        // What the queue has no room for goes to the spool.
        (Evidence::BestEffort, 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trail.db");
        let url = format!("sqlite://{}", path.display());
        let appender = AppenderOptions {
            queue_bytes,
            ..AppenderOptions::default()
        };
        let options = TrailOptions::new()
            .redaction(emails(Treatment::Mask))
            .appender(appender)
            .evidence(evidence);
        let trail = options.open(&url).await.unwrap();
        for number in 1..=3 {
            trail.record(everywhere(number)).await.unwrap();
        }
        nowhere_in(folder.path());
        trail.close().await;
        nowhere_in(folder.path());
        // What is compressed or encrypted shows itself when it is read.
        let trail = TrailOptions::new().open(&url).await.unwrap();
        for number in 1..=3 {
            let stored = trail.read(id(number)).await.unwrap().unwrap();
            let exported = trail.export(&stored, true).await.unwrap();
            let text = write_json(&exported, contextrail::codec::Layout::Compact).unwrap();
            assert!(!text.contains(CANARY), "{text}");
        }
        trail.close().await;
    }
}

/// A context with the value in personal, confidential and plain members, and in a shared text.
fn everywhere(number: u64) -> Draft {
    let (assembly, texts) = assembled(&[(&format!("mail {CANARY}"), Class::Confidential)]);
    let more = json!({"inputs": {"to": CANARY}, "assembly": assembly,
                      "template": {"name": "t"},
                      "model": {"name": "m", "parameters": {"user": CANARY}}});
    let mut draft = Draft::new(id(number), context(more));
    draft.texts = texts;
    draft.texts.template = Some(format!("Write as {CANARY}.").into());
    draft
}

fn nowhere_in(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes
            .windows(CANARY.len())
            .any(|it| it == CANARY.as_bytes());
        assert!(!found, "{}", path.display());
    }
}

async fn verified(trail: &Trail) -> contextrail::trail::Verified {
    trail.verify(1, std::sync::Arc::new(|_| {})).await.unwrap()
}

/// Everything that is logged, in words.
#[derive(Clone, Default)]
struct Heard(std::sync::Arc<std::sync::Mutex<String>>);

impl tracing::Subscriber for Heard {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut heard = self.0.lock().unwrap();
        event.record(
            &mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                heard.push_str(&format!("{field}={value:?}\n"));
            },
        );
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn no_log_has_the_value() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let trail = opened(emails(Treatment::Block)).await;
    let mut cx = trail
        .context("letter")
        .input("to", CANARY)
        .budget(Budget::tokens(100))
        .begin();
    cx.item("greeting", "Hello").required();
    let prepared = cx.prepare().await.unwrap();
    let error = prepared.durable().await.unwrap_err();
    assert!(error.is_refusal(), "{error}");
    trail.close().await;
    let heard = heard.0.lock().unwrap().clone();
    assert!(
        heard.contains("emails blocks email at /inputs/to"),
        "{heard}"
    );
    assert!(!heard.contains(CANARY), "{heard}");
}
