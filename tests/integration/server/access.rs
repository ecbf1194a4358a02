//! Who belongs: every route with every role, with nobody, and with a stranger.

use contextrail::record::AccessRole;
use contextrail::server::{ServeError, ServeOptions, serve};
use serde_json::json;

use super::{JSON, Server, grant, on_both, send, tenant};
use crate::home::Home;

/// Who may do what, apart from the code: a letter for each role.
// i ingest, a analyst, v investigator, r reviewer, p privacy, l legal, u auditor, d admin, o risk_owner, c approver
const TABLE: &[(&str, &str)] = &[
    ("POST /v1/contexts:assemble", "i"),
    ("POST /v1/contexts", "i"),
    ("GET /v1/contexts", "avrpluoc"),
    ("GET /v1/contexts/{id}", "avrpluoc"),
    ("GET /v1/contexts/{id}/text", "vr"),
    ("GET /v1/contexts/{id}/diff/{other}", "avrpluoc"),
    ("POST /v1/decisions", "i"),
    ("GET /v1/decisions", "avrpluoc"),
    ("GET /v1/decisions/{id}", "avrpluoc"),
    ("POST /v1/generations", "i"),
    ("GET /v1/generations", "avrpluoc"),
    ("GET /v1/generations/{id}", "avrpluoc"),
    ("POST /v1/reviews", "r"),
    ("GET /v1/reviews", "avrpluoc"),
    ("GET /v1/reviews/{id}", "avrpluoc"),
    ("POST /v1/outcomes", "i"),
    ("GET /v1/outcomes", "avrpluoc"),
    ("GET /v1/outcomes/{id}", "avrpluoc"),
    ("GET /v1/entities/{type}/{id}/history", "avrplu"),
    ("GET /v1/used", "avrpluoc"),
    ("POST /v1/records:search", "vr"),
    ("GET /v1/evidence/decision/{id}.zip", "vu"),
    ("GET /v1/log/checkpoint", "avrpludoc"),
    ("GET /v1/log/tile/{tile}", "avrpludoc"),
    ("POST /v1/subjects/{type}/{id}:erase", "p"),
    ("POST /v1/subjects/{type}/{id}:export", "p"),
    ("POST /v1/holds", "l"),
    ("GET /v1/holds", "plu"),
    ("DELETE /v1/holds/{id}", "l"),
    ("POST /v1/tokens", "d"),
    ("GET /v1/tokens", "d"),
    ("DELETE /v1/tokens/{id}", "d"),
    ("POST /v1/artifacts", "io"),
    ("GET /v1/artifacts", "avrpluoc"),
    ("GET /v1/artifacts/{kind}/{name}:in-force", "avrpluoc"),
    ("GET /v1/artifacts/{kind}/{name}:diff", "avrpluoc"),
    ("GET /v1/artifacts/{kind}/{name}", "avrpluoc"),
    ("GET /v1/artifacts/{kind}/{name}/{version}", "avrpluoc"),
    ("POST /v1/artifacts/{kind}/{name}/{version}:approve", "oc"),
    ("POST /v1/artifacts/{kind}/{name}/{version}:retire", "o"),
    ("POST /v1/deployments", "io"),
    ("GET /v1/deployments", "avrpluoc"),
    ("POST /v1/kpis", "i"),
    ("GET /v1/kpis/{metric}/report", "avrpluoc"),
    ("GET /v1/kpis/{metric}/compare", "avrpluoc"),
    ("POST /v1/checks", "io"),
    ("GET /v1/checks", "avrpluoc"),
    ("GET /v1/checks/{id}", "avrpluoc"),
    ("POST /v1/freezes", "o"),
    ("GET /v1/freezes", "avrpluoc"),
    ("DELETE /v1/freezes/{id}", "o"),
    ("GET /v1/lineage", "avrpluoc"),
    ("GET /v1/impact", "avrpluoc"),
    ("GET /v1/impact/change", "avrpluoc"),
    ("GET /healthz", "*"),
    ("GET /readyz", "*"),
    ("GET /metrics", "*"),
    ("GET /openapi.json", "*"),
    ("GET /", "*"),
];
const LETTERS: &str = "iavrpludoc";

/// The routes of the document that the server gives: what is not in the table is found missing.
fn routes(server: &Server) -> Vec<(String, &'static str)> {
    let document = server
        .send("", "GET /openapi.json", &[], b"")
        .is(200)
        .json();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let name = format!("{} {path}", method.to_uppercase());
            let row = TABLE.iter().find(|(route, _)| *route == name);
            let (_, letters) = row.unwrap_or_else(|| panic!("{name} is in no table of access"));
            routes.push((name, *letters));
        }
    }
    assert_eq!(routes.len(), TABLE.len());
    routes
}

