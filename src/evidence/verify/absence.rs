//! What the bundle says of things that were asked about, against what its records say.

use super::super::absence::{Absence, AbsenceFile};
use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::report::Report;

/// Works the claims out again; what the file says is not relied on.
///
/// Records of which something is wrong prove nothing: then nothing is worked out of them.
pub(super) fn check(contents: &Contents, report: &mut Report) {
    let Some(AbsenceFile { asked, claims }) = &contents.absence else {
        return;
    };
    if !report.is_valid() {
        report.not_checked.push(format!(
            "{}: whether it says what the records say: something is wrong with them",
            FileName::Absence
        ));
        return;
    }
    report.absences = Absence::of_files(asked, contents.records.values());
    let said = claims.iter().zip(report.absences.clone()).enumerate();
    for (at, (said, derived)) in said {
        if *said == derived {
            continue;
        }
        let what = if said.outcome == derived.outcome {
            "it is not for the reasons, or of the records, that the records of the bundle give"
                .to_owned()
        } else {
            format!(
                "it says {}, and what the records say is {}",
                said.outcome.as_str(),
                derived.outcome.as_str()
            )
        };
        let place = format!("claims[{at}] {}", derived.reference);
        report.find(FileName::Absence, place, what);
    }
}
