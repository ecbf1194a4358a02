//! Measured values: those that were logged, and those that recorded decisions hold by themselves.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::record::{
    Body, Decision, DecisionId, Governing, Kind, Kpi, Measure, Name, ReviewVerdict, Timestamp,
};
use crate::trail::{Pages, Search, Trail, TrailError};

/// One value of a metric.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What was measured.
    pub value: Measure,
    /// Over how many values.
    pub count: u64,
    /// Of which part.
    pub slices: BTreeMap<String, String>,
    /// With which versions, by role.
    pub versions: BTreeMap<String, Governing>,
    /// When.
    pub at: Timestamp,
    /// Of which decision.
    pub decision: Option<DecisionId>,
}

/// Which values are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The earliest time, inclusive.
    pub since: Option<Timestamp>,
    /// The latest time, exclusive.
    pub until: Option<Timestamp>,
    /// The slices that they have to have.
    pub r#where: BTreeMap<String, String>,
}

impl Asked {
    /// What is asked for, in words that stand behind a metric.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = String::new();
        if let Some(since) = self.since {
            words.push_str(&format!(" since {since}"));
        }
        if let Some(until) = self.until {
            words.push_str(&format!(" until {until}"));
        }
        for (slice, value) in &self.r#where {
            words.push_str(&format!(" where {slice}={value}"));
        }
        words
    }

    fn fits(&self, sample: &Sample) -> bool {
        let mut wanted = self.r#where.iter();
        wanted.all(|(slice, value)| sample.slices.get(slice) == Some(value))
    }
}

/// Metrics that decisions hold without anybody logging them.
const COMPUTED: [&str; 4] = ["approval_rate", "override_rate", "latency_ms", "cost"];
const APPROVED: [&str; 3] = ["approved", "approve", "accepted"];

/// The values of `metric`, in no order: those that were logged under it, and of the metrics
/// `approval_rate`, `override_rate`, `latency_ms`, `cost`, and those that decisions were recorded with,
/// what the decisions say. A decision of which the metric was logged counts once.
///
/// # Errors
///
/// [`TrailError::Store`] when the store cannot be read or a record is damaged.
pub async fn samples(
    trail: &Trail,
    metric: &Name,
    asked: &Asked,
) -> Result<Vec<Sample>, TrailError> {
    let logged = logged(trail, metric, asked).await?;
    let mut samples: Vec<Sample> = logged.into_iter().map(of_kpi).collect();
    let of_decisions: HashSet<DecisionId> = samples.iter().filter_map(|it| it.decision).collect();
    // A metric that was logged and that no decision computes needs no look at the decisions.
    let is_computed = COMPUTED.contains(&metric.as_str());
    if is_computed || samples.is_empty() {
        let mut slices = None;
        for (id, decision) in decisions(trail, asked).await? {
            if of_decisions.contains(&id) {
                continue;
            }
            let Some(value) = value_of(trail, metric.as_str(), id, &decision).await? else {
                continue;
            };
            if slices.is_none() {
                slices = Some(slices_of_decisions(trail).await?);
            }
            let known = slices.as_ref().and_then(|it| it.get(&id));
            samples.push(Sample {
                value,
                count: 1,
                slices: own_slices(&decision, known),
                versions: decision.governed_by.clone(),
                at: decision.decided_at,
                decision: Some(id),
            });
        }
    }
    samples.retain(|it| asked.fits(it));
    Ok(samples)
}

fn of_kpi(kpi: Kpi) -> Sample {
    Sample {
        value: kpi.value,
        count: kpi.count.unwrap_or(1),
        slices: kpi.slices,
        versions: kpi.versions,
        at: kpi.at,
        decision: kpi.decision,
    }
}

async fn logged(trail: &Trail, name: &Name, asked: &Asked) -> Result<Vec<Kpi>, TrailError> {
    kpis(trail.measured(name, asked.since, asked.until).await?).await
}

