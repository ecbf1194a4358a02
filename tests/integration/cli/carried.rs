//! A decision's export carries the records about it, and they are imported as the records they are.

use contextrail::trail::{Answer, Trail};
use serde_json::Value;

use super::{Folder, trail_of};
use crate::sample::time;

/// A decision with an answer, a review that overrode it, and outcomes of both decisions.
fn fill(folder: &Folder) -> String {
    let context = folder.assemble("a", "text");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let url = trail_of(&folder.path("contextrail.db"));
        let trail = Trail::open(&url).await.unwrap();
        let answer = Answer::new("gpt-4o", "decline it").request(b"{}");
        let decided = trail
            .decide("loan_application", "12345")
            .outcome("declined")
            .from_context_id(context.parse().unwrap())
            .generation(answer)
            .commit();
        let decided = decided.await.unwrap().id();
        let review = trail
            .review(decided)
            .by("officer_7")
            .reason_code("R1")
            .shown(time(0), b"the page");
        let reviewed = review.override_to("approved", "checked").await.unwrap();
        let approved = reviewed.new_decision.unwrap().id.into();
        for (of, kind) in [
            (decided, "disputed"),
            (approved, "repaid"),
            (approved, "closed"),
        ] {
            trail.outcome_of(of, kind).commit().await.unwrap();
        }
        trail.close().await;
        decided.to_string()
    })
}

impl Folder {
    fn export(&self, trail: &str, of: &str, format: &str) -> Vec<u8> {
        let verb = if of.contains(':') {
            ["decision", "export"]
        } else {
            ["context", "export"]
        };
        let arguments = [&["--trail", trail], &verb[..], &[of, "-o", format]].concat();
        self.run(&arguments).done().stdout
    }

    fn import(&self, trail: &str, document: &[u8]) -> Value {
        let arguments = ["--trail", trail, "import", "-", "-o", "json"];
        serde_json::from_slice(&self.run_with(&arguments, document).done().stdout).unwrap()
    }
}

const ORIGINAL: &str = "sqlite://contextrail.db";
const KEY: &str = "loan_application:12345";

#[test]
fn reviews_outcomes_and_generations_come_back_byte_for_byte() {
    let folder = Folder::new();
    fill(&folder);
    let context = folder.json(&["context", "list"])[0]["id"].clone();
    let context = context.as_str().unwrap();
    let before = folder.export(ORIGINAL, KEY, "json");
    for format in ["json", "jsonl", "yaml"] {
        let copy = format!("sqlite://{format}.db");
        folder.import(&copy, &folder.export(ORIGINAL, context, format));
        let decisions = folder.export(ORIGINAL, KEY, format);
        let imported = folder.import(&copy, &decisions);
        let counts = serde_json::json!({"decision": 2, "generation": 1, "outcome": 3, "review": 1});
        assert_eq!(imported["counts"], counts);
        assert_eq!(imported["existed"], 0);
        assert!(folder.export(&copy, KEY, "json") == before, "{format}");
        assert_eq!(
            folder.export(&copy, KEY, format),
            decisions,
            "{format} again"
        );
        folder.run(&["--trail", &copy, "verify"]).done();
    }
}

#[test]
fn contexts_and_decisions_come_in_one_file_in_any_order() {
    let folder = Folder::new();
    fill(&folder);
    let context = folder.json(&["context", "list"])[0]["id"].clone();
    let mut lines = folder.export(ORIGINAL, KEY, "jsonl");
    lines.extend(folder.export(ORIGINAL, context.as_str().unwrap(), "jsonl"));
    folder.import("sqlite://copy.db", &lines);
    assert_eq!(
        folder.export("sqlite://copy.db", KEY, "yaml"),
        folder.export(ORIGINAL, KEY, "yaml")
    );
}

#[test]
fn reviews_outcomes_and_generations_are_imported_by_themselves() {
    let folder = Folder::new();
    fill(&folder);
    let context = folder.json(&["context", "list"])[0]["id"].clone();
    let exported = folder.export(ORIGINAL, KEY, "json");
    let mut decisions: Value = serde_json::from_slice(&exported).unwrap();
    let mut alone = Vec::new();
    for decision in decisions.as_array_mut().unwrap() {
        for name in ["reviews", "outcomes", "generation_records"] {
            let taken = decision.as_object_mut().unwrap().remove(name).unwrap();
            alone.extend(taken.as_array().unwrap().clone());
        }
    }
    let contexts = folder.export(ORIGINAL, context.as_str().unwrap(), "json");
    folder.import("sqlite://copy.db", &contexts);
    folder.import("sqlite://copy.db", decisions.to_string().as_bytes());
    folder.import(
        "sqlite://copy.db",
        Value::Array(alone).to_string().as_bytes(),
    );
    assert_eq!(folder.export("sqlite://copy.db", KEY, "json"), exported);
}

#[test]
fn a_decision_alone_comes_with_what_is_about_it() {
    let folder = Folder::new();
    let decided = fill(&folder);
    let context = folder.json(&["context", "list"])[0]["id"].clone();
    let arguments = ["decision", "export", &decided, "-o", "yaml"];
    let decision = folder.run(&arguments).done().stdout;
    folder.import(
        "sqlite://copy.db",
        &folder.export(ORIGINAL, context.as_str().unwrap(), "yaml"),
    );
    let imported = folder.import("sqlite://copy.db", &decision);
    let counts = serde_json::json!({"decision": 1, "generation": 1, "outcome": 1, "review": 1});
    assert_eq!(imported["counts"], counts);
}

#[test]
fn a_record_of_another_kind_among_the_reviews_is_refused_with_its_path() {
    let folder = Folder::new();
    fill(&folder);
    let mut decisions: Value =
        serde_json::from_slice(&folder.export(ORIGINAL, KEY, "json")).unwrap();
    let outcome = decisions[0]["outcomes"][0].clone();
    decisions[1]["reviews"][0] = outcome;
    let ran = folder.run_with(
        &["--trail", "sqlite://copy.db", "import", "-"],
        decisions.to_string().as_bytes(),
    );
    ran.refused(
        2,
        "reviews[0]: expected a record of kind review, found one of kind outcome",
    );
}

#[test]
fn a_context_that_miscounts_its_tokens_is_imported_and_named() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    let exported = folder.export(ORIGINAL, &id, "json");
    let imported = folder.import("sqlite://copy.db", &exported);
    assert_eq!(imported["miscounted"], 0);
    let mut altered: Value = serde_json::from_slice(&exported).unwrap();
    let used = altered["assembly"]["budget"]["used"].as_u64().unwrap();
    altered["assembly"]["budget"]["used"] = (used + 1).into();
    let ran = folder.run_with(
        &["--trail", "sqlite://other.db", "import", "-", "-o", "json"],
        altered.to_string().as_bytes(),
    );
    assert!(ran.stderr.contains(&id), "{ran:?}");
    let imported: Value = serde_json::from_slice(&ran.done().stdout).unwrap();
    assert_eq!(imported["miscounted"], 1);
    let kept = folder.export("sqlite://other.db", &id, "json");
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept, altered);
}
