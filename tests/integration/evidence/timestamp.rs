//! Timestamps in bundles: both verifiers say the same of them, with roots and without.

use contextrail::evidence::{PAGES, State, Verifier, pack};
use contextrail::record::Timestamp;
use contextrail::timestamp::{Request, Token, TrustAnchors};

use super::both::Both;
use super::sealed_log::SealedLog;
use super::tamper::Tampered;
use crate::timestamp::tsa::{self, Kind, Tsa};

/// A token over the head of `log`.
fn token(tsa: &Tsa, log: &SealedLog) -> Vec<u8> {
    token_over(tsa, log.head().text_digest())
}

fn token_over(tsa: &Tsa, imprint: [u8; 32]) -> Vec<u8> {
    let request = Request::new(imprint, 7);
    let answer = tsa.ask(&request.to_der());
    Token::from_response(&answer, &request)
        .unwrap()
        .as_der()
        .to_vec()
}

fn bundle(log: &SealedLog, tokens: &[Vec<u8>]) -> Vec<u8> {
    let mut input = log.decision_input();
    input.tokens = tokens.to_vec();
    pack(input).unwrap()
}

/// The token of the only timestamp.
fn file(log: &SealedLog) -> String {
    format!("tokens/{}.tsr", log.records.len())
}

#[test]
fn a_timestamp_under_a_trusted_root_says_when_the_head_was_there() {
    let log = SealedLog::new();
    for kind in [Kind::Rsa, Kind::P256, Kind::Intermediate] {
        let tsa = tsa::start(kind);
        let bundle = bundle(&log, &[token(&tsa, &log)]);
        let roots = TrustAnchors::from_pem(&tsa.ca_pem).unwrap();
        let verifier = Verifier::new(log.keys()).with_authorities(roots);
        let report = verifier.verify(&bundle).unwrap();
        assert_eq!(report.state, State::Verified, "{:?}", report.findings);
        assert_eq!(report.checked.timestamps, 1);
        assert_eq!(report.not_checked.len(), 1, "{:?}", report.not_checked);
        assert!(report.not_checked[0].starts_with("custody.json: "));
        let proven = &report.timestamps[0];
        assert!(proven.at > Timestamp::from_micros(0).unwrap());
        assert_eq!(proven.root, "CN=Root,O=Contextrail test");

        let mut both = Both::new(log.keys()).with_roots(&tsa.ca_pem);
        both.add(format!("{kind:?}"), bundle);
        let (_, verdict) = &both.judge()[0];
        assert_eq!(
            (verdict.state.as_str(), verdict.timestamps.len()),
            ("verified", 1)
        );
    }
}

#[test]
fn without_roots_a_timestamp_is_listed_as_not_checked() {
    let (log, tsa) = (SealedLog::new(), tsa::start(Kind::P256));
    let bundle = bundle(&log, &[token(&tsa, &log)]);
    let report = Verifier::new(log.keys()).verify(&bundle).unwrap();
    assert_eq!(report.state, State::Verified);
    assert_eq!(report.checked.timestamps, 0);
    assert!(
        report.not_checked[0].starts_with(&file(&log)),
        "{:?}",
        report.not_checked
    );
    let mut both = Both::new(log.keys());
    both.add("without roots", bundle);
    assert_eq!(both.judge()[0].1.state, "verified");
}

#[test]
fn whoever_names_roots_wants_a_timestamp_under_them() {
    let (log, tsa, other) = (
        SealedLog::new(),
        tsa::start(Kind::P256),
        tsa::start(Kind::Rsa),
    );
    let mut both = Both::new(log.keys()).with_roots(&other.ca_pem);
    both.add("of another authority", bundle(&log, &[token(&tsa, &log)]));
    both.add("none at all", bundle(&log, &[]));
    let two = bundle(&log, &[token(&tsa, &log), token(&other, &log)]);
    both.add("one of two", two);
    let states: Vec<_> = both.judge().into_iter().map(|(_, it)| it.state).collect();
    assert_eq!(states, ["failed", "failed", "verified"]);
}

