//! Every refusal, with its exact words and place.

use contextrail::codec::{
    Format, ReadErrorKind, decode, read, read_json, read_json_lines, read_yaml,
};
use contextrail::record::{Context, Decision, Item, Request, RequestBudget};

fn json(text: &str) -> String {
    read_json(text.as_bytes()).unwrap_err().to_string()
}

fn yaml(text: &str) -> String {
    read_yaml(text.as_bytes()).unwrap_err().to_string()
}

#[track_caller]
fn same<const N: usize>(of: fn(&str) -> String, cases: [(&str, &str); N]) {
    for (text, error) in cases {
        assert_eq!(of(text), error, "{text:?}");
    }
}

#[test]
fn json_is_read_as_rfc_8259_writes_it() {
    same(
        json,
        [
            ("", "line 1, column 1: the document is empty"),
            (" \n", "line 2, column 1: the document is empty"),
            (
                "{\"a\": 1,}",
                "line 1, column 9: expected a name in double quotes, found '}'",
            ),
            ("[1,]", "line 1, column 4: [1]: expected a value, found ']'"),
            ("[1 2]", "line 1, column 4: expected `,` or `]`, found '2'"),
            (
                "{\"é\" 1}",
                "line 1, column 6: é: expected `:` after the name, found '1'",
            ),
            (
                "{'a': 1}",
                "line 1, column 2: expected a name in double quotes, found '\\''",
            ),
            (
                "{\"a\": 1",
                "line 1, column 8: expected `,` or `}`, found the end of the document",
            ),
            (
                "[1]\n x",
                "line 2, column 2: more text after the end of the value",
            ),
            ("// a\n1", "line 1, column 1: expected a value, found '/'"),
            (
                "{\"a\": True}",
                "line 1, column 7: a: expected a value, found 'T'",
            ),
            (
                "[01]",
                "line 1, column 2: [0]: not a number as JSON writes them",
            ),
            (
                "[1.]",
                "line 1, column 2: [0]: not a number as JSON writes them",
            ),
            (
                "[-]",
                "line 1, column 2: [0]: not a number as JSON writes them",
            ),
            (
                "[1e]",
                "line 1, column 2: [0]: not a number as JSON writes them",
            ),
        ],
    );
}

