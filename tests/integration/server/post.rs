//! What programs record, and what they are told when it cannot be.

use serde_json::{Value, json};

use super::{JSON, Reply, Server, decision, on_both, request};
use crate::home::Home;

fn the_main_job_goes_over_http_from_the_request_to_the_history(home: Home) {
    let server = Server::start_in(home);
    let trace = [
        JSON[0],
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
    ];
    let body = request("user_1", "a letter of user_1").to_string();
    let reply = server
        .send(
            "ingest",
            "POST /v1/contexts:assemble",
            &trace,
            body.as_bytes(),
        )
        .is(201);
    let answered = reply.headers["traceparent"].clone();
    assert!(
        answered.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"),
        "{answered}"
    );
    let receipt: Value = serde_json::from_str(&reply.headers["contextrail-receipt"]).unwrap();
    let context = reply.json();
    assert_eq!(
        (&receipt["id"], &receipt["acknowledged"]),
        (&context["id"], &json!("durable"))
    );
    assert_eq!(
        context["text"],
        "a letter of user_1\n\nA score of 700 is enough."
    );
    assert_eq!(context["capture"]["door"], "http");
    assert_eq!(context["trace"]["span_id"], "00f067aa0ba902b7");
    assert_eq!(
        context["actor"],
        json!({"id": "ingest_1", "kind": "service", "method": "token"})
    );
    assert!(context.get("seeds").is_none());

    let id = context["id"].as_str().unwrap();
    let generation = json!({"context": id, "model": {"name": "gpt-4o"}, "text": "Approved."});
    let generation = server
        .post("ingest", "/v1/generations", &generation)
        .created();
    let mut posted = decision(id, "12345");
    posted["generations"] = json!([generation["id"]]);
    let decided = server.post("ingest", "/v1/decisions", &posted).created();
    // Whoever records is not told whom the context is about.
    assert_eq!(decided["entities"], json!(["[masked]"]), "{decided}");
    let review = json!({"decision": decided["id"], "verdict": "override", "new_outcome": "declined",
                        "reason_code": "payslip_missing", "note": "no payslip"});
    let review = server.post("reviewer", "/v1/reviews", &review).created();
    assert_eq!(review["original_outcome"], "[masked]");
    let outcome = json!({"decision": review["new_decision"], "kind": "appealed"});
    server.post("ingest", "/v1/outcomes", &outcome).created();

    let views = server
        .get(
            "investigator",
            "/v1/decisions?subject=loan_application:12345",
        )
        .is(200)
        .json();
    let [newest, first] = views["items"].as_array().unwrap().as_slice() else {
        panic!("two decisions: {views}");
    };
    assert_eq!(
        (&newest["outcome"], &newest["supersedes"]),
        (&json!("declined"), &first["id"])
    );
    assert_eq!(newest["decided_by"]["id"], "reviewer_1");
    assert_eq!(first["superseded_by"], newest["id"]);
    assert_eq!(first["reviews"][0]["note"], "no payslip");
    assert_eq!(first["reviews"][0]["original_outcome"], "approved");
    assert_eq!(first["generation_records"][0]["text"], "Approved.");
    let history = server
        .get("investigator", "/v1/entities/applicant/user_1/history")
        .is(200)
        .json();
    let kinds: Vec<&str> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.len(), 6, "{history}");
    assert!(kinds.contains(&"review") && kinds.contains(&"outcome"));
    // Page by page it is the same, by the addresses that the pages give.
    let mut path = "/v1/entities/applicant/user_1/history?limit=4".to_owned();
    let mut paged = Vec::new();
    for number in 1..=2 {
        let answer = server.get("investigator", &path).is(200);
        let link = answer.headers.get("link").cloned();
        let page = answer.json();
        paged.extend(page["items"].as_array().unwrap().iter().cloned());
        assert_eq!(page["next"].is_null(), number == 2, "{page}");
        let Some(link) = link else { break };
        let next = link
            .strip_prefix('<')
            .unwrap()
            .split_once(">; rel=\"next\"");
        path = next.unwrap().0.to_owned();
    }
    assert_eq!(Value::Array(paged), history["items"]);
    server.verified();
}