/// A request for `route` about what is there, which changes nothing that the next one needs.
fn request(route: &str, context: &str, decision: &str) -> String {
    let (method, path) = route.split_once(' ').unwrap();
    let path = path
        .replace("/v1/decisions/{id}", &format!("/v1/decisions/{decision}"))
        .replace("decision/{id}.zip", &format!("decision/{decision}.zip"))
        .replace("/v1/contexts/{id}", &format!("/v1/contexts/{context}"))
        .replace("{other}", context)
        .replace("/{type}/{id}", "/applicant/user_1")
        .replace("{tile}", "0/000.p/1")
        .replace("{id}", "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b");
    let query = if path == "/v1/used" {
        "?ref=document:doc_456"
    } else {
        ""
    };
    format!("{method} {path}{query}")
}

fn every_route_takes_the_roles_of_the_table_and_no_other(home: Home) {
    let server = Server::start_in(home);
    let context = server.context("user_1", "a letter of user_1");
    let decision = server.decision(&context, "12345");
    for (route, letters) in routes(&server) {
        let request = request(&route, &context, &decision);
        for (role, letter) in AccessRole::ALL.into_iter().zip(LETTERS.chars()) {
            let purpose = ("Contextrail-Purpose", "complaint 7");
            // An empty document: whoever may, is told what it lacks.
            let headers = [JSON[0], purpose];
            let reply = server.send(role.as_str(), &request, &headers, b"{}");
            let (status, text) = (reply.status, reply.text());
            if letters == "*" || letters.contains(letter) {
                assert!(
                    ![401, 403, 500, 503].contains(&status),
                    "{role} {request}: {text}"
                );
            } else {
                let problem = reply.problem(403, "forbidden");
                assert!(problem["hint"].is_string(), "{problem}");
            }
        }
    }
    server.verified();
}

fn without_a_token_or_with_a_strangers_no_route_gives_anything(home: Home) {
    let mut server = Server::start_in(home);
    let context = server.context("user_1", "a letter of user_1");
    let decision = server.decision(&context, "12345");
    // Another tenant has tokens in the same file, of every role.
    server.halt();
    server.runtime.block_on(server.trail.close());
    let url = server.home.url();
    let other = server.home.options().tenant(tenant("other"));
    let other = server.runtime.block_on(other.open(&url)).unwrap();
    let mut foreign = Vec::new();
    for role in AccessRole::ALL {
        let granted = server
            .runtime
            .block_on(other.grant_token(grant(role, "mallory")));
        foreign.push(granted.unwrap().0.to_string());
    }
    server.runtime.block_on(other.close());
    server.trail = server.runtime.block_on(Server::opened(&server.home));
    server.serve();

    let own = server.tokens["auditor"].clone();
    let (start, end) = own.split_at(own.len() - 2);
    let swapped = format!("{start}{}", if end == "AA" { "BB" } else { "AA" });
    let shown: Vec<String> = foreign
        .iter()
        .chain([&swapped, &"ctr_".to_owned(), &String::new()])
        .map(|token| format!("Bearer {token}"))
        .chain([format!("Basic {own}"), own.clone()])
        .collect();
    for (route, letters) in routes(&server) {
        if letters == "*" {
            continue;
        }
        let request = request(&route, &context, &decision);
        let nobody = server.send("", &request, JSON, b"{}").is(401);
        assert!(nobody.headers["www-authenticate"].starts_with("Bearer"));
        nobody.problem(401, "unauthorized");
        for shown in &shown {
            let headers = [JSON[0], ("Authorization", shown.as_str())];
            let text = server
                .send("", &request, &headers, b"{}")
                .problem(401, "unauthorized");
            assert!(!text.to_string().contains("user_1"), "{text}");
        }
    }
    let denied: Vec<_> = server
        .looks()
        .into_iter()
        .filter(|it| it["what"] == "denied")
        .collect();
    assert!(
        denied
            .iter()
            .any(|it| it["route"] == "GET /v1/contexts/{id}"),
        "{denied:?}"
    );
    assert!(
        denied.iter().all(|it| it["refused"] == "unauthorized"),
        "{denied:?}"
    );
    server.verified();
}

fn a_token_ends_when_it_is_revoked_and_at_its_time(home: Home) {
    let server = Server::start_in(home);
    let grant = |body: &serde_json::Value| server.post("admin", "/v1/tokens", body);
    let body = json!({"role": "analyst", "holder": {"id": "dora", "kind": "human"}});
    let granted = grant(&body).created();
    let token = granted["token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let ask = || {
        send(
            server.address,
            "GET /v1/contexts",
            &[("Authorization", &bearer)],
            b"",
        )
    };
    ask().is(200);
    let listed = server.get("admin", "/v1/tokens").is(200);
    assert!(!listed.text().contains(token.rsplit('_').next().unwrap()));
    let id = granted["id"].as_str().unwrap();
    let revoke = format!("DELETE /v1/tokens/{id}");
    server.send("admin", &revoke, &[], b"").is(200);
    ask().problem(401, "unauthorized");
    server
        .send("admin", &revoke, &[], b"")
        .problem(409, "done_already");

    let mut past = body.clone();
    past["expires_at"] = json!("2020-01-01T00:00:00Z");
    let granted = grant(&past).created();
    let bearer = format!("Bearer {}", granted["token"].as_str().unwrap());
    send(
        server.address,
        "GET /v1/contexts",
        &[("Authorization", &bearer)],
        b"",
    )
    .is(401);
    // A file of the trail has the secret nowhere.
    let secret = token.rsplit('_').next().unwrap().as_bytes().to_vec();
    let folder = server.home.folder().to_owned();
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|it| it == secret));
    }
    server.verified();
}

