//! Tokens of OpenID Connect: whose are taken, and all that keeps one out.

use std::collections::BTreeMap;
use std::time::Instant;

use contextrail::record::AccessRole;
use contextrail::server::{Oidc, OidcOptions};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use super::crash::contextrail;
use super::issuer::{Issuer, Key, encoded, now, unsigned};
use super::{JSON, Reply, Server, decision, on_both, request, send};
use crate::home::Home;

/// A server that takes the tokens of `issuer`, and has granted none.
fn taking(issuer: &Issuer, home: Home) -> Server {
    serving(
        OidcOptions::new(issuer.url(), "contextrail"),
        Server::open_in(home),
    )
}

fn serving(options: OidcOptions, mut server: Server) -> Server {
    server.halt();
    server.oidc = Some(options);
    server.serve();
    server
}

fn ask(server: &Server, token: &str, request: &str, more: &[(&str, &str)], body: &Value) -> Reply {
    let bearer = format!("Bearer {token}");
    let purpose = ("Contextrail-Purpose", "complaint 7");
    let mut headers = vec![JSON[0], purpose, ("Authorization", &bearer)];
    headers.extend(more);
    send(
        server.address,
        request,
        &headers,
        body.to_string().as_bytes(),
    )
}

fn list(server: &Server, token: &str) -> Reply {
    ask(server, token, "GET /v1/contexts", &[], &json!({}))
}

fn tokens_of_an_issuer_give_the_role_and_the_name_of_their_claims(home: Home) {
    let (rsa, p256, ed25519) = (Key::rsa("rsa"), Key::p256("ec"), Key::ed25519("ed"));
    let issuer = Issuer::start(&[&rsa, &p256, &ed25519]);
    let server = taking(&issuer, home);
    // Nobody is let in for being on this machine.
    server.get("", "/v1/contexts").problem(401, "unauthorized");
    let mut program = issuer.claims("loan-api", "ingest");
    program["client_id"] = json!("loan-api");
    let program = rsa.token(&program);
    let path = "POST /v1/contexts:assemble";
    let context = ask(&server, &program, path, &[], &request("user_1", "a letter"));
    let context = context.created();
    assert_eq!(
        context["actor"],
        json!({"id": "loan-api", "kind": "service", "method": "oidc"})
    );
    let reviewer = p256.token(&issuer.claims("dora", "reviewer"));
    let path = format!("GET /v1/contexts/{}/text", context["id"].as_str().unwrap());
    let text = ask(&server, &reviewer, &path, &[], &json!({})).is(200);
    assert!(text.text().contains("a letter"));
    ask(&server, &program, &path, &[], &json!({})).problem(403, "forbidden");
    // Every role is what it is for tokens that were granted, and admins grant those.
    for role in AccessRole::ALL {
        let token = ed25519.token(&issuer.claims(&format!("{role}_1"), role.as_str()));
        let reads = !matches!(role, AccessRole::Ingest | AccessRole::Admin);
        let reply = list(&server, &token).is(if reads { 200 } else { 403 });
        let sees = matches!(role, AccessRole::Investigator | AccessRole::Reviewer);
        let shown = ask(&server, &token, &path.replace("/text", ""), &[], &json!({})).text();
        assert_eq!(shown.contains("4100"), sees, "{role} {}", reply.text());
        let wanted = json!({"role": "auditor", "holder": {"id": "zoe", "kind": "human"}});
        let granted = ask(&server, &token, "POST /v1/tokens", &[], &wanted);
        assert_eq!(granted.status == 201, role == AccessRole::Admin, "{role}");
    }
    let looks = server.looks();
    let read = looks
        .iter()
        .find(|it| it["what"] == "read" && it["actor"]["id"] == "dora");
    let read = read.unwrap_or_else(|| panic!("{looks:?}"));
    assert_eq!(read["actor"]["method"], "oidc");
    assert_eq!(read["purpose"], "complaint 7");
    // An idempotency key is each one's own.
    let other = rsa.token(&issuer.claims("other-api", "ingest"));
    let made = |token: &str, key: &str| {
        let body = decision(context["id"].as_str().unwrap(), key);
        let key = [("Idempotency-Key", "1")];
        ask(&server, token, "POST /v1/decisions", &key, &body).created()["id"].clone()
    };
    let first = made(&program, "1");
    assert_eq!(first, made(&program, "1"));
    assert_ne!(first, made(&other, "2"));
    server.verified();
}

