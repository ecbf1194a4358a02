//! Governance over HTTP: versions and who approved them, deployments, measured values, checks, freezes,
//! lineage and impact.

use contextrail::govern::read_artifact;
use contextrail::record::{Actor, ActorKind, ActorMethod, Deployment, Governing, Kpi, Measure};
use contextrail::trail::{RemoteError, TrailError};
use serde_json::{Value, json};

use super::document::fits;
use super::{JSON, PURPOSE, Server, on_both};
use crate::home::Home;

fn model(version: &str) -> Value {
    json!({"kind": "model", "name": "m", "version": version, "content": {"weights": version},
           "links": [{"rel": "trained_on", "to": "dataset:loans@1"}]})
}

fn objective(version: &str, approve_at: f64) -> Value {
    json!({"kind": "objective", "name": "OBJ", "version": version, "risk_rating": "high", "content": {
        "objective_version": version, "description": "lend", "optimization_goal": "repaid",
        "parameters": {"approve_at": approve_at},
        "constraints": [{"name": "gap", "type": "fairness", "metric": "fairness_gap",
                         "comparison": "at_most", "threshold": 0.015}],
        "escalation_rules": [{"if": "fairness_gap > 0.05", "then": {"freeze_deployments": true,
                              "escalate_to": "risk_owner"}}]}})
}

impl Server {
    fn register(&self, body: &Value) -> Value {
        self.post("ingest", "/v1/artifacts", body).created()
    }

    fn approve(&self, who: &str, path: &str) -> super::Reply {
        let request = format!("POST /v1/artifacts/{path}:approve");
        self.send(who, &request, &[], b"")
    }

    /// A data set, two versions of an objective and a model, approved and deployed; and a decision under
    /// each version of the objective, whose id is given.
    fn governed(&self) -> [String; 2] {
        let data =
            json!({"kind": "dataset", "name": "loans", "version": "1", "content": {"rows": 3}});
        self.register(&data);
        self.register(&model("1"));
        self.approve("approver", "model/m/1").is(201);
        let mut ids = Vec::new();
        for (version, limit) in [("1", 0.62), ("2", 0.58)] {
            self.register(&objective(version, limit));
            self.approve("risk_owner", &format!("objective/OBJ/{version}"))
                .is(201);
            self.approve("approver", &format!("objective/OBJ/{version}"))
                .is(201);
            let deployment = json!({"environment": "production",
                "manifest": {"model": "m@1", "objective": format!("OBJ@{version}")}});
            self.post("ingest", "/v1/deployments", &deployment)
                .created();
            let context = self.context(&format!("user_{version}"), "a letter");
            let mut decision = super::decision(&context, &format!("app_{version}"));
            decision["governed_by"] =
                json!({"model": "m@1", "objective": format!("OBJ@{version}")});
            decision["output"] = json!({"score": 0.6});
            let decision = self.post("ingest", "/v1/decisions", &decision).created();
            ids.push(decision["id"].as_str().unwrap().to_owned());
        }
        ids.try_into().unwrap()
    }
}

