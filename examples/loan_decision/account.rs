//! What a run did, in words.

use std::fmt;

use super::followup::{Outcomes, UNDERWRITER};
use super::rules::{StatementFinding, Verdict};
use super::{Case, Cuts, Summary};

impl fmt::Display for Case {
    /// One line: who, what, how, and what it rests on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let budget = &self.context.assembly().budget;
        let cuts = self.cuts();
        write!(
            f,
            "{}  {}  {:<8}  {:.2}  {:>5} of {} tokens, {} truncated, {} dropped, {}",
            self.applicant,
            self.application,
            self.ruling.verdict.outcome(),
            self.ruling.score,
            budget.used,
            budget.available,
            cuts.truncated,
            cuts.dropped,
            self.context.freshness().status.as_str(),
        )
    }
}

/// The account of a run, to be printed.
#[derive(Debug)]
pub(crate) struct Account<'a> {
    summary: &'a Summary,
    trail: Option<&'a str>,
}

impl Summary {
    /// The account of what was done, and the next commands to try.
    ///
    /// `trail` is the URL that the commands have to name; `None` when they find the trail without.
    pub(crate) const fn account<'a>(&'a self, trail: Option<&'a str>) -> Account<'a> {
        Account {
            summary: self,
            trail,
        }
    }

    /// The number of cases that fit.
    pub(super) fn counted(&self, fits: impl Fn(&Case) -> bool) -> usize {
        self.cases.iter().filter(|case| fits(case)).count()
    }

    /// The case that shows most: the one overridden, else the first.
    fn example(&self) -> Option<&Case> {
        let overridden = self.overridden.as_ref();
        let overridden = overridden.and_then(|it| {
            self.cases
                .iter()
                .find(|case| case.application == it.application)
        });
        overridden.or(self.cases.first())
    }
}

impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decisions(f)?;
        self.contexts(f)?;
        self.aftermath(f)?;
        self.commands(f)
    }
}

impl Account<'_> {
    fn decisions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ruled = |verdict| self.summary.counted(|case| case.ruling.verdict == verdict);
        writeln!(
            f,
            "Recorded {}, each with one sealed context and one decision: {} approved, {} declined, {} referred.",
            Counted(self.summary.cases.len(), "loan application"),
            ruled(Verdict::Approved),
            ruled(Verdict::Declined),
            ruled(Verdict::Referred),
        )
    }

    fn contexts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cases = &self.summary.cases;
        let mut sum = Cuts::default();
        for cuts in cases.iter().map(Case::cuts) {
            sum.included += cuts.included;
            sum.truncated += cuts.truncated;
            sum.dropped += cuts.dropped;
        }
        let flagged = |case: &Case| case.statement == StatementFinding::Flagged;
        writeln!(
            f,
            "  budget      {} included, {} truncated, {} dropped",
            Counted(sum.included, "item"),
            sum.truncated,
            sum.dropped,
        )?;
        writeln!(
            f,
            "  freshness   {} guaranteed, {} degraded by values that are old, missing or from a fallback",
            self.summary.counted(Case::is_fresh),
            self.summary.counted(|case| !case.is_fresh()),
        )?;
        writeln!(
            f,
            "  guardrails  {} flagged for talking to the model, {} blocked",
            Counted(self.summary.counted(flagged), "statement"),
            Counted(self.summary.counted(|case| !case.letter_sent), "letter"),
        )
    }

    fn aftermath(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(overridden) = &self.summary.overridden {
            writeln!(
                f,
                "  override    {UNDERWRITER} turned {} from {} to {}: payslip_verified",
                overridden.application,
                overridden.was.outcome(),
                Verdict::Approved.outcome(),
            )?;
        }
        let Outcomes { repaid, defaulted } = self.summary.outcomes;
        writeln!(f, "  outcomes    {repaid} repaid, {defaulted} defaulted")
    }

    fn commands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(case) = self.summary.example() else {
            return Ok(());
        };
        if self.trail.is_some_and(|url| url.contains(":memory:")) {
            return write!(
                f,
                "\nThe trail was in memory, and is gone: name a file to look at it"
            );
        }
        let trail = self
            .trail
            .map(|url| format!(" --trail {}", shell_word(url)))
            .unwrap_or_default();
        write!(
            f,
            "\nTry next:\n  \
             contextrail entity show {}{trail}\n  \
             contextrail context show {}{trail}\n  \
             contextrail decision export {} -o yaml{trail}",
            case.applicant,
            case.context.id(),
            case.application,
        )
    }
}

/// A number of things.
struct Counted(usize, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, what) = self;
        write!(f, "{count} {what}{}", if *count == 1 { "" } else { "s" })
    }
}

/// `word` as a shell takes it for one word.
fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_in_memory_has_no_commands_to_try() {
        let summary = Summary {
            cases: Vec::new(),
            overridden: None,
            outcomes: Outcomes::default(),
        };
        let told = summary.account(Some("sqlite::memory:")).to_string();
        assert!(!told.contains("Try next"), "{told}");
    }

    #[test]
    fn a_url_with_spaces_stays_one_word() {
        assert_eq!(shell_word("sqlite://a/b.db"), "sqlite://a/b.db");
        assert_eq!(
            shell_word("sqlite://it's here.db"),
            r"'sqlite://it'\''s here.db'"
        );
    }
}
