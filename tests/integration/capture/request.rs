//! Assemblies asked for from outside.

use std::sync::Arc;

use contextrail::assembly::CountCache;
use contextrail::capture::{CaptureError, RequestOptions, Sink, dry_run, run_request};
use contextrail::record::{
    Completeness, ContextStatus, DocumentUse, Door, FreshnessStatus, GuardrailAction, ManualClock,
    RecordId, Request,
};
use serde_json::{Value, json};

use super::sink::KeptDrafts;
use super::{NOW, at, entity, only};

fn request(changes: &Value) -> Request {
    let mut request = json!({
        "schema": "contextrail.request/1",
        "name": "loan_decision",
        "entities": [{"type": "applicant", "id": "user_456"}],
        "inputs": {"application_id": "12345"},
        "template": {
            "name": "loan_prompt", "version": "1.3.0",
            "text": "You assist. {{rules}}", "variables": {"rules": "Be fair."},
        },
        "budget": {"limit": 1000},
        "freshness": {"limit": "5m"},
        "features": [
            {"name": "credit_score", "entity": "applicant:user_456", "value": 720,
             "source": "cache", "as_of": "2026-11-22T18:42:25Z"},
        ],
        "retrievals": [{
            "retriever": "policy_docs", "class": "shared", "query": "loan eligibility",
            "results": [
                {"document": "doc_456", "chunk": "c1", "text": "Rule one.", "score": 0.89,
                 "as_of": "2026-11-22T18:42:00Z"},
                {"document": "doc_9", "text": "Rule nine.", "as_of": "2026-11-22T18:42:00Z"},
            ],
        }],
        "tools": [],
        "items": [
            {"kind": "template", "role": "system", "priority": 0, "required": true},
            {"kind": "feature", "ref": "credit_score", "required": true},
            {"kind": "document", "ref": "doc_456#c1"},
            {"kind": "text", "text": "Answer in one paragraph.", "required": true},
        ],
    });
    for (name, value) in changes.as_object().unwrap() {
        request[name] = value.clone();
    }
    serde_json::from_value(request).unwrap()
}

async fn run(sink: &Arc<KeptDrafts>, changes: Value) -> Result<String, CaptureError> {
    let sink: Arc<dyn Sink> = Arc::clone(sink) as Arc<dyn Sink>;
    let request = request(&changes);
    let context = run_request(&sink, request, Door::Http, RequestOptions::default()).await?;
    Ok(context.text().to_owned())
}

#[tokio::test]
async fn a_request_is_assembled_by_the_same_engine() {
    let sink = KeptDrafts::open();
    let text = run(&sink, json!({})).await.unwrap();
    let expected =
        "You assist. Be fair.\n\ncredit_score: 720\n\nRule one.\n\nAnswer in one paragraph.";
    assert_eq!(text, expected);
    let context = only(&sink);
    assert_eq!(context.capture.door, Door::Http);
    assert_eq!(context.environment.as_str(), "development");
    assert_eq!(context.features[0].freshness_ms, Some(5_000));
    assert_eq!(context.freshness.status, FreshnessStatus::Guaranteed);
    let results = &context.retrievals[0].results;
    assert_eq!(results[0].used, DocumentUse::Included);
    assert_eq!(results[1].used, DocumentUse::Unused);
    let sections = context.capture.sections;
    assert_eq!(sections.tools, Completeness::Complete);
    assert_eq!(sections.guardrails, Completeness::NotCaptured);
    let draft = &sink.drafts()[0];
    assert_eq!(draft.texts.text.as_deref(), Some(expected));
    assert_eq!(
        draft.texts.items[1].owner,
        Some(entity("applicant:user_456"))
    );
}

#[tokio::test]
async fn references_that_stand_for_nothing_or_for_several_are_refused_with_their_path() {
    let sink = KeptDrafts::open();
    let twice = json!([
        {"name": "income", "entity": "applicant:user_456", "value": 1},
        {"name": "income", "entity": "applicant:user_9", "value": 2},
    ]);
    for (items, extra, path) in [
        (
            json!([{"kind": "feature", "ref": "age"}]),
            json!({}),
            "items[0].ref",
        ),
        (
            json!([{"kind": "document", "ref": "doc_1#c"}]),
            json!({}),
            "items[0].ref",
        ),
        (
            json!([{"kind": "template", "ref": "other"}]),
            json!({}),
            "items[0].ref",
        ),
        (
            json!([{"kind": "tool", "ref": "call_1"}]),
            json!({}),
            "items[0].ref",
        ),
        (
            json!([{"kind": "text", "text": "x"}, {"kind": "feature", "ref": "income"}]),
            json!({"features": twice}),
            "items[1].ref",
        ),
    ] {
        let mut changes = extra;
        changes["items"] = items;
        let error = run(&sink, changes).await.unwrap_err();
        assert!(
            matches!(&error, CaptureError::Reference { path: at, .. } if at == path),
            "{error}"
        );
    }
    let by_entity = json!({
        "features": twice,
        "items": [{"kind": "feature", "ref": "income@applicant:user_9"}],
    });
    assert_eq!(run(&sink, by_entity).await.unwrap(), "income: 2");
    assert_eq!(sink.drafts().len(), 1);
}