fn a_version_is_approved_by_holders_of_tokens_in_their_roles(home: Home) {
    let server = Server::start_in(home);
    let mut body = objective("1", 0.62);
    body["author"] = json!({"id": "approver_1", "kind": "human", "method": "token"});
    let registered = server.post("risk_owner", "/v1/artifacts", &body).created();
    // A name in the body is what whoever registers it states.
    assert_eq!(registered["author"]["method"], "asserted", "{registered}");
    assert_eq!(registered["actor"]["id"], "risk_owner_1", "{registered}");
    assert_eq!(registered["actor"]["method"], "token", "{registered}");
    let path = "objective/OBJ/1";
    // Neither its author nor who registered it.
    server
        .approve("approver", path)
        .problem(403, "not_approved");
    server
        .approve("risk_owner", path)
        .problem(403, "not_approved");
    for (body, code) in [
        (json!({"by": "ben"}), "unknown_member"),
        (
            json!({"actor": {"id": "ben", "kind": "human", "method": "token"}}),
            "unknown_member",
        ),
        (json!({"role": "risk_owner"}), "other_role"),
    ] {
        let request = format!("/v1/artifacts/{path}:approve");
        server.post("approver2", &request, &body).problem(422, code);
    }
    let approve = format!("/v1/artifacts/{path}:approve");
    let approved = server
        .post("approver2", &approve, &json!({"note": "seen"}))
        .created();
    assert_eq!(
        approved["actor"],
        json!({"id": "approver_2", "kind": "human", "method": "token"})
    );
    assert_eq!(
        (&approved["role"], &approved["note"]),
        (&json!("approver"), &json!("seen"))
    );
    server
        .approve("approver2", path)
        .problem(409, "done_already");
    // High asks for two in different roles.
    let shown = server
        .get("auditor", &format!("/v1/artifacts/{path}"))
        .is(200)
        .json();
    assert_eq!(
        (&shown["state"], &shown["counting"]),
        (&json!("unapproved"), &json!(1)),
        "{shown}"
    );
    let in_force = "/v1/artifacts/objective/OBJ:in-force";
    server
        .get("auditor", in_force)
        .problem(404, "none_in_force");
    server.approve("risk_owner2", path).is(201);
    let shown = server.get("auditor", in_force).is(200).json();
    assert_eq!(
        (&shown["ref"], &shown["state"]),
        (&json!("objective:OBJ@1"), &json!("in_force"))
    );
    let then = format!("{in_force}?at=2020-01-01T00:00:00Z");
    server.get("auditor", &then).problem(404, "none_in_force");
    server
        .get("auditor", "/v1/artifacts/model/x:in-force")
        .problem(404, "not_found");

    let retire = format!("/v1/artifacts/{path}:retire");
    server
        .post("risk_owner", &retire, &json!({"reason": "unfair"}))
        .created();
    server
        .post("risk_owner", &retire, &json!({"reason": "unfair"}))
        .problem(409, "done_already");
    server
        .approve("approver2", path)
        .problem(409, "done_already");
    server
        .get("auditor", in_force)
        .problem(404, "none_in_force");
    server
        .approve("approver", "objective/OBJ/9")
        .problem(404, "not_found");
    server.verified();
}

fn a_version_never_changes_and_is_what_its_kind_says(home: Home) {
    let server = Server::start_in(home);
    let first = server.register(&model("1"));
    let again = server.register(&model("1"));
    assert_eq!(first["id"], again["id"]);
    let post = |body: &Value| server.post("ingest", "/v1/artifacts", body);
    let mut other = model("1");
    other["content"] = json!({"weights": "others"});
    post(&other).problem(409, "other_content");
    let mut altered = model("2");
    altered["digest"] = json!(format!("sha256:{}", "0".repeat(64)));
    post(&altered).problem(422, "digest_mismatch");
    let mut bare = model("2");
    bare.as_object_mut().unwrap().remove("content");
    bare["digest"] = altered["digest"].clone();
    post(&bare).problem(422, "invalid_value");
    let mut faulty = objective("1", 0.6);
    faulty["content"]["constraints"][0]["comparison"] = json!("about");
    let problem = post(&faulty).is(422).json();
    assert!(
        problem["member"]
            .as_str()
            .unwrap()
            .starts_with("content.constraints"),
        "{problem}"
    );
    let mut circular = json!({"kind": "dataset", "name": "loans", "version": "1", "content": {},
                              "links": [{"rel": "derived_from", "to": "model:m@1"}]});
    post(&circular).problem(422, "circular");
    circular["links"] = json!([]);
    let mut ours = model("3");
    ours["actor"] = json!({"id": "ben", "kind": "human", "method": "token"});
    post(&ours).problem(422, "other_actor");
    // A list, and an objective that stands by itself, in YAML.
    let list = json!([model("1"), circular]);
    let receipts = post(&list).is(201).json();
    assert_eq!(receipts[0]["id"], first["id"]);
    assert_eq!(receipts[1]["kind"], "artifact");
    let yaml = include_bytes!("../../../examples/credit_threshold/objective-1.3.yaml");
    let headers = [("Content-Type", "application/yaml")];
    let bare = server
        .send("risk_owner", "POST /v1/artifacts", &headers, yaml)
        .created();
    assert_eq!(
        (&bare["kind"], &bare["version"]),
        (&json!("objective"), &json!("1.3"))
    );

    // Pages of what is registered.
    let page = server.get("analyst", "/v1/artifacts?limit=2").is(200);
    let next = page.headers["link"]
        .trim_start_matches('<')
        .split('>')
        .next()
        .unwrap()
        .to_owned();
    let mut found: Vec<String> = Vec::new();
    for body in [page.json(), server.get("analyst", &next).is(200).json()] {
        let items = body["items"].as_array().unwrap().iter();
        found.extend(items.map(|it| it["ref"].as_str().unwrap().to_owned()));
    }
    assert_eq!(found.len(), 3, "{found:?}");
    let models = server
        .get("analyst", "/v1/artifacts?kind=model")
        .is(200)
        .json();
    assert_eq!(models["items"][0]["ref"], "model:m@1");
    server
        .get("analyst", "/v1/artifacts?kind=car")
        .problem(400, "bad_parameter");
    server
        .get("analyst", "/v1/artifacts?after=model:m@7")
        .problem(400, "bad_parameter");
    server.verified();
}

