//! The keys of personal values from the command line.

use std::fs;

use serde_json::{Value, json};

use super::{Folder, members};

fn begun() -> Folder {
    let folder = Folder::new();
    folder.assemble("user_1", "an income of 4100");
    folder
}

/// The keys that the status lists: purpose, epoch, state.
fn keys(status: &Value) -> Vec<Value> {
    let keys = status["keys"].as_array().unwrap().iter();
    keys.map(|key| json!([key["purpose"], key["epoch"], key["state"]]))
        .collect()
}

#[test]
fn keys_are_shown_replaced_and_destroyed() {
    let folder = begun();
    let status = folder.json(&["key", "status"]);
    assert_eq!(members(&status), ["keys", "locked", "provider", "tenant"]);
    assert_eq!(status["locked"], false);
    assert_eq!(status["provider"], "contextrail.db.kek");
    let first = [
        json!(["find", null, "current"]),
        json!(["wrap", 1, "current"]),
    ];
    assert_eq!(keys(&status), first);
    let wrap = &status["keys"][1];
    assert_eq!(
        members(wrap),
        [
            "created_at",
            "encrypted_under",
            "entity_keys",
            "epoch",
            "purpose",
            "state"
        ]
    );
    assert!(wrap["entity_keys"].as_u64().unwrap() > 0);
    let yaml = folder.run(&["key", "status", "-o", "yaml"]).out();
    assert!(yaml.contains("purpose: wrap"), "{yaml}");
    let table = folder.run(&["key", "status", "-o", "table"]).out();
    assert!(table.contains("kept by  contextrail.db.kek"), "{table}");
    assert!(table.contains("PURPOSE"), "{table}");
    folder
        .run(&["key", "status", "-o", "id"])
        .refused(2, "-o id");

    let rotate = |more: &[&str]| folder.json(&[&["key", "rotate", "--level"], more].concat());
    let rotated = rotate(&["tenant"]);
    assert_eq!(rotated["level"], "tenant", "{rotated}");
    assert_eq!(rotated["key_id"], "epoch 2", "{rotated}");
    let rotated = rotate(&["entity", "--entity", "applicant:user_1"]);
    assert_eq!(rotated["level"], "entity", "{rotated}");
    assert_eq!(rotated["key_id"].as_str().unwrap().len(), 32, "{rotated}");
    assert!(!rotated.to_string().contains("user_1"), "{rotated}");
    let rotated = rotate(&["kek"]);
    assert_eq!(rotated["level"], "key_encryption", "{rotated}");
    let status = folder.json(&["key", "status"]);
    assert_eq!(status["keys"][2]["encrypted_under"], rotated["key_id"]);
    assert_eq!(status["keys"][1]["entity_keys"], 0, "{status}");

    let destroy = [
        "key",
        "destroy",
        "--epoch",
        "1",
        "--reason",
        "past",
        "--approved-by",
    ];
    let by = |names: &str| folder.run(&[&destroy[..], &[names, "-o", "json"]].concat());
    by("anna,ANNA").refused(2, "two different people");
    let destroyed: Value = serde_json::from_str(&by("anna,ben").out()).unwrap();
    assert_eq!(destroyed["action"], "destroy");
    assert_eq!(destroyed["reason"], "past");
    assert_eq!(destroyed["approved_by"][0]["id"], "anna");
    by("anna,ben").refused(8, "destroyed already");
    let status = folder.json(&["key", "status"]);
    assert_eq!(keys(&status)[1], json!(["wrap", 1, "destroyed"]));
    assert!(status["keys"][1]["destroyed_at"].is_string());
    folder.run(&["verify"]).done();
}