#[tokio::test]
async fn an_item_of_a_feature_without_a_value_fails_and_is_recorded() {
    let item = json!([{"kind": "feature", "ref": "score", "required": true}]);
    for feature in [
        json!({"name": "score", "status": "failed"}),
        json!({"name": "score", "status": "missing"}),
        json!({"name": "score", "error": {"code": "down", "message": "refused"}}),
        json!({"name": "score", "value": null}),
        json!({"name": "score", "status": "ok"}),
        json!({"name": "score", "value": 5, "status": "failed"}),
    ] {
        let sink = KeptDrafts::open();
        let changes = json!({"features": [feature], "items": item});
        let error = run(&sink, changes).await.unwrap_err();
        let id = sink.drafts()[0].id;
        assert!(
            matches!(&error, CaptureError::NoValue { path, id: Some(stored), .. }
                if path == "items[0]" && RecordId::from(*stored) == id),
            "{feature}: {error}"
        );
        assert_eq!(only(&sink).status, ContextStatus::Failed);
    }
    let said = json!({
        "features": [{"name": "score", "status": "failed"}],
        "items": [{"kind": "feature", "ref": "score", "text": "The score is not known."}],
    });
    let sink = KeptDrafts::open();
    assert_eq!(run(&sink, said).await.unwrap(), "The score is not known.");
}

#[tokio::test]
async fn a_document_is_sent_as_it_was_retrieved() {
    let sink = KeptDrafts::open();
    let with =
        |text: &str| json!({"items": [{"kind": "document", "ref": "doc_456#c1", "text": text}]});
    let error = run(&sink, with("Rule two.")).await.unwrap_err();
    assert!(
        matches!(&error, CaptureError::OtherText { path, .. } if path == "items[0].text"),
        "{error}"
    );
    assert!(sink.drafts().is_empty());
    assert_eq!(run(&sink, with("Rule one.")).await.unwrap(), "Rule one.");
}

#[tokio::test]
async fn a_request_that_cannot_work_leaves_no_record() {
    let sink = KeptDrafts::open();
    for changes in [
        json!({"schema": "contextrail.request/9"}),
        json!({"items": [{"kind": "text"}]}),
        json!({"budget": {"limit": 10, "reserve_output": 11}}),
        json!({"budget": {"limit": 10, "tokenizer": "guess"}}),
        json!({"model": {"name": "unheard-of"}}),
        json!({"template": {"name": "t", "text": "{{missing}}"}}),
        json!({"guardrails": [{"name": "g", "stage": "output", "verdict": "pass"}]}),
    ] {
        run(&sink, changes.clone())
            .await
            .expect_err(&changes.to_string());
    }
    assert!(sink.drafts().is_empty());
}

#[tokio::test]
async fn a_refused_request_leaves_a_record_whose_id_is_in_the_error() {
    let sink = KeptDrafts::open();
    let block = json!([{"name": "pii", "version": "2", "stage": "input", "verdict": "block"}]);
    for changes in [
        json!({"budget": {"limit": 3}}),
        json!({"freshness": {"limit": "1s", "strict": true}}),
        json!({"guardrails": block}),
    ] {
        let error = run(&sink, changes).await.unwrap_err();
        let stored = sink.drafts().pop().unwrap().id;
        assert_eq!(error.refused_id().map(Into::into), Some(stored));
    }
    let contexts = sink.contexts();
    assert!(contexts.iter().all(|c| c.status == ContextStatus::Refused));
    let codes: Vec<_> = contexts
        .iter()
        .map(|context| context.error.as_ref().unwrap().code.as_str())
        .collect();
    assert_eq!(codes, ["required_over_budget", "stale", "guardrail_block"]);
    let over = json!({"budget": {"limit": 3}, "allow_overflow": true});
    run(&sink, over).await.unwrap();
}

