//! Holds and retention from the command line.

use serde_json::json;

use super::{Folder, decision};

/// A folder with one context about `user_1`, and a decision on it.
fn decided() -> (Folder, String) {
    let folder = Folder::new();
    let context = folder.assemble("user_1", "an income of 4100");
    let mut decision = decision(&context, "approved");
    decision["retention"] = json!({"class": "high_risk"});
    folder.write("decision.json", decision.to_string());
    let ran = folder.run(&["decision", "record", "decision.json", "-o", "id"]);
    let id = ran.out().trim().to_owned();
    (folder, id)
}

fn place(folder: &Folder, target: &str) -> String {
    let ran = folder.run(&[
        "hold", "place", target, "--matter", "LIT-7", "--by", "anna", "--owner", "legal", "-o",
        "id",
    ]);
    ran.out().trim().to_owned()
}

#[test]
fn a_hold_is_placed_listed_and_released() {
    let (folder, decision) = decided();
    assert_eq!(folder.json(&["hold", "list"]), json!([]));
    let on_entity = place(&folder, "applicant:user_1");
    let on_decision = place(&folder, &decision[..18]);
    let on_query = place(&folder, "use_case=credit,since=2026-01-01,class=high_risk");
    let listed = folder.json(&["hold", "list"]);
    let ids: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, [&on_entity, &on_decision, &on_query]);
    assert_eq!(listed[0]["target"]["entity"]["id"], "user_1");
    assert_eq!(listed[1]["target"]["decision"], decision);
    assert_eq!(
        listed[2]["target"]["query"],
        json!({"use_case": "credit", "since": "2026-01-01T00:00:00.000000Z", "class": "high_risk"})
    );
    let table = folder.run(&["hold", "list", "-o", "table"]).out();
    assert!(
        table.contains("LIT-7") && table.contains("applicant:user_1"),
        "{table}"
    );

    let release = |approvers: &str| {
        folder.run(&[
            "hold",
            "release",
            &on_decision,
            "--reason",
            "over",
            "--approved-by",
            approvers,
        ])
    };
    release("anna,Anna").refused(8, "two different people");
    release("anna").refused(8, "two different people");
    release("anna,ben").done();
    release("anna,ben").refused(2, "is released already");
    assert_eq!(
        folder
            .run(&["hold", "list", "-o", "id"])
            .out()
            .lines()
            .count(),
        2
    );
    assert_eq!(folder.json(&["verify"])["ok"], true);
}

#[test]
fn a_hold_that_makes_no_sense_is_refused() {
    let (folder, _) = decided();
    let place =
        |target: &str| folder.run(&["hold", "place", target, "--matter", "LIT-7", "--by", "anna"]);
    place("applicant:nobody").refused(3, "nothing in this trail is about applicant:nobody");
    place("01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b").refused(3, "no record has");
    place("since=soon").code_is(2);
    place("colour=red").code_is(2);
    place("name=a,name=b").refused(2, "twice");
    let elsewhere = Folder::new();
    elsewhere
        .run(&["hold", "place", "a:b", "--matter", "m", "--by", "anna"])
        .refused(6, "contextrail.db");
}

#[test]
fn a_bundle_of_a_decision_says_that_it_is_under_hold() {
    let (folder, decision) = decided();
    place(&folder, &decision);
    place(&folder, "applicant:user_1");
    folder.run(&["log", "checkpoint"]).done();
    folder.write("trail.pub", folder.run(&["log", "key", "show"]).out());
    let pack = ["evidence", "pack", "decision", &decision, "--file", "e.zip"];
    folder.run(&pack).done();
    let page = folder.run(&["evidence", "show", "e.zip"]).out();
    assert!(
        page.contains("Under legal hold, matter `LIT-7`, since "),
        "{page}"
    );
    assert!(page.contains("Legal holds"), "{page}");
    let verify = ["evidence", "verify", "e.zip", "--key", "trail.pub"];
    let report = folder.json(&verify);
    assert_eq!(report["findings"], json!([]), "{report:#}");
    assert_eq!(report["checked"]["records"], 4);
    assert_eq!(
        super::proof::python(&folder, &["e.zip", "--key", "trail.pub"]),
        0
    );
}

#[test]
fn a_policy_is_put_and_moves_the_plan() {
    let (folder, decision) = decided();
    let plan = folder.json(&["retention", "plan"]);
    assert_eq!(plan["policy"], "default@1");
    assert_eq!(plan["lines"].as_array().unwrap().len(), 1);
    assert_eq!(plan["lines"][0]["id"], decision);
    assert_eq!(plan["lines"][0]["state"], "before_floor");

    folder.write(
        "next.yaml",
        "name: house\nversion: '2'\ndefault_class: low\nclasses:\n  high_risk: {floor_days: 0, action: erase}\n  low: {floor_days: 90, action: aggregate}\n",
    );
    let tried = folder.json(&["retention", "plan", "--policy", "next.yaml", "--due"]);
    assert_eq!(tried["lines"][0]["state"], "due");
    let put = ["retention", "policy", "put", "next.yaml"];
    assert_eq!(folder.json(&put)["schema"], "contextrail.policy/1");
    assert_eq!(
        folder.json(&put)["name"],
        "house",
        "putting it again records nothing"
    );
    assert_eq!(
        folder.json(&["retention", "policy", "show"])["version"],
        "2"
    );
    let plan = folder.json(&["retention", "plan"]);
    assert_eq!(plan["policy"], "house@2");
    assert_eq!(plan["lines"].as_array().unwrap().len(), 2);
    let due = folder
        .run(&["retention", "plan", "--due", "-o", "id"])
        .out();
    assert_eq!(due.trim(), decision);
    place(&folder, &decision);
    let table = folder.run(&["retention", "plan", "-o", "table"]).out();
    assert!(
        table.contains("restricted") && table.contains("LIT-7, owner legal"),
        "{table}"
    );

    let shown = folder.run(&["retention", "policy", "show", "default@1", "-o", "table"]);
    insta::assert_snapshot!(shown.out());
    folder
        .run(&["retention", "policy", "show", "default@7"])
        .refused(3, "default@7");
}

#[test]
fn a_policy_that_cannot_be_understood_is_refused_with_its_place() {
    let (folder, _) = decided();
    for (text, expected) in [
        ("name: p\nversion: '1'\nclases: {}\n", "line 3, column 1"),
        (
            "name: p\nversion: '1'\nclasses:\n  a: {floor_days: x, action: keep}\n",
            "line 4",
        ),
        (
            "name: p\nversion: '1'\nclasses:\n  a: {floor_days: 1, action: burn}\n",
            "line 4",
        ),
        ("name: p\nversion: '1'\nclasses: {}\n", "one class or more"),
        (
            "name: p\nversion: '1'\ndefault_class: b\nclasses:\n  a: {floor_days: 1, action: keep}\n",
            "default_class",
        ),
    ] {
        folder.write("p.yaml", text);
        let ran = folder.run(&["retention", "policy", "put", "p.yaml"]);
        assert!(ran.stderr.contains("line "), "{ran:?}");
        ran.refused(2, expected);
    }
}
