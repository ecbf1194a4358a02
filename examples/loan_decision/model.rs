//! Who writes the letter: the rules themselves, or any OpenAI-compatible endpoint.

use std::fmt;
use std::time::Duration;

use contextrail::record::TokenUsage;
use serde::{Deserialize, Serialize};

use super::rules::{Ruling, Verdict};

/// Where an OpenAI-compatible endpoint is, and what to ask it for.
#[derive(Clone)]
pub(crate) struct EndpointConfig {
    /// Up to and without `/chat/completions`: `https://api.openai.com/v1`.
    pub(crate) base_url: String,
    /// The model.
    pub(crate) model: String,
    /// The key, for endpoints that want one.
    pub(crate) api_key: Option<String>,
}

impl fmt::Debug for EndpointConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            base_url,
            model,
            api_key,
        } = self;
        // The address can carry a password.
        f.debug_struct("EndpointConfig")
            .field("host", &host(base_url))
            .field("model", model)
            .field("api_key", &api_key.as_ref().map(|_| "…"))
            .finish()
    }
}

/// A message to the model, as chat endpoints take it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Message<'a> {
    /// `system`, `user`, …
    pub(crate) role: &'a str,
    /// The text.
    pub(crate) content: &'a str,
}

/// A letter, and what is known of how it came about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The letter.
    pub(crate) text: String,
    /// The model that answered, as it names itself.
    pub(crate) served: Option<String>,
    /// Why it stopped.
    pub(crate) finish_reason: Option<String>,
    /// Tokens as the provider counts them.
    pub(crate) usage: Option<TokenUsage>,
    /// The exact bytes of the request, when there was one.
    pub(crate) request: Option<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    /// An endpoint without a model, or the other way round.
    #[error("set LOAN_MODEL_URL and LOAN_MODEL together, or neither")]
    Settings,
    /// The client or its certificates could not be set up.
    #[error("the HTTPS client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// No connection, a timeout, or a broken answer.
    #[error("the model endpoint {endpoint} did not answer")]
    Transport {
        endpoint: String,
        #[source]
        source: reqwest::Error,
    },
    /// The endpoint refused.
    #[error("the model endpoint {endpoint} answered {status}: {body}")]
    Refused {
        endpoint: String,
        status: u16,
        body: String,
    },
    /// The answer is larger than any letter.
    #[error("the model endpoint {endpoint} answered with more than {MAX_ANSWER_BYTES} bytes")]
    TooLarge { endpoint: String },
    /// The answer is no chat completion.
    #[error("the model endpoint {endpoint} gave no chat completion")]
    Malformed {
        endpoint: String,
        #[source]
        source: serde_json::Error,
    },
    /// The completion is empty.
    #[error("the model endpoint {endpoint} gave a completion without text")]
    Empty { endpoint: String },
}

/// Writes the letter about a ruling.
#[derive(Debug)]
pub(crate) enum Answerer {
    /// From the ruling alone, the same on every run.
    Rules,
    /// By the model behind an endpoint.
    Endpoint {
        client: reqwest::Client,
        config: EndpointConfig,
    },
}

impl Answerer {
    /// By the model that `LOAN_MODEL_URL`, `LOAN_MODEL` and `LOAN_MODEL_KEY` name, or from the ruling
    /// alone when none of them is set.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Settings`] when only some of them are set, and those of [`Answerer::new`].
    #[expect(
        clippy::disallowed_methods,
        reason = "an application may read its environment; the library does not"
    )]
    pub(crate) fn from_environment() -> Result<Self, AnswerError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let config = match (variable("LOAN_MODEL_URL"), variable("LOAN_MODEL")) {
            (None, None) => None,
            (Some(base_url), Some(model)) => Some(EndpointConfig {
                base_url,
                model,
                api_key: variable("LOAN_MODEL_KEY"),
            }),
            _ => return Err(AnswerError::Settings),
        };
        Self::new(config)
    }

    /// By the model of `config`, or from the ruling alone when there is none.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Client`] when the system has no usable certificates.
    pub(crate) fn new(config: Option<EndpointConfig>) -> Result<Self, AnswerError> {
        let Some(config) = config else {
            return Ok(Self::Rules);
        };
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // It only fails when another thread was first, and then there is one.
            rustls::crypto::ring::default_provider()
                .install_default()
                .ok();
        }
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(AnswerError::Client)?;
        Ok(Self::Endpoint { client, config })
    }

    /// Who provides the model, and its name.
    pub(crate) fn model(&self) -> (&str, &str) {
        match self {
            Self::Rules => ("contextrail", "rule_letter-1"),
            Self::Endpoint { config, .. } => ("openai_compatible", &config.model),
        }
    }

    /// The letter about `ruling`. A model sees `messages` and nothing else.
    ///
    /// # Errors
    ///
    /// Everything that can go wrong with an endpoint; none of the messages holds the key.
    pub(crate) async fn answer(
        &self,
        messages: &[Message<'_>],
        ruling: &Ruling,
    ) -> Result<Answer, AnswerError> {
        match self {
            Self::Rules => Ok(Answer {
                text: letter(ruling),
                served: None,
                finish_reason: Some("stop".to_owned()),
                usage: None,
                request: None,
            }),
            Self::Endpoint { client, config } => complete(client, config, messages).await,
        }
    }
}

