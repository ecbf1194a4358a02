//! Random records: what is sealed opens to the same record and the same root.

use contextrail::record::{Body, Draft, Record};
use contextrail::seal::{Source, open, seal};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::sample::{head, id, time};

/// Texts that break things: markup, quotes, path characters, control characters, other scripts.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z0-9/~ ]{0,12}",
        2 => any::<String>(),
        1 => prop::sample::select(vec![
            "x'; DROP TABLE contexts; --", "../../etc/passwd", "[bold]red[/]", "مرحبا 🙂",
            "\u{202e}evil", "a\0b", "\u{feff}", "~1~0/~", "0", "00", "-1", "null", "__proto__",
            "hmac-sha256:", "\u{2028}\u{2029}", "\u{10ffff}",
        ]).prop_map(str::to_owned),
    ]
}

fn name() -> impl Strategy<Value = String> {
    text().prop_map(|text| {
        let mut text: String = text.chars().filter(|c| *c != '\0').take(100).collect();
        if text.is_empty() {
            text.push('x');
        }
        text
    })
}

/// A whole double is written as an integer and read back as one, which is the same number.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite, with a fraction", |it| it.is_finite()
                && it.fract() != 0.0)
            .prop_map(Value::from),
    ]
}

pub(super) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(text(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn members() -> impl Strategy<Value = Value> {
    btree_map(text(), json_value(), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn fraction() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |it| it.is_finite())
}

fn digest() -> impl Strategy<Value = Value> {
    ("(hmac-)?", "[0-9a-f]{64}").prop_map(|(keyed, hex)| json!(format!("{keyed}sha256:{hex}")))
}

fn at() -> impl Strategy<Value = Value> {
    (-1_000_000_i64..1_000_000).prop_map(|seconds| json!(time(seconds)))
}

fn error() -> impl Strategy<Value = Value> {
    (name(), text()).prop_map(|(code, message)| json!({"code": code, "message": message}))
}

/// An object from members that may be left out; `null` stands for a value only where `value` says so.
fn object(members: Vec<(&'static str, Option<Value>)>) -> Value {
    let members = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(members.collect::<Map<_, _>>())
}

fn entities() -> impl Strategy<Value = Vec<Value>> {
    vec(("[a-z]{1,3}", name()), 0..4).prop_map(|pairs| {
        let pairs: std::collections::BTreeSet<_> = pairs.into_iter().collect();
        let entity = |(kind, id)| json!({"type": kind, "id": id});
        pairs.into_iter().map(entity).collect()
    })
}

fn feature() -> impl Strategy<Value = Value> {
    (
        (
            name(),
            option::of(name()),
            option::of(name()),
            option::of(json_value()),
        ),
        option::of((name(), option::of(name()), option::of(name()))),
        (
            vec(name(), 0..3),
            vec((name(), name()), 0..3),
            option::of(error()),
        ),
        (option::of(at()), at(), option::of(-5_000_i64..5_000)),
    )
        .prop_map(
            |((name, version, whom, value), origin, (transforms, quality, error), times)| {
                let origin = origin.map(|(system, dataset, record)| {
                    object(vec![
                        ("system", Some(json!(system))),
                        ("dataset", dataset.map(Value::from)),
                        ("record", record.map(Value::from)),
                    ])
                });
                let quality: Vec<Value> = quality
                    .into_iter()
                    .map(|(check, result)| json!({"check": check, "result": result}))
                    .collect();
                object(vec![
                    ("name", Some(json!(name))),
                    ("version", version.map(Value::from)),
                    ("entity", whom.map(|id| json!(format!("a:{id}")))),
                    ("value", value),
                    ("source", Some(json!("cache"))),
                    ("origin", origin),
                    ("transforms", Some(json!(transforms))),
                    ("quality", Some(json!(quality))),
                    ("status", Some(json!("ok"))),
                    ("error", error),
                    ("as_of", times.0),
                    ("fetched_at", Some(times.1)),
                    ("freshness_ms", times.2.map(Value::from)),
                ])
            },
        )
}

fn document() -> impl Strategy<Value = Value> {
    (
        (
            name(),
            option::of(name()),
            option::of(name()),
            option::of(fraction()),
        ),
        (
            option::of(digest()),
            option::of(text()),
            option::of(at()),
            option::of(any::<bool>()),
        ),
    )
        .prop_map(
            |((document, chunk, version, score), (digest, uri, as_of, stale))| {
                object(vec![
                    ("rank", Some(json!(1))),
                    ("document", Some(json!(document))),
                    ("chunk", chunk.map(Value::from)),
                    ("version", version.map(Value::from)),
                    ("score", score.map(Value::from)),
                    ("digest", digest),
                    ("uri", uri.map(Value::from)),
                    ("as_of", as_of),
                    ("stale", stale.map(Value::from)),
                    ("used", Some(json!("included"))),
                ])
            },
        )
}

fn retrieval() -> impl Strategy<Value = Value> {
    let class = prop::sample::select(vec!["shared", "personal"]);
    (
        name(),
        class,
        text(),
        members(),
        option::of(error()),
        vec(document(), 0..3),
    )
        .prop_map(|(retriever, class, query, filters, error, results)| {
            object(vec![
                ("retriever", Some(json!(retriever))),
                ("class", Some(json!(class))),
                ("query", Some(json!(query))),
                ("filters", Some(filters)),
                ("status", Some(json!("ok"))),
                ("error", error),
                ("results", Some(json!(results))),
            ])
        })
}

fn tool() -> impl Strategy<Value = Value> {
    (
        name(),
        option::of(json_value()),
        option::of(json_value()),
        option::of(error()),
    )
        .prop_map(|(name, arguments, output, error)| {
            object(vec![
                ("name", Some(json!(name))),
                ("arguments", arguments),
                ("output", output),
                ("status", Some(json!("ok"))),
                ("error", error),
            ])
        })
}

fn guardrail() -> impl Strategy<Value = Value> {
    (name(), option::of(json_value()), option::of(error())).prop_map(|(name, native, error)| {
        object(vec![
            ("name", Some(json!(name))),
            ("stage", Some(json!("input"))),
            ("native", native),
            ("verdict", Some(json!("flag"))),
            ("error", error),
        ])
    })
}

fn assembly() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["template", "feature", "document", "turn", "text"]);
    let item = (
        kind,
        option::of(name()),
        option::of(text()),
        option::of(digest()),
    );
    (vec(item, 0..4), text(), option::of(digest())).prop_map(|(items, separator, digest)| {
        let items: Vec<Value> = (0..)
            .zip(items)
            .map(|(index, (kind, reference, marker, digest)): (u64, _)| {
                object(vec![
                    ("index", Some(json!(index))),
                    ("kind", Some(json!(kind))),
                    ("ref", reference.map(Value::from)),
                    ("marker", marker.map(Value::from)),
                    ("priority", Some(json!(1))),
                    ("required", Some(json!(false))),
                    ("tokens", Some(json!(3))),
                    ("used_tokens", Some(json!(2))),
                    ("verdict", Some(json!("truncated"))),
                    ("kept", Some(json!([[0, 3], [5, 9]]))),
                    ("digest", digest),
                ])
            })
            .collect();
        object(vec![
            (
                "tokenizer",
                Some(json!({"name": "o200k_base", "engine": "e"})),
            ),
            (
                "budget",
                Some(json!({"limit": 9, "reserve_output": 0, "available": 9, "used": 4})),
            ),
            ("separator", Some(json!(separator))),
            ("items", Some(json!(items))),
            ("text_digest", digest),
        ])
    })
}

fn context() -> impl Strategy<Value = Body> {
    let sections = (
        vec(feature(), 0..3),
        vec(retrieval(), 0..3),
        vec(tool(), 0..2),
        vec(guardrail(), 0..2),
        option::of(assembly()),
    );
    let violation = (name(), option::of(-9_i64..9)).prop_map(|(reference, age)| {
        object(vec![
            ("ref", Some(json!(reference))),
            ("age_ms", age.map(Value::from)),
            ("reason", Some(json!("too_old"))),
        ])
    });
    let rest = (
        vec(violation, 0..3),
        vec(text(), 0..3),
        option::of(error()),
        option::of((name(), option::of(json_value()))),
    );
    let once = (entities(), members(), members(), members(), members());
    (name(), sections, rest, once).prop_map(
        |(name, (features, retrievals, tools, guardrails, assembly), rest, once)| {
            let (violations, warnings, error, agent) = rest;
            let (entities, inputs, variables, parameters, extra) = once;
            let agent = agent
                .map(|(name, state)| object(vec![("name", Some(json!(name))), ("state", state)]));
            let mut more = object(vec![
                ("name", Some(json!(name))),
                ("entities", Some(json!(entities))),
                ("inputs", Some(inputs)),
                (
                    "template",
                    Some(json!({"name": name, "variables": variables})),
                ),
                (
                    "model",
                    Some(json!({"name": name, "parameters": parameters})),
                ),
                ("features", Some(json!(features))),
                ("retrievals", Some(json!(retrievals))),
                ("tools", Some(json!(tools))),
                ("guardrails", Some(json!(guardrails))),
                ("assembly", assembly),
                ("error", error),
                ("agent", agent),
                ("extra", Some(extra)),
            ]);
            more["freshness"] = json!({"status": "degraded", "violations": violations});
            more["capture"] = json!({"door": "http", "sections": {}, "warnings": warnings});
            crate::sample::context(more).into()
        },
    )
}

fn decision() -> impl Strategy<Value = Body> {
    let reasons = vec((name(), option::of(text()), vec(name(), 0..3)), 0..3);
    let numbers = (option::of(fraction()), btree_map(text(), fraction(), 0..4));
    let human = any::<bool>();
    (
        entities(),
        members(),
        members(),
        reasons,
        numbers,
        vec((name(), fraction()), 0..3),
        human,
    )
        .prop_map(
            |(entities, output, extra, reasons, (confidence, kpis), signals, human)| {
                let reasons: Vec<Value> = reasons
                    .into_iter()
                    .map(|(code, text, refs)| {
                        object(vec![
                            ("code", Some(json!(code))),
                            ("text", text.map(Value::from)),
                            ("refs", Some(json!(refs))),
                        ])
                    })
                    .collect();
                let rationale: Vec<Value> = signals
                    .into_iter()
                    .map(|(signal, it)| json!({"signal": signal, "contribution": it}))
                    .collect();
                let kind = if human { "human" } else { "system" };
                let contexts: Vec<Value> = (1..=entities.len())
                    .map(|number| json!(id(u64::try_from(number).unwrap())))
                    .collect();
                crate::sample::decision(object(vec![
                    ("entities", Some(json!(entities))),
                    ("contexts", Some(json!(contexts))),
                    ("output", Some(output)),
                    ("extra", Some(extra)),
                    ("reasons", Some(json!(reasons))),
                    ("rationale", Some(json!(rationale))),
                    ("confidence", confidence.map(Value::from)),
                    ("kpis", Some(json!(kpis))),
                    ("decided_by", Some(json!({"kind": kind, "id": "officer_7"}))),
                    (
                        "governed_by",
                        Some(json!({"a/b~c": "m@1", "constraints": ["x@1", "y@2"]})),
                    ),
                ]))
                .into()
            },
        )
}

fn generation() -> impl Strategy<Value = Body> {
    (
        text(),
        vec(tool(), 0..3),
        vec(guardrail(), 0..2),
        members(),
        option::of(digest()),
    )
        .prop_map(|(text, tool_calls, guardrails, extra, digest)| {
            let value = object(vec![
                ("context", Some(json!(id(1)))),
                ("model", Some(json!({"name": "gpt-4o"}))),
                ("request_digest", digest),
                ("text", Some(json!(text))),
                ("tool_calls", Some(json!(tool_calls))),
                ("guardrails", Some(json!(guardrails))),
                ("extra", Some(extra)),
            ]);
            let generation: contextrail::record::Generation =
                serde_json::from_value(value).unwrap();
            generation.into()
        })
}

fn review() -> impl Strategy<Value = Body> {
    (name(), option::of(text()), members(), option::of(digest())).prop_map(
        |(outcome, note, extra, digest)| {
            let value = object(vec![
                ("decision", Some(json!(id(1)))),
                ("verdict", Some(json!("approve"))),
                ("note", note.map(Value::from)),
                ("decided_at", Some(json!(time(1)))),
                ("shown_digest", digest),
                ("original_outcome", Some(json!(outcome))),
                ("extra", Some(extra)),
            ]);
            let review: contextrail::record::Review = serde_json::from_value(value).unwrap();
            review.into()
        },
    )
}

fn outcome() -> impl Strategy<Value = Body> {
    (
        name(),
        option::of(json_value()),
        option::of(text()),
        members(),
    )
        .prop_map(|(kind, value, note, extra)| {
            let value = object(vec![
                ("decision", Some(json!(id(1)))),
                ("kind", Some(json!(kind))),
                ("value", value),
                ("at", Some(json!(time(1)))),
                ("note", note.map(Value::from)),
                ("extra", Some(extra)),
            ]);
            let outcome: contextrail::record::Outcome = serde_json::from_value(value).unwrap();
            outcome.into()
        })
}

pub(super) fn body() -> impl Strategy<Value = Body> {
    prop_oneof![4 => context(), 2 => decision(), 1 => generation(), 1 => review(), 1 => outcome()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn what_is_sealed_opens_to_the_same_record_and_root(
        body in body(),
        about in entities(),
    ) {
        let mut draft = Draft::new(id(1), body);
        draft.about = serde_json::from_value(json!(about)).unwrap();
        let record = Record { head: head(id(1)), body: draft.body.clone() };
        let sealed = seal(head(id(1)), draft, &Source::New).unwrap();
        prop_assert_eq!(&sealed.record, &record);
        let opened = open(&sealed.slots).unwrap();
        prop_assert_eq!(opened.record, record);
        prop_assert_eq!(opened.root, sealed.root);
        prop_assert_eq!(opened.fields, sealed.fields);
    }

    #[test]
    fn seeds_given_make_the_same_root(body in body(), about in entities()) {
        let mut draft = Draft::new(id(1), body);
        draft.about = serde_json::from_value(json!(about)).unwrap();
        let sealed = seal(head(id(1)), draft.clone(), &Source::New).unwrap();
        let opened = open(&sealed.slots).unwrap();
        let source = Source::Elsewhere { seeds: opened.seeds, texts: opened.texts };
        let again = seal(head(id(1)), draft, &source).unwrap();
        prop_assert_eq!(again.root, sealed.root);
    }
}
