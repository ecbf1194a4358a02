//! Bundles of redacted, held and erased records, and what they say was not used; judged by the program and
//! by `docs/verify/verify.py`.

use std::process::Command;

use serde_json::{Value, json};

use super::Folder;

/// A folder with a decision on a context about `user_456`.
fn decided() -> (Folder, String) {
    let folder = Folder::new();
    let context = folder.assemble("user_456", "a text about user_456");
    let decision = folder.decide(&context, "approved");
    (folder, decision)
}

fn keys(folder: &Folder) {
    let keys = folder.run(&["log", "key", "show"]).out();
    folder.write("trail.pub", keys);
}

/// The reports on a bundle: of the program, and of the script.
fn verified(folder: &Folder, bundle: &str) -> [Value; 2] {
    keys(folder);
    let library = folder.json(&["evidence", "verify", bundle, "--key", "trail.pub"]);
    let output = Command::new(crate::python::python())
        .arg("docs/verify/verify.py")
        .arg(folder.path(bundle))
        .arg("--key")
        .arg(folder.path("trail.pub"))
        .args(["-o", "json"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let script: Value = serde_json::from_slice(&output.stdout).expect(&errors);
    assert_eq!(library["state"], "verified", "{library:#}");
    assert_eq!(script["state"], "records_verified", "{script:#}");
    assert_eq!(library["absences"], script["absences"]);
    let but_pages = |report: &Value| -> Vec<String> {
        let lines = report["not_checked"].as_array().unwrap().iter();
        let lines = lines.map(|it| it.as_str().unwrap().to_owned());
        lines
            .filter(|it| !it.starts_with("whether summary.html"))
            .collect()
    };
    assert_eq!(but_pages(&library), but_pages(&script));
    [library, script]
}

fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let claims = report["absences"].as_array().unwrap().iter();
    let claims = claims.map(|it| (it["ref"].as_str().unwrap(), it["outcome"].as_str().unwrap()));
    claims.collect()
}

#[test]
fn a_bundle_says_of_what_is_asked_whether_it_was_used() {
    let (folder, decision) = decided();
    let asked = [
        "--absent",
        "feature:postcode",
        "--absent",
        "feature:credit_score",
        "--absent",
        "document:doc_456@8",
        "--absent",
        "guardrail:pii",
    ];
    let pack = [
        &[
            "evidence", "pack", "decision", &decision, "--file", "e.zip", "-o", "json",
        ],
        &asked[..],
    ]
    .concat();
    let ran = folder.run(&pack);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "feature:postcode: absent from 1 context, ",
        "warning: feature:credit_score is present in 1 record, at /features/0",
        "warning: whether guardrail:pii was used cannot be said of 1 record",
        "/capture/sections/guardrails",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    let packed: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let expected = [
        ("document:doc_456@8", "absent"),
        ("feature:credit_score", "present"),
        ("feature:postcode", "absent"),
        ("guardrail:pii", "cannot_be_said"),
    ];
    assert_eq!(outcomes(&packed), expected);
    for report in verified(&folder, "e.zip") {
        assert_eq!(outcomes(&report), expected);
        assert_eq!(report["absences"], packed["absences"]);
    }
    let shown = folder.run(&["evidence", "show", "e.zip"]).out();
    for words in [
        "the fetched value `postcode`, in any version: not used",
        "the document `doc_456`, version `8`: not used",
        "the fetched value `credit_score`, in any version: used",
        "the guardrail `pii`, in any version: cannot be said",
        "the section in which it would stand is not recorded as complete",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let table = folder
        .run(&[
            "evidence",
            "verify",
            "e.zip",
            "--key",
            "trail.pub",
            "-o",
            "table",
        ])
        .out();
    assert!(
        table.contains("asked about: feature:postcode: not used"),
        "{table}"
    );
    for range in ["range", "entity"] {
        let what: &[&str] = if range == "range" {
            &["0", "1"]
        } else {
            &["applicant:user_456"]
        };
        let pack = [
            &["evidence", "pack", range],
            what,
            &["--file", "r.zip"],
            &asked[..2],
        ]
        .concat();
        folder.run(&pack).done();
        assert_eq!(
            outcomes(&verified(&folder, "r.zip")[0]),
            [("feature:postcode", "absent")]
        );
    }
}

#[test]
fn what_is_no_reference_is_refused_with_the_kinds_there_are() {
    let (folder, decision) = decided();
    for asked in ["tool:calculator", "postcode", "feature:"] {
        let ran = folder.run(&[
            "evidence", "pack", "decision", &decision, "--file", "e.zip", "--absent", asked,
        ]);
        ran.refused(2, "KIND:REF");
        assert!(
            ran.stderr.contains("feature, document, index"),
            "{}",
            ran.stderr
        );
        assert!(!folder.path("e.zip").exists());
    }
}

#[test]
fn a_bundle_of_somebody_erased_carries_the_erasure_and_says_no_more_than_is_left() {
    let (folder, decision) = decided();
    folder.json(&[
        "subject",
        "erase",
        "applicant:user_456",
        "--reason",
        "request of 3 May",
        "--approved-by",
        "anna",
        "--approved-by",
        "ben",
    ]);
    let pack = |more: &[&str]| {
        let pack = [
            "evidence",
            "pack",
            "decision",
            &decision,
            "--file",
            "e.zip",
            "--absent",
            "feature:postcode",
        ];
        folder.run(&[&pack, more].concat())
    };
    pack(&[]).done();
    let [library, script] = verified(&folder, "e.zip");
    assert!(
        library["checked"]["gone"].as_u64().unwrap() > 5,
        "{library:#}"
    );
    assert_eq!(library["checked"]["gone"], script["checked"]["gone"]);
    assert_eq!(outcomes(&library), [("feature:postcode", "absent")]);
    let lines = library["not_checked"].to_string();
    assert!(
        lines.contains("the text as it was sent (erased)"),
        "{lines}"
    );
    assert!(!lines.contains("without the record of that"), "{lines}");
    let shown = folder.run(&["evidence", "show", "e.zip"]).out();
    for words in [
        "erased for good",
        "`request of 3 May`",
        "`anna` (person), `ben` (person)",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Who approved is personal, and why is confidential.
    pack(&["--redact", "personal", "--redact", "confidential"]).done();
    verified(&folder, "e.zip");
    let shown = folder.run(&["evidence", "show", "e.zip"]).out();
    assert!(
        shown.contains("erased for good") && !shown.contains("request of 3 May"),
        "{shown}"
    );
    assert!(!shown.contains("anna"), "{shown}");
    // A range that ends before the erasure has it all the same.
    folder
        .run(&["evidence", "pack", "range", "0", "1", "--file", "r.zip"])
        .done();
    let [library, _] = verified(&folder, "r.zip");
    assert!(
        library["checked"]["gone"].as_u64().unwrap() > 5,
        "{library:#}"
    );
    assert_eq!(library["claim"]["indexes"], json!([0, 1, 2]));
}

#[test]
fn a_bundle_shows_holds_that_are_open_and_those_that_were_released() {
    let (folder, decision) = decided();
    let place = |target: &str, matter: &str| {
        let ran = folder.run(&[
            "hold",
            "place",
            target,
            "--matter",
            matter,
            "--by",
            "anna",
            "--owner",
            "legal",
            "--review-at",
            "2027-01-01",
            "--reason",
            "a claim",
            "-o",
            "id",
        ]);
        ran.out().trim().to_owned()
    };
    let over = place("applicant:user_456", "LIT-1");
    place(&decision, "LIT-2");
    folder
        .run(&[
            "hold",
            "release",
            &over,
            "--reason",
            "settled",
            "--approved-by",
            "ben,carla",
        ])
        .done();
    for what in [
        &["decision", &decision][..],
        &["entity", "applicant:user_456"],
        &["range", "0", "1"],
    ] {
        folder
            .run(&[&["evidence", "pack"], what, &["--file", "e.zip"]].concat())
            .done();
        let [library, _] = verified(&folder, "e.zip");
        assert_eq!(
            library["claim"]["indexes"],
            json!([0, 1, 2, 3, 4]),
            "{what:?}"
        );
        let shown = folder.run(&["evidence", "show", "e.zip"]).out();
        for words in [
            "Under legal hold, matter `LIT-2`",
            "matter: `LIT-1`",
            "placed by: `anna` (person)",
            "owner: `legal`",
            "to be reviewed: 1 January 2027, 00:00:00 UTC",
            "approved by `ben` (person), `carla` (person): `settled`",
            "released: not as far as this file says",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert!(
            !shown.contains("Under legal hold, matter `LIT-1`"),
            "{shown}"
        );
    }
    // Without the keys nobody can say whom a hold is on.
    std::fs::remove_file(folder.path("contextrail.db.keyring")).unwrap();
    let ran = folder.run(&["evidence", "pack", "range", "0", "1", "--file", "e.zip"]);
    ran.code_is(7);
    assert!(
        ran.stderr.contains("lacks the legal holds"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_bundle_shows_what_redaction_took_out() {
    let folder = Folder::new();
    let rules = "rules:\n  - name: emails\n    match: {detector: email}\n    treatment: mask\n";
    folder.write("contextrail.db.redaction.yaml", rules);
    let context = folder.assemble("user_1", "write to canary.ada@example.org");
    let decision = folder.decide(&context, "approved");
    let ran = folder.run(&["evidence", "pack", "decision", &decision, "--file", "e.zip"]);
    ran.code_is(7);
    let [library, _] = verified(&folder, "e.zip");
    let lines = library["not_checked"].to_string();
    assert!(
        lines.contains("item 3 (not stored: redaction rule emails)"),
        "{lines}"
    );
    let shown = folder.run(&["evidence", "show", "e.zip"]).out();
    for words in [
        "What redaction took out",
        "place: `/assembly/items/3/text`; what was found: `email`; bytes: `22`",
        "rule: `emails`",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let bundle = std::fs::read(folder.path("e.zip")).unwrap();
    let files = contextrail::evidence::container::read(&bundle, &Default::default())
        .unwrap()
        .files;
    for (name, content) in files {
        assert!(
            !String::from_utf8_lossy(&content).contains("canary.ada"),
            "{name}"
        );
    }
}
