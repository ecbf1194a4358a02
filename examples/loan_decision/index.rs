//! The policy index: full-text search over the lending policies, in a SQLite database in memory.
//!
//! The only file of the example with SQL.

use async_trait::async_trait;
use contextrail::capture::{BoxError, Document, RetrievalRequest, Retriever};
use contextrail::record::{IndexUse, Name, RetrieverClass, Timestamp, Version};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

use super::policy::{Chunk, PolicyError, chunks};

/// The lending policies, cut into chunks and indexed.
#[derive(Clone, Debug)]
pub(crate) struct PolicyIndex(SqlitePool);

/// A chunk that matches a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PolicyHit {
    /// The policy.
    pub(crate) document: String,
    /// The part of it: `p1`.
    pub(crate) chunk: String,
    /// The version of the policy.
    pub(crate) version: String,
    /// The text of the chunk, its heading first.
    pub(crate) text: String,
    /// BM25 with the sign turned: higher is better.
    pub(crate) score: f64,
    /// Since when the policy is in force.
    pub(crate) as_of: Timestamp,
    /// Where the policy can be found.
    pub(crate) uri: String,
}

/// Why the index did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    /// A policy is not well formed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// SQLite failed.
    #[error("the policy index failed")]
    Sqlite(#[from] sqlx::Error),
    /// The index holds a time that is none.
    #[error("the policy index holds `{0}`, which is not a time")]
    Time(String),
}

impl PolicyIndex {
    /// The name of the index.
    pub(crate) const NAME: &'static str = "lending_policies";
    /// The snapshot of the policies that is indexed.
    pub(crate) const VERSION: &'static str = "snapshot-2025-09-01";

    /// Indexes the policies built into this program.
    ///
    /// # Errors
    ///
    /// [`IndexError`] when a policy is not well formed, or SQLite was built without FTS5.
    pub(crate) async fn open() -> Result<Self, IndexError> {
        // Each connection to `:memory:` is a database of its own, and a closed one is gone: one, for ever.
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect("sqlite::memory:")
            .await?;
        let index = Self(pool);
        index.fill(&chunks()?).await?;
        Ok(index)
    }

    async fn fill(&self, chunks: &[Chunk]) -> Result<(), IndexError> {
        let mut transaction = self.0.begin().await?;
        sqlx::query(CREATE).execute(&mut *transaction).await?;
        for chunk in chunks {
            sqlx::query(INSERT)
                .bind(chunk.document)
                .bind(&chunk.chunk)
                .bind(chunk.version)
                .bind(chunk.as_of.to_string())
                .bind(&chunk.uri)
                .bind(chunk.title)
                .bind(&chunk.text)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The chunks with any word of `query`, best first, at most `top_k`.
    ///
    /// `query` is plain text: quotes and operators in it are words or nothing. A query without a
    /// word finds nothing.
    ///
    /// # Errors
    ///
    /// [`IndexError::Sqlite`] when SQLite fails.
    pub(crate) async fn search(
        &self,
        query: &str,
        top_k: u32,
    ) -> Result<Vec<PolicyHit>, IndexError> {
        let Some(expression) = match_expression(query) else {
            return Ok(Vec::new());
        };
        let rows: Vec<Row> = sqlx::query_as(SEARCH)
            .bind(expression)
            .bind(top_k)
            .fetch_all(&self.0)
            .await?;
        rows.into_iter().map(hit).collect()
    }
}

#[async_trait]
impl Retriever for PolicyIndex {
    fn class(&self) -> RetrieverClass {
        RetrieverClass::Shared
    }

    fn index(&self) -> Option<IndexUse> {
        Some(IndexUse {
            name: Name::new(Self::NAME).ok()?,
            version: Version::new(Self::VERSION).ok(),
        })
    }

    async fn retrieve(&self, request: &RetrievalRequest) -> Result<Vec<Document>, BoxError> {
        let top_k = request
            .top_k
            .map_or(Ok(u32::MAX), u32::try_from)
            .unwrap_or(u32::MAX);
        let hits = self.search(&request.query, top_k).await?;
        Ok(hits.into_iter().map(Document::from).collect())
    }
}

impl From<PolicyHit> for Document {
    fn from(hit: PolicyHit) -> Self {
        Self::new(hit.document, hit.text)
            .chunk(hit.chunk)
            .version(hit.version)
            .score(hit.score)
            .uri(hit.uri)
            .as_of(hit.as_of)
    }
}

type Row = (String, String, String, String, String, String, f64);

fn hit((document, chunk, version, as_of, uri, text, score): Row) -> Result<PolicyHit, IndexError> {
    let as_of = as_of.parse().map_err(|_| IndexError::Time(as_of))?;
    Ok(PolicyHit {
        document,
        chunk,
        version,
        text,
        score,
        as_of,
        uri,
    })
}

/// The words of `query` as an FTS5 expression that matches any of them; `None` when there is no word.
///
/// Every word is quoted, and a word has letters and digits only, so nothing in it is an operator.
fn match_expression(query: &str) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for word in query
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if words.len() < MAX_WORDS && !words.contains(&word) {
            words.push(word);
        }
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}

/// Beyond this the tail of a query changes the ranking no more, and costs time.
const MAX_WORDS: usize = 40;
const CREATE: &str = "create virtual table policy using fts5(
    document unindexed, chunk unindexed, version unindexed, as_of unindexed, uri unindexed, title, text,
    tokenize = 'porter unicode61')";
