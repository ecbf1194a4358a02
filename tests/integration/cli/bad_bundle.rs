//! Bundles, keys and heads of every wrong kind: each is refused with what is wrong, in bounded time.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use contextrail::evidence::container::{self, Limits};
use contextrail::log::{Checkpoint, SignedCheckpoint, SigningKey};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Folder;
use crate::evidence::tamper::Tampered;
use crate::evidence::zip::Zip;

/// A folder with the bundle `good.zip`, and the key of its log in `trail.pub`.
struct Packed {
    folder: Folder,
    bundle: Vec<u8>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Packed {
    fn new() -> Self {
        let folder = Folder::new();
        let context = folder.assemble("user_1", "an income of 4100");
        let id = folder.decide(&context, "approved");
        folder
            .run(&["evidence", "pack", "decision", &id, "--file", "good.zip"])
            .done();
        let key = folder.run(&["log", "key", "show"]).out();
        folder.write("trail.pub", key);
        let bundle = fs::read(folder.path("good.zip")).unwrap();
        let files = container::read(&bundle, &Limits::default()).unwrap().files;
        Self {
            folder,
            bundle,
            files,
        }
    }

    fn zip(&self) -> Zip {
        Zip::of(&self.files)
    }

    fn edited(&self, name: &str, change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        Tampered::of(&self.bundle).edit(name, change).resealed()
    }

    /// The name of the first file that begins so.
    fn name(&self, start: &str) -> String {
        let mut names = self.files.keys();
        names.find(|name| name.starts_with(start)).unwrap().clone()
    }

    /// Asserts that `bytes` are refused with 4, and that the report says `what`.
    #[track_caller]
    fn refuses(&self, bytes: &[u8], what: &str) {
        self.folder.write("bad.zip", bytes);
        let began = Instant::now();
        let verify = [
            "evidence",
            "verify",
            "bad.zip",
            "--key",
            "trail.pub",
            "-o",
            "json",
        ];
        let ran = self.folder.run(&verify);
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        assert_eq!(ran.code, 4, "{what}: {ran:?}");
        assert!(ran.text().contains(what), "{what:?} in {}", ran.text());
    }
}

#[test]
fn bundles_that_were_damaged_or_made_with_intent_are_refused_with_what_is_wrong() {
    let packed = Packed::new();
    let bundle = &packed.bundle;
    packed.refuses(&bundle[..bundle.len() / 2], "the zip file breaks off");
    let mut flipped = bundle.clone();
    let middle = bundle.len() / 2;
    flipped[middle] ^= 0x10;
    packed.refuses(&flipped, "\"file\"");
    packed.refuses(&packed.zip().stored().bytes(), "another form");
    packed.refuses(&packed.zip().dated(0x5a21).bytes(), "another form");
    packed.refuses(
        &packed.zip().with_file("../../etc/cron.d/x", b"a").bytes(),
        "../../etc/cron.d/x",
    );
    packed.refuses(
        &packed.zip().with_file("/etc/passwd", b"a").bytes(),
        "/etc/passwd",
    );

    // A small file that unpacks to a gigabyte, and one that says it is small.
    let bomb = packed.zip().with_announced("keys.txt", 1 << 30).bytes();
    packed.refuses(&bomb, "bytes");
    let mut swollen = packed.files.clone();
    swollen.insert("VERIFY.md".to_owned(), vec![0; 60 << 20]);
    let bomb = Zip::of(&swollen).with_announced("VERIFY.md", 10).bytes();
    assert!(bomb.len() < 1 << 20);
    packed.refuses(&bomb, "VERIFY.md");
    let mut many = packed.files.clone();
    for number in 0..10 {
        many.insert(format!("entries/{number}00.json"), vec![0; 60 << 20]);
    }
    packed.refuses(&Zip::of(&many).bytes(), "bytes");
}

#[test]
fn json_that_unfolds_or_nests_without_end_is_refused() {
    let packed = Packed::new();
    let record = packed.name("records/");
    let replaced = |content: Vec<u8>| {
        Tampered::of(&packed.bundle)
            .replace(&record, content)
            .resealed()
    };
    packed.refuses(&replaced(b"[".repeat(1 << 20)), &record);
    packed.refuses(&replaced(b"{\"a\":".repeat(1 << 18)), &record);
    // What YAML readers unfold a billion times is no JSON at all.
    let laughs = b"a: &a [x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n".to_vec();
    packed.refuses(&replaced(laughs), &record);
}

#[test]
fn schemas_of_a_later_version_are_said_to_be_that() {
    let packed = Packed::new();
    let later = packed.edited("manifest.json", |it| {
        it["schema"] = json!("contextrail.evidence/9");
    });
    packed.refuses(
        &later,
        "not contextrail.evidence/1, the one this version reads",
    );
    let entry = packed.name("entries/");
    let later = packed.edited(&entry, |it| it["schema"] = json!("contextrail.context/9"));
    packed.refuses(&later, "is not known to this version");
    let later = packed.edited(&entry, |it| it["v"] = json!(9));
    packed.refuses(&later, "9 is a version that is not known here");
}

#[test]
fn forged_pages_are_not_let_through_under_another_version_of_the_pages() {
    let packed = Packed::new();
    let forged = |version: u64| {
        Tampered::of(&packed.bundle)
            .replace("summary.md", b"declined\n".to_vec())
            .edit("manifest.json", |it| it["pages"] = json!(version))
            .resealed()
    };
    packed.refuses(&forged(0), "summary.md");
    packed.refuses(
        &forged(99),
        "99 is no version of the derived files that is known here",
    );
    // An earlier version cannot be derived any more: that is neither right nor wrong.
    packed.folder.write("older.zip", forged(1));
    let verify = [
        "evidence",
        "verify",
        "older.zip",
        "--key",
        "trail.pub",
        "-o",
        "table",
    ];
    let ran = packed.folder.run(&verify);
    ran.code_is(7);
    assert!(
        ran.text().contains("do not rely on what those say"),
        "{}",
        ran.text()
    );
    assert!(
        ran.text().contains("not checked: whether summary.html"),
        "{}",
        ran.text()
    );
}

/// A key of an algorithm that is not known, in the form of all keys (C2SP `signed-note`).
fn key_of_type(kind: u8, name: &str) -> String {
    let data = [&[kind][..], &[5; 32]].concat();
    let hash = Sha256::digest([name.as_bytes(), b"\n", &data].concat());
    let hash: String = hash[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name}+{hash}+{}\n", BASE64.encode(data))
}

#[test]
fn keys_and_heads_that_are_not_those_of_the_log_are_told_apart() {
    let packed = Packed::new();
    let folder = &packed.folder;
    let verify = |more: &[&str]| {
        folder.run(&[&["evidence", "verify", "good.zip", "-o", "json"], more].concat())
    };
    let origin = folder.run(&["log", "checkpoint"]).out();
    let origin = origin.lines().next().unwrap();

    // Another key of the same name, an algorithm nobody knows, and a key cut short.
    let wrong = SigningKey::from_seed(origin.parse().unwrap(), &[9; 32]);
    folder.write("wrong.pub", format!("{}\n", wrong.verifier_key()));
    let ran = verify(&["--key", "wrong.pub"]);
    assert_eq!(ran.code, 4);
    assert!(ran.text().contains("is not proved"), "{}", ran.text());
    let good = fs::read_to_string(folder.path("trail.pub")).unwrap();
    folder.write("unknown.pub", key_of_type(0x7f, origin));
    verify(&["--key", "unknown.pub"]).refused(2, "type 0x7f are not supported");
    folder.write("short.pub", format!("{}\n", &good.trim()[..good.len() - 9]));
    verify(&["--key", "short.pub"]).refused(2, "line 1");

    // A head of another log, signed as it should be.
    let other = SigningKey::from_seed("contextrail/other/default".parse().unwrap(), &[3; 32]);
    let head = Checkpoint::new("contextrail/other/default", 2, [1; 32]).unwrap();
    let head = SignedCheckpoint::sign(head, &other).unwrap();
    folder.write("head.txt", head.to_string());
    let ran = verify(&["--key", "trail.pub", "--head", "head.txt"]);
    assert_eq!(ran.code, 4);
    assert!(
        ran.text().contains("of the log contextrail/other/default"),
        "{}",
        ran.text()
    );

    // Every proof moved to the checkpoint of another log.
    let mut moved = Tampered::of(&packed.bundle);
    for (name, content) in &packed.files {
        if name.starts_with("proofs/") {
            let text = String::from_utf8(content.clone()).unwrap();
            let renamed = text.replace(origin, "contextrail/other/default");
            moved = moved.replace(name, renamed.into_bytes());
        }
    }
    packed.refuses(&moved.resealed(), "contextrail/other/default");
}

#[test]
fn a_bundle_that_shows_nothing_is_valid_and_says_so() {
    let packed = Packed::new();
    let folder = &packed.folder;
    let hide = [
        "--hide",
        "plain",
        "--hide",
        "confidential",
        "--hide",
        "personal",
    ];
    let pack = ["evidence", "pack", "range", "0", "1", "--file", "empty.zip"];
    folder.run(&[&pack[..], &hide[..]].concat()).done();
    let verify = [
        "evidence",
        "verify",
        "empty.zip",
        "--key",
        "trail.pub",
        "-o",
        "table",
    ];
    let page = folder.run(&verify).out();
    assert!(page.starts_with("valid, and shows nothing"), "{page}");
}
