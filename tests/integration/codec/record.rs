//! Records of every kind, out and in again.

use std::collections::BTreeMap;

use contextrail::codec::{
    ExportedRecord, Layout, Node, ReadErrorKind, Unknown, decode, decode_body_draft, decode_record,
    read_json, read_yaml, write_json, write_yaml,
};
use contextrail::record::{Body, Kind};
use serde_json::{Value, json};

const ID: &str = "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b";
const AT: &str = "2026-11-22T18:42:30.131900Z";

fn digest(prefix: &str) -> String {
    format!("{prefix}:{}", "0f".repeat(32))
}

fn context() -> Value {
    decode(&read_yaml(CONTEXT.as_bytes()).unwrap()).unwrap()
}

fn decision() -> Value {
    json!({
        "subject": {"type": "loan_application", "id": "12345"}, "contexts": [ID],
        "generations": [ID], "output": {"score": 0.61},
        "threshold": {"name": "approve_at", "value": 0.58}, "outcome": "approved",
        "confidence": 0.91, "reasons": [{"code": "R01", "text": "score: high"}],
        "rationale": [{"signal": "debt_to_income", "contribution": -0.12, "method": "shap"}],
        "decided_by": {"kind": "system", "id": "loan-api"}, "automation": "none",
        "decided_at": AT, "risk_tier": "high",
        "governed_by": {"model": "credit_model@2.1.0", "constraints": ["fairness@2.0.1"]},
        "checks": [{"constraint": "max_latency", "metric": "latency_ms", "value": 120,
            "comparison": "between", "threshold": [1, 150.5], "result": "pass"}],
        "kpis": {"latency_ms": 120}, "supersedes": ID,
    })
}

