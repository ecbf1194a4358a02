//! Redacted bundles verify, and what is withheld is not in them.

use std::sync::LazyLock;

use contextrail::evidence::container::{Limits, read};
use contextrail::evidence::{
    CarriedText, FieldEntry, PackError, PackInput, RecordFile, Redactions, State, Verifier,
    Withheld, pack,
};
use contextrail::record::Class;
use proptest::prelude::*;

use super::both::Both;
use super::sealed_log::{CONTEXT, SealedLog};

static LOG: LazyLock<SealedLog> = LazyLock::new(SealedLog::new);

fn redacted(rules: &[(Withheld, &str)]) -> PackInput {
    let mut input = LOG.decision_input();
    input.redactions = rules.iter().fold(
        Redactions::new("not asked for"),
        |all, (depth, selector)| all.with(*depth, selector.parse().unwrap()),
    );
    input
}

fn context_of(bundle: &[u8]) -> (RecordFile, Option<CarriedText>) {
    let files = read(bundle, &Limits::default()).unwrap().files;
    let id = LOG.records[CONTEXT].id;
    let record = RecordFile::from_bytes(&files[&format!("records/{id}.json")]).unwrap();
    let text = files.get(&format!("texts/{id}.json"));
    let text = text.map(|bytes| CarriedText::from_bytes(bytes).unwrap().1);
    (record, text)
}

#[test]
fn a_class_is_withheld_everywhere() {
    let bundle = pack(redacted(&[(Withheld::Value, "personal")])).unwrap();
    let everything = read(&bundle, &Limits::default()).unwrap().files;
    for secret in ["user_456", "loan_application", "threshold", "Shared policy"] {
        for (name, content) in &everything {
            let text = String::from_utf8_lossy(content);
            assert!(!text.contains(secret), "{secret} is in {name}");
        }
    }
    for content in everything
        .iter()
        .filter(|(name, _)| name.starts_with("records/"))
    {
        let record = RecordFile::from_bytes(content.1).unwrap();
        let mut shown = record
            .fields
            .iter()
            .filter(|it| matches!(it, FieldEntry::Shown { .. }));
        assert!(shown.all(|it| it.class() != Some(Class::Personal)));
    }
    let (record, text) = context_of(&bundle);
    assert!(text.is_none());
    assert!(
        record
            .fields
            .iter()
            .any(|it| matches!(it, FieldEntry::Named { .. }))
    );
    let mut both = Both::new(LOG.keys());
    both.add("personal", bundle);
    assert_eq!(both.judge()[0].1.state, "verified");
}

#[test]
fn a_text_stays_while_only_plain_fields_are_named() {
    let named = pack(redacted(&[(Withheld::Value, "/environment")])).unwrap();
    assert!(context_of(&named).1.is_some());
    for rule in [
        (Withheld::Field, "/environment"),
        (Withheld::Value, "/inputs/income"),
        (Withheld::Value, "/assembly/items/0"),
    ] {
        let bundle = pack(redacted(&[rule])).unwrap();
        assert!(context_of(&bundle).1.is_none(), "{rule:?}");
    }
}

#[test]
fn a_path_that_selects_nothing_is_an_error() {
    let refused = pack(redacted(&[(Withheld::Value, "/inputs/incom")]));
    assert!(matches!(refused, Err(PackError::NothingSelected(path)) if path == "/inputs/incom"));
}

#[test]
fn the_subject_is_not_claimed_when_it_is_withheld() {
    let bundle = pack(redacted(&[(Withheld::Value, "/subject")])).unwrap();
    let manifest = &read(&bundle, &Limits::default()).unwrap().files["manifest.json"];
    assert!(!String::from_utf8_lossy(manifest).contains("12345"));
}

fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for record in LOG.decision_input().records {
        paths.extend(
            record
                .fields
                .iter()
                .filter_map(|it| it.path().map(str::to_owned)),
        );
    }
    paths
}

fn rules() -> impl Strategy<Value = Vec<(Withheld, String)>> {
    let selector = prop_oneof![
        8 => prop::sample::select(paths()),
        1 => prop::sample::select(vec!["plain", "confidential", "personal"])
            .prop_map(str::to_owned),
    ];
    let depth = prop_oneof![Just(Withheld::Value), Just(Withheld::Field)];
    prop::collection::vec((depth, selector), 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_redactions_verify(rules in rules()) {
        let rules: Vec<(Withheld, &str)> = rules.iter().map(|(d, s)| (*d, s.as_str())).collect();
        let bundle = pack(redacted(&rules)).unwrap();
        let report = Verifier::new(LOG.keys()).verify(&bundle).unwrap();
        let state = if report.checked.fields_shown == 0 { State::ValidButEmpty } else { State::Verified };
        prop_assert_eq!(report.state, state, "{:?}", report.findings);
    }
}

#[test]
fn random_redactions_verify_in_both() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut both = Both::new(LOG.keys());
    for round in 0..24 {
        let rules = rules().new_tree(&mut runner).unwrap().current();
        let rules: Vec<(Withheld, &str)> = rules.iter().map(|(d, s)| (*d, s.as_str())).collect();
        both.add(format!("{round}"), pack(redacted(&rules)).unwrap());
    }
    for (round, verdict) in both.judge() {
        assert!(verdict.files.is_empty(), "{round}: {verdict:?}");
    }
}
