//! A trail with a timestamp authority: tokens are verified when they arrive, or are not kept.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use contextrail::notary::{Ask, Attesters, TimestampAuthority};
use contextrail::record::Acknowledged;
use contextrail::timestamp::{Request, Token, TrustAnchors};

use super::place::{LONG, Place, record};
use super::served::Served;
use crate::timestamp::tsa::{self, Kind, Tsa};

fn asking(url: &str, roots: &str) -> Attesters {
    Attesters {
        witnesses: Vec::new(),
        authorities: vec![TimestampAuthority {
            url: url.to_owned(),
            anchors: TrustAnchors::from_pem(roots).unwrap(),
        }],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_stamped_and_the_receipt_says_so() {
    let (place, _) = Place::begun().await;
    let tsa = tsa::start(Kind::Rsa);
    let trail = place.open(asking(&tsa.url, &tsa.ca_pem)).await;
    let receipt = record(&trail, 2).await.unwrap();
    let reached = trail
        .attested(&receipt, Acknowledged::Timestamped, LONG)
        .await;
    assert_eq!(reached.unwrap().acknowledged, Acknowledged::Timestamped);
    let level = Acknowledged::Timestamped;
    let head = trail.notary().best_head(1, Some(level)).await.unwrap();
    let token = Token::parse(&head.timestamps[0]).unwrap();
    let roots = TrustAnchors::from_pem(&tsa.ca_pem).unwrap();
    token
        .verify(&head.checkpoint.text_digest(), &roots)
        .unwrap();
    trail.close().await;

    let again = place.open(Attesters::default()).await;
    assert_eq!(again.notary().level(1).await, level, "the token is kept");
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_alone_is_no_witness() {
    let (place, log_key) = Place::begun().await;
    let tsa = tsa::start(Kind::P256);
    let witness = Served::start(&place.path("witness"), &[log_key]).await;
    let mut attesters = asking(&tsa.url, &tsa.ca_pem);
    attesters.witnesses = witness.attesters().witnesses;
    witness.stop().await;

    let trail = place.open(attesters).await;
    let receipt = record(&trail, 2).await.unwrap();
    let stamped = trail
        .attested(&receipt, Acknowledged::Timestamped, LONG)
        .await;
    assert_eq!(stamped.unwrap().acknowledged, Acknowledged::Timestamped);
    let missed = trail
        .attested(&receipt, Acknowledged::Witnessed, Duration::ZERO)
        .await;
    assert!(missed.unwrap_err().to_string().contains("not witnessed"));
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_authority_stamps_a_head_once() {
    let (place, _) = Place::begun().await;
    let (first, second) = (tsa::start(Kind::P256), tsa::start(Kind::P256));
    let mut attesters = asking(&first.url, &first.ca_pem);
    attesters
        .authorities
        .extend(asking(&second.url, &second.ca_pem).authorities);
    let trail = place.open(attesters).await;
    record(&trail, 2).await.unwrap();
    trail.checkpoint().await.unwrap();
    for _ in 0..3 {
        let head = trail
            .notary()
            .attest(Ask::Everybody)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(head.timestamps.len(), 2);
    }
    trail.close().await;
}

/// Asks once, and says how many tokens were kept.
async fn kept(url: &str, roots: &str) -> usize {
    let (place, _) = Place::begun().await;
    let trail = place.open(asking(url, roots)).await;
    record(&trail, 2).await.unwrap();
    trail.checkpoint().await.unwrap();
    let head = trail
        .notary()
        .attest(Ask::Everybody)
        .await
        .unwrap()
        .unwrap();
    trail.close().await;
    let heads = std::fs::read_to_string(place.path("trail.db.heads")).unwrap();
    assert_eq!(heads.contains("timestamps"), !head.timestamps.is_empty());
    head.timestamps.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_authorities_that_are_not_to_be_trusted_are_not_kept() {
    let stranger = tsa::start(Kind::P256);
    for kind in [
        Kind::Expired,
        Kind::ExpiredRoot,
        Kind::ShortKey,
        Kind::Refusing,
    ] {
        let tsa = tsa::start(kind);
        assert_eq!(kept(&tsa.url, &tsa.ca_pem).await, 0, "{kind:?}");
    }
    let tsa = tsa::start(Kind::P256);
    assert_eq!(
        kept(&tsa.url, &stranger.ca_pem).await,
        0,
        "an untrusted root"
    );
    assert_eq!(kept(&tsa.url, &tsa.ca_pem).await, 1);
}

/// What stands between a trail and its authority does to it.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// Asks with another nonce.
    Nonce,
    /// Asks about another digest.
    Imprint,
    /// Answers with bytes that are no answer.
    Garbage,
    /// Answers with more than is ever read.
    Endless,
    /// Answers that there is nothing.
    Missing,
    /// Answers with the token alone, and not what the standard puts around it.
    Bare,
}

/// Answers one question after the other until the test ends.
fn liar(tsa: Tsa, lie: Lie) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever asks may hang up first.
            drop(lie_to(stream, &tsa, lie));
        }
    });
    address
}

fn lie_to(mut stream: TcpStream, tsa: &Tsa, lie: Lie) -> std::io::Result<()> {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    // The digest stands behind its tag and length, and the end of the query behind it.
    let digest = loop {
        let at = received.windows(2).position(|it| it == [0x04, 0x20]);
        if let Some(found) = at.and_then(|at| received.get(at + 2..at + 34)) {
            break <[u8; 32]>::try_from(found).unwrap();
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => received.extend_from_slice(&buffer[..count]),
        }
    };
    let body = match lie {
        Lie::Nonce => tsa.ask(&Request::new(digest, 7).to_der()),
        Lie::Imprint => tsa.ask(&Request::new([0x5c; 32], 7).to_der()),
        Lie::Garbage | Lie::Missing => b"nothing to see".to_vec(),
        Lie::Endless => vec![b'a'; 1 << 20],
        Lie::Bare => {
            let request = Request::new(digest, 7);
            let answer = tsa.ask(&request.to_der());
            Token::from_response(&answer, &request)
                .unwrap()
                .as_der()
                .to_vec()
        }
    };
    let status = if matches!(lie, Lie::Missing) {
        "404 Not Found"
    } else {
        "200 OK"
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_another_question_are_not_kept() {
    for lie in [
        Lie::Nonce,
        Lie::Imprint,
        Lie::Garbage,
        Lie::Endless,
        Lie::Missing,
        Lie::Bare,
    ] {
        let tsa = tsa::start(Kind::P256);
        let roots = tsa.ca_pem.clone();
        let address = liar(tsa, lie);
        assert_eq!(
            kept(&format!("http://{address}/"), &roots).await,
            0,
            "{lie:?}"
        );
    }
}