fn body(kind: Kind) -> Value {
    match kind {
        Kind::Context => context(),
        Kind::Decision => decision(),
        Kind::Generation => json!({
            "context": ID, "model": {"name": "gpt-4o"}, "text": "Yes.\n", "finish_reason": "stop",
            "usage": {"input_tokens": 3480, "output_tokens": 120},
            "cost": {"amount": "0.0023", "currency": "USD"}, "latency_us": 812000,
        }),
        Kind::Review => json!({
            "decision": ID, "verdict": "override", "policy": "overrides@4", "decided_at": AT,
            "original_outcome": "declined", "new_outcome": "approved", "note": "yes",
        }),
        Kind::Outcome => json!({"decision": ID, "kind": "repaid", "value": null, "at": AT}),
        Kind::Import => json!({"file_digest": digest("sha256"), "counts": {"context": 30}}),
        Kind::Key => json!({
            "level": "signing", "action": "rotate", "key_id": "log+5f082c4e+AX02", "tree_size": 12,
        }),
        Kind::Succession => json!({
            "epoch": 2,
            "restored": {"origin": "contextrail/x/default", "size": 3, "root": digest("sha256")},
            "known": {"origin": "contextrail/x/default", "size": 5, "root": digest("sha256")},
            "lost_from": 3,
            "lost_to": 5,
            "reason": "the disk is lost",
            "approved_by": [{"id": "anna", "kind": "human", "method": "asserted"}],
        }),
        Kind::Erasure => json!({
            "subject_digest": digest("hmac-sha256"),
            "reason": "on request",
            "approved_by": [{"id": "anna", "kind": "human", "method": "asserted"}],
            "slots": [[3, 1], [4, 2]],
            "keys": 1,
            "kept": [{"log_index": 7, "why": "hold"}],
        }),
        Kind::Hold => json!({
            "matter": "LIT-7",
            "target": {"entity": {"type": "applicant", "id": "user_456"}},
            "placed_by": {"id": "anna", "kind": "human", "method": "asserted"},
            "reason": "a claim", "review_at": AT, "owner": "legal",
        }),
        Kind::Release => json!({
            "hold": ID,
            "reason": "settled",
            "approved_by": [{"id": "anna", "kind": "human", "method": "asserted"},
                            {"id": "ben", "kind": "human", "method": "asserted"}],
        }),
        Kind::Token => json!({
            "action": "grant",
            "holder": {"id": "anna", "kind": "human", "method": "asserted"},
            "role": "investigator", "trail": ID, "expires_at": AT,
            "secret_digest": digest("sha256"),
            "approved_by": [{"id": "ben", "kind": "human", "method": "asserted"},
                            {"id": "cleo", "kind": "human", "method": "asserted"}],
        }),
        Kind::Access => json!({
            "what": "read", "route": "GET /v1/contexts/{id}", "token": ID, "refs": [ID],
            "entities": [digest("hmac-sha256")], "purpose": "complaint 7", "count": 1,
        }),
        Kind::Policy => json!({
            "name": "lending", "version": "2", "default_class": "low",
            "classes": {"high": {"floor_days": 3650, "ceiling_days": 4000, "action": "archive"},
                        "low": {"floor_days": 90, "action": "aggregate"}},
        }),
        Kind::Retention => json!({
            "policy": "lending@2", "class": "low", "action": "aggregate", "records": 2,
            "slots": [[3, 1], [4, 2]],
            "aggregates": [{"month": "2026-03", "kind": "context", "use_case": "credit@1",
                            "name": "loan_decision", "count": 2}],
        }),
        Kind::Archive => json!({
            "policy": "lending@2", "segment": digest("sha256"), "bytes": 9000, "records": 3,
            "first": 4, "last": 9, "replaced": 30000, "place": "folder /mnt/archive",
        }),
        Kind::Artifact => json!({
            "kind": "objective", "name": "OBJ.credit", "version": "1.3", "digest": digest("sha256"),
            "content": {"parameters": {"approve_at": 0.58}, "kpis": [{"name": "x"}]},
            "owners": [{"name": "anna", "role": "Product Owner"}],
            "author": {"id": "ben", "kind": "human", "method": "asserted"},
            "changelog": "fewer false negatives", "risk_rating": "high", "effective_from": AT,
            "links": [{"rel": "trained_on", "to": "dataset:loans@2025-04"}],
            "raci": {"drafts": "risk", "on_call": "ml"},
            "signature": {"key_id": "ben+5f082c4e+AX02", "ed25519": "AA=="},
        }),
        Kind::Approval => json!({
            "artifact": "objective:OBJ.credit@1.3", "record": ID, "role": "risk_owner",
            "approved_at": AT, "note": "as discussed",
        }),
        Kind::Retirement => json!({
            "artifact": "objective:OBJ.credit@1.3", "record": ID, "reason": "replaced", "at": AT,
        }),
        Kind::Deployment => json!({
            "manifest": {"model": "m@2.1.0", "constraints": ["a@1", "b@1"]},
            "environment": "production", "from": AT, "until": AT, "rollback_of": ID,
        }),
        Kind::Kpi => json!({
            "name": "gap", "metric": "fairness_gap", "value": 0.013, "slices": {"region": "EU"},
            "versions": {"model": "m@2.1.0"}, "at": AT, "window": "1d", "count": 200, "decision": ID,
        }),
        Kind::Check => json!({
            "of": "objective", "ref": "objective:OBJ.credit@1.3",
            "results": [{"constraint": "fairness", "metric": "fairness_gap", "slice": "region=EU",
                         "value": 0.013, "comparison": "at_most", "threshold": 0.015,
                         "result": "pass", "note": "200 values"}],
            "passed": true,
            "allowed_unmeasured": {"reason": "new metric",
                                   "by": {"id": "anna", "kind": "human", "method": "asserted"}},
        }),
        Kind::Freeze => json!({
            "reason": "the gap grew", "rule": "fairness_gap > 0.015 for 2 days",
            "lifted_by": "Ethics", "refs": ["objective:OBJ.credit@1.3"],
        }),
        Kind::Unfreeze => json!({"freeze": ID, "role": "Ethics", "note": "reweighted"}),
    }
}

pub(crate) fn exported(kind: Kind) -> Value {
    let mut record = json!({
        "schema": kind.schema(), "id": ID, "tenant": "default", "recorded_at": AT,
        "actor": {"id": "loan-api", "kind": "service", "method": "token"},
    });
    let Value::Object(members) = body(kind) else {
        unreachable!("bodies are objects")
    };
    record.as_object_mut().unwrap().extend(members);
    record
}

pub(crate) fn node(value: &Value) -> Node {
    read_json(value.to_string().as_bytes()).unwrap()
}

