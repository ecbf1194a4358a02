//! The guardrail over the detector, in a context that is recorded.

use contextrail::assembly::Budget;
use contextrail::capture::{CaptureError, Guard};
use contextrail::privacy::{Detector, HashKey, Kind, PersonalData, Treatment};
use contextrail::record::{ContextStatus, GuardrailVerdict};
use contextrail::trail::{ContextFilter, Trail};

const TEXT: &str = "Ask ada@example.org, from 192.0.2.17, about DE89 3704 0044 0532 0130 00.";

async fn sent(trail: &Trail, rail: PersonalData) -> Result<String, CaptureError> {
    let mut cx = trail
        .context("letter")
        .budget(Budget::tokens(100))
        .input("question", TEXT)
        .begin();
    let guard = Guard::new(rail);
    cx.guard_inputs(&guard).await?;
    let text = cx.guard_text(&guard, TEXT).await?;
    cx.item("note", text).required();
    Ok(cx.assemble().await?.text().to_owned())
}

async fn newest(trail: &Trail) -> contextrail::trail::Stored {
    let pages = trail.contexts(ContextFilter::default()).await.unwrap();
    pages.take(1).await.unwrap().remove(0)
}

#[tokio::test]
async fn what_is_found_is_neither_sent_nor_recorded() {
    let trail = Trail::open("sqlite::memory:").await.unwrap();
    let rail = PersonalData::default().with_treatment(Kind::IpAddress, Treatment::Drop);
    assert_eq!(
        sent(&trail, rail).await.unwrap(),
        "Ask [email], from , about [iban]."
    );
    let stored = newest(&trail).await;
    let record = serde_json::to_string(stored.record()).unwrap();
    for value in ["ada@", "192.0.2.17", "DE89"] {
        assert!(!record.contains(value), "{value} in {record}");
    }
    let guardrails = &stored.context().unwrap().guardrails;
    assert!(
        guardrails
            .iter()
            .all(|it| it.verdict == GuardrailVerdict::Redact)
    );
    let native = serde_json::to_string(&guardrails[0].native).unwrap();
    assert!(
        native.contains(r#""rule":"email""#) && native.contains(r#""bytes":15"#),
        "{native}"
    );
    trail.close().await;
}

#[tokio::test]
async fn a_value_has_one_hash_under_one_key_and_another_under_another() {
    let trail = Trail::open("sqlite::memory:").await.unwrap();
    let rail = |key: u8| {
        PersonalData::new(Detector::of([Kind::Email]))
            .with_treatment(Kind::Email, Treatment::Hash)
            .with_key(HashKey::from_bytes([key; 32]))
    };
    let first = sent(&trail, rail(1)).await.unwrap();
    assert!(
        first.starts_with("Ask [email:") && !first.contains("ada"),
        "{first}"
    );
    assert_eq!(first, sent(&trail, rail(1)).await.unwrap());
    assert_ne!(first, sent(&trail, rail(2)).await.unwrap());
    assert_eq!(format!("{:?}", HashKey::from_bytes([7; 32])), "HashKey(…)");
    trail.close().await;
}

#[tokio::test]
async fn what_is_blocked_leaves_a_record_of_the_refusal() {
    let trail = Trail::open("sqlite::memory:").await.unwrap();
    let rail = PersonalData::default().with_treatment(Kind::Iban, Treatment::Block);
    let error = sent(&trail, rail).await.unwrap_err();
    assert!(matches!(error, CaptureError::Blocked { .. }), "{error}");
    let stored = newest(&trail).await;
    assert_eq!(stored.context().unwrap().status, ContextStatus::Refused);
    trail.close().await;
}

#[tokio::test]
async fn what_is_flagged_goes_on() {
    let trail = Trail::open("sqlite::memory:").await.unwrap();
    let rail =
        PersonalData::new(Detector::of([Kind::Email])).with_treatment(Kind::Email, Treatment::Flag);
    assert_eq!(sent(&trail, rail).await.unwrap(), TEXT);
    let stored = newest(&trail).await;
    assert_eq!(
        stored.context().unwrap().guardrails[0].verdict,
        GuardrailVerdict::Flag
    );
    trail.close().await;
}