fn what_is_deployed_is_known_for_any_time(home: Home) {
    let server = Server::start_in(home);
    let post = |body: &Value| server.post("ingest", "/v1/deployments", body);
    let deployment = |version: &str, from: &str| json!({"environment": "production", "from": from, "manifest": {"model": format!("m@{version}")}});
    post(&deployment("1", "2026-01-01T00:00:00Z")).problem(422, "unknown_record");
    server.register(&model("1"));
    server.register(&model("2"));
    let first = post(&deployment("1", "2026-01-01T00:00:00Z")).created();
    post(&deployment("2", "2026-02-01T00:00:00Z")).created();
    let mut backwards = deployment("1", "2026-03-01T00:00:00Z");
    backwards["until"] = json!("2026-02-01T00:00:00Z");
    post(&backwards).problem(422, "invalid_value");
    let all = server.get("analyst", "/v1/deployments").is(200).json();
    assert_eq!(all["items"][0]["manifest"]["model"], "m@2", "{all}");
    let then = "/v1/deployments?environment=production&at=2026-01-15T00:00:00Z";
    let then = server.get("analyst", then).is(200).json();
    assert_eq!(
        (
            then["items"].as_array().unwrap().len(),
            &then["items"][0]["id"]
        ),
        (1, &first["id"])
    );
    let none = server
        .get("analyst", "/v1/deployments?environment=staging")
        .is(200)
        .json();
    assert_eq!(none["items"], json!([]));
    server.verified();
}