#[test]
fn strings_are_whole_unicode() {
    same(
        json,
        [
            ("\"a", "line 1, column 3: the string has no closing quote"),
            (
                "\"a\nb\"",
                "line 1, column 3: U+000A must be escaped within a string",
            ),
            (
                "\"\\x\"",
                "line 1, column 2: an escape that JSON does not have",
            ),
            (
                "\"\\u12g4\"",
                "line 1, column 2: `\\u` takes four hexadecimal digits",
            ),
            (
                "{\"a\": \"\\ud800x\"}",
                "line 1, column 8: a: \\ud800 is half of a surrogate pair, without the other half",
            ),
            (
                "\"\\udc00\\ud800\"",
                "line 1, column 2: \\udc00 is half of a surrogate pair, without the other half",
            ),
        ],
    );
    let node = read_json(br#""\ud83d\ude42\u0000\/""#).unwrap();
    assert_eq!(node.as_str(), Some("🙂\0/"));
}

#[test]
fn bytes_that_are_not_utf8_are_shown_with_their_place() {
    let bytes = b"{\"a\": 1,\n \"\xc3\xa9\": \"\xff\"}";
    let error = "line 2, column 8: the byte 0xff is not UTF-8; save the document as UTF-8";
    assert_eq!(read_json(bytes).unwrap_err().to_string(), error);
    assert_eq!(read_yaml(bytes).unwrap_err().to_string(), error);
    assert_eq!(
        read_json(bytes).unwrap_err().kind(),
        ReadErrorKind::Encoding
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    assert!(read_json("\u{feff}{}".as_bytes()).is_ok());
    assert!(read_yaml("\u{feff}a: 1".as_bytes()).is_ok());
}

#[test]
fn a_name_occurs_once() {
    same(
        json,
        [(
            "{\"a\": {\"b\": 1,\n  \"c\": 2, \"\\u0062\": 3}}",
            "line 2, column 11: a.b: the name occurs twice; the first is in line 1",
        )],
    );
    same(
        yaml,
        [(
            "a:\n  - b: 1\n    \"b\": 2\n",
            "line 3, column 5: a[0].b: the name occurs twice; the first is in line 2",
        )],
    );
}

#[test]
fn numbers_are_exact_in_both_formats() {
    let hint = "write it as a string to keep it exactly";
    for (number, why) in [
        (
            "9007199254740993",
            "the number 9007199254740993 is beyond ±(2^53−1)",
        ),
        (
            "-9007199254740992",
            "the number -9007199254740992 is beyond ±(2^53−1)",
        ),
        ("1e400", "the number 1e400 is beyond the range of a double"),
        (
            "0.30000000000000001",
            "the number 0.30000000000000001 would be rounded to 0.3",
        ),
    ] {
        assert_eq!(
            json(&format!("{{\"a\": {number}}}")),
            format!("line 1, column 7: a: {why}; {hint}")
        );
        assert_eq!(
            yaml(&format!("a: {number}")),
            format!("line 1, column 4: a: {why}; {hint}")
        );
    }
    let refused = format!("is not a finite number; {hint}");
    same(
        json,
        [
            (
                "[NaN]",
                &*format!("line 1, column 2: [0]: the number NaN {refused}"),
            ),
            (
                "[-Infinity]",
                &*format!("line 1, column 2: [0]: the number -Infinity {refused}"),
            ),
        ],
    );
    same(
        yaml,
        [
            (
                "- .nan",
                &*format!("line 1, column 3: [0]: the number .nan {refused}"),
            ),
            (
                "- -.inf",
                &*format!("line 1, column 3: [0]: the number -.inf {refused}"),
            ),
        ],
    );
    for accepted in ["0.1", "1.10", "1e2", "-0", "9007199254740991"] {
        assert_eq!(
            read_json(accepted.as_bytes()).unwrap(),
            read_yaml(accepted.as_bytes()).unwrap()
        );
    }
}

#[test]
fn parts_of_yaml_beyond_json_are_refused() {
    same(
        yaml,
        [
            ("", "line 1, column 1: the document is empty"),
            ("# a\n", "line 1, column 1: the document is empty"),
            (
                "a: &x 1",
                "line 1, column 4: a: anchors are not read; write the value out, or quote the text",
            ),
            (
                "a: *x",
                "line 1, column 4: a: aliases are not read; write the value out, or quote the text",
            ),
            (
                "a: !!str 1",
                "line 1, column 4: a: tags are not read; leave the tag out, or quote the text",
            ),
            (
                "- !x {}",
                "line 1, column 3: [0]: tags are not read; leave the tag out, or quote the text",
            ),
            (
                "a: 1\n---\nb: 2",
                "line 2, column 1: a second document begins here; write many records as one list",
            ),
            (
                "a:\n  <<: {b: 1}",
                "line 2, column 3: a[\"<<\"]: merge keys are not read; write the members out, or quote the name",
            ),
            (
                "1: a",
                "line 1, column 1: 1: a name must be a string; put the name in double quotes",
            ),
            (
                "? [a]\n: 1",
                "line 1, column 3: a name must be a string, not a list or an object",
            ),
            (
                "# x\n%YAML 1.1\n---\na: 1",
                "line 2, column 1: directives are not read; leave the line out",
            ),
            (
                "a: \"\u{1}\"",
                "line 1, column 5: U+0001 is not allowed in YAML; write it as an escape in double quotes",
            ),
            (
                "a: b\n\tc: d",
                "line 1, column 4: a: while scanning a plain scalar, found a tab",
            ),
        ],
    );
    assert!(read_yaml(b"\"<<\": 1\n\"1\": 2\n").is_ok());
}

#[test]
fn depth_and_size_have_limits_for_each_record() {
    let nested = |depth: usize| {
        format!(
            "{{\"a\":{}1{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert!(read_json(nested(32).as_bytes()).is_ok());
    assert!(read_yaml(nested(32).as_bytes()).is_ok());
    assert!(read_json(format!("[{}]", nested(32)).as_bytes()).is_ok());
    for error in [
        json(&nested(33)),
        yaml(&nested(33)),
        json(&format!("[{}]", nested(33))),
    ] {
        assert!(error.ends_with(": nested more than 32 deep"), "{error}");
    }
    let wide = |width: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(width - 1));
    assert!(read_json(wide(99_998).as_bytes()).is_ok());
    assert!(read_json(format!("[{0},{0}]", wide(99_998)).as_bytes()).is_ok());
    assert!(json(&wide(99_999)).ends_with("a[99998]: more than 100000 values"));
    assert!(yaml(&wide(99_999)).ends_with("a[99998]: more than 100000 values"));
}

#[test]
fn lines_have_their_place_in_the_whole_document() {
    let mut lines = read_json_lines(b"{}\r\n\n  {\"a\": }\n[]");
    assert!(lines.next().unwrap().is_ok());
    assert_eq!(
        lines.next().unwrap().unwrap_err().to_string(),
        "line 3, column 9: a: expected a value, found '}'"
    );
    assert_eq!(lines.next().unwrap().unwrap().at.line, 4);
    assert!(lines.next().is_none());
}

fn mistyped<T: serde::de::DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
    let node = read(text.as_bytes(), Format::Yaml).unwrap();
    decode::<T>(&node).unwrap_err().to_string()
}

#[test]
fn a_mistyped_member_says_where_and_what_was_meant() {
    let budget = "schema: contextrail.request/1\nname: loan\nbudget: {limt: 4000}\nitems: []\n";
    assert_eq!(
        mistyped::<Request>(budget),
        "line 3, column 10: budget.limt: unknown member; did you mean \"limit\"?"
    );
    assert_eq!(
        mistyped::<Request>("budget: {reserve_output: 5}\n"),
        "line 1, column 9: budget: the member \"limit\" is missing"
    );
    same(
        mistyped::<RequestBudget>,
        [
            (
                "[4000]",
                "line 1, column 1: expected an object, found a list",
            ),
            (
                "limit: many",
                "line 1, column 8: limit: expected a whole number, not negative, found the string \"many\"",
            ),
            (
                "limit: -1",
                "line 1, column 8: limit: expected a whole number, not negative, found the number -1",
            ),
            (
                "limit: 1.5",
                "line 1, column 8: limit: expected a whole number, not negative, found the number 1.5",
            ),
            (
                "limit: 1\ntokenizer: ''",
                "line 2, column 12: tokenizer: \"\" is not a valid name: expected 1 to 512 bytes without U+0000",
            ),
            (
                "limit: 1\nsize: 2",
                "line 2, column 1: size: unknown member; known here are limit, reserve_output, tokenizer, per_message",
            ),
        ],
    );
    let whole = read_yaml(b"limit: 1.0\nreserve_output: 1e2").unwrap();
    let whole: RequestBudget = decode(&whole).unwrap();
    assert_eq!((whole.limit, whole.reserve_output), (1, 100));
}

#[test]
fn a_mistyped_word_or_range_says_what_is_known() {
    let item = "index: 0\nkind: text\npriority: 0\nrequired: true\ntokens: 1\nused_tokens: 1\n";
    same(
        |tail| mistyped::<Item>(&format!("index: 0\nkind: text\n{tail}")),
        [
            (
                "verdict: droped",
                "line 3, column 10: verdict: \"droped\" is not one of included, truncated, dropped; did you mean \"dropped\"?",
            ),
            (
                "verdict: 1",
                "line 3, column 10: verdict: expected one of included, truncated, dropped, found the number 1",
            ),
            (
                "required: 'yes'",
                "line 3, column 11: required: expected true or false, found the string \"yes\"",
            ),
            (
                "kept: [[0, 1], [2]]",
                "line 3, column 16: kept[1]: expected an array of length 2, found 1 elements",
            ),
            (
                "kept: [[0, 1, 2]]",
                "line 3, column 8: kept[0]: expected 2 elements, found 3",
            ),
        ],
    );
    assert!(mistyped::<Item>(item).ends_with("the member \"verdict\" is missing"));
}

#[test]
fn a_checked_text_keeps_its_path() {
    let error = mistyped::<Context>("name: a\nfeatures:\n  - name: b\n    as_of: yesterday\n");
    assert_eq!(
        error,
        "line 4, column 12: features[0].as_of: \"yesterday\" is not a valid time: \
         expected RFC 3339 with an offset, such as 2026-11-22T18:42:30.131900Z"
    );
    assert_eq!(
        mistyped::<Decision>("governed_by:\n  model: credit_model\n"),
        "line 2, column 10: governed_by.model: expected a version written name@version, such as credit_model@2.1.0, or a list of them"
    );
}
