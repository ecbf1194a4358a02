//! How well each section of a context was watched.

use crate::record::{Completeness, Section, Sections};

/// How well each section was watched.
#[derive(Clone, Debug, Default)]
pub(super) struct Watches([Watch; Section::ALL.len()]);

/// How well one section was watched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    /// The application promised that everything of the section comes through the builder.
    pub(super) declared: bool,
    /// Something of the section was captured.
    pub(super) seen: bool,
    /// Values were taken out by a guardrail.
    pub(super) redacted: bool,
    /// Part of what happened is known to be missing.
    pub(super) partial: bool,
    /// Calls under way.
    pub(super) open: u32,
}

impl Watches {
    pub(super) const fn of(&mut self, section: Section) -> &mut Watch {
        &mut self.0[section as usize]
    }

    pub(super) fn sections(&self) -> Sections {
        let mut sections = Sections::default();
        for (section, watch) in Section::ALL.into_iter().zip(&self.0) {
            sections.set(section, watch.completeness());
        }
        sections
    }

    /// The sections with calls that were still under way.
    pub(super) fn unfinished(&self) -> Vec<(&'static str, u32)> {
        Section::ALL
            .into_iter()
            .zip(&self.0)
            .filter(|(_, watch)| watch.open > 0)
            .map(|(section, watch)| (section.as_str(), watch.open))
            .collect()
    }
}

impl Watch {
    const fn completeness(self) -> Completeness {
        if self.open > 0 || self.partial {
            Completeness::Partial
        } else if self.redacted {
            Completeness::Redacted
        } else if self.declared || self.seen {
            Completeness::Complete
        } else {
            Completeness::NotCaptured
        }
    }
}
