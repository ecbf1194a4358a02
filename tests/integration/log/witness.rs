//! Requests to a witness, and when it agrees. The signed requests are those of the tests of
//! litewitness (`filippo.io/torchwood`).

use contextrail::log::{
    AddCheckpoint, Checkpoint, CheckpointError, Hash, KeyKind, NoteError, ProofError, Refusal,
    RequestError, SignedCheckpoint, TreeHead, VerifierKey, VerifyError,
};
use proptest::prelude::*;

use super::keys::{signing_key, verifier_key};
use super::naive::{count, leaves, mth, proof};

const ORIGIN: &str =
    "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";

/// The key of the log of litewitness's tests.
fn known_log() -> VerifierKey {
    let hex = "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f";
    let bytes: Vec<u8> = (0..64)
        .step_by(2)
        .map(|place| u8::from_str_radix(&hex[place..place + 2], 16).unwrap())
        .collect();
    let name = ORIGIN.parse().unwrap();
    VerifierKey::new(name, KeyKind::Note, &bytes.try_into().unwrap()).unwrap()
}

fn known_request(head: &str, size: u64, root: &str, signature: &str) -> AddCheckpoint {
    let text = format!("{head}\n{ORIGIN}\n{size}\n{root}\n\n— {ORIGIN} {signature}\n");
    let request = AddCheckpoint::parse(text.as_bytes()).unwrap();
    assert_eq!(request.to_string(), text);
    request
}

fn first() -> AddCheckpoint {
    known_request(
        "old 0\n",
        1,
        "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=",
    )
}

fn to_three() -> AddCheckpoint {
    known_request(
        "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nKgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        3,
        "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=",
        "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=",
    )
}

fn to_five() -> AddCheckpoint {
    known_request(
        "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\nKgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        5,
        "QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=",
        "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=",
    )
}

#[test]
fn the_requests_of_another_implementation_are_agreed_to() {
    let keys = [known_log()];
    let one = first().check(&keys, &TreeHead::empty()).unwrap();
    assert_eq!(one.size, 1);
    assert_eq!(to_three().check(&keys, &one).unwrap().size, 3);
    let five = to_five().check(&keys, &one).unwrap();
    assert_eq!(five.root, *to_five().checkpoint().checkpoint().root());
    // The slower of two requests that start from one head comes too late.
    let refusal = to_three().check(&keys, &five).unwrap_err();
    assert_eq!(refusal, Refusal::Stale { old: 1, newest: 5 });
    assert_eq!((refusal.status(), refusal.newest()), (409, Some(5)));
}

fn request(old: u64, path: Vec<Hash>, size: u64, root: Hash) -> AddCheckpoint {
    let checkpoint = Checkpoint::new("log.example", size, root).unwrap();
    let key = signing_key("log.example", 1);
    let signed = SignedCheckpoint::sign(checkpoint, &key).unwrap();
    AddCheckpoint::new(old, path, signed).unwrap()
}

fn keys() -> Vec<VerifierKey> {
    vec![signing_key("log.example", 1).verifier_key()]
}

fn head(leaves: &[Hash]) -> TreeHead {
    TreeHead {
        size: count(leaves.len()),
        root: mth(leaves),
    }
}

#[test]
fn trees_of_no_leaf_are_treated_as_the_specification_and_others_do() {
    let leaf = leaves(1)[0];
    let (empty, one) = (TreeHead::empty(), head(&[leaf]));
    let status = |request: AddCheckpoint, newest: &TreeHead| match request.check(&keys(), newest) {
        Ok(_) => 200,
        Err(refusal) => refusal.status(),
    };
    for (old, path, size, root, newest, expected) in [
        (0, vec![], 0, empty.root, &empty, 200),
        (0, vec![], 0, leaf, &empty, 422),
        (0, vec![], 0, [0; 32], &empty, 422),
        (0, vec![leaf], 0, empty.root, &empty, 422),
        (0, vec![], 1, leaf, &empty, 200),
        (0, vec![leaf], 1, leaf, &empty, 422),
        (0, vec![leaf], 1, leaf, &one, 409),
        (1, vec![], 0, empty.root, &one, 400),
        (1, vec![], 1, leaf, &one, 200),
        (1, vec![leaf], 1, leaf, &one, 422),
        (1, vec![], 1, [9; 32], &one, 409),
    ] {
        let request = request(old, path, size, root);
        assert_eq!(status(request.clone(), newest), expected, "{request}");
    }
}

#[test]
fn each_refusal_has_its_status() {
    let all = leaves(9);
    let (newest, path) = (head(&all[..4]), proof(4, &all));
    let good = request(4, path.clone(), 9, mth(&all));
    let refusal = |request: &AddCheckpoint, keys: &[VerifierKey]| {
        let refusal = request.check(keys, &newest).unwrap_err();
        (refusal.status(), refusal)
    };
    assert_eq!(good.check(&keys(), &newest), Ok(head(&all)));
    assert_eq!(
        refusal(&good, &[]),
        (
            404,
            Refusal::UnknownLog {
                origin: "log.example".to_owned()
            }
        )
    );
    let other = signing_key("log.example", 2).verifier_key();
    assert_eq!(
        refusal(&good, &[other]),
        (403, Refusal::Unsigned(VerifyError::Untrusted))
    );
    assert_eq!(
        refusal(&request(9, vec![], 4, newest.root), &keys()),
        (400, Refusal::Shrunk { old: 9, size: 4 })
    );
    assert_eq!(
        refusal(&request(3, path.clone(), 9, mth(&all)), &keys()),
        (409, Refusal::Stale { old: 3, newest: 4 })
    );
    assert_eq!(
        refusal(&request(4, vec![], 4, [1; 32]), &keys()),
        (409, Refusal::Split { size: 4 })
    );
    assert_eq!(
        refusal(&request(4, path[1..].to_vec(), 9, mth(&all)), &keys()),
        (
            422,
            Refusal::Inconsistent(ProofError::PathTooShort {
                hashes: path.len() - 1
            })
        )
    );
    assert_eq!(
        refusal(&request(4, path, 9, [1; 32]), &keys()),
        (
            422,
            Refusal::Inconsistent(ProofError::OtherRoot { size: 9 })
        )
    );
    assert_eq!(Refusal::Split { size: 4 }.newest(), Some(4));
    assert_eq!(Refusal::Shrunk { old: 9, size: 4 }.newest(), None);
}