fn what_needs_two_people_needs_two_people(home: Home) {
    let server = Server::start_in(home);
    let context = server.context("user_1", "a letter of user_1");
    server.decision(&context, "12345");
    let erase = "POST /v1/subjects/applicant/user_1:erase";
    let why = br#"{"reason": "on request"}"#;
    let with = |name: &str| format!("Bearer {}", server.tokens[name]);
    let second = |who: &str, request: &str, approval: &str, body: &[u8]| {
        let headers = [JSON[0], ("Contextrail-Approval", approval)];
        server.send(who, request, &headers, body)
    };
    server
        .send("privacy", erase, JSON, why)
        .problem(403, "needs_two_people");
    second("privacy", erase, &with("privacy"), why).problem(403, "needs_two_people");
    second("privacy", erase, &with("legal"), why).problem(403, "needs_two_people");
    second("privacy", erase, "Bearer ctr_x", why).problem(401, "unauthorized");

    // A hold keeps what would go, and the privacy role cannot lift it.
    let hold =
        json!({"matter": "LIT-7", "target": {"entity": {"type": "applicant", "id": "user_1"}}});
    let hold = server.post("legal", "/v1/holds", &hold).created();
    assert_eq!(hold["placed_by"]["id"], "legal_1");
    second("privacy", erase, &with("privacy2"), why).problem(409, "kept");
    let lift = format!("DELETE /v1/holds/{}", hold["id"].as_str().unwrap());
    second("privacy", &lift, &with("privacy2"), why).problem(403, "forbidden");
    server
        .send("legal", &lift, JSON, why)
        .problem(403, "needs_two_people");
    second("legal", &lift, &with("legal2"), why).is(201);
    second("legal", &lift, &with("legal2"), why).problem(409, "done_already");

    let erased = second("privacy", erase, &with("privacy2"), why)
        .is(200)
        .json();
    let people = erased["record"]["approved_by"].as_array().unwrap();
    assert_eq!(people.len(), 2, "{erased}");
    assert!(people.iter().all(|it| it["method"] == "token"), "{erased}");
    let left = server
        .get("investigator", &format!("/v1/contexts/{context}"))
        .is(200)
        .text();
    assert!(!left.contains("user_1") && !left.contains("4100"), "{left}");
    second("privacy", erase, &with("privacy2"), why).problem(404, "erased");

    // So do roles that read personal values; and nobody approves for themselves.
    let wanted = json!({"role": "investigator", "holder": {"id": "dora", "kind": "human"}});
    server
        .post("admin", "/v1/tokens", &wanted)
        .problem(403, "needs_two_people");
    let body = wanted.to_string();
    second("admin", "POST /v1/tokens", &with("admin2"), body.as_bytes()).is(201);
    let own =
        json!({"role": "investigator", "holder": {"id": "Admin_2", "kind": "human"}}).to_string();
    second("admin", "POST /v1/tokens", &with("admin2"), own.as_bytes())
        .problem(403, "needs_two_people");
    server.verified();
}

#[test]
fn without_tokens_only_this_machine_is_answered() {
    let server = Server::open();
    let context = server.context("user_1", "a letter of user_1");
    server
        .get("", &format!("/v1/contexts/{context}/text"))
        .is(200);
    let why = br#"{"reason": "on request"}"#;
    server
        .send("", "POST /v1/subjects/applicant/user_1:erase", JSON, why)
        .problem(403, "needs_two_people");
    // A page elsewhere that leads a browser here says another name.
    let text = "GET /v1/contexts HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n";
    let reply = super::limit::raw(server.address, text.as_bytes());
    assert_eq!(super::Reply::of(&reply).status, 421);

    let everywhere = server.runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        serve(
            listener,
            server.trail.clone(),
            ServeOptions::default(),
            async {},
        )
        .await
    });
    assert!(
        matches!(everywhere, Err(ServeError::Exposed(_))),
        "{everywhere:?}"
    );
    // As soon as there is one token, it is needed.
    let wanted = json!({"role": "analyst", "holder": {"id": "dora", "kind": "human"}});
    server.post("", "/v1/tokens", &wanted).created();
    server.get("", "/v1/contexts").problem(401, "unauthorized");
    server.verified();
}

on_both!([
    every_route_takes_the_roles_of_the_table_and_no_other,
    without_a_token_or_with_a_strangers_no_route_gives_anything,
    a_token_ends_when_it_is_revoked_and_at_its_time,
    what_needs_two_people_needs_two_people
]);