fn values_are_reported_and_compared_and_parts_of_few_people_are_not(home: Home) {
    let server = Server::start_in(home);
    let decision = server.decision(&server.context("user_1", "a letter"), "12345");
    let mut values = Vec::new();
    for (version, gap) in [("1", 0.010), ("1", 0.012), ("2", 0.020), ("2", 0.022)] {
        values.push(
            json!({"metric": "gap", "value": gap, "slices": {"region": "EU"},
                           "versions": {"model": format!("m@{version}")}}),
        );
    }
    let headers = [JSON[0], ("Idempotency-Key", "k1")];
    let body = json!(values).to_string();
    let log = || {
        server
            .send("ingest", "POST /v1/kpis", &headers, body.as_bytes())
            .is(201)
            .json()
    };
    assert_eq!(log(), log());
    let report = "/v1/kpis/gap/report?by=region&where=region=EU";
    let report = server.get("analyst", report).is(200).json();
    assert_eq!(report["groups"][0]["count"], 4, "{report}");
    assert_eq!(report["groups"][0]["slices"]["region"], "EU", "{report}");
    let compare = "/v1/kpis/gap/compare?artifact=model:m&from=1&to=2";
    let compared = server.get("auditor", compare).is(200).json();
    let difference = compared["groups"][0]["difference"].as_f64().unwrap();
    assert!((difference - 0.010).abs() < 1e-9, "{compared}");
    server
        .get("auditor", &format!("{compare}0"))
        .problem(404, "not_measured");
    server
        .get("auditor", "/v1/kpis/gap/compare?artifact=model:m&from=1")
        .problem(400, "missing_parameter");
    server
        .get("auditor", "/v1/kpis/other/report")
        .problem(404, "not_measured");
    server
        .get("auditor", "/v1/kpis/gap/report?where=EU")
        .problem(400, "bad_parameter");

    // To which group somebody belongs is personal: parts of few decisions are not given.
    let own = json!({"metric": "approved", "value": true, "slices": {"sex": "female"}, "decision": decision});
    server.post("ingest", "/v1/kpis", &own).created();
    let whole = server
        .get("analyst", "/v1/kpis/approved/report")
        .is(200)
        .json();
    assert_eq!(whole["groups"][0]["count"], 1, "{whole}");
    for path in ["?by=sex", "?where=sex=female"] {
        let parts = server
            .get("analyst", &format!("/v1/kpis/approved/report{path}"))
            .is(200);
        assert!(!parts.text().contains("female"), "{}", parts.text());
        let parts = parts.json();
        assert_eq!(
            (&parts["groups"], &parts["withheld"]),
            (&json!([]), &json!(1)),
            "{parts}"
        );
    }
    for key in 0..9 {
        let context = server.context(&format!("more_{key}"), "a letter");
        let mut own = own.clone();
        own["decision"] = json!(server.decision(&context, &format!("more_{key}")));
        server.post("ingest", "/v1/kpis", &own).created();
    }
    let parts = server
        .get("analyst", "/v1/kpis/approved/report?by=sex")
        .is(200)
        .json();
    assert_eq!(
        (&parts["groups"][0]["count"], &parts["withheld"]),
        (&json!(10), &Value::Null),
        "{parts}"
    );

    let yaml = [("Content-Type", "application/yaml")];
    let problem = server.send(
        "ingest",
        "POST /v1/kpis",
        &yaml,
        b"{metric: gap, value: .nan}",
    );
    assert!((400..=422).contains(&problem.status), "{}", problem.text());
    let mut unknown = own.clone();
    unknown["decision"] = json!("01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b");
    server
        .post("ingest", "/v1/kpis", &unknown)
        .problem(422, "unknown_record");
    server.verified();
}