fn the_same_record_is_recorded_once_and_another_one_under_its_id_never(home: Home) {
    let server = Server::start_in(home);
    let context = server.context("user_1", "a letter");
    let mut posted = decision(&context, "12345");
    posted["id"] = json!("01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b");
    posted["decided_at"] = json!("2026-11-22T18:42:30Z");
    let first = server.post("ingest", "/v1/decisions", &posted).is(201);
    let again = server.post("ingest", "/v1/decisions", &posted).is(201);
    assert_eq!(
        first.headers["contextrail-receipt"],
        again.headers["contextrail-receipt"]
    );
    posted["outcome"] = json!("declined");
    server
        .post("ingest", "/v1/decisions", &posted)
        .problem(409, "conflict");

    let key = [JSON[0], ("Idempotency-Key", "order-7")];
    let body = request("user_2", "another letter").to_string();
    let assemble = |who: &str, headers: &[(&str, &str)], body: &str| {
        server.send(who, "POST /v1/contexts:assemble", headers, body.as_bytes())
    };
    let first = assemble("ingest", &key, &body).is(201);
    let again = assemble("ingest", &key, &body).is(201);
    assert_eq!(
        first.headers["contextrail-receipt"],
        again.headers["contextrail-receipt"]
    );
    assert_eq!(first.json(), again.json());
    // A key is one's own, and is for one request.
    let other = assemble("ingest2", &key, &body).is(201);
    assert_ne!(first.json()["id"], other.json()["id"]);
    let changed = request("user_2", "a changed letter").to_string();
    assemble("ingest", &key, &changed).problem(422, "idempotency_key_reused");
    // Many at once record once.
    let key = [JSON[0], ("Idempotency-Key", "order-8")];
    let ids: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| assemble("ingest", &key, &body).is(201).json()["id"].to_string())
            })
            .collect();
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 1);
    server.verified();
}

fn a_key_is_known_to_the_next_server_on_the_same_trail(home: Home) {
    let mut server = Server::start_in(home);
    let send = |server: &Server, who: &str, route: &str, key: &str, body: &Value| {
        let headers = [JSON[0], ("Idempotency-Key", key)];
        server.send(who, route, &headers, body.to_string().as_bytes())
    };
    let context = server.context("user_1", "a letter");
    let declined = server.decision(&context, "12345");
    let list = json!([decision(&context, "1"), decision(&context, "2")]);
    let overriding =
        json!({"decision": declined, "verdict": "override", "new_outcome": "declined"});
    let mut strict = request("user_1", "a letter");
    strict["budget"]["limit"] = json!(1);
    let asked = [
        (
            "ingest",
            "POST /v1/contexts:assemble",
            request("user_1", "a letter"),
            201,
        ),
        ("ingest", "POST /v1/contexts:assemble", strict, 422),
        ("ingest", "POST /v1/decisions", list, 201),
        ("ingest", "POST /v1/decisions", decision(&context, "3"), 201),
        ("reviewer", "POST /v1/reviews", overriding, 201),
    ];
    let all = |server: &Server| -> Vec<Reply> {
        let sent = asked.iter().enumerate();
        sent.map(|(at, (who, route, body, status))| {
            send(server, who, route, &format!("key-{at}"), body).is(*status)
        })
        .collect()
    };
    let first = all(&server);
    let entries = server
        .runtime
        .block_on(server.trail.status())
        .unwrap()
        .counts;
    server.halt();
    server.serve();
    let again = all(&server);
    for (first, again) in first.iter().zip(&again) {
        let receipt = "contextrail-receipt";
        assert_eq!(first.headers.get(receipt), again.headers.get(receipt));
        let record = |reply: &Reply| reply.json().get("record").cloned();
        assert_eq!(record(first), record(again));
        assert!(first.status == 422 || first.json() == again.json());
    }
    let after = server
        .runtime
        .block_on(server.trail.status())
        .unwrap()
        .counts;
    assert_eq!(after, entries, "nothing was recorded twice");
    // The key of one route is not that of another one.
    send(
        &server,
        "ingest",
        "POST /v1/decisions",
        "key-0",
        &decision(&context, "4"),
    )
    .created();
    server.verified();
}

