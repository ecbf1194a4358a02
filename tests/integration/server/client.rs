//! A trail behind a server: the same calls, and the same answers.

use contextrail::assembly::Budget;
use contextrail::capture::Document;
use contextrail::record::{Acknowledged, DecisionId, Draft, Kind, RecordId, UsedRef};
use contextrail::trail::{
    Answer, ContextFilter, RemoteError, Stored, Trail, TrailError, TrailOptions,
};
use serde_json::json;
use tempfile::TempDir;

use super::crash::{Process, contextrail, json};
use super::{Server, on_both, request};
use crate::home::Home;
use crate::sample::{context, entity, id};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Server {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The trail as whoever has the token of that name reaches it.
    pub(super) fn client(&self, who: &str) -> Trail {
        let options = TrailOptions::new()
            .server_token(&self.tokens[who])
            .server_purpose("complaint 7");
        self.runtime.block_on(options.open(&self.url())).unwrap()
    }
}

/// What an application does.
async fn decide(trail: &Trail) -> Result<(RecordId, DecisionId), BoxError> {
    let mut cx = trail
        .context("loan_decision")
        .entity("applicant", "user_456")
        .budget(Budget::tokens(4_000).reserve_output(500))
        .begin();
    let score = cx
        .feature("credit_score", "user_456")
        .run(async |_| Ok::<_, BoxError>(720))
        .await?;
    let rules = cx
        .retrieve("policy_docs", "loan eligibility")
        .shared()
        .run_fn(async |_| {
            Ok::<_, BoxError>(vec![Document::new("doc_456", "A score of 700 is enough.")])
        })
        .await?;
    cx.item("score", format!("Credit score: {score}"))
        .required();
    cx.items("policy", &rules).priority(1);
    let context = cx.assemble().await?;
    let decision = trail
        .decide("loan_application", "12345")
        .outcome("rejected")
        .because("R01", "score below threshold")
        .from_context(&context)
        .generation(Answer::new("gpt-4o", "Rejected."))
        .decided_by_system("loan-api")
        .commit()
        .await?;
    let outcome = trail.outcome_of(decision.id(), "disputed");
    outcome.commit().await?;
    Ok((context.id().into(), decision.id()))
}

fn the_main_job_is_done_through_a_server_as_on_a_file(home: Home) {
    let server = Server::start_in(home);
    let client = server.client("ingest");
    let (context, decision) = server.runtime.block_on(decide(&client)).unwrap();
    // Whoever records alone does not read.
    let read = server.runtime.block_on(client.read(context));
    let error = read.unwrap_err();
    let TrailError::Remote(refused) = &error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(**refused, RemoteError::Refused { status: 403, .. }),
        "{error}"
    );

    let reviewer = server.client("reviewer");
    let reviewed = reviewer.review(decision).by("reviewer_1");
    let reviewed = reviewed.override_to("approved", "payslip checked");
    let reviewed = server.runtime.block_on(reviewed).unwrap();
    assert_eq!(reviewed.receipt.acknowledged, Acknowledged::Durable);

    let reader = server.client("investigator");
    server.runtime.block_on(async {
        let stored = reader.read(context).await.unwrap().unwrap();
        let own = server.trail.read(context).await.unwrap().unwrap();
        assert_eq!(stored.record(), own.record());
        assert_eq!(stored.receipt(), own.receipt());
        assert_eq!(stored.about(), own.about());
        let text = reader.text(&stored).await.unwrap();
        assert!(text.as_deref().unwrap().contains("Credit score: 720"));
        assert_eq!(text, server.trail.text(&own).await.unwrap());
        let both = [&reader, &server.trail];
        let mut exports = Vec::new();
        for (trail, stored) in both.into_iter().zip([&stored, &own]) {
            exports.push(serde_json::to_value(trail.export(stored, true).await.unwrap()).unwrap());
        }
        assert_eq!(exports[0], exports[1]);

        let subject = entity("loan_application:12345");
        let views = reader.decisions_on(&subject).await.unwrap();
        let outcomes: Vec<_> = views
            .iter()
            .map(|it| it.decision.decision().unwrap().outcome.to_string())
            .collect();
        assert_eq!(outcomes, ["approved", "rejected"]);
        assert_eq!(views[1].reviews.len(), 1);
        assert_eq!(views[1].outcomes.len(), 1);
        assert_eq!(views[1].generations.len(), 1);
        assert_eq!(views[1].superseded_by, Some(views[0].decision.id().into()));

        let applicant = entity("applicant:user_456");
        let ids = |events: Vec<contextrail::trail::Event>| -> Vec<RecordId> {
            events.iter().map(|it| it.stored.id()).collect()
        };
        let history = ids(reader.history(&applicant).await.unwrap());
        assert!(history.len() >= 5, "{history:?}");
        assert_eq!(
            history,
            ids(server.trail.history(&applicant).await.unwrap())
        );

        let used: UsedRef = "document:doc_456".parse().unwrap();
        let found =
            |found: Vec<Stored>| -> Vec<RecordId> { found.iter().map(Stored::id).collect() };
        let through = found(reader.used(&used, None, 10).await.unwrap());
        assert_eq!(through.len(), 3, "{through:?}");
        assert_eq!(
            through,
            found(server.trail.used(&used, None, 10).await.unwrap())
        );

        let beginning = &context.to_string()[..18];
        assert_eq!(reader.resolve(beginning).await.unwrap(), context);
        assert!(reader.read(id(77)).await.unwrap().is_none());
        let missing = reader.read_kind(id(77), Kind::Context).await.unwrap_err();
        assert!(matches!(missing, TrailError::NotFound { .. }), "{missing}");
        for trail in [&client, &reviewer, &reader] {
            trail.close().await;
        }
    });
    // What was read is on record, with whose it is.
    let looks = server.looks();
    assert!(
        looks
            .iter()
            .any(|it| it["refs"].to_string().contains(&context.to_string())),
        "{looks:?}"
    );
    server.verified();
}