fn refused(value: &Value, unknown: Unknown) -> String {
    decode_record(&node(value), unknown)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_record_of_every_kind_comes_back_from_both_formats() {
    for kind in Kind::ALL {
        let mut record = decode_record(&node(&exported(kind)), Unknown::Refuse).unwrap();
        assert_eq!(record.record.kind(), kind);
        record.seeds = Some(BTreeMap::from([("0".to_owned(), "AA==".to_owned())]));
        if kind == Kind::Context {
            record.text = Some("a\n\nb".to_owned());
            record.texts = Some(BTreeMap::from([(digest("sha256"), "a: b".to_owned())]));
        }
        let json = write_json(&record, Layout::Compact).unwrap();
        let yaml = write_yaml(&record).unwrap();
        for node in [read_json(json.as_bytes()), read_yaml(yaml.as_bytes())] {
            assert_eq!(
                decode_record(&node.unwrap(), Unknown::Refuse).unwrap(),
                record
            );
        }
    }
}

#[test]
fn members_are_written_in_the_order_declared() {
    let record = decode_record(&node(&exported(Kind::Outcome)), Unknown::Refuse).unwrap();
    assert_eq!(
        write_yaml(&record).unwrap(),
        "schema: contextrail.outcome/1\nid: \"01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b\"\n\
         tenant: default\nrecorded_at: \"2026-11-22T18:42:30.131900Z\"\n\
         actor:\n  id: loan-api\n  kind: service\n  method: token\n\
         decision: \"01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b\"\nkind: repaid\nvalue: null\n\
         at: \"2026-11-22T18:42:30.131900Z\"\n"
    );
}

#[test]
fn the_text_of_a_generation_is_its_own_member() {
    let record = decode_record(&node(&exported(Kind::Generation)), Unknown::Refuse).unwrap();
    assert_eq!(record.text, None);
    let Body::Generation(generation) = &record.record.body else {
        panic!("not a generation")
    };
    assert_eq!(generation.text, "Yes.\n");
    let twice = ExportedRecord {
        text: Some("x".to_owned()),
        ..record
    };
    assert!(write_json(&twice, Layout::Compact).is_err());
}

#[test]
fn derived_members_of_a_decision_are_left_out() {
    let mut value = exported(Kind::Decision);
    value["superseded_by"] = json!(null);
    value["reviews"] = json!([{"anything": 1}]);
    let record = decode_record(&node(&value), Unknown::Refuse).unwrap();
    assert!(
        !write_json(&record, Layout::Compact)
            .unwrap()
            .contains("reviews")
    );
    let mut context = exported(Kind::Context);
    context["reviews"] = json!([]);
    assert!(refused(&context, Unknown::Refuse).contains("reviews: unknown member"));
}

#[test]
fn unknown_members_are_refused_with_the_nearest_name() {
    let mut value = exported(Kind::Context);
    value["tenat"] = json!("x");
    let error = refused(&value, Unknown::Refuse);
    assert!(
        error.ends_with("tenat: unknown member; did you mean \"tenant\"?"),
        "{error}"
    );
    value = exported(Kind::Context);
    value["features"][0]["sorce"] = json!(1);
    let error = refused(&value, Unknown::Refuse);
    assert!(
        error.ends_with("features[0].sorce: unknown member; did you mean \"source\"?"),
        "{error}"
    );
}

#[test]
fn unknown_members_are_kept_under_their_pointers() {
    let mut value = exported(Kind::Context);
    value["a/b~c"] = json!([1, {"x": null}]);
    value["features"][0]["foo"] = json!("bar");
    value["actor"]["team"] = json!("risk");
    value["extra"] = json!({"/earlier": true});
    let record = decode_record(&node(&value), Unknown::Keep).unwrap();
    let Body::Context(context) = &record.record.body else {
        panic!("not a context")
    };
    let extra = json!({
        "/a~1b~0c": [1, {"x": null}], "/features/0/foo": "bar", "/actor/team": "risk",
        "/earlier": true,
    });
    assert_eq!(serde_json::to_value(&context.extra).unwrap(), extra);
    let again = write_yaml(&record).unwrap();
    let again = decode_record(&read_yaml(again.as_bytes()).unwrap(), Unknown::Refuse).unwrap();
    assert_eq!(again, record);

    value["extra"] = json!({"/features/0/foo": 1});
    let error = refused(&value, Unknown::Keep);
    assert!(
        error.contains("extra: \"/features/0/foo\" is in the record"),
        "{error}"
    );
    let mut import = exported(Kind::Import);
    import["foo"] = json!(1);
    assert!(refused(&import, Unknown::Keep).contains("foo: unknown member"));
}

#[test]
fn a_schema_must_be_known() {
    let mut value = exported(Kind::Review);
    value["schema"] = json!("contextrail.revew/1");
    let error = decode_record(&node(&value), Unknown::Keep).unwrap_err();
    assert_eq!(error.kind(), ReadErrorKind::Schema);
    assert_eq!(error.path(), "schema");
    assert_eq!(error.hint(), Some("did you mean \"contextrail.review/1\"?"));
    assert!(error.message().contains("contextrail.generation/1"));
    value.as_object_mut().unwrap().remove("schema");
    assert!(refused(&value, Unknown::Keep).contains("the member \"schema\" is missing"));
}

#[test]
fn a_posted_record_may_leave_out_what_the_trail_fills_in() {
    let posted = read_yaml(
        b"subject: {type: loan, id: '1'}\ncontexts: []\noutcome: approved\n\
          decided_by: {kind: system, id: api}\n",
    )
    .unwrap();
    let defaults = [("decided_at", json!(AT))];
    let (head, body) = decode_body_draft(&posted, Kind::Decision, &defaults).unwrap();
    assert_eq!((head.id, head.tenant, head.actor), (None, None, None));
    assert_eq!(body.happened_at().unwrap().to_string(), AT);

    let whole = node(&exported(Kind::Decision));
    let late = [("decided_at", json!("2030-01-01T00:00:00Z"))];
    let (head, body) = decode_body_draft(&whole, Kind::Decision, &late).unwrap();
    assert_eq!(head.id.unwrap().to_string(), ID);
    assert_eq!(body.happened_at().unwrap().to_string(), AT);

    let error = decode_body_draft(&posted, Kind::Decision, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1, column 1: the member \"decided_at\" is missing"
    );
    let error = decode_body_draft(&whole, Kind::Review, &[]).unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (
            ReadErrorKind::Schema,
            "expected \"contextrail.review/1\", found \"contextrail.decision/1\""
        )
    );
    let texts = read_json(br#"{"texts": {}}"#).unwrap();
    let error = decode_body_draft(&texts, Kind::Decision, &[]).unwrap_err();
    assert_eq!(error.path(), "texts");
}

const CONTEXT: &str = r#"
name: loan_decision
use_case: credit@1
retention: {class: high_risk, policy: default@1}
status: sealed
created_at: 2026-11-22T18:42:30.131900Z
sealed_at: 2026-11-22T18:42:30.131900Z
environment: production
service: {name: loan-api, version: 1.4.2}
recorder: {name: contextrail, version: 0.1.0}
trace: {trace_id: 0af7651916cd43dd8448eb211c80319c, span_id: b7ad6b7169203331}
parents: [01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b]
agent: {name: underwriter, step: 2, state: null}
entities: [{type: applicant, id: user_456}]
inputs: {application_id: "12345", "odd: name": ["no", 12.5, 1.0e+21]}
template: {name: loan_prompt, version: 1.3.0}
model: {provider: openai, name: gpt-4o, parameters: {temperature: 0}}
features:
  - name: credit_score
    version: "3"
    entity: applicant:user_456
    value: 720
    source: compute
    status: ok
    as_of: 2026-11-22T18:42:30Z
    fetched_at: 2026-11-22T19:42:30+01:00
    freshness_ms: 5000
    quality: [{check: range, result: pass}]
retrievals:
  - retriever: policy_docs
    class: shared
    query: "loan\neligibility"
    status: ok
    results: [{rank: 1, document: doc_456, score: 0.89, used: included}]
tools: [{name: lookup, arguments: {a: null}, status: ok, side_effect: false}]
guardrails: [{name: pii, version: "2", stage: input, verdict: pass}]
assembly:
  tokenizer: {name: o200k_base, engine: tiktoken-rs 0.12.1}
  budget: {limit: 4000, reserve_output: 500, available: 3500, used: 3480}
  separator: "\n\n"
  order: added
  items:
    - {index: 0, kind: document, ref: "doc_456#c", role: user, priority: 1, required: false,
       tokens: 510, used_tokens: 240, verdict: truncated, reason: budget, kept: [[0, 1203]]}
  messages: [{role: user, range: [0, 850]}]
  text_digest: "hmac-sha256:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"
  text_bytes: 850
freshness: {status: guaranteed, limit_ms: 300000, violations: []}
capture: {door: native, sections: {features: complete}, warnings: ["a: b"]}
"#;