fn whatever_is_wrong_with_a_token_keeps_it_out(home: Home) {
    let (rsa, p256, stranger) = (Key::rsa("rsa"), Key::p256("ec"), Key::rsa("rsa"));
    let issuer = Issuer::start(&[&rsa, &p256]);
    let server = taking(&issuer, home);
    let good = issuer.claims("dora", "analyst");
    list(&server, &rsa.token(&good)).is(200);

    let head = |algorithm: &str, key: &str| json!({"alg": algorithm, "kid": key});
    let public = rsa.public();
    let shared = |secret: &[u8]| {
        let text = unsigned(&head("HS256", "rsa"), &good);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(text.as_bytes());
        format!("{text}.{}", encoded(&mac.finalize().into_bytes()))
    };
    let whole = rsa.token(&good);
    let (signed, signature) = whole.rsplit_once('.').unwrap();
    let (first, _) = signed.split_once('.').unwrap();
    let admin = encoded(issuer.claims("dora", "admin").to_string().as_bytes());
    let forged = [
        format!("{}.", unsigned(&head("none", "rsa"), &good)),
        format!("{}.", unsigned(&json!({"alg": "none"}), &good)),
        format!("{}.{signature}", unsigned(&head("None", "rsa"), &good)),
        shared(public["n"].as_str().unwrap().as_bytes()),
        shared(public.to_string().as_bytes()),
        format!("{signed}."),
        format!("{first}.{admin}.{signature}"),
        // A key for another algorithm, an unknown key, none, and one of somebody else.
        rsa.token_with(&head("ES256", "ec"), &good),
        rsa.token_with(&head("ES256", "rsa"), &good),
        rsa.token_with(&head("PS256", "rsa"), &good),
        p256.token_with(&head("RS256", "rsa"), &good),
        rsa.token_with(&head("RS256", "gone"), &good),
        rsa.token_with(&json!({"alg": "RS256"}), &good),
        stranger.token(&good),
        // A key that the token brings along.
        stranger.token_with(
            &json!({"alg": "RS256", "kid": "rsa", "jwk": stranger.public()}),
            &good,
        ),
        // What must be understood, and tokens for something else.
        rsa.token_with(
            &json!({"alg": "RS256", "kid": "rsa", "crit": ["exp"]}),
            &good,
        ),
        rsa.token_with(
            &json!({"alg": "RS256", "kid": "rsa", "typ": "dpop+jwt"}),
            &good,
        ),
        "a.b.c".to_owned(),
        "..".to_owned(),
        format!("{whole}.{signature}"),
        format!("{whole}="),
        format!("{}.e30.e30", "x".repeat(17 << 10)),
    ];
    for token in &forged {
        let problem = list(&server, token).problem(401, "unauthorized");
        assert!(!problem.to_string().contains("dora"), "{token}: {problem}");
    }
    let wrong = [
        ("iss", json!("http://127.0.0.1/realm")),
        ("iss", json!(format!("{}/", issuer.url()))),
        ("iss", Value::Null),
        ("aud", json!("account")),
        ("aud", json!(["contextrail2"])),
        ("aud", Value::Null),
        ("exp", json!(now() - 120)),
        ("exp", json!("tomorrow")),
        ("exp", Value::Null),
        ("nbf", json!(now() + 600)),
        ("nbf", json!("now")),
        ("iat", json!(now() + 600)),
        ("tenant", json!("other")),
        ("tenant", json!(["other", "defaults"])),
        ("tenant", Value::Null),
        ("sub", json!("")),
        ("sub", Value::Null),
    ];
    let attempts = u64::try_from(forged.len() + wrong.len()).unwrap();
    for (member, value) in wrong {
        let mut claims = good.clone();
        claims[member] = value;
        let token = rsa.token(&claims);
        let problem = list(&server, &token).problem(401, "unauthorized");
        assert!(!problem.to_string().contains("dora"), "{claims}: {problem}");
    }
    for (roles, is_program) in [
        (json!([]), false),
        (Value::Null, false),
        (json!("Admin"), false),
        (json!(["root", "offline_access"]), false),
        (json!(["analyst", "auditor"]), false),
        (json!({"analyst": true}), false),
        (json!("investigator"), true),
        (json!("admin"), true),
    ] {
        let mut claims = issuer.claims("mallory", "analyst");
        claims["roles"] = roles;
        if is_program {
            claims["azp"] = json!("mallory");
        }
        list(&server, &rsa.token(&claims)).problem(403, "forbidden");
    }
    // As with other tokens, the first of a kind is on record at once, and others with their number.
    let mut server = server;
    server.halt();
    let looks = server.looks();
    let denied = |refused: &str, by: Option<&str>| -> u64 {
        let all = looks
            .iter()
            .filter(|it| it["what"] == "denied" && it["refused"] == refused);
        let of = all.filter(|it| by.is_none_or(|by| it["actor"]["id"] == by));
        of.map(|it| it["count"].as_u64().unwrap()).sum()
    };
    assert_eq!(denied("unauthorized", None), attempts, "{looks:?}");
    assert_eq!(denied("unauthorized", Some("dora")), 0, "{looks:?}");
    assert_eq!(denied("forbidden", Some("mallory")), 8, "{looks:?}");
    server.verified();
}