fn many_at_once_go_in_few_requests_and_pages_go_on(home: Home) {
    let server = Server::start_in(home);
    let client = server.client("ingest");
    let ids: Vec<RecordId> = server.runtime.block_on(async {
        let recorded = (1..=300).map(|number| {
            let draft = Draft::new(id(number), context(json!({"inputs": {"n": number}})));
            let client = client.clone();
            tokio::spawn(async move { client.record(draft).await.unwrap() })
        });
        let recorded: Vec<_> = recorded.collect();
        let mut ids = Vec::new();
        for task in recorded {
            let receipt = task.await.unwrap();
            assert_eq!(receipt.acknowledged, Acknowledged::Durable);
            ids.push(receipt.id);
        }
        ids
    });
    let metrics = server.send("", "GET /metrics", &[], b"").text();
    let requests = metrics
        .lines()
        .find_map(|it| {
            it.strip_prefix(
                "contextrail_http_requests_total{route=\"POST /v1/contexts\",status=\"201\"} ",
            )
        })
        .unwrap_or_else(|| panic!("{metrics}"));
    assert!(requests.parse::<u32>().unwrap() < 100, "{requests}");
    let reader = server.client("investigator");
    let found = server.runtime.block_on(async {
        let pages = reader.contexts(ContextFilter::default()).await.unwrap();
        pages.all().await.unwrap()
    });
    assert_eq!(found.len(), ids.len());
    // Whose tokens there are, and who looked, is not for whoever reads contexts.
    let everything = server.runtime.block_on(async {
        let pages = reader.search(contextrail::trail::Search::default());
        pages.await.unwrap().all().await.unwrap()
    });
    assert_eq!(everything.len(), ids.len());
    // The same again is the same, and another under its id is not taken.
    server.runtime.block_on(async {
        let same = Draft::new(id(7), context(json!({"inputs": {"n": 7}})));
        let again = client.record(same).await.unwrap();
        assert_eq!(again.id, id(7));
        let other = Draft::new(id(7), context(json!({"inputs": {"n": 8}})));
        let conflict = client.record(other).await.unwrap_err();
        assert!(matches!(conflict, TrailError::Conflict(_)), "{conflict}");
    });
    server.verified();
}

#[test]
fn what_is_not_for_a_server_says_where_it_goes() {
    let server = Server::start();
    let reader = server.client("investigator");
    server.runtime.block_on(async {
        let error = reader.status().await.unwrap_err().to_string();
        assert!(error.contains("goes where the trail is"), "{error}");
        let error = reader
            .verify(0, std::sync::Arc::new(|_| {}))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(&server.url()), "{error}");
        let error = reader
            .erase(&entity("applicant:user_1"), "asked", Vec::new())
            .await;
        assert!(error.is_err());
        for address in [
            "http://trail.example",
            "https://user:word@trail.example",
            "https://trail.example?token=x",
        ] {
            let error = TrailOptions::new().open(address).await.unwrap_err();
            let error = error.to_string();
            assert!(error.contains("not the address"), "{error}");
            assert!(
                !error.contains("word@") && !error.contains("token"),
                "{error}"
            );
        }
    });
}

