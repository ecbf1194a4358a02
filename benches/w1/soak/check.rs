//! What was acknowledged, in a file beside the trail, and whether the trail has it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contextrail::record::{Body, RecordId};
use contextrail::trail::{Stored, Trail};

use super::child::Loan;
use crate::BoxError;

/// Records that are read at once.
const PART: u64 = 1_024;

/// The file with a line for each loan that was acknowledged.
pub(crate) struct Book {
    path: PathBuf,
    file: File,
    pub(crate) loans: u64,
}

impl Book {
    pub(crate) fn open(path: &Path) -> Result<Self, BoxError> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        let text = std::fs::read_to_string(path)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        // What was torn off at the end was not said to anybody.
        file.set_len(u64::try_from(whole)?)?;
        file.flush()?;
        Ok(Self {
            path: path.to_owned(),
            file,
            loans: u64::try_from(text[..whole].lines().count())?,
        })
    }

    pub(crate) fn add(&mut self, loans: &[Loan]) -> Result<(), BoxError> {
        let lines: String = loans.iter().map(|loan| loan.line() + "\n").collect();
        self.file.write_all(lines.as_bytes())?;
        self.loans += u64::try_from(loans.len())?;
        Ok(())
    }

    /// All of them, in the order of their decisions in the log.
    fn all(&self) -> Result<Vec<Loan>, BoxError> {
        let text = std::fs::read_to_string(&self.path)?;
        let loans = text.lines().map(|line| match Loan::read(line) {
            Some((loan, _)) => Ok(loan),
            None => Err(BoxError::from(format!("{line:?} is no loan"))),
        });
        let mut loans = loans.collect::<Result<Vec<_>, _>>()?;
        loans.sort_unstable_by_key(|loan| loan.decided_at);
        Ok(loans)
    }

    /// Verifies the trail, and walks it from its first record to its last.
    pub(crate) async fn check(&self, database: &Path) -> Result<Checked, BoxError> {
        let trail = Trail::open(&format!("sqlite://{}", database.display())).await?;
        if let Some(frozen) = trail.notary().frozen() {
            return Err(frozen.to_string().into());
        }
        let verified = trail.verify(0, Arc::new(|_| {})).await?;
        for finding in verified.verification.findings.iter().take(20) {
            println!("finding: {finding:?}");
        }
        let mut walk = Walk::over(self.all()?);
        let size = trail.status().await?.size;
        while walk.next < size {
            let last = (walk.next + PART).min(size) - 1;
            for stored in trail.read_range(walk.next, last).await? {
                walk.see(&stored)?;
            }
        }
        trail.close().await;
        Ok(Checked {
            entries: verified.verification.entries,
            heads: verified.verification.heads,
            findings: verified.verification.findings.len(),
            records: walk.next,
            lost: walk.lost + walk.loans.len(),
        })
    }
}

/// What checking has found.
pub(crate) struct Checked {
    pub(crate) entries: u64,
    pub(crate) heads: u64,
    pub(crate) findings: usize,
    pub(crate) records: u64,
    /// Loans that were acknowledged, and are not there as they were.
    pub(crate) lost: usize,
}

struct Walk {
    next: u64,
    contexts: HashMap<u64, RecordId>,
    /// Acknowledged, the next one first.
    loans: std::iter::Peekable<std::vec::IntoIter<Loan>>,
    lost: usize,
}

impl Walk {
    fn over(loans: Vec<Loan>) -> Self {
        Self {
            next: 0,
            contexts: HashMap::new(),
            loans: loans.into_iter().peekable(),
            lost: 0,
        }
    }

    fn see(&mut self, stored: &Stored) -> Result<(), BoxError> {
        let (place, id) = (stored.log_index(), stored.id());
        if place != self.next {
            return Err(format!("the log has {place} where {} comes", self.next).into());
        }
        self.next += 1;
        match &stored.record().body {
            Body::Context(context) => {
                let application = context.inputs.get("application_id");
                let number = application.and_then(|it| it.as_str()?.strip_prefix("A-"));
                let number = number.ok_or("a context is of a loan")?.parse()?;
                if self.contexts.insert(number, id).is_some() {
                    return Err(format!("loan {number} was recorded twice").into());
                }
            }
            Body::Decision(decision) => {
                let number: u64 = decision.subject.id.as_str().parse()?;
                // A second decision of it does not find its context any longer.
                let context = self.contexts.remove(&number);
                let named = decision.contexts.first().map(|&it| RecordId::from(it));
                if context.is_none() || context != named {
                    return Err(format!("the decision on loan {number} lacks its context").into());
                }
                if let Some(loan) = self.loans.next_if(|loan| loan.decided_at == place)
                    && (loan.number, loan.decision, Some(loan.context)) != (number, id, context)
                {
                    println!("acknowledged was {loan:?}, found was {id} at {place}");
                    self.lost += 1;
                }
            }
            other => return Err(format!("nobody has recorded {other:?}").into()),
        }
        Ok(())
    }
}