fn keys_that_are_replaced_are_found_and_strangers_do_not_have_the_issuer_asked(home: Home) {
    let (old, new) = (Key::p256("old"), Key::ed25519("new"));
    let issuer = Issuer::start(&[&old]);
    let server = taking(&issuer, home);
    let claims = issuer.claims("dora", "analyst");
    list(&server, &old.token(&claims)).is(200);
    assert_eq!(issuer.asked(), 1);
    issuer.publish(&[&new]);
    list(&server, &new.token(&claims)).is(200);
    assert_eq!(issuer.asked(), 2);
    // One that the issuer does not have any more is worth nothing.
    list(&server, &old.token(&claims)).problem(401, "unauthorized");
    let begun = Instant::now();
    for _ in 0..50 {
        list(&server, &Key::ed25519("stranger").token(&claims)).problem(401, "unauthorized");
    }
    let most = 3 + usize::try_from(begun.elapsed().as_secs() / 10).unwrap();
    assert!(issuer.asked() <= most, "{}", issuer.asked());
    // While it is away, the keys that are known go on.
    issuer.be_away(true);
    list(&server, &new.token(&claims)).is(200);
    server.verified();
}

#[test]
fn an_issuer_that_is_away_at_the_start_keeps_nobody_out_who_was_granted_a_token() {
    let key = Key::p256("ec");
    let issuer = Issuer::start(&[&key]);
    issuer.be_away(true);
    let options = OidcOptions::new(issuer.url(), "contextrail");
    let server = serving(options, Server::start());
    server.get("analyst", "/v1/contexts").is(200);
    let token = key.token(&issuer.claims("dora", "analyst"));
    let refused = list(&server, &token).is(503);
    assert_eq!(refused.headers["retry-after"], "1");
    refused.problem(503, "no_keys");
    // Without keys a forged one is not told apart, and not let in either.
    let none = format!(
        "{}.",
        unsigned(&json!({"alg": "none"}), &issuer.claims("dora", "admin"))
    );
    list(&server, &none).problem(401, "unauthorized");
    server.verified();
}

fn two_people_are_two_whom_the_issuer_knows(home: Home) {
    let key = Key::p256("ec");
    let issuer = Issuer::start(&[&key]);
    let options = OidcOptions::new(issuer.url(), "contextrail");
    let server = serving(options, Server::start_in(home));
    server.context("user_1", "a letter of user_1");
    let token = |subject: &str, role: &str| key.token(&issuer.claims(subject, role));
    let erase = |first: &str, second: &str| {
        let second = format!("Bearer {second}");
        let approval = [("Contextrail-Approval", second.as_str())];
        let why = json!({"reason": "on request"});
        ask(
            &server,
            first,
            "POST /v1/subjects/applicant/user_1:erase",
            &approval,
            &why,
        )
    };
    let (pia, granted) = (token("pia", "privacy"), server.tokens["privacy"].clone());
    erase(&pia, &token("Pia", "privacy")).problem(403, "needs_two_people");
    erase(&pia, &token("leo", "legal")).problem(403, "needs_two_people");
    // The one could be the other under a name that somebody else gave.
    erase(&pia, &granted).problem(403, "needs_two_people");
    erase(&granted, &pia).problem(403, "needs_two_people");
    erase(&pia, "a.b.c").problem(401, "unauthorized");
    let erased = erase(&pia, &token("per", "privacy")).is(200).json();
    let people = erased["record"]["approved_by"].as_array().unwrap();
    assert!(people.iter().all(|it| it["method"] == "oidc"), "{erased}");
    server.verified();
}