#[tokio::test]
async fn a_section_left_out_was_not_captured() {
    let sink = KeptDrafts::open();
    let bare: Request = serde_json::from_value(json!({
        "schema": "contextrail.request/1", "name": "x", "budget": {"limit": 10},
        "items": [{"kind": "text", "text": "Hi"}], "retrievals": [],
    }))
    .unwrap();
    let dyn_sink: Arc<dyn Sink> = sink.clone();
    run_request(&dyn_sink, bare, Door::Native, RequestOptions::default())
        .await
        .unwrap();
    let sections = only(&sink).capture.sections;
    assert_eq!(sections.retrievals, Completeness::Complete);
    assert_eq!(sections.features, Completeness::NotCaptured);
    assert_eq!(sections.template, Completeness::NotCaptured);
}

#[tokio::test]
async fn a_dry_run_records_nothing() {
    let clock = ManualClock::new(at(NOW));
    let counts = Arc::new(CountCache::default());
    let options = RequestOptions::default;
    let (context, text) = dry_run(request(&json!({})), options(), &clock, &counts)
        .await
        .unwrap();
    assert!(text.starts_with("You assist."));
    assert_eq!(
        (context.status, context.sealed_at),
        (ContextStatus::Sealed, None)
    );
    assert!(context.assembly.is_some());
    let tight = request(&json!({"budget": {"limit": 3}}));
    let error = dry_run(tight, options(), &clock, &counts)
        .await
        .unwrap_err();
    assert!(error.is_refusal() && error.refused_id().is_none());
}

#[tokio::test]
async fn a_trace_has_the_form_of_the_standard() {
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    for (trace_id, span_id, at) in [
        ("xyz", "b7", "trace.trace_id"),
        (&*"0".repeat(32), span, "trace.trace_id"),
        (&*trace.to_uppercase(), span, "trace.trace_id"),
        (trace, "b7", "trace.span_id"),
        (trace, &*"0".repeat(16), "trace.span_id"),
    ] {
        let sink = KeptDrafts::open();
        let given = json!({"trace": {"trace_id": trace_id, "span_id": span_id}});
        let error = run(&sink, given).await.unwrap_err();
        assert!(
            matches!(&error, CaptureError::Invalid { path, .. } if path == at),
            "{error}"
        );
        assert!(sink.drafts().is_empty());
    }
    let sink = KeptDrafts::open();
    let given = json!({"trace": {"trace_id": trace, "span_id": span}});
    run(&sink, given).await.unwrap();
    assert!(only(&sink).trace.is_some());
}

#[tokio::test]
async fn a_variable_is_missing_without_an_item_of_the_template_too() {
    let sink = KeptDrafts::open();
    let changes = json!({
        "template": {"name": "t", "text": "Hi {{name}}", "variables": {"nmae": "x"}},
        "items": [{"kind": "text", "text": "Hi"}],
    });
    let error = run(&sink, changes).await.unwrap_err();
    assert!(matches!(error, CaptureError::Template { .. }), "{error}");
    assert!(sink.drafts().is_empty());
}

#[tokio::test]
async fn what_was_done_about_a_verdict_follows_from_it_when_it_is_not_said() {
    let sink = KeptDrafts::open();
    let guardrails = json!([
        {"name": "a", "stage": "input", "verdict": "pass"},
        {"name": "b", "stage": "input", "verdict": "flag"},
        {"name": "c", "stage": "input", "verdict": "redact"},
        {"name": "d", "stage": "input", "verdict": "flag", "action": "allowed"},
    ]);
    run(&sink, json!({"guardrails": guardrails})).await.unwrap();
    let actions: Vec<_> = only(&sink).guardrails.iter().map(|it| it.action).collect();
    let expected = [
        GuardrailAction::Allowed,
        GuardrailAction::Flagged,
        GuardrailAction::Redacted,
        GuardrailAction::Allowed,
    ];
    assert_eq!(actions, expected.map(Some));
}

#[tokio::test]
async fn what_is_sent_of_a_number_is_what_is_recorded() {
    let sink = KeptDrafts::open();
    let changes = json!({
        "features": [{"name": "f", "value": 1.0}],
        "template": {"name": "t", "text": "{{x}}", "variables": {"x": [2.0, 0.5]}},
        "items": [{"kind": "feature", "ref": "f"}, {"kind": "template"}],
    });
    assert_eq!(run(&sink, changes).await.unwrap(), "f: 1\n\n[2,0.5]");
}

#[tokio::test]
async fn documents_that_are_not_used_have_a_length_too() {
    let sink = KeptDrafts::open();
    run(&sink, json!({})).await.unwrap();
    let results = &only(&sink).retrievals[0].results;
    assert_eq!(results[1].used, DocumentUse::Unused);
    assert_eq!(results[1].tokens, Some(3));
}