fn a_check_is_recorded_and_freezes_and_a_freeze_is_lifted_in_its_role(home: Home) {
    let server = Server::start_in(home);
    server.governed();
    let check = |who: &str, body: &Value| server.post(who, "/v1/checks", body);
    let wanted = json!({"of": "objective", "ref": "objective:OBJ@2"});
    let unmeasured = check("ingest", &wanted).created();
    assert_eq!(
        (&unmeasured["passed"], &unmeasured["results"][0]["result"]),
        (&json!(false), &json!("not_measured"))
    );
    let mut allowed = wanted.clone();
    allowed["allow_unmeasured"] = json!("not built yet");
    check("ingest", &allowed).problem(403, "forbidden");
    let passed = check("risk_owner", &allowed).created();
    assert_eq!(passed["passed"], true, "{passed}");
    assert_eq!(
        passed["allowed_unmeasured"]["by"]["id"], "risk_owner_1",
        "{passed}"
    );
    let model = check("ingest", &json!({"of": "model", "ref": "model:m@1"})).created();
    assert_eq!(
        (&model["of"], &model["passed"]),
        (&json!("model"), &json!(false)),
        "{model}"
    );
    let trail = check("ingest", &json!({"of": "trail"})).created();
    assert_eq!(trail["results"][0]["constraint"], "completeness", "{trail}");
    check("ingest", &json!({"of": "decision"})).problem(422, "invalid_value");
    check("ingest", &json!({"of": "model"})).problem(422, "missing_member");
    check("ingest", &json!({"of": "model", "ref": "model:x@1"})).problem(422, "unknown_record");
    check("ingest", &json!({"of": "objective", "ref": "model:m@1"})).problem(422, "wrong_kind");

    // Beyond its limit a rule freezes; then nothing passes until the role that it names lifts it.
    let gap = json!({"metric": "fairness_gap", "value": 0.2});
    server.post("ingest", "/v1/kpis", &gap).created();
    let failed = check("ingest", &wanted).created();
    let freeze = failed["freezes"][0].as_str().unwrap().to_owned();
    let listed = server.get("analyst", "/v1/freezes").is(200).json();
    assert_eq!(
        (&listed["items"][0]["id"], &listed["items"][0]["lifted_by"]),
        (&json!(freeze), &json!("risk_owner"))
    );
    let other = json!({"reason": "an audit", "lifted_by": "Ethics"});
    let other = server.post("risk_owner", "/v1/freezes", &other).created();
    let lift = |id: &str| server.send("risk_owner", &format!("DELETE /v1/freezes/{id}"), &[], b"");
    lift(other["id"].as_str().unwrap()).problem(403, "not_approved");
    lift(&freeze).created();
    lift(&freeze).problem(409, "done_already");
    lift(passed["id"].as_str().unwrap()).problem(404, "not_found");
    let checks = server.get("auditor", "/v1/checks?limit=1").is(200).json();
    assert_eq!(
        (&checks["items"][0]["id"], &checks["items"][0]["passed"]),
        (&failed["id"], &json!(false))
    );
    let shown = format!("/v1/checks/{}", failed["id"].as_str().unwrap());
    let shown = server.get("auditor", &shown).is(200).json();
    assert_eq!(shown["results"], failed["results"]);
    server.verified();
}