#[test]
fn claims_are_found_where_the_issuer_has_them_and_its_words_are_made_roles() {
    let key = Key::p256("ec");
    let issuer = Issuer::start(&[&key]);
    let roles = BTreeMap::from([("ct-readers".to_owned(), AccessRole::Analyst)]);
    let options = OidcOptions::new(issuer.url(), "contextrail")
        .with_jwks_url(Some(issuer.jwks_url()))
        .with_role_claim("/realm_access/roles")
        .with_tenant_claim("https://bank.example/tenant")
        .with_roles(roles);
    let server = serving(options, Server::open());
    // With an address of its keys nobody asks what it calls itself.
    issuer.call_itself("somebody else");
    let mut claims = issuer.claims("dora", "admin");
    claims["https://bank.example/tenant"] = json!("default");
    claims["realm_access"] = json!({"roles": ["offline_access", "ct-readers"]});
    list(&server, &key.token(&claims)).is(200);
    claims["realm_access"] = json!({"roles": ["analyst"]});
    list(&server, &key.token(&claims)).problem(403, "forbidden");
    server.verified();
    for (issuer, jwks) in [
        ("http://login.example", None),
        ("https://user:word@login.example", None),
        ("login.example", None),
        ("https://login.example", Some("http://login.example/keys")),
    ] {
        let options = OidcOptions::new(issuer, "contextrail");
        let options = options.with_jwks_url(jwks.map(str::to_owned));
        assert!(Oidc::new(options).is_err(), "{issuer} {jwks:?}");
    }
}

#[test]
fn the_issuer_is_configured_by_the_file_or_the_environment_and_checked() {
    let folder = TempDir::new().unwrap();
    let key = Key::p256("ec");
    let issuer = Issuer::start(&[&key]);
    let demo = ["--quiet", "demo", "--count", "1"];
    let made = contextrail(folder.path()).args(demo).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let write = |text: &str| std::fs::write(folder.path().join("s.yaml"), text).unwrap();
    let check = |variables: &[(&str, &str)]| {
        contextrail(folder.path())
            .envs(variables.iter().copied())
            .args(["config", "check", "s.yaml", "-o", "json"])
            .output()
            .unwrap()
    };
    let listen = "listen: 0.0.0.0:0\n";
    let url = issuer.url();
    // With an issuer others may reach it, though nobody was granted a token.
    write(&format!(
        "{listen}oidc:\n  issuer: {url}\n  audience: contextrail\n  roles: {{ct: analyst}}\n"
    ));
    let checked: Value = serde_json::from_slice(&check(&[]).stdout).unwrap();
    assert_eq!(checked["oidc_issuer"], url, "{checked}");
    write(listen);
    let variables = [
        ("CONTEXTRAIL_OIDC_ISSUER", url.as_str()),
        ("CONTEXTRAIL_OIDC_AUDIENCE", "contextrail"),
    ];
    let checked: Value = serde_json::from_slice(&check(&variables).stdout).unwrap();
    assert_eq!(checked["oidc_issuer"], url, "{checked}");

    let refused = |text: &str, code: i32, wanted: &str| {
        write(text);
        let ran = check(&[]);
        let error = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(code), "{text}: {error}");
        assert!(error.contains(wanted), "{text}: {error}");
    };
    let with = |text: &str| format!("{listen}oidc: {{{text}}}\n");
    refused(
        &with(&format!("issuer: {url}")),
        2,
        "lacks its issuer or its audience",
    );
    refused(
        &with("jwks_url: 'https://login.example/keys'"),
        2,
        "lacks its issuer",
    );
    refused(
        &with("issuer: 'http://login.example', audience: a"),
        2,
        "https://",
    );
    refused(
        &with(&format!("issuer: '{url}', audience: a, roles: {{x: root}}")),
        2,
        "root",
    );
    refused(
        &with(&format!("issuer: '{url}', audience: a, rolls: x")),
        2,
        "roles",
    );
    refused(
        &with(&format!("issuer: '{url}', audience: a, roots: nowhere")),
        6,
        "nowhere",
    );
    issuer.call_itself("https://other.example");
    let whole = with(&format!("issuer: '{url}', audience: a"));
    refused(&whole, 6, "describes another issuer");
    issuer.call_itself(&url);
    issuer.publish(&[]);
    refused(&whole, 6, "has no key");
    issuer.be_away(true);
    refused(&whole, 6, "answers 503");
}

on_both!([
    tokens_of_an_issuer_give_the_role_and_the_name_of_their_claims,
    whatever_is_wrong_with_a_token_keeps_it_out,
    keys_that_are_replaced_are_found_and_strangers_do_not_have_the_issuer_asked,
    two_people_are_two_whom_the_issuer_knows
]);