#[test]
fn what_cannot_be_done_to_a_key_is_refused() {
    let folder = begun();
    let destroy = |epoch: &str| {
        folder.run(&[
            "key",
            "destroy",
            "--epoch",
            epoch,
            "--reason",
            "r",
            "--approved-by",
            "a,b",
        ])
    };
    destroy("1").refused(8, "rotate the key of the tenant first");
    destroy("9").refused(8, "no such epoch");
    let rotate = |more: &[&str]| folder.run(&[&["key", "rotate"], more].concat());
    rotate(&["--level", "tenant", "--entity", "a:b"]).refused(2, "--level entity alone");
    rotate(&["--level", "entity", "--entity", "applicant:nobody"]).refused(3, "applicant:nobody");
    rotate(&["--level", "entity"]).refused(2, "--entity");
    rotate(&["--level", "root"]).refused(2, "root");
    let empty = Folder::new();
    for verb in [
        &["key", "status"][..],
        &["key", "rotate", "--level", "kek"],
        &[
            "key",
            "destroy",
            "--epoch",
            "1",
            "--reason",
            "r",
            "--approved-by",
            "a,b",
        ],
    ] {
        empty.run(verb).refused(6, "contextrail.db");
    }
    assert!(!empty.path("contextrail.db").exists());
}

#[test]
fn a_locked_trail_says_why() {
    let folder = begun();
    let kek = folder.path("contextrail.db.kek");
    let away = folder.path("away");
    fs::rename(&kek, &away).unwrap();
    let status = folder.json(&["key", "status"]);
    assert_eq!(status["locked"], true, "{status}");
    assert!(
        status["why"]
            .as_str()
            .unwrap()
            .contains("contextrail.db.kek"),
        "{status}"
    );
    // What the keyring says is told without opening it.
    assert_eq!(keys(&status)[1], json!(["wrap", 1, "current"]));
    assert!(status["keys"][1]["entity_keys"].as_u64().unwrap() > 0);
    let rotate = ["key", "rotate", "--level", "tenant"];
    folder.run(&rotate).refused(6, "contextrail.db.kek");
    fs::rename(&away, &kek).unwrap();

    fs::rename(folder.path("contextrail.db.keyring"), &away).unwrap();
    let status = folder.json(&["key", "status"]);
    assert!(
        status["why"]
            .as_str()
            .unwrap()
            .contains("keyring is missing"),
        "{status}"
    );
    assert_eq!(keys(&status), [json!(["wrap", 1, "missing"])]);
    let table = folder.run(&["key", "status", "-o", "table"]).out();
    assert!(table.contains("locked   "), "{table}");
    fs::rename(&away, folder.path("contextrail.db.keyring")).unwrap();

    folder.write("contextrail.db.keys", "# ours\nvault x\n");
    let status = folder.json(&["key", "status"]);
    assert!(
        status["why"]
            .as_str()
            .unwrap()
            .contains("contextrail.db.keys, line 2"),
        "{status}"
    );
    assert_eq!(status["provider"], Value::Null);
    folder
        .run(&rotate)
        .refused(2, "contextrail.db.keys, line 2");
}

#[test]
fn a_command_keeps_the_key() {
    let folder = Folder::new();
    // It keeps nothing secret, and speaks as the protocol says.
    let script = "read context; read bytes\ncase $1 in\n\
        wrap) echo \"key-7 $bytes\";;\n\
        unwrap) echo \"$bytes\";;\n\
        esac\n";
    folder.write("kms.sh", script);
    folder.write("contextrail.db.keys", "command sh kms.sh\n");
    folder.assemble("user_1", "an income of 4100");
    let status = folder.json(&["key", "status"]);
    assert_eq!(status["provider"], "the command sh");
    assert_eq!(status["keys"][0]["encrypted_under"], "key-7");
    assert!(!folder.path("contextrail.db.kek").exists());
    folder.write("kms.sh", script.replace("key-7", "key-8"));
    let rotated = folder.json(&["key", "rotate", "--level", "kek"]);
    assert_eq!(rotated["key_id"], "key-8");
    folder.run(&["verify"]).done();
    folder.write("kms.sh", "echo no >&2\nexit 3\n");
    let status = folder.json(&["key", "status"]);
    assert!(status["why"].as_str().unwrap().contains("no"), "{status}");
}