const INSERT: &str = "insert into policy (document, chunk, version, as_of, uri, title, text)
    values ($1, $2, $3, $4, $5, $6, $7)";
/// A word in the heading of a policy weighs as much as four in its text.
const SEARCH: &str = "select document, chunk, version, as_of, uri, text,
    -bm25(policy, 0, 0, 0, 0, 0, 4, 1) as score
    from policy where policy match $1 order by score desc, rowid limit $2";

#[cfg(test)]
mod tests {
    use super::super::applicant::applicants;
    use super::super::statement::policy_question;
    use super::*;

    #[tokio::test]
    async fn the_policy_asked_for_comes_first() {
        let index = PolicyIndex::open().await.unwrap();
        for (query, document) in [
            ("what income a guarantor needs", "guarantors"),
            ("loan for a used car from a dealer", "car_loans"),
            ("early repayment fee", "early_repayment"),
            (
                "statistics on foreign workers and equal treatment",
                "non_discrimination",
            ),
        ] {
            let hits = index.search(query, 6).await.unwrap();
            assert_eq!(hits[0].document, document, "{query}");
            assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
        }
    }

    #[tokio::test]
    async fn every_application_finds_six_chunks() {
        let index = PolicyIndex::open().await.unwrap();
        for applicant in &applicants().unwrap()[..20] {
            let hits = index.search(&policy_question(applicant), 6).await.unwrap();
            assert_eq!(hits.len(), 6);
        }
    }

    #[tokio::test]
    async fn no_text_is_an_operator() {
        let index = PolicyIndex::open().await.unwrap();
        for query in [
            "\"",
            "car\" OR \"loan",
            "NEAR(",
            "document:x",
            "loan AND NOT",
            "a*",
            "x'; DROP TABLE policy; --",
            "^",
            "{}",
            "kredit-höhe",
            "مرحبا 🙂",
            "\0",
        ] {
            index.search(query, 3).await.unwrap();
        }
        assert!(!index.search("loan", 1).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_query_without_a_word_finds_nothing() {
        let index = PolicyIndex::open().await.unwrap();
        assert!(index.search(" ?!\" ", 3).await.unwrap().is_empty());
        assert!(index.search("loan", 0).await.unwrap().is_empty());
    }

    #[test]
    fn a_word_is_asked_for_once_and_not_without_end() {
        assert_eq!(
            match_expression("car, car (new)").as_deref(),
            Some("\"car\" OR \"new\"")
        );
        let long: String = (0..10_000).map(|n| format!("w{n} ")).collect();
        assert_eq!(
            match_expression(&long).unwrap().matches(" OR ").count(),
            MAX_WORDS - 1
        );
    }
}