fn a_list_gives_a_list_of_receipts_and_is_read_whole_before_any_is_recorded(home: Home) {
    let server = Server::start_in(home);
    let context = server.context("user_1", "a letter");
    let list = json!([
        decision(&context, "1"),
        decision(&context, "2"),
        decision(&context, "3")
    ]);
    let receipts = server.post("ingest", "/v1/decisions", &list).is(201).json();
    assert_eq!(receipts.as_array().unwrap().len(), 3);
    assert!(
        receipts
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["kind"] == "decision")
    );
    let mut wrong = list.clone();
    wrong[2]["outcom"] = json!("x");
    let problem = server
        .post("ingest", "/v1/decisions", &wrong)
        .problem(422, "unknown_member");
    assert_eq!(problem["hint"], "did you mean \"outcome\"?");
    // What was recorded before one was refused stays, and is said.
    let mut half = list;
    half[1]["contexts"] = json!(["01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b"]);
    let problem = server
        .post("ingest", "/v1/decisions", &half)
        .problem(422, "unknown_record");
    assert_eq!(problem["stored"].as_array().unwrap().len(), 1, "{problem}");

    let first = server.get("auditor", "/v1/decisions?limit=3").is(200);
    let next = first.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(
        first.headers["link"],
        format!("</v1/decisions?limit=3&after={next}>; rel=\"next\"")
    );
    let rest = server
        .get("auditor", &format!("/v1/decisions?limit=3&after={next}"))
        .is(200);
    assert_eq!(rest.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest.json()["next"], Value::Null);
    server.verified();
}

fn a_finished_context_is_taken_in_as_it_is(home: Home) {
    let server = Server::start_in(home);
    let made = server.context("user_1", "a letter");
    let stored = server.runtime.block_on(
        server
            .trail
            .read(made.parse::<contextrail::record::RecordId>().unwrap()),
    );
    let exported = server
        .runtime
        .block_on(server.trail.export(&stored.unwrap().unwrap(), true))
        .unwrap();
    let mut posted = serde_json::to_value(&exported).unwrap();
    posted["id"] = json!("01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b");
    let taken = server.post("ingest", "/v1/contexts", &posted).created();
    assert_eq!(taken["id"], posted["id"]);
    assert!(
        taken["recorded_at"].as_str() > posted["recorded_at"].as_str(),
        "{taken}"
    );
    let text = server.get(
        "investigator",
        "/v1/contexts/01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b/text",
    );
    assert_eq!(text.is(200).text(), posted["text"]);
    let texts = posted["texts"].as_object_mut().unwrap();
    texts
        .values_mut()
        .for_each(|it| *it = json!("something else"));
    posted["id"] = json!("01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6c");
    server
        .post("ingest", "/v1/contexts", &posted)
        .problem(422, "digest_mismatch");
    server
        .post("ingest", "/v1/contexts", &decision(&made, "1"))
        .is(422);
    // Nobody gives themselves a token by posting one.
    posted["schema"] = json!("contextrail.token/1");
    server.post("ingest", "/v1/contexts", &posted).is(422);
    server.verified();
}

