//! Every look at a personal value is on record before the value is given.

use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::{PURPOSE, Server, on_both};
use crate::home::Home;

/// What is about a person in the records of a test.
const PERSONAL: &[&str] = &[
    "user_1",
    "4100",
    "a letter of",
    "approved",
    "12345",
    "above threshold",
];

fn begun(server: &Server) -> (String, String) {
    let context = server.context("user_1", "a letter of user_1");
    let decision = server.decision(&context, "12345");
    let generation =
        json!({"context": context, "model": {"name": "gpt-4o"}, "text": "To user_1: approved."});
    server
        .post("ingest", "/v1/generations", &generation)
        .created();
    let outcome = json!({"decision": decision, "kind": "repaid", "note": "user_1 paid back"});
    server.post("ingest", "/v1/outcomes", &outcome).created();
    let review =
        json!({"decision": decision, "verdict": "approve", "note": "saw the payslip of user_1"});
    server.post("reviewer", "/v1/reviews", &review).created();
    (context, decision)
}

fn whoever_may_not_see_personal_values_sees_none_anywhere(home: Home) {
    let server = Server::start_in(home);
    let (context, decision) = begun(&server);
    let paths = [
        "/v1/contexts".to_owned(),
        format!("/v1/contexts/{context}"),
        format!("/v1/contexts/{context}/diff/{context}"),
        "/v1/contexts?entity=applicant:user_1".to_owned(),
        "/v1/decisions".to_owned(),
        format!("/v1/decisions/{decision}"),
        "/v1/decisions?subject=loan_application:12345".to_owned(),
        "/v1/generations".to_owned(),
        "/v1/reviews".to_owned(),
        "/v1/outcomes".to_owned(),
        "/v1/entities/applicant/user_1/history".to_owned(),
        "/v1/used?ref=document:doc_456".to_owned(),
    ];
    for role in ["analyst", "auditor", "privacy", "legal"] {
        for path in &paths {
            let reply = server.get(role, path).is(200);
            let link = reply.headers.get("link").cloned().unwrap_or_default();
            for personal in PERSONAL {
                let text = reply.text();
                assert!(
                    !text.contains(personal) && !link.contains(personal),
                    "{role} {path}: {personal} in {text}"
                );
            }
        }
    }
    let shown = server
        .get("auditor", &format!("/v1/contexts/{context}"))
        .json();
    assert_eq!(
        shown["withheld"]["/inputs/secret_input"], "masked",
        "{shown}"
    );
    assert_eq!(shown["name"], "loan_decision");
    let bundle = server
        .get("auditor", &format!("/v1/evidence/decision/{decision}.zip"))
        .is(200);
    assert!(bundle.body.starts_with(b"PK"));
    for personal in ["user_1", "a letter of"] {
        assert!(!bundle.text().contains(personal));
    }
    // Whoever sees them sees the same with them.
    let seen = server
        .get("investigator", &format!("/v1/contexts/{context}"))
        .is(200)
        .json();
    assert_eq!(seen["inputs"]["secret_input"], "input of user_1");
    server.verified();
}

fn personal_values_are_given_for_a_purpose_and_the_look_is_on_record(home: Home) {
    let server = Server::start_in(home);
    let (context, decision) = begun(&server);
    let text = format!("GET /v1/contexts/{context}/text");
    server
        .send("investigator", &text, &[], b"")
        .problem(403, "purpose_required");
    let blank = [("Contextrail-Purpose", "  ")];
    server
        .send("investigator", &text, &blank, b"")
        .problem(403, "purpose_required");
    assert!(server.looks().iter().all(|it| it["what"] == "denied"));

    let sent = server.send("investigator", &text, PURPOSE, b"").is(200);
    assert!(sent.text().starts_with("a letter of user_1"));
    let look = server.looks().remove(0);
    assert_eq!(look["what"], "read");
    assert_eq!(
        look["actor"],
        json!({"id": "investigator_1", "kind": "human", "method": "token"})
    );
    assert_eq!(
        (&look["purpose"], &look["refs"]),
        (&json!("complaint 7"), &json!([context]))
    );
    assert_eq!(look["route"], "GET /v1/contexts/{id}/text");

    server
        .get("investigator", "/v1/entities/applicant/user_1/history")
        .is(200);
    let look = server.looks().remove(0);
    assert_eq!(look["what"], "search");
    assert!(
        look["entities"][0]
            .as_str()
            .unwrap()
            .starts_with("hmac-sha256:"),
        "{look}"
    );
    assert!(!look.to_string().contains("user_1"));
    server
        .send(
            "privacy",
            "POST /v1/subjects/applicant/user_1:export",
            PURPOSE,
            b"",
        )
        .is(200);
    server
        .get(
            "investigator",
            &format!("/v1/evidence/decision/{decision}.zip"),
        )
        .is(200);
    let looks = server.looks();
    assert!(
        looks[..2].iter().all(|it| it["what"] == "export"),
        "{looks:?}"
    );

    // Found by the person: asked for by name, and through records about them.
    let filter = contextrail::trail::AccessFilter {
        entity: Some("applicant:user_1".parse().unwrap()),
        by: Some("Investigator_1".to_owned()),
        after: None,
    };
    let found = server
        .runtime
        .block_on(server.trail.accesses(filter, 100))
        .unwrap();
    assert_eq!(found.len(), 3);
    server.verified();
}

fn refused_attempts_are_counted_without_filling_the_log(home: Home) {
    let mut server = Server::start_in(home);
    for _ in 0..50 {
        server
            .get("ingest", "/v1/contexts")
            .problem(403, "forbidden");
    }
    server.halt();
    let denied: Vec<Value> = server.looks();
    let sum: u64 = denied.iter().map(|it| it["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, 50, "{denied:?}");
    assert!(denied.len() < 25, "{}", denied.len());
    assert_eq!(denied[0]["actor"]["id"], "ingest_1");
    server.verified();
}

#[test]
fn when_a_look_cannot_be_recorded_nothing_personal_is_given() {
    let server = Server::start();
    let (context, decision) = begun(&server);
    // Whoever holds the database keeps everybody else from writing; reading goes on.
    let mut holder = server.runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(server.path());
        let mut holder = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("begin immediate")
            .execute(&mut holder)
            .await
            .unwrap();
        holder
    });
    server
        .get("auditor", &format!("/v1/contexts/{context}"))
        .is(200);
    for path in [
        format!("/v1/contexts/{context}/text"),
        format!("/v1/decisions/{decision}"),
        "/v1/contexts?entity=applicant:user_1".to_owned(),
    ] {
        let reply = server.get("investigator", &path).is(503);
        assert!(reply.headers.contains_key("retry-after"));
        let text = reply.text();
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{path}: {text}");
        }
    }
    server.runtime.block_on(async {
        sqlx::query("rollback").execute(&mut holder).await.unwrap();
    });
    server
        .get("investigator", &format!("/v1/contexts/{context}/text"))
        .is(200);
    drop(holder);
    server.verified();
}

on_both!([
    whoever_may_not_see_personal_values_sees_none_anywhere,
    personal_values_are_given_for_a_purpose_and_the_look_is_on_record,
    refused_attempts_are_counted_without_filling_the_log
]);
