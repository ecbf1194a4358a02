//! Guardrails at every stage, with every verdict.

use std::time::Duration;

use async_trait::async_trait;
use contextrail::capture::{BoxError, CaptureError, Guard, Guardrail, GuardrailOutcome};
use contextrail::record::{
    Completeness, ContextStatus, CutReason, GuardrailAction, GuardrailVerdict, Stage,
};
use serde_json::json;

use super::retrieval::Policies;
use super::sink::KeptDrafts;
use super::{loan, only};

/// Replaces `secret`, takes `vanish` out, flags `odd`, blocks `attack`, and breaks on `crash`.
struct Words;

#[async_trait]
impl Guardrail for Words {
    fn name(&self) -> &str {
        "words"
    }

    fn version(&self) -> Option<&str> {
        Some("2")
    }

    async fn check(&self, _: Stage, text: &str) -> Result<GuardrailOutcome, BoxError> {
        if text.contains("crash") {
            return Err("model not loaded".into());
        }
        if text.contains("hang") {
            return std::future::pending().await;
        }
        Ok(if text.contains("attack") {
            GuardrailOutcome::block(json!({"found": "attack"}))
        } else if text.contains("secret") {
            GuardrailOutcome::redact(json!({"count": 1}), text.replace("secret", "[…]"))
        } else if text.contains("vanish") {
            GuardrailOutcome {
                native: None,
                verdict: GuardrailVerdict::Redact,
                replacement: None,
            }
        } else if text.contains("odd") {
            GuardrailOutcome::flag("odd")
        } else {
            GuardrailOutcome::pass()
        })
    }
}

#[tokio::test]
async fn inputs_are_redacted_before_they_are_recorded() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink)
        .input("question", "my secret")
        .input("form", json!({"notes": ["fine", "secret too"], "n": 1}))
        .begin();
    cx.guard_inputs(&Guard::new(Words)).await.unwrap();
    assert_eq!(cx.input_value("question"), Some(json!("my […]")));
    cx.assemble().await.unwrap();
    let context = only(&sink);
    assert_eq!(
        context.inputs["form"],
        json!({"notes": ["fine", "[…] too"], "n": 1})
    );
    assert_eq!(context.capture.sections.inputs, Completeness::Redacted);
    let result = &context.guardrails[0];
    assert_eq!(context.guardrails.len(), 1);
    assert_eq!(
        (result.stage, result.verdict),
        (Stage::Input, GuardrailVerdict::Redact)
    );
    assert_eq!(result.action, Some(GuardrailAction::Redacted));
    assert_eq!(result.version.as_ref().unwrap().as_str(), "2");
}

#[tokio::test]
async fn a_block_of_the_input_stops_and_is_recorded_as_refused() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    let error = cx
        .guard_text(&Guard::new(Words), "an attack")
        .await
        .unwrap_err();
    let id = sink.drafts()[0].id;
    assert_eq!(error.refused_id().map(Into::into), Some(id));
    assert!(matches!(
        error,
        CaptureError::Blocked {
            stage: Stage::Input,
            ..
        }
    ));
    assert!(matches!(cx.assemble().await, Err(CaptureError::Finished)));
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Refused);
    assert_eq!(context.error.unwrap().code.as_str(), "guardrail_block");
    assert_eq!(
        context.guardrails[0].native,
        Some(json!({"found": "attack"}))
    );
}

#[tokio::test]
async fn a_text_is_checked_and_comes_back_redacted() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    let guard = Guard::new(Words);
    assert_eq!(cx.guard_text(&guard, "a secret").await.unwrap(), "a […]");
    assert_eq!(cx.guard_text(&guard, "odd").await.unwrap(), "odd");
    cx.assemble().await.unwrap();
    let actions: Vec<_> = only(&sink)
        .guardrails
        .into_iter()
        .map(|r| r.action)
        .collect();
    assert_eq!(
        actions,
        [
            Some(GuardrailAction::Redacted),
            Some(GuardrailAction::Flagged)
        ]
    );
}

