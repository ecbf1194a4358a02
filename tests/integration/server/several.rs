//! Several servers on one trail.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{JSON, Server, decision, on_postgres, request, send};
use crate::home::Home;

/// A second server on the trail of `first`, in a process of its own as far as the trail can tell.
fn second(first: &Server, home: Home) -> Server {
    let mut second = Server::open_in(home);
    second.tokens = first.tokens.clone();
    second
}

#[test]
#[ignore = "needs PostgreSQL"]
fn what_is_granted_and_recorded_at_one_is_known_to_the_other() {
    let home = on_postgres();
    let other = home.again();
    let first = Server::start_in(home);
    let second = second(&first, other);
    let context = first.context("user_1", "a letter");
    let decided = second.decision(&context, "12345");
    first
        .get("investigator", &format!("/v1/decisions/{decided}"))
        .is(200);
    // The same request, sent to either, records once.
    let headers = [JSON[0], ("Idempotency-Key", "one-key")];
    let body = decision(&context, "7").to_string();
    let ids = [&first, &second].map(|server| {
        let reply = server.send("ingest", "POST /v1/decisions", &headers, body.as_bytes());
        reply.created()["id"].clone()
    });
    assert_eq!(ids[0], ids[1]);

    let body = json!({"role": "analyst", "holder": {"id": "dora", "kind": "human"}});
    let granted = first.post("admin", "/v1/tokens", &body).created();
    let bearer = format!("Bearer {}", granted["token"].as_str().unwrap());
    let asked = [("Authorization", bearer.as_str())];
    // At once: who is not known makes it look.
    std::thread::sleep(Duration::from_secs(1));
    send(second.address, "GET /v1/contexts", &asked, b"").is(200);
    let revoke = format!("DELETE /v1/tokens/{}", granted["id"].as_str().unwrap());
    first.send("admin", &revoke, &[], b"").is(200);
    let until = Instant::now() + Duration::from_secs(30);
    while send(second.address, "GET /v1/contexts", &asked, b"").status != 401 {
        assert!(Instant::now() < until, "the token never ends there");
        std::thread::sleep(Duration::from_millis(100));
    }
    // Each is stopped and started while the other goes on.
    let (mut first, mut second) = (first, second);
    for round in 0..3 {
        first.halt();
        second.context("user_2", &format!("letter {round}"));
        first.serve();
        second.halt();
        let made = first.post(
            "ingest",
            "/v1/contexts:assemble",
            &request("user_2", &format!("letter {round} too")),
        );
        made.created();
        second.serve();
    }
    second.halt();
    second.runtime.block_on(second.trail.close());
    first.verified();
}
