//! Whether what went into a context was fresh enough.

use crate::record::{
    Feature, FeatureOrigin, FeatureStatus, FreshnessReport, FreshnessStatus, FreshnessViolation,
    Name, Retrieval, RetrievalStatus, RetrievedDocument, StaleReason, Timestamp,
};

/// Checks features and retrieved documents against their limits.
///
/// A value's own limit wins over `limit_ms`, that of the context; a value with either is covered.
/// Age is the time of fetching minus the as-of time; equal to the limit is within it. All
/// retrieved documents count, used or not. There is at most one violation for each value:
///
/// - covered and too old, without an as-of time, or missing at its source;
/// - limit or not: a failed fetch, a fallback, a default, an as-of time in the future.
///
/// With a violation the status is `degraded`; without one it is `guaranteed` when something was
/// checked, else `unknown`.
#[must_use]
pub fn freshness(
    features: &[Feature],
    retrievals: &[Retrieval],
    limit_ms: Option<i64>,
) -> FreshnessReport {
    let mut checks = Checks::default();
    for feature in features {
        let limit_ms = feature.max_age_ms.or(limit_ms);
        checks.note(&feature.name, feature_finding(feature, limit_ms));
    }
    for retrieval in retrievals {
        let limit_ms = retrieval.max_age_ms.or(limit_ms);
        if retrieval.status == RetrievalStatus::Failed {
            let failed = Finding::bad(StaleReason::Failed, Age::Unknown, limit_ms);
            checks.note(&retrieval.retriever, failed);
        }
        for document in &retrieval.results {
            let age = document_age(document, retrieval.fetched_at);
            checks.note(&document_name(retrieval, document), aged(age, limit_ms));
        }
    }
    let status = match (checks.violations.is_empty(), checks.checked) {
        (false, _) => FreshnessStatus::Degraded,
        (true, true) => FreshnessStatus::Guaranteed,
        (true, false) => FreshnessStatus::Unknown,
    };
    FreshnessReport {
        status,
        limit_ms,
        violations: checks.violations,
    }
}

/// Fills in what follows from the times: `freshness_ms` of features and documents, and `stale`.
///
/// `stale` is set where there is both an age and a limit, its retrieval's own or `limit_ms`.
/// An age that is known already stays where there are no times to take it from.
pub fn note_ages(features: &mut [Feature], retrievals: &mut [Retrieval], limit_ms: Option<i64>) {
    for feature in features {
        if let Some(age_ms) = feature_age(feature).millis() {
            feature.freshness_ms = Some(age_ms);
        }
    }
    for retrieval in retrievals {
        let limit_ms = retrieval.max_age_ms.or(limit_ms);
        for document in &mut retrieval.results {
            document.freshness_ms = document_age(document, retrieval.fetched_at).millis();
            let both = document.freshness_ms.zip(limit_ms);
            document.stale = both.map(|(age_ms, limit_ms)| age_ms > limit_ms);
        }
    }
}

#[derive(Debug, Default)]
struct Checks {
    violations: Vec<FreshnessViolation>,
    checked: bool,
}

impl Checks {
    fn note(&mut self, reference: &Name, finding: Finding) {
        match finding {
            Finding::NotCovered => {}
            Finding::Within => self.checked = true,
            Finding::Bad {
                reason,
                age_ms,
                limit_ms,
            } => self.violations.push(FreshnessViolation {
                reference: reference.clone(),
                age_ms,
                limit_ms,
                reason,
            }),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Finding {
    NotCovered,
    Within,
    Bad {
        reason: StaleReason,
        age_ms: Option<i64>,
        limit_ms: Option<i64>,
    },
}

impl Finding {
    const fn bad(reason: StaleReason, age: Age, limit_ms: Option<i64>) -> Self {
        Self::Bad {
            reason,
            age_ms: age.millis(),
            limit_ms,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Age {
    Unknown,
    Known(i64),
    /// As of a time after the fetch, by however little.
    Future(i64),
}

impl Age {
    const fn millis(self) -> Option<i64> {
        match self {
            Self::Unknown => None,
            Self::Known(age_ms) | Self::Future(age_ms) => Some(age_ms),
        }
    }
}

fn feature_finding(feature: &Feature, limit_ms: Option<i64>) -> Finding {
    let age = feature_age(feature);
    let bad = |reason| Finding::bad(reason, age, limit_ms);
    match (feature.status, feature.source) {
        (FeatureStatus::Failed, _) => bad(StaleReason::Failed),
        (_, FeatureOrigin::Fallback) => bad(StaleReason::Fallback),
        (_, FeatureOrigin::Default) => bad(StaleReason::Default),
        (FeatureStatus::Missing, _) if limit_ms.is_some() => bad(StaleReason::Missing),
        (FeatureStatus::Missing, _) => Finding::NotCovered,
        (FeatureStatus::Ok, FeatureOrigin::Compute | FeatureOrigin::Cache) => aged(age, limit_ms),
    }
}

fn aged(age: Age, limit_ms: Option<i64>) -> Finding {
    match (age, limit_ms) {
        (Age::Future(_), _) => Finding::bad(StaleReason::InFuture, age, limit_ms),
        (_, None) => Finding::NotCovered,
        (Age::Unknown, Some(_)) => Finding::bad(StaleReason::NoAsOf, age, limit_ms),
        (Age::Known(age_ms), Some(limit)) if age_ms > limit => {
            Finding::bad(StaleReason::TooOld, age, limit_ms)
        }
        (Age::Known(_), Some(_)) => Finding::Within,
    }
}

fn feature_age(feature: &Feature) -> Age {
    feature
        .as_of
        .map_or(Age::Unknown, |as_of| between(as_of, feature.fetched_at))
}

fn document_age(document: &RetrievedDocument, fetched_at: Option<Timestamp>) -> Age {
    match (document.as_of, fetched_at, document.freshness_ms) {
        (Some(as_of), Some(fetched_at), _) => between(as_of, fetched_at),
        (_, _, Some(age_ms)) if age_ms < 0 => Age::Future(age_ms),
        (_, _, Some(age_ms)) => Age::Known(age_ms),
        _ => Age::Unknown,
    }
}

fn between(as_of: Timestamp, fetched_at: Timestamp) -> Age {
    let age_ms = fetched_at.millis_since(as_of);
    if as_of > fetched_at {
        Age::Future(age_ms)
    } else {
        Age::Known(age_ms)
    }
}

/// `retriever/document#chunk`, as much of it as a name can hold.
fn document_name(retrieval: &Retrieval, document: &RetrievedDocument) -> Name {
    let mut text = format!("{}/{}", retrieval.retriever, document.document);
    if let Some(chunk) = &document.chunk {
        text.push('#');
        text.push_str(chunk.as_str());
    }
    text.truncate(text.floor_char_boundary(MOST_NAME_BYTES));
    Name::new(text).unwrap_or_else(|_| document.document.clone())
}

const MOST_NAME_BYTES: usize = 512;
