//! What a witness answers over HTTP (C2SP `tlog-witness`).

use contextrail::log::{
    AddCheckpoint, Checkpoint, Hash, SignedCheckpoint, SigningKey, VerifierKey, root,
};

use super::served::{Served, post};

const ORIGIN: &str = "contextrail/test/log";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN.parse().unwrap(), &[seed; 32])
}

fn leaves(size: u8) -> Vec<Hash> {
    (0..size).map(|number| [number; 32]).collect()
}

/// A head of the log over `leaves`.
fn head(leaves: &[Hash]) -> SignedCheckpoint {
    head_by(&key(1), ORIGIN, leaves)
}

fn head_by(key: &SigningKey, origin: &str, leaves: &[Hash]) -> SignedCheckpoint {
    let size = u64::try_from(leaves.len()).unwrap();
    let checkpoint = Checkpoint::new(origin, size, root(leaves)).unwrap();
    SignedCheckpoint::sign(checkpoint, key).unwrap()
}

fn request(old: u64, path: &[Hash], head: SignedCheckpoint) -> String {
    AddCheckpoint::new(old, path.to_vec(), head)
        .unwrap()
        .to_string()
}

/// A proof from a tree of one leaf to one of two, and from two to four.
fn one_to_two() -> Vec<Hash> {
    vec![leaves(2)[1]]
}

fn two_to_four() -> Vec<Hash> {
    vec![root(&leaves(4)[2..])]
}

async fn served(folder: &tempfile::TempDir) -> Served {
    Served::start(folder.path(), &[key(1).verifier_key()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_continue_are_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let witness = served(&folder).await;
    for (old, path, size) in [
        (0, Vec::new(), 1),
        (1, Vec::new(), 1),
        (1, one_to_two(), 2),
        (2, two_to_four(), 4),
    ] {
        let mut head = head(&leaves(size));
        let answer = witness.add_checkpoint(request(old, &path, head.clone()));
        assert_eq!(answer.status, 200, "{answer:?}");
        let keys: [VerifierKey; 1] = [witness.key.clone()];
        assert_eq!(head.add_cosignatures(&answer.body, &keys).unwrap(), 1);
        assert!(answer.body.starts_with('—') && answer.body.ends_with('\n'));
    }
    assert_eq!(witness.size(ORIGIN), 4);
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_the_status_of_the_specification_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let witness = served(&folder).await;
    let answer = witness.add_checkpoint(request(0, &[], head(&leaves(2))));
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut others = leaves(4);
    others[0] = [9; 32];

    let unknown = head_by(
        &SigningKey::from_seed("another/log".parse().unwrap(), &[1; 32]),
        "another/log",
        &leaves(2),
    );
    for (why, body, status) in [
        ("an unknown log", request(0, &[], unknown), 404),
        (
            "a key of nobody",
            request(2, &[], head_by(&key(7), ORIGIN, &leaves(2))),
            403,
        ),
        ("it shrinks", request(2, &[], head(&leaves(1))), 400),
        ("no proof", request(2, &[], head(&leaves(4))), 422),
        (
            "a proof of something else",
            request(2, &[[1; 32]], head(&leaves(4))),
            422,
        ),
        ("a fork", request(2, &two_to_four(), head(&others)), 422),
    ] {
        let answer = witness.add_checkpoint(body);
        assert_eq!(answer.status, status, "{why}: {answer:?}");
        assert!(!answer.body.is_empty(), "{why}");
    }
    for (why, body) in [
        (
            "it is asked from an older size",
            request(1, &one_to_two(), head(&leaves(2))),
        ),
        (
            "it is asked from a size to come",
            request(3, &[], head(&leaves(4))),
        ),
        (
            "another tree of the same size",
            request(2, &[], head(&others[..2])),
        ),
    ] {
        let answer = witness.add_checkpoint(body);
        assert_eq!((answer.status, answer.body.as_str()), (409, "2\n"), "{why}");
        assert_eq!(answer.media_type, "text/x.tlog.size", "{why}");
    }
    assert_eq!(witness.size(ORIGIN), 2);
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_and_the_witness_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let witness = served(&folder).await;
    let good = request(0, &[], head(&leaves(1)));
    let (_, checkpoint) = good.split_once("\n\n").unwrap();
    for body in [
        Vec::new(),
        b"old 0\n".to_vec(),
        b"\xff\xfe\0\0".to_vec(),
        vec![b'a'; 100_000],
        good.replace("old 0", "old 00").into_bytes(),
        good.replace("old 0", "old -1").into_bytes(),
        good.replace("old 0", "old 99999999999999999999")
            .into_bytes(),
        good.replace("old 0\n", "old 0\nnot base64\n").into_bytes(),
        good.replace('\n', "\r\n").into_bytes(),
        good.as_bytes()[..good.len() - 5].to_vec(),
        format!("old 0\n{}\n{checkpoint}", "AAAA\n".repeat(70)).into_bytes(),
    ] {
        let answer = witness.add_checkpoint(&body);
        assert_eq!(
            answer.status,
            400,
            "{answer:?} to {:?}",
            String::from_utf8_lossy(&body)
        );
    }
    let too_large = witness.add_checkpoint(vec![b'a'; 4 << 20]);
    assert_eq!(too_large.status, 413, "{too_large:?}");
    assert_eq!(post(witness.address, "/other", b"").status, 404);
    assert_eq!(witness.add_checkpoint(good).status, 200);
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_was_started_again_remembers_what_it_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let witness = served(&folder).await;
    let first_key = witness.key.clone();
    witness.add_checkpoint(request(0, &[], head(&leaves(2))));
    witness.stop().await;

    let witness = served(&folder).await;
    assert_eq!(witness.key, first_key);
    let answer = witness.add_checkpoint(request(0, &[], head(&leaves(1))));
    assert_eq!((answer.status, answer.body.as_str()), (409, "2\n"));
    let answer = witness.add_checkpoint(request(2, &two_to_four(), head(&leaves(4))));
    assert_eq!(answer.status, 200);
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_histories_that_arrive_at_once_one_is_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let witness = served(&folder).await;
    let address = witness.address;
    let asked: Vec<_> = (0..16)
        .map(|number| {
            let body = request(0, &[], head(&[[number; 32]]));
            tokio::task::spawn_blocking(move || {
                post(address, "/add-checkpoint", body.as_bytes()).status
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for answer in asked {
        statuses.push(answer.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(
        statuses[1..].iter().all(|status| *status == 409),
        "{statuses:?}"
    );
    witness.stop().await;
}