#[test]
fn a_timestamp_that_is_not_of_the_head_is_a_finding_whoever_is_trusted() {
    let (log, tsa, expired) = (
        SealedLog::new(),
        tsa::start(Kind::P256),
        tsa::start(Kind::Expired),
    );
    let good = token(&tsa, &log);
    let other = token_over(&tsa, log.head_at(3).text_digest());
    let sound = bundle(&log, std::slice::from_ref(&good));
    let renamed = Tampered::of(&bundle(&log, &[])).replace("tokens/3.tsr", other.clone());
    let tampered = [
        ("of another head", file(&log), bundle(&log, &[other])),
        (
            "of a head that is not here",
            "tokens/3.tsr".to_owned(),
            renamed.resealed(),
        ),
        ("garbage", file(&log), bundle(&log, &[b"garbage".to_vec()])),
        ("empty", file(&log), bundle(&log, &[Vec::new()])),
        (
            "cut short",
            file(&log),
            bundle(&log, &[good[..good.len() - 1].to_vec()]),
        ),
        (
            "longer",
            file(&log),
            bundle(&log, &[[&good[..], b"\0"].concat()]),
        ),
        (
            "larger than is read",
            file(&log),
            bundle(&log, &[vec![0x30; 100_000]]),
        ),
        ("exchanged without a word", file(&log), {
            let changed = Tampered::of(&sound).replace(&file(&log), b"other".to_vec());
            changed.resealed()
        }),
    ];
    for roots in [None, Some(&tsa.ca_pem)] {
        let mut both = Both::new(log.keys());
        if let Some(roots) = roots {
            both = both.with_roots(roots);
        }
        for (name, _, bundle) in &tampered {
            both.add(*name, bundle.clone());
        }
        for ((name, verdict), (_, file, _)) in both.judge().into_iter().zip(&tampered) {
            assert_eq!(verdict.state, "failed", "{name}");
            assert!(verdict.files.contains(file), "{name}: {verdict:?}");
        }
    }
    // openssl stamps with a certificate that is out of date; nobody should believe it.
    let request = Request::new(log.head().text_digest(), 7);
    let answer = expired.ask(&request.to_der());
    assert!(Token::from_response(&answer, &request).is_err());
}

#[test]
fn a_changed_byte_in_a_token_is_judged_alike_and_never_proves_another_time() {
    let (log, tsa) = (SealedLog::new(), tsa::start(Kind::P256));
    let good = token(&tsa, &log);
    let roots = TrustAnchors::from_pem(&tsa.ca_pem).unwrap();
    let verifier = Verifier::new(log.keys()).with_authorities(roots);
    let said = verifier.verify(&bundle(&log, std::slice::from_ref(&good)));
    let time = said.unwrap().timestamps[0].at.to_string();
    let mut both = Both::new(log.keys()).with_roots(&tsa.ca_pem);
    for at in (0..good.len()).step_by(11) {
        let mut changed = good.clone();
        changed[at] ^= 1 << (at % 8);
        both.add(format!("byte {at}"), bundle(&log, &[changed]));
    }
    for (name, verdict) in both.judge() {
        for proven in &verdict.timestamps {
            assert_eq!(proven["at"], time.as_str(), "{name}");
        }
    }
}

#[test]
fn the_page_says_who_stamped_the_head_and_when() {
    let (log, tsa) = (SealedLog::new(), tsa::start(Kind::P256));
    let mut input = log.decision_input();
    input.tokens = vec![token(&tsa, &log)];
    input.pages = Some(PAGES);
    let bundle = pack(input).unwrap();
    let files = contextrail::evidence::container::read(&bundle, &Default::default()).unwrap();
    let page = String::from_utf8(files.files["summary.md"].clone()).unwrap();
    assert!(page.contains("timestamped by"), "{page}");
    assert!(page.contains("Authority P256"), "{page}");
    let how = String::from_utf8(files.files["VERIFY.md"].clone()).unwrap();
    assert!(
        how.contains(&format!("-in {} -token_in", file(&log))),
        "{how}"
    );

    let verifier = Verifier::new(log.keys()).with_pages(PAGES);
    let report = verifier.verify(&bundle).unwrap();
    assert_eq!(report.state, State::Verified, "{:?}", report.findings);
    assert!(report.checked.pages > 0, "derived again and compared");
}

#[test]
fn a_timestamp_that_cannot_be_read_leaves_the_pages_away() {
    let log = SealedLog::new();
    let mut input = log.decision_input();
    input.tokens = vec![b"garbage".to_vec()];
    input.pages = Some(PAGES);
    let files = contextrail::evidence::container::read(&pack(input).unwrap(), &Default::default());
    assert!(!files.unwrap().files.contains_key("summary.md"));
}
