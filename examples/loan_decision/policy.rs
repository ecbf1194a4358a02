//! The lending policies, and how they are cut into chunks.

use contextrail::record::Timestamp;

/// Why a policy cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "policy {position}: its first line is `{line}`, expected `policy: ID | version: V | as-of: RFC 3339 time`, and its second is empty"
)]
pub(crate) struct PolicyError {
    position: usize,
    line: String,
}

/// A group of paragraphs of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Chunk {
    /// The policy.
    pub(crate) document: &'static str,
    /// The part of it: `p1`.
    pub(crate) chunk: String,
    /// The version of the policy.
    pub(crate) version: &'static str,
    /// Since when the policy is in force.
    pub(crate) as_of: Timestamp,
    /// The heading of the policy.
    pub(crate) title: &'static str,
    /// Where the policy can be found.
    pub(crate) uri: String,
    /// The heading of the policy and the paragraphs.
    pub(crate) text: String,
}

/// The policies in chunks, in the order of [`POLICIES`].
///
/// # Errors
///
/// [`PolicyError`] when a policy does not begin with its header line.
pub(crate) fn chunks() -> Result<Vec<Chunk>, PolicyError> {
    let mut all = Vec::new();
    for (position, policy) in (1..).zip(POLICIES) {
        let chunks = cut(policy).ok_or_else(|| PolicyError {
            position,
            line: policy.lines().next().unwrap_or_default().to_owned(),
        })?;
        all.extend(chunks);
    }
    Ok(all)
}

/// The chunks of one policy; `None` when its header is not well formed.
fn cut(policy: &'static str) -> Option<Vec<Chunk>> {
    let (header, body) = policy.split_once("\n\n")?;
    let mut members = header.split(" | ");
    let document = members.next()?.strip_prefix("policy: ")?;
    let version = members.next()?.strip_prefix("version: ")?;
    let as_of = members.next()?.strip_prefix("as-of: ")?.parse().ok()?;
    let (title, body) = body.split_once("\n\n")?;
    let title = title.trim_start_matches("# ");
    let chunks = (1..).zip(grouped(body)).map(|(part, text)| Chunk {
        document,
        chunk: format!("p{part}"),
        version,
        as_of,
        title,
        uri: format!("https://policies.bank.example/lending/{document}?version={version}#p{part}"),
        text: format!("# {title} (policy {document}, version {version}, part {part})\n\n{text}\n"),
    });
    Some(chunks.collect())
}

/// Paragraphs put together until a group has [`CHUNK_WORDS`]; what is left over at the end joins the
/// last group when it is short.
fn grouped(body: &str) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for paragraph in body
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
    {
        match groups.last_mut().filter(|group| words(group) < CHUNK_WORDS) {
            Some(group) => {
                group.push_str("\n\n");
                group.push_str(paragraph);
            }
            None => groups.push(paragraph.to_owned()),
        }
    }
    if groups.last().is_some_and(|last| words(last) < SHORT_WORDS)
        && let Some(short) = groups.pop()
    {
        match groups.last_mut() {
            Some(group) => group.push_str(&format!("\n\n{short}")),
            None => groups.push(short),
        }
    }
    groups
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

const CHUNK_WORDS: usize = 150;
const SHORT_WORDS: usize = 60;

/// The policies as they were written, each with its id, version and as-of time in the first line.
const POLICIES: [&str; 14] = [
    include_str!("policies/affordability.md"),
    include_str!("policies/adverse_action.md"),
    include_str!("policies/business_loans.md"),
    include_str!("policies/car_loans.md"),
    include_str!("policies/collateral.md"),
    include_str!("policies/credit_history.md"),
    include_str!("policies/data_protection.md"),
    include_str!("policies/early_repayment.md"),
    include_str!("policies/education_loans.md"),
    include_str!("policies/guarantors.md"),
    include_str!("policies/non_discrimination.md"),
    include_str!("policies/overrides.md"),
    include_str!("policies/small_loans.md"),
    include_str!("policies/vulnerable_customers.md"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_150_to_450_words() {
        for policy in POLICIES {
            let header = policy.lines().next().unwrap();
            assert!(
                (150..=450).contains(&words(policy)),
                "{header}: {}",
                words(policy)
            );
        }
    }

    #[test]
    fn every_policy_gives_two_or_more_chunks_of_useful_size() {
        let chunks = chunks().unwrap();
        assert!(chunks.len() >= 2 * POLICIES.len(), "{}", chunks.len());
        for chunk in chunks {
            let size = words(&chunk.text);
            assert!(
                (60..=300).contains(&size),
                "{} {}: {size}",
                chunk.document,
                chunk.chunk
            );
        }
    }

    #[test]
    fn every_chunk_has_an_id_of_its_own() {
        let chunks = chunks().unwrap();
        let mut uris: Vec<_> = chunks.iter().map(|chunk| &chunk.uri).collect();
        uris.sort();
        uris.dedup();
        assert_eq!(uris.len(), chunks.len());
    }

    #[test]
    fn a_policy_without_its_header_is_refused() {
        assert!(cut("# Affordability\n\nText\n\nMore").is_none());
        assert!(cut("policy: x | version: 1 | as-of: yesterday\n\n# X\n\nText").is_none());
    }
}