#[test]
fn a_request_whose_signature_was_changed_is_refused() {
    let all = leaves(3);
    let text = request(0, vec![], 3, mth(&all))
        .to_string()
        .replace("\n3\n", "\n4\n");
    let changed = AddCheckpoint::parse(text.as_bytes()).unwrap();
    let refusal = changed.check(&keys(), &TreeHead::empty()).unwrap_err();
    assert!(matches!(
        refusal,
        Refusal::Unsigned(VerifyError::BadSignature { .. })
    ));
    assert_eq!(refusal.status(), 403);
}

#[test]
fn malformed_requests_are_refused_with_the_reason() {
    use RequestError::{Checkpoint, Hash, NoBlankLine, OldSize, PathTooLong};
    let good = to_three().to_string();
    let hash = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let change = |from: &str, to: &str| good.replacen(from, to, 1);
    for (text, reason) in [
        (String::new(), NoBlankLine),
        ("old 1\n".to_owned(), NoBlankLine),
        (change("old 1", "old"), OldSize),
        (change("old 1", "old 01"), OldSize),
        (change("old 1", "old -1"), OldSize),
        (change("old 1", "old  1"), OldSize),
        (change("old 1", "Old 1"), OldSize),
        (change("old 1", "old 1 "), OldSize),
        (change("old 1\n", ""), OldSize),
        (change("old 1\n", "old 1\r\n"), OldSize),
        (change("old 1", "old 18446744073709551616"), OldSize),
        (change(hash, "x"), Hash { number: 1 }),
        (change(hash, &hash[..43]), Hash { number: 1 }),
        (change(hash, "old 1"), Hash { number: 1 }),
        (
            change("old 1\n", "old 1\n\n"),
            Checkpoint(CheckpointError::Size),
        ),
        (
            change(hash, format!("{hash}\n").repeat(64).trim_end()),
            PathTooLong,
        ),
        (
            good.trim_end().to_owned(),
            Checkpoint(NoteError::NoNewline.into()),
        ),
        (
            good.split_inclusive("\n\n").take(2).collect(),
            Checkpoint(NoteError::NoSignature.into()),
        ),
    ] {
        assert_eq!(
            AddCheckpoint::parse(text.as_bytes()),
            Err(reason),
            "{text:?}"
        );
    }
    let bytes = [b"\xff", good.as_bytes()].concat();
    assert_eq!(
        AddCheckpoint::parse(&bytes),
        Err(RequestError::NotUtf8 { offset: 0 })
    );
    let bytes = vec![b'a'; 2_000_000];
    assert_eq!(
        AddCheckpoint::parse(&bytes),
        Err(RequestError::TooLong { bytes: 2_000_000 })
    );
    let long = AddCheckpoint::new(1, vec![[0; 32]; 64], first().checkpoint().clone());
    assert_eq!(long, Err(PathTooLong));
}

#[test]
fn the_examples_of_the_specification_are_read() {
    let text = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";
    let request = AddCheckpoint::parse(text.as_bytes()).unwrap();
    assert_eq!(request.old(), 20_852_014);
    assert_eq!(request.path().len(), 4);
    assert_eq!(request.checkpoint().note().signatures().len(), 2);
    assert_eq!(request.to_string(), text);
    let stranger = verifier_key(super::keys::PETER);
    let refusal = request.check(&[stranger], &TreeHead::empty()).unwrap_err();
    assert_eq!(refusal.status(), 403);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_witness_follows_an_honest_log_and_no_rewritten_one(
        sizes in prop::collection::btree_set(1_usize..120, 2..6),
        rewritten: prop::sample::Index,
    ) {
        let sizes: Vec<usize> = sizes.into_iter().collect();
        let all = leaves(120);
        let mut newest = TreeHead::empty();
        for size in &sizes {
            let part = &all[..*size];
            let old = usize::try_from(newest.size).unwrap();
            let path = if old == 0 { Vec::new() } else { proof(old, part) };
            let request = request(newest.size, path, count(*size), mth(part));
            newest = request.check(&keys(), &newest).unwrap();
        }
        prop_assert_eq!(newest.size, count(*sizes.last().unwrap()));

        let old = *sizes.last().unwrap();
        let mut other = all.clone();
        other[rewritten.index(old)] = [7; 32];
        let request = request(count(old), proof(old, &other), 120, mth(&other));
        let refusal = request.check(&keys(), &newest).unwrap_err();
        prop_assert_eq!(refusal.status(), 422);
    }
}