/// The commands take the address of a server where they take a trail.
#[test]
fn the_command_line_goes_through_a_server() {
    let folder = TempDir::new().unwrap();
    let away = TempDir::new().unwrap();
    let token = |role: &str, more: &[&str]| {
        let create = [&["token", "create", "--role", role, "--for", role], more].concat();
        json(folder.path(), &create)["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let two = ["--approved-by", "anna,ben"];
    let ingest = token("ingest", &[]);
    let investigator = token("investigator", &two);
    let reviewer = token("reviewer", &two);
    let process = Process::start(folder.path());
    let url = format!("http://{}", process.address);
    let run = |token: &str, arguments: &[&str]| {
        let mut command = contextrail(away.path());
        command.env("CONTEXTRAIL_TRAIL", &url);
        command.env("CONTEXTRAIL_TOKEN", token);
        command.args(["--purpose", "complaint 7"]).args(arguments);
        command.output().unwrap()
    };
    let said = |token: &str, arguments: &[&str]| {
        let output = run(token, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let file = |name: &str, value: &serde_json::Value| {
        std::fs::write(away.path().join(name), value.to_string()).unwrap();
    };
    file("request.json", &request("user_1", "a letter"));
    let id = said(&ingest, &["context", "assemble", "request.json"]);
    let context = id.trim();
    file("decision.json", &super::decision(context, "12345"));
    let decision = said(&ingest, &["decision", "record", "decision.json"]);
    let decision = decision.trim();
    let outcome = ["outcome", "add", decision, "--kind", "repaid"];
    said(&ingest, &outcome);
    let review = ["review", "add", &decision[..18], "--by", "reviewer"];
    let verdict = ["--verdict", "approve", "--reason", "file_complete"];
    said(&reviewer, &[review.as_slice(), &verdict].concat());

    // A token in a file comes before one in a variable.
    std::fs::write(away.path().join("token"), format!("{investigator}\n")).unwrap();
    let read = |arguments: &[&str]| {
        let all = [&["--token-file", "token", "-o", "json"], arguments].concat();
        let text = said(&ingest, &all);
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    file("context.json", &read(&["context", "export", context]));
    let text = said(&investigator, &["context", "text", context]);
    assert!(text.contains("a letter"), "{text}");
    assert_eq!(read(&["context", "show", context])["id"], context);
    assert_eq!(read(&["context", "list"]).as_array().unwrap().len(), 1);
    let shown = read(&["decision", "show", "loan_application:12345"]);
    assert_eq!(shown[0]["reviews"][0]["verdict"], "approve", "{shown}");
    assert_eq!(shown[0]["outcomes"][0]["kind"], "repaid", "{shown}");
    let history = read(&["entity", "show", "applicant:user_1"]);
    assert!(history.as_array().unwrap().len() >= 4, "{history}");
    assert!(
        !read(&["used", "document:doc_456"])
            .as_array()
            .unwrap()
            .is_empty()
    );
    // Until a signed head reaches it the server asks to come again, which the client does.
    read(&["evidence", "pack", "decision", decision, "--file", "d.zip"]);
    let key = contextrail(folder.path())
        .args(["log", "key", "show"])
        .output()
        .unwrap();
    std::fs::write(away.path().join("trail.pub"), key.stdout).unwrap();
    let verify = ["evidence", "verify", "d.zip", "--key", "trail.pub"];
    assert_eq!(read(&verify)["state"], "verified");

    let refused = run(&ingest, &["context", "show", context]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    let refused = run("ctr_nothing", &["context", "list"]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    for verb in [
        vec!["verify"],
        vec!["doctor"],
        vec!["rebuild"],
        vec!["demo"],
        vec!["log", "status"],
        vec!["key", "status"],
        vec!["token", "list"],
        vec!["subject", "export", "applicant:user_1"],
        vec!["hold", "list"],
        vec!["retention", "plan"],
        vec!["archive", "status"],
        vec!["access", "list"],
        vec!["backup", "b.db"],
        vec!["import", "context.json"],
    ] {
        let output = run(&investigator, &verb);
        assert_eq!(output.status.code(), Some(2), "{verb:?}: {output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains("works on the trail itself"),
            "{verb:?}: {error}"
        );
    }
    assert!(!away.path().join("contextrail.db").exists());
    assert_eq!(process.terminate(), Some(0));
    let gone = run(&investigator, &["context", "list"]);
    assert_eq!(gone.status.code(), Some(6), "{gone:?}");
    assert_eq!(json(folder.path(), &["verify"])["ok"], true);
}

on_both!([
    the_main_job_is_done_through_a_server_as_on_a_file,
    many_at_once_go_in_few_requests_and_pages_go_on
]);