#[tokio::test]
async fn items_are_redacted_before_they_are_sent_or_recorded() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).guard(Guard::new(Words)).begin();
    cx.item("a", "one secret").required();
    cx.item("b", "vanish");
    cx.item("c", "plain");
    let context = cx.assemble().await.unwrap();
    assert_eq!(context.text(), "one […]\n\nplain");
    let draft = sink.drafts().remove(0);
    assert!(
        draft
            .texts
            .items
            .iter()
            .all(|item| !item.text.contains("secret"))
    );
    assert_eq!(&*draft.texts.items[1].text, "");
    let record = only(&sink);
    assert_eq!(record.guardrails.len(), 1);
    assert_eq!(record.guardrails[0].verdict, GuardrailVerdict::Redact);
    assert_eq!(record.capture.sections.assembly, Completeness::Redacted);
    let items = record.assembly.unwrap().items;
    assert_eq!(items[1].reason, Some(CutReason::Guardrail));
}

#[tokio::test]
async fn what_a_redacted_item_came_from_is_redacted_too() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).guard(Guard::new(Words)).begin();
    cx.feature("note", "user_456")
        .run(|_| std::future::ready(Ok::<_, std::io::Error>("a secret")))
        .await
        .unwrap();
    let found = cx
        .retrieve("r", "x")
        .run_fn(|_| std::future::ready(Ok::<_, std::io::Error>([("d", "the secret")])))
        .await
        .unwrap();
    cx.feature_item("note");
    cx.items("r", &found);
    cx.assemble().await.unwrap();
    let draft = format!("{:?}", sink.drafts());
    assert!(!draft.contains("secret"));
    assert_eq!(only(&sink).features[0].value, Some(json!("a […]")));
}

#[tokio::test]
async fn a_block_of_the_context_withholds_the_text() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).separator("").begin();
    cx.guard_context(&Guard::new(Words));
    cx.item("a", "att");
    cx.item("b", "ack");
    let error = cx.assemble().await.unwrap_err();
    assert!(matches!(
        error,
        CaptureError::Blocked {
            stage: Stage::Context,
            id: Some(_),
            ..
        }
    ));
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Refused);
    assert!(sink.drafts()[0].texts.text.is_none());
    assert_eq!(context.assembly.unwrap().items.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_replaced_in_one_item_blocks() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).separator("").guard(Guard::new(Words)).begin();
    cx.item("a", "sec");
    cx.item("b", "ret");
    assert!(matches!(
        cx.assemble().await,
        Err(CaptureError::Blocked { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_guardrail_that_fails_blocks_unless_told_otherwise() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    let error = cx.guard_text(&Guard::new(Words), "crash").await;
    assert!(matches!(error, Err(CaptureError::Blocked { .. })));

    let mut cx = loan(&sink).begin();
    let guard = Guard::new(Words)
        .on_failure(GuardrailVerdict::Flag)
        .timeout(Duration::from_millis(5));
    cx.guard_text(&guard, "crash").await.unwrap();
    cx.guard_text(&guard, "hang").await.unwrap();
    cx.assemble().await.unwrap();
    let contexts = sink.contexts();
    let results = &contexts[1].guardrails;
    assert!(
        results[0]
            .error
            .as_ref()
            .unwrap()
            .message
            .contains("model not loaded")
    );
    assert_eq!(results[1].error.as_ref().unwrap().code.as_str(), "timeout");
    assert!(results.iter().all(|r| r.verdict == GuardrailVerdict::Flag));
}

#[tokio::test]
async fn the_answer_is_guarded_and_its_result_goes_to_the_generation() {
    let sink = KeptDrafts::open();
    let context = loan(&sink).begin().assemble().await.unwrap();
    let guard = Guard::new(Words);
    let output = context.guard_output(&guard, "the secret").await.unwrap();
    assert_eq!(
        (&*output.text, output.result.stage),
        ("the […]", Stage::Output)
    );
    let error = context.guard_output(&guard, "attack").await.unwrap_err();
    let CaptureError::OutputBlocked(result) = error else {
        panic!("{error}");
    };
    assert_eq!(result.action, Some(GuardrailAction::Blocked));
}

#[tokio::test]
async fn shared_documents_that_pass_stay_shared() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).guard(Guard::new(Words)).begin();
    let rules = cx.retrieve("p", "x").top_k(1).run(&Policies).await.unwrap();
    cx.items("rule", &rules);
    cx.assemble().await.unwrap();
    let context = only(&sink);
    assert_eq!(context.guardrails[0].verdict, GuardrailVerdict::Pass);
    assert_eq!(context.capture.sections.retrievals, Completeness::Complete);
}
