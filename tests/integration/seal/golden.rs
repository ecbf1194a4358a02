//! Records sealed by every version that ever wrote any, kept for good.
//!
//! A file of a schema version and a layout of slots is never changed: what it holds has to be read,
//! verified and exported by every later version. `CONTEXTRAIL_WRITE_GOLDEN=1` writes files that are
//! missing, for a new schema version, in the newest layout.

use std::collections::BTreeMap;
use std::path::PathBuf;

use contextrail::codec::{Unknown, decode_record};
use contextrail::log::{Hash, root};
use contextrail::record::{Class, Kind, Record};
use contextrail::seal::{
    Disclosure, Sealed, Slot, SlotBytes, Source, disclose, field_leaf, open, seal, value_commitment,
};
use serde::{Deserialize, Serialize};

use crate::codec::record::{exported as sample, node};

/// One record as it was sealed, all bytes in hexadecimal.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    schema: String,
    root: String,
    fields: u64,
    slots: BTreeMap<u16, String>,
    export: serde_json::Value,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The folder of each layout of slots, the newest last.
const LAYOUTS: [&str; 2] = ["", "slots-2"];
const NEWEST: &str = LAYOUTS[1];
/// The kinds of record that there were in the first layout.
const IN_FIRST_LAYOUT: [Kind; 8] = [
    Kind::Context,
    Kind::Generation,
    Kind::Decision,
    Kind::Review,
    Kind::Outcome,
    Kind::Import,
    Kind::Key,
    Kind::Succession,
];

fn path(layout: &str, kind: Kind) -> PathBuf {
    let name = kind.schema().replace(['.', '/'], "-");
    [
        env!("CARGO_MANIFEST_DIR"),
        "tests/integration/golden",
        layout,
        &format!("{name}.json"),
    ]
    .iter()
    .collect()
}

fn golden(layout: &str, kind: Kind) -> Golden {
    let text = std::fs::read_to_string(path(layout, kind))
        .unwrap_or_else(|error| panic!("{layout} {kind}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn slots_of(golden: &Golden) -> Vec<SlotBytes> {
    let slots = golden.slots.iter().map(|(number, bytes)| SlotBytes {
        slot: Slot::new(*number),
        bytes: unhex(bytes),
    });
    slots.collect()
}

fn exported(record: &Record) -> serde_json::Value {
    serde_json::to_value(record).unwrap()
}

fn write_missing(kind: Kind) {
    if path(NEWEST, kind).exists() || std::env::var_os("CONTEXTRAIL_WRITE_GOLDEN").is_none() {
        return;
    }
    let record = decode_record(&node(&sample(kind)), Unknown::Refuse)
        .unwrap()
        .record;
    let draft = Sealed::to_draft(&record, Vec::new());
    let sealed = seal(record.head, draft, &Source::New).unwrap();
    let golden = Golden {
        schema: kind.schema().to_owned(),
        root: hex(&sealed.root),
        fields: sealed.fields,
        slots: sealed
            .slots
            .iter()
            .map(|slot| (slot.slot.number(), hex(&slot.bytes)))
            .collect(),
        export: exported(&sealed.record),
    };
    let text = serde_json::to_string_pretty(&golden).unwrap() + "\n";
    std::fs::write(path(NEWEST, kind), text).unwrap();
}

#[test]
fn records_of_every_schema_version_and_layout_are_read_verified_and_exported_for_ever() {
    for kind in Kind::ALL {
        write_missing(kind);
        for (layout, format) in LAYOUTS.into_iter().zip(1..) {
            if layout != NEWEST && !IN_FIRST_LAYOUT.contains(&kind) {
                continue;
            }
            let golden = golden(layout, kind);
            let slots = slots_of(&golden);
            assert!(slots.iter().all(|slot| slot.bytes[0] == format));
            let opened = open(&slots).unwrap();
            assert_eq!(opened.record.kind().schema(), golden.schema);
            assert_eq!(
                (hex(&opened.root), opened.fields),
                (golden.root.clone(), golden.fields),
                "{layout} {kind}"
            );
            assert_eq!(exported(&opened.record), golden.export, "{layout} {kind}");
            assert_eq!(
                hex(&by_the_formulas(&slots)),
                golden.root,
                "{layout} {kind}"
            );
        }
    }
}

#[test]
fn the_tenants_slot_alone_has_the_root_of_the_whole_record() {
    for kind in Kind::ALL {
        let golden = golden(NEWEST, kind);
        let slots = slots_of(&golden);
        let opened = open(&slots[..1]).unwrap();
        assert_eq!(opened.withheld.is_empty(), slots.len() == 1, "{kind}");
        assert_eq!(
            (hex(&opened.root), opened.fields),
            (golden.root.clone(), golden.fields),
            "{kind}"
        );
        assert_eq!(hex(&by_the_formulas(&slots[..1])), golden.root, "{kind}");
    }
}

/// The root, computed from what `docs/format.md` says.
fn by_the_formulas(slots: &[SlotBytes]) -> Hash {
    let fields = disclose(slots).unwrap();
    let leaves: Vec<Hash> = fields
        .iter()
        .map(|field| {
            let commitment = match &field.content {
                Disclosure::Shown { salt, value } => value_commitment(salt, value),
                Disclosure::Withheld { commitment } => *commitment,
            };
            field_leaf(&field.path, field.class, &commitment)
        })
        .collect();
    assert!(fields.iter().any(|field| field.class == Class::Plain));
    root(&leaves)
}