fn lineage_and_impact_are_found_and_what_is_personal_is_masked(home: Home) {
    let server = Server::start_in(home);
    let [first, second] = server.governed();
    let down = "/v1/lineage?ref=dataset:loans@1&direction=down";
    let masked = server.get("auditor", down).is(200);
    assert!(
        masked.text().contains(&first) && !masked.text().contains("app_1"),
        "{}",
        masked.text()
    );
    let whole = server.get("investigator", down).is(200).text();
    assert!(whole.contains("app_1"), "{whole}");
    let up = server
        .get("auditor", &format!("/v1/lineage?ref={second}&direction=up"))
        .is(200)
        .json();
    let nodes = up["nodes"].as_array().unwrap();
    assert!(nodes.iter().any(|it| it["id"] == "dataset:loans@1"), "{up}");
    let near = server.get(
        "auditor",
        &format!("/v1/lineage?ref={second}&direction=up&depth=1"),
    );
    assert!(!near.is(200).text().contains("dataset"));
    server
        .get("auditor", "/v1/lineage?ref=model:x@1&direction=up")
        .problem(404, "not_found");
    server
        .get("auditor", "/v1/lineage?ref=model:m@1&direction=left")
        .problem(400, "bad_parameter");
    server
        .get("auditor", "/v1/lineage?ref=model:m@1")
        .problem(400, "missing_parameter");

    let path = "/v1/impact?ref=dataset:loans@1&by=outcome";
    let masked = server.get("auditor", path).is(200).json();
    assert_eq!(
        (&masked["count"], &masked["versions"]),
        (&json!(2), &json!(["model:m@1"])),
        "{masked}"
    );
    assert_eq!(masked["withheld"], 1, "{masked}");
    assert_eq!(masked["decisions"][0]["subject"], "[masked]", "{masked}");
    let whole = server.get("investigator", path).is(200).json();
    assert_eq!(
        whole["groups"],
        json!([{"value": "approved", "count": 2}]),
        "{whole}"
    );
    assert_eq!(whole["decisions"][0]["subject"]["id"], "app_2", "{whole}");
    server
        .get("auditor", "/v1/impact?ref=model:x@1")
        .problem(404, "not_found");

    let change = "/v1/impact/change?artifact=objective:OBJ&from=1&to=2";
    let masked = server.get("auditor", change).is(200).json();
    assert_eq!(
        (&masked["before"], &masked["after"]),
        (&json!(0.62), &json!(0.58)),
        "{masked}"
    );
    assert_eq!(
        (
            &masked["would_differ_count"],
            &masked["would_differ"][0]["score"]
        ),
        (&json!(2), &json!("[masked]"))
    );
    let one = server
        .get("investigator", &format!("{change}&limit=1"))
        .is(200)
        .json();
    assert_eq!(
        (
            one["would_differ"].as_array().unwrap().len(),
            &one["would_differ"][0]["score"]
        ),
        (1, &json!(0.6))
    );
    let diff = "/v1/artifacts/objective/OBJ:diff?from=1&to=2";
    let diff = server.get("auditor", diff).is(200).json();
    assert_eq!(
        diff["changes"][0]["path"], "parameters.approve_at",
        "{diff}"
    );

    // What was looked at with personal values is on record, and needs a purpose.
    let looks = server.looks();
    let look = looks
        .iter()
        .find(|it| it["route"] == "GET /v1/impact")
        .unwrap();
    assert_eq!(
        (&look["actor"]["id"], look["refs"].as_array().unwrap().len()),
        (&json!("investigator_1"), 2)
    );
    server
        .send("investigator", &format!("GET {path}"), &[], b"")
        .problem(403, "purpose_required");

    // The document says what these routes give.
    let document = server
        .send("", "GET /openapi.json", &[], b"")
        .is(200)
        .json();
    server
        .post(
            "ingest",
            "/v1/kpis",
            &json!({"metric": "gap", "value": 1, "versions": {"model": "m@1"}}),
        )
        .created();
    for (path, query) in [
        ("/v1/artifacts", ""),
        ("/v1/artifacts/{kind}/{name}:in-force", ""),
        ("/v1/artifacts/{kind}/{name}:diff", "?from=1&to=1"),
        ("/v1/artifacts/{kind}/{name}", ""),
        ("/v1/artifacts/{kind}/{name}/{version}", ""),
        ("/v1/kpis/{metric}/report", ""),
        ("/v1/kpis/{metric}/compare", "?artifact=model:m&from=1&to=1"),
        ("/v1/lineage", "?ref=model:m@1&direction=up"),
        ("/v1/impact", "?ref=model:m@1"),
        ("/v1/impact/change", "?artifact=objective:OBJ&from=1&to=2"),
    ] {
        let full = path.replace("{kind}", "model").replace("{name}", "m");
        let full = full.replace("{version}", "1").replace("{metric}", "gap");
        let reply = server
            .send("investigator", &format!("GET {full}{query}"), PURPOSE, b"")
            .is(200);
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            ["schema"];
        assert!(schema.is_object(), "{path}");
        fits(&document, schema, &reply.json(), path);
    }
    server.verified();
}

