//! Governance from the command line: what is printed, and how each command ends.

use serde_json::json;

use super::Folder;

const OBJECTIVE: &str = include_str!("../../../examples/credit_threshold/objective-1.3.yaml");

/// A folder with an objective and a model that it governs, both approved.
fn governed() -> Folder {
    let folder = Folder::new();
    folder.write("objective.yaml", OBJECTIVE);
    folder
        .run(&[
            "artifact",
            "register",
            "objective.yaml",
            "--rating",
            "high",
            "--author",
            "petra",
        ])
        .done();
    for (who, role) in [("rita", "risk_owner"), ("arno", "approver")] {
        let reference = "objective:OBJ.credit@1.3";
        folder
            .run(&[
                "artifact", "approve", reference, "--role", role, "--by", who,
            ])
            .done();
    }
    register(
        &folder,
        "kind: model\nname: m\nversion: '1'\ncontent: {w: 1}\n",
    );
    approve(&folder, "model:m@1");
    folder
}

fn register(folder: &Folder, yaml: &str) {
    let author = ["artifact", "register", "-", "--author", "carla"];
    folder.run_with(&author, yaml.as_bytes()).done();
}

fn approve(folder: &Folder, reference: &str) {
    folder
        .run(&[
            "artifact", "approve", reference, "--role", "approver", "--by", "arno",
        ])
        .done();
}

#[test]
fn a_version_is_shown_with_who_approved_it() {
    let folder = governed();
    let shown = folder.json(&["artifact", "show", "objective:OBJ.credit@1.3"]);
    assert_eq!(shown["state"], "in_force", "{shown}");
    assert_eq!(shown["approvals"].as_array().unwrap().len(), 2);
    assert_eq!(shown["approvals"][0]["by"]["method"], "asserted");
    let in_force = folder.json(&["artifact", "in-force", "objective:OBJ.credit"]);
    assert_eq!(in_force["version"], shown["version"]);
    // Before it was registered nothing was.
    let early = [
        "artifact",
        "in-force",
        "objective:OBJ.credit",
        "--at",
        "2025-05-16",
    ];
    folder.run(&early).refused(3, "objective:OBJ.credit");
    assert_eq!(
        folder.json(&["artifact", "list", "--kind", "model"])[0]["ref"],
        "model:m@1"
    );
}

#[test]
fn every_refusal_says_what_is_wrong_by_its_exit_code() {
    let folder = governed();
    let yaml = "kind: model\nname: m\nversion: '1'\ncontent: {w: 2}\n";
    folder
        .run_with(&["artifact", "register", "-"], yaml.as_bytes())
        .refused(2, "other content");
    let by = |who: &'static str| {
        [
            "artifact",
            "approve",
            "model:m@1",
            "--role",
            "approver",
            "--by",
            who,
        ]
    };
    folder.run(&by("carla")).refused(8, "author");
    folder.run(&by("arno")).refused(8, "already");
    folder
        .run(&["artifact", "show", "model:m@9"])
        .refused(3, "model:m@9");
    folder
        .run(&["artifact", "diff", "model:m", "1", "2"])
        .refused(3, "model:m@2");
    folder
        .run(&["kpi", "report", "nobody_measures_this"])
        .refused(3, "nothing was measured");
    let nan = json!({"metric": "auc", "value": 1})
        .to_string()
        .replace(":1}", ":NaN}");
    folder
        .run_with(&["kpi", "log", "-"], nan.as_bytes())
        .refused(2, "line 1");
    let broken = OBJECTIVE.replacen("approve_at: 0.58", "approve_at: high", 1);
    folder
        .run_with(&["artifact", "register", "-"], broken.as_bytes())
        .refused(2, "line ");
    let other = OBJECTIVE.replacen("\"1.3\"", "\"1.4\"", 1);
    folder.write(
        "rated.yaml",
        format!(
            "kind: objective\nname: O\nversion: '1'\nrisk_rating: low\ncontent:\n{}",
            indented(&other)
        ),
    );
    folder
        .run(&["artifact", "register", "rated.yaml", "--rating", "high"])
        .refused(2, "risk_rating");
}