async fn kpis(mut pages: Pages) -> Result<Vec<Kpi>, TrailError> {
    let mut found = Vec::new();
    while let Some(page) = pages.next().await? {
        for stored in page {
            if let Body::Kpi(kpi) = &stored.record().body {
                found.push(Kpi::clone(kpi));
            }
        }
    }
    Ok(found)
}

/// To which groups each decision belongs, as the values that were logged of it say.
pub(super) async fn slices_of_decisions(
    trail: &Trail,
) -> Result<HashMap<DecisionId, BTreeMap<String, String>>, TrailError> {
    let search = Search {
        kind: Some(Kind::Kpi),
        ..Search::default()
    };
    let mut slices: HashMap<DecisionId, BTreeMap<String, String>> = HashMap::new();
    for kpi in kpis(trail.search(search).await?).await? {
        if let Some(id) = kpi.decision {
            slices.entry(id).or_default().extend(kpi.slices);
        }
    }
    Ok(slices)
}

/// The decisions of the time asked for, with those that were superseded.
async fn decisions(
    trail: &Trail,
    asked: &Asked,
) -> Result<Vec<(DecisionId, Decision)>, TrailError> {
    let search = Search {
        kind: Some(Kind::Decision),
        since: asked.since,
        until: asked.until,
        ..Search::default()
    };
    let mut pages = trail.search(search).await?;
    let mut found = Vec::new();
    while let Some(page) = pages.next().await? {
        for stored in page {
            if let Some(decision) = stored.decision() {
                found.push((stored.id().into(), decision.clone()));
            }
        }
    }
    Ok(found)
}

/// What a decision says of a metric.
async fn value_of(
    trail: &Trail,
    metric: &str,
    id: DecisionId,
    decision: &Decision,
) -> Result<Option<Measure>, TrailError> {
    if let Some(value) = decision.kpis.get(metric) {
        return Ok(Some(Measure::Number(*value)));
    }
    Ok(match metric {
        // An override is a new decision: the rate is of those that were decided first.
        "approval_rate" if decision.supersedes.is_none() => Some(Measure::Boolean(
            APPROVED.contains(&decision.outcome.as_str()),
        )),
        "override_rate" if decision.supersedes.is_none() => {
            let reviews = trail.referring(id, Kind::Review).await?;
            let overridden = reviews.iter().any(|stored| match &stored.record().body {
                Body::Review(review) => {
                    review.decision == id && review.verdict == ReviewVerdict::Override
                }
                _ => false,
            });
            Some(Measure::Boolean(overridden))
        }
        "latency_ms" | "cost" => {
            let mut sum = None;
            for generation in &decision.generations {
                let stored = trail.read(*generation).await?;
                let Some(Body::Generation(it)) = stored.as_ref().map(|it| &it.record().body) else {
                    continue;
                };
                #[expect(clippy::cast_precision_loss, reason = "microseconds of one answer")]
                let part = match metric {
                    "latency_ms" => it.latency_us.map(|it| it as f64 / 1_000.0),
                    _ => it
                        .cost
                        .as_ref()
                        .and_then(|it| it.amount.as_str().parse().ok()),
                };
                sum = part.map(|part: f64| part + sum.unwrap_or(0.0)).or(sum);
            }
            sum.map(Measure::Number)
        }
        _ => None,
    })
}

/// What a decision can be taken apart by.
pub(super) fn own_slices(
    decision: &Decision,
    known: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let mut slices = known.cloned().unwrap_or_default();
    slices.insert("outcome".to_owned(), decision.outcome.to_string());
    if let Some(use_case) = &decision.use_case {
        slices.insert("use_case".to_owned(), use_case.to_string());
    }
    if let Some(tier) = decision.risk_tier {
        slices.insert("risk_tier".to_owned(), tier.as_str().to_owned());
    }
    for (role, governing) in &decision.governed_by {
        if let [version] = governing.versions() {
            slices.insert(role.clone(), version.to_string());
        }
    }
    slices
}
