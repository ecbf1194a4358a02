//! The verifier in Python, which shares no code with this one, says the same about each token.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use contextrail::timestamp::{Token, TrustAnchors, Verified};
use serde_json::{Value, json};

use crate::timestamp::forge::{
    CONTENT_TYPE, Forgery, MESSAGE_DIGEST, SHA1, SHA512, SIGNING_CERTIFICATE_V2, oid, statement,
    tlv,
};
use crate::timestamp::good::{IMPRINT, token_of};
use crate::timestamp::tsa::{self, Kind, Tsa};

/// The other verifier, waiting for tokens.
struct Second {
    process: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Second {
    fn start() -> Self {
        let mut process = Command::new(crate::python::python())
            .args([
                concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/docs/verify/verify_timestamp.py"
                ),
                "--lines",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            questions: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
        }
    }

    /// Asks both verifiers about `token`, which must agree; gives what they say it states.
    fn agrees(&mut self, token: &[u8], imprint: &[u8; 32], roots_pem: &str) -> Option<Value> {
        let question = json!({"token": hex(token), "imprint": hex(imprint), "roots": roots_pem});
        writeln!(self.questions, "{question}").unwrap();
        let answer: Value = serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap();
        let roots = TrustAnchors::from_pem(roots_pem).unwrap();
        let ours = Token::parse(token).and_then(|token| token.verify(imprint, &roots));
        match (&ours, answer.get("statement")) {
            (Ok(verified), Some(theirs)) => assert_eq!(&as_json(verified), theirs),
            (Err(_), None) => {}
            _ => panic!(
                "one says {ours:?}, the other {answer}, about {}",
                hex(token)
            ),
        }
        answer.get("statement").cloned()
    }

    fn end(mut self) {
        drop(self.questions);
        assert!(self.process.wait().unwrap().success());
    }
}

fn as_json(verified: &Verified) -> Value {
    let statement = &verified.statement;
    json!({
        "time_us": statement.time_us,
        "accuracy_us": statement.accuracy_us,
        "serial": statement.serial,
        "policy": statement.policy,
        "authority": statement.authority,
        "certificate": {
            "subject": statement.certificate.subject,
            "sha256": statement.certificate.sha256,
        },
        "root": {"subject": verified.root.subject, "sha256": verified.root.sha256},
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything about `tsa` that should be refused although it was signed with its key.
fn forgeries(tsa: &Tsa, kind: Kind) -> Vec<Forgery> {
    let honest = Forgery::of(tsa, kind, statement(&IMPRINT, "20200601120000.125Z", &[]));
    let mut forgeries: Vec<Forgery> = [CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2]
        .map(|name| honest.clone().with_attribute(name, None))
        .into();
    let changes: [fn(&mut Forgery); 8] = [
        |forgery| forgery.digest = SHA1,
        |forgery| forgery.digest = SHA512,
        |forgery| forgery.signers = 2,
        |forgery| forgery.signed_data_version = 1,
        |forgery| forgery.signer_version = 3,
        |forgery| forgery.content_type = "1.2.840.113549.1.7.1",
        |forgery| forgery.signature_algorithm = tlv(0x30, &[oid("1.2.840.113549.1.1.10")]),
        |forgery| forgery.certificates.clear(),
    ];
    forgeries.extend(changes.map(|change| {
        let mut forgery = honest.clone();
        change(&mut forgery);
        forgery
    }));
    forgeries.push(Forgery::of(
        tsa,
        kind,
        statement(&IMPRINT, "20990101120000Z", &[]),
    ));
    forgeries
}

#[test]
fn both_verifiers_believe_the_same_tokens() {
    let mut second = Second::start();
    let stranger = tsa::start(Kind::Rsa);
    for kind in [
        Kind::Rsa,
        Kind::P256,
        Kind::P384,
        Kind::Intermediate,
        Kind::FirstReference,
        Kind::WithRoot,
    ] {
        let tsa = tsa::start(kind);
        let token = token_of(&tsa);
        let token = token.as_der();
        assert!(
            second.agrees(token, &IMPRINT, &tsa.ca_pem).is_some(),
            "{kind:?}"
        );
        assert!(second.agrees(token, &[0; 32], &tsa.ca_pem).is_none());
        assert!(second.agrees(token, &IMPRINT, &stranger.ca_pem).is_none());
        let both = format!("{}{}", stranger.ca_pem, tsa.ca_pem);
        assert!(second.agrees(token, &IMPRINT, &both).is_some());
    }
    second.end();
}

#[test]
fn both_verifiers_refuse_the_same_certificates_and_forgeries() {
    let mut second = Second::start();
    for (kind, good) in [
        (Kind::P256, true),
        (Kind::Ed25519, true),
        (Kind::Expired, true),
        (Kind::ExpiredRoot, true),
        (Kind::NoUsage, false),
        (Kind::UncriticalUsage, false),
        (Kind::SecondUsage, false),
        (Kind::OtherKeyUsage, false),
        (Kind::ShortKey, false),
        (Kind::OtherCurve, false),
        (Kind::Sha1Certificate, false),
        (Kind::FalseIntermediate, false),
        (Kind::MutedIntermediate, false),
        (Kind::LongIntermediate, false),
        (Kind::ShallowRoot, false),
    ] {
        let tsa = tsa::start(kind);
        let content = statement(&IMPRINT, "20200601120000.125Z", &[]);
        let mut honest = Forgery::of(&tsa, kind, content);
        if tsa.file("middle.pem").exists() {
            honest.certificates.push(tsa.certificate("middle.pem"));
        }
        let statement = second.agrees(&honest.token(), &IMPRINT, &tsa.ca_pem);
        assert_eq!(statement.is_some(), good, "{kind:?}");
        if good {
            for forgery in forgeries(&tsa, kind) {
                // With SHA-512 the Ed25519 token is an honest one.
                if kind != Kind::Ed25519 || forgery.digest != SHA512 || forgery.signers != 1 {
                    let statement = second.agrees(&forgery.token(), &IMPRINT, &tsa.ca_pem);
                    assert_eq!(statement, None, "{kind:?}: {forgery:?}");
                }
            }
        }
    }
    second.end();
}

#[test]
fn both_verifiers_refuse_the_same_changed_bytes() {
    let mut second = Second::start();
    for kind in [Kind::Rsa, Kind::P256, Kind::Intermediate, Kind::WithRoot] {
        let tsa = tsa::start(kind);
        let token = token_of(&tsa);
        for position in 0..token.as_der().len() {
            let mut bytes = token.as_der().to_vec();
            bytes[position] ^= 1 << (position * 5 % 8);
            second.agrees(&bytes, &IMPRINT, &tsa.ca_pem);
        }
        for length in (0..token.as_der().len()).step_by(3) {
            let statement = second.agrees(&token.as_der()[..length], &IMPRINT, &tsa.ca_pem);
            assert_eq!(statement, None);
        }
    }
    second.end();
}
