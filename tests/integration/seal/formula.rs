//! The formulas of `docs/format.md`, worked out again without the library.

use std::collections::BTreeMap;

use contextrail::record::{Body, Class, Draft};
use contextrail::seal::{Sealed, Source, open, seal};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::sample::{assembled, context, head, id};

/// A field as it lies in a slot: class, path, value.
pub(crate) type Cut = (u8, String, Vec<u8>);

/// A slot: its number, its seed and its fields.
pub(crate) type Slot = (u16, [u8; 32], Vec<Cut>);

/// The bytes of a slot that are still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn length(&mut self) -> usize {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = self.bytes(1)[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    fn long(&mut self) -> &'a [u8] {
        let length = self.length();
        self.bytes(length)
    }
}

/// Reads the bytes of the slots: the tenant's lists every field, the others have values alone.
pub(crate) fn slots(sealed: &Sealed) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut values: BTreeMap<u16, Vec<Vec<u8>>> = BTreeMap::new();
    for slot in &sealed.slots {
        let mut rest = Rest(&slot.bytes);
        assert_eq!(rest.bytes(1), [2]);
        let seed = rest.bytes(32).try_into().unwrap();
        let number = slot.slot.number();
        slots.push((number, seed, Vec::new()));
        if number > 0 {
            for _ in 0..rest.length() {
                rest.long();
            }
            let own = (0..rest.length()).map(|_| rest.long().to_vec()).collect();
            values.insert(number, own);
        }
    }
    let mut rest = Rest(&sealed.slots[0].bytes[33..]);
    let mut listed = Vec::new();
    for _ in 0..rest.length() {
        let class = rest.bytes(1)[0];
        let path = String::from_utf8(rest.long().to_vec()).unwrap();
        let (number, value) = if class & 0x80 == 0 {
            (0, rest.long().to_vec())
        } else {
            let number = u16::try_from(rest.length()).unwrap();
            let value = values.get_mut(&number).unwrap().remove(0);
            let seed = slots.iter().find(|it| it.0 == number).unwrap().1;
            listed.push(commitment(&seed, &path, &value));
            (number, value)
        };
        let slot = slots.iter_mut().find(|it| it.0 == number).unwrap();
        slot.2.push((class & 0x7f, path, value));
    }
    for commitment in listed {
        assert_eq!(rest.bytes(32), commitment);
    }
    assert!(rest.0.is_empty() && values.values().all(Vec::is_empty));
    slots
}

fn commitment(seed: &[u8; 32], path: &str, value: &[u8]) -> [u8; 32] {
    let salt = hmac(seed, &[b"salt\0", path.as_bytes()].concat());
    let commitment = [b"contextrail/value/v1\0", &*lp(&salt), &*lp(value)].concat();
    Sha256::digest(commitment).into()
}

pub(super) fn fields_by_slot(sealed: &Sealed) -> BTreeMap<u16, Vec<Cut>> {
    let slots = slots(sealed).into_iter();
    slots.map(|(number, _, fields)| (number, fields)).collect()
}

fn lp(part: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(part.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(part);
    out
}

pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn merkle(leaves: &[[u8; 32]]) -> [u8; 32] {
    if let [leaf] = leaves {
        return *leaf;
    }
    let mut split = 1;
    while split * 2 < leaves.len() {
        split *= 2;
    }
    let node = [
        &[1][..],
        &merkle(&leaves[..split]),
        &merkle(&leaves[split..]),
    ]
    .concat();
    Sha256::digest(node).into()
}

fn root(sealed: &Sealed) -> [u8; 32] {
    let mut leaves = BTreeMap::new();
    for (_, seed, fields) in slots(sealed) {
        for (class, path, value) in fields {
            let commitment = commitment(&seed, &path, &value);
            let class = ["plain", "confidential", "personal"][usize::from(class)];
            let leaf = [
                b"\0contextrail/field/v1\0",
                &*lp(path.as_bytes()),
                &*lp(class.as_bytes()),
                &*lp(&commitment),
            ];
            let leaf: [u8; 32] = Sha256::digest(leaf.concat()).into();
            assert!(
                leaves.insert(path.into_bytes(), leaf).is_none(),
                "a path is there twice"
            );
        }
    }
    merkle(&leaves.into_values().collect::<Vec<_>>())
}

fn full() -> Sealed {
    let (assembly, texts) = assembled(&[
        ("Shared policy", Class::Confidential),
        ("Credit score: 720", Class::Personal),
    ]);
    let mut draft = Draft::new(
        id(1),
        context(json!({
            "entities": [{"type": "applicant", "id": "user_456"}, {"type": "account", "id": "9"}],
            "inputs": {"a/b": 1, "~": [true, null], "": {}},
            "features": [{"name": "score", "entity": "applicant:user_456", "value": 720,
                          "source": "compute", "status": "ok", "fetched_at": crate::sample::time(0)}],
            "assembly": assembly,
        })),
    );
    draft.texts = texts;
    seal(head(id(1)), draft, &Source::New).unwrap()
}

#[test]
fn the_root_is_that_of_the_formulas() {
    let sealed = full();
    assert_eq!(root(&sealed), sealed.root);
    assert!(sealed.slots.len() >= 3);
}

#[test]
fn keyed_digests_are_those_of_the_formula() {
    let sealed = full();
    let Body::Context(context) = &sealed.record.body else {
        panic!("a context was sealed");
    };
    let assembly = context.assembly.as_ref().unwrap();
    let text = "Shared policy\n\nCredit score: 720";
    let expected = assembly.text_digest.unwrap();
    let keyed = |text: &str| {
        let message = [b"digest\0", text.as_bytes()].concat();
        let slots = slots(&sealed).into_iter();
        slots
            .map(|(_, seed, _)| hmac(&seed, &message))
            .collect::<Vec<_>>()
    };
    assert!(keyed(text).iter().any(|mac| mac == expected.as_bytes()));
    let item = assembly.items[1].digest.unwrap();
    assert!(item.to_string().starts_with("hmac-sha256:"));
    assert!(
        keyed("Credit score: 720")
            .iter()
            .any(|mac| mac == item.as_bytes())
    );
    let shared: [u8; 32] = Sha256::digest("Shared policy").into();
    assert_eq!(assembly.items[0].digest.unwrap().as_bytes(), &shared);
}

#[test]
fn fields_are_disjoint_and_make_up_the_record() {
    let sealed = full();
    let mut whole = serde_json::to_value(&sealed.record).unwrap();
    let mut leaves = 0;
    for (_, path, value) in fields_by_slot(&sealed).into_values().flatten() {
        let value: Value = serde_json::from_slice(&value).unwrap();
        let at = whole.pointer_mut(&path).expect("the path is in the record");
        match (&value, &*at) {
            (Value::Object(part), Value::Object(members)) => {
                for (name, value) in part {
                    assert_eq!(&members[name], value, "{path}/{name}");
                }
            }
            _ => assert_eq!(&value, at, "{path}"),
        }
        leaves += 1;
    }
    assert_eq!(sealed.fields, leaves);
    assert_eq!(open(&sealed.slots).unwrap().fields, leaves);
}