fn indented(yaml: &str) -> String {
    yaml.lines().map(|line| format!("  {line}\n")).collect()
}

#[test]
fn a_check_that_fails_ends_with_eight_and_leaves_a_record() {
    let folder = governed();
    let check = ["check", "objective", "objective:OBJ.credit@1.3"];
    let ran = folder.run(&[&check[..], &["-o", "json"]].concat());
    ran.code_is(8);
    let found: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(found["passed"], false);
    assert_eq!(found["results"][0]["result"], "not_measured", "{found}");
    assert!(ran.stderr.contains("is recorded as"), "{ran:?}");
    let allowed = ["--allow-unmeasured", "the model is new", "--by", "rita"];
    folder.run(&[&check[..], &allowed[..]].concat()).done();
    let values = "{\"metric\":\"fairness_gap\",\"value\":0.2,\"slices\":{\"attribute\":\"sex\"}}\n\
        {\"metric\":\"approved\",\"value\":true}\n{\"metric\":\"latency_ms\",\"value\":12}\n\
        {\"metric\":\"fairness_gap\",\"value\":0.1,\"slices\":{\"attribute\":\"age_group\"}}\n";
    folder.write("kpis.jsonl", values);
    let given = folder.run(&[&check[..], &["--kpis", "kpis.jsonl", "-o", "json"]].concat());
    given.code_is(8);
    assert!(given.stderr.contains("fairness_sex"), "{given:?}");
    folder.run(&["check", "model", "model:m@1"]).code_is(8);
    assert_eq!(folder.run(&["verify"]).done().code, 0);
}

#[test]
fn a_freeze_stops_every_check_until_its_role_lifts_it() {
    let folder = governed();
    let check = ["check", "trail", "--allow-unmeasured", "no decision yet"];
    folder.run(&check).done();
    let id = folder
        .run(&[
            "freeze",
            "place",
            "--reason",
            "the gap grew",
            "--lifted-by",
            "Ethics",
            "-o",
            "id",
        ])
        .out();
    let id = id.trim();
    folder.run(&check).code_is(8);
    folder
        .run(&["freeze", "lift", id, "--role", "Sales"])
        .refused(8, "Ethics");
    folder
        .run(&["freeze", "lift", id, "--role", "Ethics"])
        .done();
    folder.run(&check).done();
    assert!(
        folder
            .json(&["freeze", "list"])
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_was_deployed_is_said_for_any_time() {
    let folder = governed();
    let deployment = "manifest: {model: m@1, objective: OBJ.credit@1.3}\nenvironment: production\n\
        from: 2025-06-01T00:00:00Z\n";
    folder
        .run_with(&["deploy", "record", "-"], deployment.as_bytes())
        .done();
    let at = |time: &str| folder.json(&["deploy", "at", time]);
    assert!(at("2025-05-31").as_array().unwrap().is_empty());
    assert_eq!(at("2025-06-02")[0]["manifest"]["model"], "m@1");
    let unknown = deployment.replace("m@1", "m@7");
    folder
        .run_with(&["deploy", "record", "-"], unknown.as_bytes())
        .refused(3, "model:m@7");
}

#[test]
fn lineage_is_drawn() {
    let folder = governed();
    register(
        &folder,
        "kind: model\nname: m\nversion: '2'\ncontent: {w: 2}\n\
         links: [{rel: governed_by, to: 'objective:OBJ.credit@1.3'}]\n",
    );
    for (format, begins) in [
        ("dot", "digraph"),
        ("mermaid", "flowchart"),
        ("svg", "<svg"),
    ] {
        let drawn = folder
            .run(&["lineage", "show", "model:m@2", "--up", "-o", format])
            .out();
        assert!(drawn.starts_with(begins), "{drawn}");
        assert!(drawn.contains("OBJ.credit"), "{drawn}");
    }
}