fn a_client_registers_deploys_and_logs_with_the_same_calls(home: Home) {
    let server = Server::start_in(home);
    let client = server.client("ingest");
    let person = Actor {
        id: "anna".parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    };
    let artifact = |value: &Value| {
        let document = contextrail::codec::read_json(value.to_string().as_bytes()).unwrap();
        read_artifact(&document, None, &person).unwrap().artifact
    };
    server.runtime.block_on(async {
        let registered = client.register(artifact(&model("1")), None).await.unwrap();
        assert!(registered.unwrap().log_index.is_some());
        assert!(client.register(artifact(&model("1")), None).await.unwrap().is_none());
        let mut other = model("1");
        other["content"] = json!({"weights": "others"});
        let error = client.register(artifact(&other), None).await.unwrap_err();
        let TrailError::Remote(refused) = &error else {
            panic!("{error:?}");
        };
        assert!(matches!(&**refused, RemoteError::Refused { status: 409, code, .. } if code == "other_content"));
        let model = Governing::One("m@1".parse().unwrap());
        let deployment = Deployment {
            manifest: [("model".to_owned(), model.clone())].into(),
            environment: "production".parse().unwrap(),
            from: "2026-01-01T00:00:00Z".parse().unwrap(),
            until: None,
            rollback_of: None,
        };
        client.deploy(deployment, None).await.unwrap();
        let kpi = Kpi {
            name: None,
            metric: "gap".parse().unwrap(),
            value: Measure::Number(0.5),
            slices: Default::default(),
            versions: [("model".to_owned(), model)].into(),
            at: "2026-01-02T00:00:00Z".parse().unwrap(),
            window: None,
            count: None,
            decision: None,
        };
        client.log_kpi(kpi, None).await.unwrap();
        // What is read out of all of it goes where the trail is, and says so.
        let error = client.registry().await.unwrap_err().to_string();
        assert!(error.contains("goes where the trail is"), "{error}");
        let version = "model:m@1".parse().unwrap();
        let error = client
            .approve_artifact(&version, "approver".parse().unwrap(), None, None)
            .await;
        assert!(error.unwrap_err().to_string().contains("goes where the trail is"));
        client.close().await;
        let registry = server.trail.registry().await.unwrap();
        let found = registry.version(&version).unwrap();
        assert_eq!(found.artifact.author.id.as_str(), "anna");
        assert_eq!(found.registered_by.id.as_str(), "ingest_1");
        assert_eq!(registry.deployments().len(), 1);
    });
    let report = server.get("analyst", "/v1/kpis/gap/report").is(200).json();
    assert_eq!(report["groups"][0]["mean"], 0.5, "{report}");
    server.verified();
}

fn the_snippets_of_the_document_register_approve_and_check(home: Home) {
    let server = Server::start_in(home);
    let data = json!({"kind": "dataset", "name": "loans", "version": "2025-04", "content": {}});
    server.register(&data);
    let snippets =
        super::document::snippets_of(include_str!("../../../docs/governance.md"), "sh http");
    assert_eq!(snippets.len(), 2);
    let folder = server.home.folder();
    let mut bash = std::process::Command::new("bash");
    bash.args(["-c", &format!("set -euo pipefail\n{}", snippets.join("\n"))])
        .current_dir(folder)
        .env("CONTEXTRAIL", format!("http://{}", server.address))
        .envs([("RUN", "42"), ("AUC", "0.79"), ("COMMIT", "3f2a91c")]);
    for role in ["ingest", "approver", "auditor"] {
        bash.env(role.to_uppercase(), &server.tokens[role]);
    }
    let output = bash.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let run = server
        .get("auditor", "/v1/artifacts/training_run/scorecard:in-force")
        .is(200)
        .json();
    assert_eq!(run["artifact"]["author"]["id"], "ingest_1", "{run}");
    assert_eq!(run["approvals"][0]["role"], "approver", "{run}");
    let check = std::fs::read(folder.join("check.json")).unwrap();
    let check: Value = serde_json::from_slice(&check).unwrap();
    assert_eq!(check["of"], "trail", "{check}");
    server.verified();
}

on_both!([
    a_version_is_approved_by_holders_of_tokens_in_their_roles,
    a_version_never_changes_and_is_what_its_kind_says,
    what_is_deployed_is_known_for_any_time,
    values_are_reported_and_compared_and_parts_of_few_people_are_not,
    a_check_is_recorded_and_freezes_and_a_freeze_is_lifted_in_its_role,
    lineage_and_impact_are_found_and_what_is_personal_is_masked,
    a_client_registers_deploys_and_logs_with_the_same_calls,
    the_snippets_of_the_document_register_approve_and_check,
]);
