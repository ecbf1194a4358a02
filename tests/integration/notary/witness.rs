//! A trail with a witness.

use contextrail::log::SignedCheckpoint;
use contextrail::notary::{Ask, Attesters, WitnessAddress};
use contextrail::record::Acknowledged;
use contextrail::trail::{Trail, TrailError};

use super::place::{LONG, Place, record};
use super::served::Served;

fn signed(trail_head: Option<contextrail::notary::KnownHead>) -> SignedCheckpoint {
    trail_head.unwrap().checkpoint
}

async fn newest(trail: &Trail) -> SignedCheckpoint {
    signed(trail.notary().standing().await.unwrap().newest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_cosigns_the_head_and_the_receipt_says_so() {
    let (place, log_key) = Place::begun().await;
    let witness = Served::start(&place.path("witness"), &[log_key]).await;
    let trail = place.open(witness.attesters()).await;
    let receipt = record(&trail, 2).await.unwrap();
    assert_eq!(receipt.acknowledged, Acknowledged::Durable);

    let reached = trail
        .attested(&receipt, Acknowledged::Witnessed, LONG)
        .await;
    assert_eq!(reached.unwrap().acknowledged, Acknowledged::Witnessed);
    let head = newest(&trail).await;
    let keys = [witness.key.clone()];
    assert_eq!(head.cosignatures(&keys).unwrap().len(), 1);
    assert_eq!(witness.size(head.checkpoint().origin()), 2);

    let stored = trail.read(receipt.id).await.unwrap().unwrap();
    let proof = trail
        .prove_at(&stored, Acknowledged::Witnessed)
        .await
        .unwrap();
    assert_eq!(proof.checkpoint().cosignatures(&keys).unwrap().len(), 1);
    trail.close().await;

    // What the witness said is kept beside the head.
    let again = place.open(Attesters::default()).await;
    assert_eq!(again.notary().level(1).await, Acknowledged::Witnessed);
    again.close().await;
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_head_of_a_growing_log_continues_what_the_witness_has_seen() {
    let (place, log_key) = Place::begun().await;
    let witness = Served::start(&place.path("witness"), &[log_key]).await;
    let trail = place.open(witness.attesters()).await;
    for number in 2..=20 {
        record(&trail, number).await.unwrap();
        let head = trail.checkpoint().await.unwrap();
        trail.notary().attest(Ask::Witnesses).await.unwrap();
        let origin = head.checkpoint.checkpoint().origin().to_owned();
        assert!(witness.size(&origin) >= number);
    }
    trail.close().await;
    witness.stop().await;
}

/// An address where nobody listens.
async fn nowhere() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_goes_on_without_the_witness_and_the_level_says_so() {
    let (place, log_key) = Place::begun().await;
    let witness = Served::start(&place.path("witness"), &[log_key]).await;
    let mut attesters = witness.attesters();
    witness.stop().await;
    attesters.witnesses[0].url = format!("http://{}", nowhere().await);

    let trail = place.open(attesters).await;
    let receipt = record(&trail, 2).await.unwrap();
    let signed = trail
        .attested(&receipt, Acknowledged::Checkpointed, LONG)
        .await;
    assert_eq!(signed.unwrap().acknowledged, Acknowledged::Checkpointed);
    let at_once = std::time::Duration::ZERO;
    let missed = trail
        .attested(&receipt, Acknowledged::Witnessed, at_once)
        .await;
    let Err(TrailError::NotAttested {
        wanted, reached, ..
    }) = missed
    else {
        panic!("{missed:?}");
    };
    assert_eq!(
        (wanted, reached),
        (Acknowledged::Witnessed, Acknowledged::Checkpointed)
    );
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_comes_back_cosigns_what_was_recorded_meanwhile() {
    let (place, log_key) = Place::begun().await;
    let keys = [log_key];
    let witness = Served::start(&place.path("witness"), &keys).await;
    let (address, attesters) = (witness.address, witness.attesters());
    witness.stop().await;

    let trail = place.open(attesters).await;
    let receipt = record(&trail, 2).await.unwrap();
    trail
        .attested(&receipt, Acknowledged::Checkpointed, LONG)
        .await
        .unwrap();
    let witness = Served::start_at(address, &place.path("witness"), &keys).await;
    let reached = trail
        .attested(&receipt, Acknowledged::Witnessed, LONG)
        .await;
    assert_eq!(reached.unwrap().acknowledged, Acknowledged::Witnessed);
    trail.close().await;
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_that_nobody_can_give_is_refused_at_once() {
    let (place, _) = Place::begun().await;
    let trail = place.open(Attesters::default()).await;
    let receipt = record(&trail, 2).await.unwrap();
    for level in [Acknowledged::Witnessed, Acknowledged::Timestamped] {
        let error = trail.attested(&receipt, level, LONG).await.unwrap_err();
        assert!(error.to_string().contains("attesters file"), "{error}");
    }
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_signed_by_another_key_is_not_kept() {
    let (place, log_key) = Place::begun().await;
    let keys = [log_key];
    let expected = Served::start(&place.path("expected"), &keys).await;
    let impostor = Served::start(&place.path("impostor"), &keys).await;
    let attesters = Attesters {
        witnesses: vec![WitnessAddress {
            url: format!("http://{}", impostor.address),
            key: expected.key.clone(),
        }],
        authorities: Vec::new(),
    };
    let trail = place.open(attesters).await;
    record(&trail, 2).await.unwrap();
    trail.checkpoint().await.unwrap();
    let head = trail
        .notary()
        .attest(Ask::Everybody)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.level(), Acknowledged::Checkpointed);
    trail.close().await;
    expected.stop().await;
    impostor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attesters_of_a_trail_stand_in_the_file_beside_it() {
    let (place, log_key) = Place::begun().await;
    let witness = Served::start(&place.path("witness"), &[log_key]).await;
    let line = format!(
        "# ours\nwitness \t http://{}/   {}\n",
        witness.address, witness.key
    );
    std::fs::write(place.path("trail.db.attesters"), line).unwrap();
    let url = format!("sqlite://{}", place.path("trail.db").display());
    let trail = Trail::open(&url).await.unwrap();
    let receipt = record(&trail, 2).await.unwrap();
    trail
        .attested(&receipt, Acknowledged::Witnessed, LONG)
        .await
        .unwrap();
    trail.close().await;
    witness.stop().await;
}

#[test]
fn what_is_wrong_in_the_file_of_attesters_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.attesters");
    let log_key = "log.example".parse().unwrap();
    let log_key = contextrail::log::SigningKey::from_seed(log_key, &[1; 32]).verifier_key();
    for (text, what) in [
        (
            "\nwitnes http://a/ k\n".to_owned(),
            "line 2: \"witnes\" is not known",
        ),
        ("witness http://a/\n".to_owned(), "line 1: expected"),
        ("witness ftp://a/ k\n".to_owned(), "no address of http"),
        ("witness a/ k\n".to_owned(), "no address of http"),
        ("witness http://a/ k\n".to_owned(), "line 1: "),
        (format!("witness http://a/ {log_key}\n"), "the key of a log"),
        (
            "timestamp http://a/ gone.pem\n".to_owned(),
            "gone.pem is not there",
        ),
        (
            "timestamp http://a/ t.attesters\n".to_owned(),
            "t.attesters: ",
        ),
    ] {
        std::fs::write(&path, &text).unwrap();
        let error = Attesters::read(&path).unwrap_err();
        assert!(
            error.to_string().contains(what),
            "{what:?} in {error} of {text:?}"
        );
    }
    assert!(
        Attesters::read(&folder.path().join("none"))
            .unwrap()
            .is_none()
    );
}