fn what_is_wrong_is_named_with_its_member_and_what_to_do(home: Home) {
    let server = Server::start_in(home);
    let context = server.context("user_1", "a letter");
    let post = |body: &[u8], headers: &[(&str, &str)]| {
        server.send("ingest", "POST /v1/decisions", headers, body)
    };
    post(b"{", JSON).problem(400, "unparsable");
    post(b"\xff\xfe", JSON).problem(400, "unparsable");
    post(br#"{"outcome": "a", "outcome": "b"}"#, JSON).problem(400, "duplicate_member");
    post(b"{}", &[("Content-Type", "text/plain")]).problem(415, "media_type");
    post(b"{}", &[]).problem(415, "media_type");
    post(b"[]", JSON).problem(413, "too_many");
    post(b"{}", JSON).problem(422, "missing_member");
    let mut posted = decision(&context, "1");
    posted["actor"] = json!({"id": "somebody", "kind": "service", "method": "token"});
    let problem = server
        .post("ingest", "/v1/decisions", &posted)
        .problem(422, "other_actor");
    assert_eq!(problem["member"], "actor");
    posted = decision(&context, "1");
    posted["tenant"] = json!("other");
    server
        .post("ingest", "/v1/decisions", &posted)
        .problem(422, "other_tenant");

    let mut tight = request(
        "user_1",
        "a letter that is far too long for the budget that it has",
    );
    tight["budget"] = json!({"limit": 3});
    let problem = server
        .post("ingest", "/v1/contexts:assemble", &tight)
        .problem(422, "required_over_budget");
    let refused = problem["record"].as_str().unwrap();
    let refused = server
        .get("auditor", &format!("/v1/contexts/{refused}"))
        .is(200)
        .json();
    assert_eq!(refused["status"], "refused");
    tight["budgt"] = json!(1);
    let problem = server
        .post("ingest", "/v1/contexts:assemble", &tight)
        .problem(422, "unknown_member");
    assert_eq!(problem["hint"], "did you mean \"budget\"?");

    for (path, code, member) in [
        ("/v1/contexts?limit=0", "bad_parameter", "limit"),
        ("/v1/contexts?limit=501", "bad_parameter", "limit"),
        ("/v1/contexts?since=yesterday", "bad_parameter", "since"),
        ("/v1/contexts?status=open", "bad_parameter", "status"),
        ("/v1/contexts?entity=x", "bad_parameter", "entity"),
        ("/v1/contexts?limit=1&limit=2", "bad_parameter", "limit"),
        ("/v1/contexts?statu=sealed", "unknown_parameter", "statu"),
        ("/v1/contexts/nonsense", "bad_parameter", "id"),
        ("/v1/used", "missing_parameter", "ref"),
    ] {
        let problem = server.get("auditor", path).problem(400, code);
        assert_eq!(problem["member"], member, "{path}");
    }
    let nowhere = "/v1/contexts/01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b";
    server.get("auditor", nowhere).problem(404, "not_found");
    server
        .get("auditor", &format!("/v1/decisions/{context}"))
        .problem(404, "not_found");
    server
        .get("auditor", "/v1/nothing")
        .problem(404, "no_route");
    let reply = server.send("ingest", "PUT /v1/contexts", &[], b"").is(405);
    assert_eq!(reply.headers["allow"], "POST, GET");
    server.verified();
}

fn what_would_be_sql_elsewhere_is_text_here(home: Home) {
    let server = Server::start_in(home);
    let nasty = "x'; drop table record; -- \" $1 ? %_ \\ \u{0131}";
    let mut asked = request(nasty, nasty);
    asked["name"] = json!(nasty);
    asked["environment"] = json!(nasty);
    asked["features"][0]["name"] = json!(nasty);
    asked["retrievals"][0]["results"][0]["document"] = json!(nasty);
    asked["items"][1]["ref"] = json!(nasty);
    let context = server
        .post("ingest", "/v1/contexts:assemble", &asked)
        .created();
    let id = context["id"].as_str().unwrap();
    let mut posted = decision(id, nasty);
    posted["subject"]["type"] = json!(nasty.replace(':', ""));
    posted["outcome"] = json!(nasty);
    posted["reasons"][0] = json!({"code": nasty, "text": nasty});
    let decided = server.post("ingest", "/v1/decisions", &posted).created();
    assert_eq!(decided["outcome"], nasty);
    let encoded: String = nasty.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for path in [
        format!("/v1/contexts?name={encoded}&environment={encoded}"),
        format!("/v1/contexts?entity=applicant:{encoded}"),
        format!("/v1/contexts?used=document:{encoded}"),
        format!("/v1/entities/applicant/{encoded}/history"),
        format!("/v1/used?ref=feature:{encoded}"),
    ] {
        let found = server.get("investigator", &path).is(200).json();
        let items = found["items"].as_array().unwrap();
        assert!(
            items.iter().any(|it| it["id"] == context["id"]),
            "{path}: {found}"
        );
    }
    server.verified();
}

on_both!([
    the_main_job_goes_over_http_from_the_request_to_the_history,
    the_same_record_is_recorded_once_and_another_one_under_its_id_never,
    a_key_is_known_to_the_next_server_on_the_same_trail,
    a_list_gives_a_list_of_receipts_and_is_read_whole_before_any_is_recorded,
    a_finished_context_is_taken_in_as_it_is,
    what_is_wrong_is_named_with_its_member_and_what_to_do,
    what_would_be_sql_elsewhere_is_text_here
]);
