//! Whatever is written reads back as the same data, in both formats.

use contextrail::codec::{
    Layout, decode, read_json, read_json_lines, read_yaml, write_json, write_yaml,
};
use proptest::prelude::*;
use serde_json::{Number, Value};

/// Strings that some reader of YAML or JSON takes for something else.
const NASTY: &[&str] = &[
    "",
    " ",
    "a ",
    " a",
    "a  b",
    "yes",
    "No",
    "ON",
    "off",
    "y",
    "n",
    "null",
    "Null",
    "~",
    "true",
    "FALSE",
    "12:30",
    "1_000",
    "0x1f",
    "0o7",
    "0b1",
    "1e3",
    "+1",
    "-1",
    ".5",
    "5.",
    ".inf",
    "-.INF",
    ".nan",
    "NaN",
    "2026-11-22",
    "2026-11-22T18:42:30Z",
    "-",
    "- a",
    "---",
    "--- a",
    "...",
    "<<",
    "=",
    "a: b",
    "a:",
    ":a",
    "a #b",
    "a#b",
    "#",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "[a",
    "]",
    "{a",
    "}",
    "?",
    "? a",
    "'",
    "\"",
    "\\",
    "\\n",
    "a\nb",
    "\n",
    "a\n",
    "\r\n",
    "a\tb",
    "\t",
    "\u{feff}a",
    "a\u{2028}b",
    "a\u{85}b",
    "\0",
    "\u{7f}",
    "\u{9f}",
    "\u{fffe}",
    "\u{ffff}",
    "🙂",
    "\u{1f469}\u{200d}\u{1f680}",
    "مرحبا",
    "a, b",
    "a]b",
    "a\u{a0}b",
    "é",
    "e\u{301}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(NASTY).prop_map(str::to_owned),
        any::<String>(),
        "[ -~]{0,12}",
        "[a-z:# -]{0,10}",
        "[\\x00-\\x20\"\\\\a]{0,6}",
        "[a-z]{1,3}".prop_map(|word| word.repeat(600)),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    let whole = -9_007_199_254_740_991_i64..=9_007_199_254_740_991;
    let float = any::<f64>().prop_filter_map("finite", Number::from_f64);
    prop_oneof![
        whole.prop_map(Value::from),
        (-1_000_i64..1_000).prop_map(Value::from),
        float.prop_map(Value::Number),
        (-1e6..1e6).prop_map(Value::from),
        (-30_i32..30).prop_map(|power| Value::from(10_f64.powi(power))),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text().prop_map(Value::from),
    ];
    scalar.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_reads_back(value in value()) {
        for layout in [Layout::Compact, Layout::Pretty] {
            let json = write_json(&value, layout).unwrap();
            let node = read_json(json.as_bytes()).unwrap();
            prop_assert_eq!(decode::<Value>(&node).unwrap(), value.clone());
        }
    }

    #[test]
    fn yaml_reads_back_as_json_does(value in value()) {
        let json = read_json(write_json(&value, Layout::Compact).unwrap().as_bytes()).unwrap();
        let yaml = write_yaml(&value).unwrap();
        prop_assert_eq!(read_yaml(yaml.as_bytes()).unwrap(), json, "{}", yaml);
    }

    #[test]
    fn json_is_read_by_other_readers(value in value()) {
        let json = write_json(&value, Layout::Pretty).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    }

    #[test]
    fn json_of_other_writers_is_read(value in value()) {
        let json = serde_json::to_string(&value).unwrap();
        let node = read_json(json.as_bytes()).unwrap();
        prop_assert_eq!(decode::<Value>(&node).unwrap(), value);
    }

    #[test]
    fn json_lines_read_back(values in prop::collection::vec(value(), 0..4)) {
        let lines: Vec<_> = values
            .iter()
            .map(|value| write_json(value, Layout::Compact).unwrap() + "\n")
            .collect();
        let read: Vec<Value> = read_json_lines(lines.concat().as_bytes())
            .map(|node| decode(&node.unwrap()).unwrap())
            .collect();
        prop_assert_eq!(read, values);
    }
}