/// The letter that follows from a ruling alone.
fn letter(ruling: &Ruling) -> String {
    let reasons: Vec<&str> = ruling
        .reasons
        .iter()
        .filter_map(|reason| reason.text.as_deref())
        .collect();
    let news = match ruling.verdict {
        Verdict::Approved => {
            "we are pleased to grant your loan. The contract follows by post.".to_owned()
        }
        Verdict::Declined => {
            let reasons = reasons.join("; ");
            format!("we are sorry that we cannot grant your loan. What weighed most: {reasons}.")
        }
        Verdict::Referred => {
            let reason = reasons
                .first()
                .copied()
                .unwrap_or("it is a case of its own");
            format!(
                "one of our underwriters will look at your application, because {reason}. \
                 You will hear from us within five working days."
            )
        }
    };
    format!(
        "Dear applicant,\n\n{news}\n\nYou have the right to have the decision reviewed by a person and to \
         state your view. A short note to the loan desk is enough.\n\nYour loan desk\n"
    )
}

#[derive(Serialize)]
struct CompletionRequest<'a> {
    model: &'a str,
    messages: &'a [Message<'a>],
    temperature: u8,
}

/// What of a chat completion is looked at. Endpoints add members of their own.
#[derive(Deserialize)]
struct Completion {
    model: Option<String>,
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: ChoiceMessage,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ChoiceMessage {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

async fn complete(
    client: &reqwest::Client,
    config: &EndpointConfig,
    messages: &[Message<'_>],
) -> Result<Answer, AnswerError> {
    let endpoint = host(&config.base_url);
    let body = CompletionRequest {
        model: &config.model,
        messages,
        temperature: 0,
    };
    let body = serde_json::to_vec(&body).expect("texts and one small number are always JSON");
    let url = format!("{}/chat/completions", config.base_url.trim_end_matches('/'));
    let mut request = client
        .post(url)
        .header("content-type", "application/json")
        .body(body.clone());
    if let Some(key) = &config.api_key {
        request = request.bearer_auth(key);
    }
    let transport = |source: reqwest::Error| AnswerError::Transport {
        endpoint: endpoint.clone(),
        source: source.without_url(),
    };
    let mut response = request.send().await.map_err(transport)?;
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(transport)? {
        bytes.extend_from_slice(&part);
        if bytes.len() > MAX_ANSWER_BYTES {
            return Err(AnswerError::TooLarge { endpoint });
        }
    }
    if !response.status().is_success() {
        let status = response.status().as_u16();
        return Err(AnswerError::Refused {
            endpoint,
            status,
            body: quoted(&bytes, config),
        });
    }
    parse(&bytes, body, endpoint)
}

fn parse(bytes: &[u8], request: Vec<u8>, endpoint: String) -> Result<Answer, AnswerError> {
    let completion: Completion = match serde_json::from_slice(bytes) {
        Ok(completion) => completion,
        Err(source) => return Err(AnswerError::Malformed { endpoint, source }),
    };
    let choice = completion.choices.into_iter().next();
    let Some((text, finish_reason)) =
        choice.and_then(|choice| Some((choice.message.content?, choice.finish_reason)))
    else {
        return Err(AnswerError::Empty { endpoint });
    };
    Ok(Answer {
        text,
        served: completion.model,
        finish_reason,
        usage: completion.usage.map(|usage| TokenUsage {
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
        }),
        request: Some(request),
    })
}

/// The host of `base_url`, which unlike the whole of it holds no credentials.
fn host(base_url: &str) -> String {
    let url = reqwest::Url::parse(base_url);
    url.ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| "of the given address".to_owned())
}

/// The beginning of an error body. Some endpoints repeat the key in it, so it is taken out.
fn quoted(bytes: &[u8], config: &EndpointConfig) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = match config.api_key.as_deref().filter(|key| !key.is_empty()) {
        Some(key) => text.replace(key, "…"),
        None => text.into_owned(),
    };
    text.chars().take(MAX_QUOTED_CHARS).collect()
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
const MAX_ANSWER_BYTES: usize = 1_048_576;
const MAX_QUOTED_CHARS: usize = 300;

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use contextrail::record::{Name, Reason};

    use super::super::guardrails::protected_attributes;
    use super::*;

    /// Answers one request with `response`; the handle gives the request as it came.
    fn serve_once(status: &'static str, body: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let handle = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\"temperature\":0}") {
                let mut part = [0; 4_096];
                let length = stream.read(&mut part).unwrap();
                assert!(length > 0, "the request ended early");
                request.extend_from_slice(&part[..length]);
            }
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
            String::from_utf8(request).unwrap()
        });
        (base_url, handle)
    }

    fn answerer(base_url: String) -> Answerer {
        let config = EndpointConfig {
            base_url,
            model: "small".to_owned(),
            api_key: Some("sk-secret".to_owned()),
        };
        assert!(!format!("{config:?}").contains("sk-secret"));
        Answerer::new(Some(config)).unwrap()
    }

    fn ruling(verdict: Verdict) -> Ruling {
        let reasons = vec![Reason {
            code: Name::new("R19").unwrap(),
            text: Some("the loan would run for a long time".to_owned()),
            refs: Vec::new(),
        }];
        Ruling {
            verdict,
            score: 0.4,
            reasons,
            rationale: Vec::new(),
        }
    }

    const MESSAGES: [Message<'static>; 1] = [Message {
        role: "user",
        content: "Write the letter.",
    }];

    #[tokio::test]
    async fn without_an_endpoint_the_letter_follows_from_the_ruling() {
        let answerer = Answerer::new(None).unwrap();
        for verdict in [Verdict::Approved, Verdict::Declined, Verdict::Referred] {
            let letter = answerer
                .answer(&MESSAGES, &ruling(verdict))
                .await
                .unwrap()
                .text;
            assert_eq!(
                letter.contains("long time"),
                verdict != Verdict::Approved,
                "{letter}"
            );
            assert!(protected_attributes(&letter).is_empty());
        }
    }

    #[tokio::test]
    async fn an_endpoint_gets_the_messages_and_gives_the_letter() {
        let (base_url, request) = serve_once(
            "200 OK",
            r#"{"id": "c1", "model": "small-2", "choices": [{"index": 0, "message": {"role": "assistant",
                "content": "Dear applicant"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}}"#,
        );
        let answer = answerer(base_url)
            .answer(&MESSAGES, &ruling(Verdict::Approved))
            .await
            .unwrap();
        let request = request.join().unwrap();
        assert!(
            request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(
            request.contains("authorization: Bearer sk-secret\r\n"),
            "{request}"
        );
        assert!(
            request
                .as_bytes()
                .ends_with(answer.request.as_deref().unwrap())
        );
        assert_eq!(
            (answer.text.as_str(), answer.served.as_deref()),
            ("Dear applicant", Some("small-2"))
        );
        assert_eq!(
            answer.usage,
            Some(TokenUsage {
                input_tokens: 12,
                output_tokens: 3
            })
        );
    }

    #[tokio::test]
    async fn a_refusal_is_told_without_the_key() {
        let (base_url, request) =
            serve_once("401 Unauthorized", r#"{"error": "wrong key sk-secret"}"#);
        let error = answerer(base_url)
            .answer(&MESSAGES, &ruling(Verdict::Approved))
            .await
            .unwrap_err();
        request.join().unwrap();
        let expected = r#"the model endpoint 127.0.0.1 answered 401: {"error": "wrong key …"}"#;
        assert_eq!(error.to_string(), expected);
    }

    #[tokio::test]
    async fn an_answer_that_is_no_completion_is_an_error() {
        for body in [
            "<html>",
            r#"{"choices": []}"#,
            r#"{"choices": [{"message": {"content": null}}]}"#,
        ] {
            let (base_url, request) = serve_once("200 OK", body);
            let result = answerer(base_url)
                .answer(&MESSAGES, &ruling(Verdict::Approved))
                .await;
            request.join().unwrap();
            assert!(
                matches!(
                    result,
                    Err(AnswerError::Malformed { .. } | AnswerError::Empty { .. })
                ),
                "{result:?}"
            );
        }
    }

    #[tokio::test]
    async fn nobody_listening_is_told_by_host_and_without_path() {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let base_url = format!("http://user:sk-secret@127.0.0.1:{port}/v1");
        let error = answerer(base_url)
            .answer(&MESSAGES, &ruling(Verdict::Approved))
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the model endpoint 127.0.0.1 did not answer"
        );
        assert!(!format!("{error:?}").contains("sk-secret"));
    }
}
