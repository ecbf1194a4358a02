//! What is found in a labelled set of texts, and what is not.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use contextrail::privacy::{Detector, Kind};

/// A text, and what has to be found in it.
struct Labelled {
    text: String,
    labels: BTreeSet<(String, usize, usize)>,
}

fn labelled() -> Vec<Labelled> {
    let lines = include_str!("labelled.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(read)
        .collect()
}

fn read(line: &str) -> Labelled {
    let mut text = String::new();
    let mut labels = BTreeSet::new();
    let mut rest = line;
    while let Some((before, label)) = rest.split_once('⟦') {
        text.push_str(before);
        let (label, after) = label.split_once('⟧').unwrap();
        let (kind, value) = label.split_once(':').unwrap();
        labels.insert((kind.to_owned(), text.len(), text.len() + value.len()));
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    Labelled { text, labels }
}

fn key(rule: &str, range: &Range<usize>) -> (String, usize, usize) {
    (rule.to_owned(), range.start, range.end)
}

/// Labels, found rightly, found wrongly: by kind.
fn counted() -> BTreeMap<&'static str, [u32; 3]> {
    let mut counts: BTreeMap<&str, [u32; 3]> = Kind::ALL
        .iter()
        .map(|kind| (kind.as_str(), [0; 3]))
        .collect();
    let detector = Detector::default();
    for Labelled { text, labels } in labelled() {
        let found = detector.find(&text);
        for found in &found {
            let kind = found.kind.unwrap().as_str();
            let right = labels.contains(&key(&found.rule, &found.range));
            counts.get_mut(kind).unwrap()[if right { 1 } else { 2 }] += 1;
        }
        for kind in Kind::ALL {
            let own = labels
                .iter()
                .filter(|(label, ..)| label == kind.as_str())
                .count();
            counts.get_mut(kind.as_str()).unwrap()[0] += u32::try_from(own).unwrap();
        }
    }
    counts
}

#[test]
fn the_table_of_precision_and_recall_is_that_of_the_labelled_texts() {
    let rows = counted().into_iter().map(|(kind, [labels, right, wrong])| {
        let percent = |of: u32| f64::from(right) * 100.0 / f64::from(of.max(1));
        format!(
            "| `{kind}` | {labels} | {right} | {wrong} | {:.0} % | {:.0} % |\n",
            percent(right + wrong),
            percent(labels)
        )
    });
    let table: String = rows.collect();
    let page = include_str!("../../../docs/privacy.md");
    assert!(
        page.contains(&table),
        "docs/privacy.md has to hold:\n{table}"
    );
}

#[test]
fn little_is_missed_and_little_is_found_that_is_not_there() {
    for (kind, [labels, right, wrong]) in counted() {
        assert!(labels >= 5, "{kind}: the set has too few");
        assert!(
            right * 100 >= labels * 85,
            "{kind}: {right} of {labels} are found"
        );
        assert!(
            wrong * 100 <= right * 25,
            "{kind}: {wrong} are found that are none"
        );
    }
}

#[test]
fn what_is_found_is_in_order_and_does_not_overlap() {
    let detector = Detector::default()
        .with_rule("customer", r"\bC-[0-9]{4}\b")
        .unwrap();
    let whole: Vec<String> = labelled().into_iter().map(|it| it.text).collect();
    let text = format!("{} C-1234 ada@example.org C-1", whole.join("\n"));
    let found = detector.find(&text);
    assert!(
        found
            .windows(2)
            .all(|pair| pair[0].range.end <= pair[1].range.start)
    );
    let own = found.iter().find(|it| it.rule == "customer").unwrap();
    assert_eq!((&text[own.range.clone()], own.kind), ("C-1234", None));
}

#[test]
fn a_rule_that_does_not_compile_says_where() {
    let error = Detector::default().with_rule("broken", "ä[a-").unwrap_err();
    assert_eq!((error.rule.as_str(), error.at), ("broken", 2));
    assert!(error.to_string().contains("at character 2"), "{error}");
}

#[test]
fn a_kind_that_is_not_asked_for_is_not_found() {
    let detector = Detector::of([Kind::Email]);
    let found = detector.find("ada@example.org, +49 30 901820");
    assert_eq!(found.len(), 1);
    assert!(Detector::of([]).find("ada@example.org").is_empty());
}

#[test]
fn hostile_texts_take_no_more_than_their_length() {
    let detector = Detector::default();
    for text in [
        "1 ".repeat(200_000),
        "a@".repeat(200_000),
        ":".repeat(400_000),
        "DE89".repeat(100_000),
        "\u{feff}".repeat(100_000),
    ] {
        // What is found in them is of no matter: none of them may hang or panic.
        drop(detector.find(&text));
    }
}
