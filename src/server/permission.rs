//! What a role may do: one table. What is not in it is not allowed.

use crate::record::AccessRole;

/// What a route needs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Permission {
    /// Nothing: anybody may.
    Nothing,
    /// To record contexts, decisions, generations and outcomes.
    Record,
    /// To record reviews.
    Review,
    /// To read records. Personal values are masked, unless the role has [`Permission::Personal`].
    Read,
    /// To read personal values, for a purpose that is recorded.
    Personal,
    /// To search by an entity.
    Search,
    /// To pack evidence; with personal values withheld, unless the role has [`Permission::Personal`].
    Evidence,
    /// To read the log: checkpoints, tiles, entries.
    Log,
    /// To erase a person.
    Erase,
    /// To take out what is recorded about a person.
    Export,
    /// To see legal holds.
    SeeHolds,
    /// To place a legal hold.
    PlaceHold,
    /// To lift a legal hold.
    LiftHold,
    /// To see, grant and revoke tokens.
    Tokens,
    /// To register versions of artifacts, and record what is deployed.
    Register,
    /// To approve versions, and allow that something was not measured.
    Approve,
    /// To retire versions.
    Retire,
    /// To make checks, which are recorded.
    Check,
    /// To freeze, and lift a freeze.
    Freeze,
}

impl Permission {
    /// Every permission that not everybody has.
    pub const ALL: [Self; 18] = [
        Self::Record,
        Self::Review,
        Self::Read,
        Self::Personal,
        Self::Search,
        Self::Evidence,
        Self::Log,
        Self::Erase,
        Self::Export,
        Self::SeeHolds,
        Self::PlaceHold,
        Self::LiftHold,
        Self::Tokens,
        Self::Register,
        Self::Approve,
        Self::Retire,
        Self::Check,
        Self::Freeze,
    ];

    /// The word for it, in problems and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Record => "record",
            Self::Review => "review",
            Self::Read => "read",
            Self::Personal => "personal",
            Self::Search => "search",
            Self::Evidence => "evidence",
            Self::Log => "log",
            Self::Erase => "erase",
            Self::Export => "export",
            Self::SeeHolds => "see_holds",
            Self::PlaceHold => "place_hold",
            Self::LiftHold => "lift_hold",
            Self::Tokens => "tokens",
            Self::Register => "register",
            Self::Approve => "approve",
            Self::Retire => "retire",
            Self::Check => "check",
            Self::Freeze => "freeze",
        }
    }

    /// The roles that have it.
    #[must_use]
    pub const fn roles(self) -> &'static [AccessRole] {
        use AccessRole::{
            Admin, Analyst, Approver, Auditor, Ingest, Investigator, Legal, Privacy, Reviewer,
            RiskOwner,
        };
        match self {
            Self::Nothing => &AccessRole::ALL,
            Self::Record => &[Ingest],
            Self::Review => &[Reviewer],
            Self::Read => &[
                Analyst,
                Investigator,
                Reviewer,
                Privacy,
                Legal,
                Auditor,
                RiskOwner,
                Approver,
            ],
            Self::Personal => &[Investigator, Reviewer],
            Self::Search => &[Analyst, Investigator, Reviewer, Privacy, Legal, Auditor],
            Self::Evidence => &[Investigator, Auditor],
            Self::Log => &[
                Analyst,
                Investigator,
                Reviewer,
                Privacy,
                Legal,
                Auditor,
                Admin,
                RiskOwner,
                Approver,
            ],
            Self::Erase | Self::Export => &[Privacy],
            Self::SeeHolds => &[Privacy, Legal, Auditor],
            Self::PlaceHold | Self::LiftHold => &[Legal],
            Self::Tokens => &[Admin],
            Self::Register | Self::Check => &[Ingest, RiskOwner],
            Self::Approve => &[RiskOwner, Approver],
            Self::Retire | Self::Freeze => &[RiskOwner],
        }
    }

    /// Whether `role` has it.
    #[must_use]
    pub fn is_of(self, role: AccessRole) -> bool {
        self.roles().contains(&role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/http.md`, cell by cell: a letter for each role that has the permission.
    const TABLE: &[(&str, &str)] = &[
        // i ingest, a analyst, v investigator, r reviewer, p privacy, l legal, u auditor, d admin, o risk_owner, c approver
        ("record", "i"),
        ("review", "r"),
        ("read", "avrpluoc"),
        ("personal", "vr"),
        ("search", "avrplu"),
        ("evidence", "vu"),
        ("log", "avrpludoc"),
        ("erase", "p"),
        ("export", "p"),
        ("see_holds", "plu"),
        ("place_hold", "l"),
        ("lift_hold", "l"),
        ("tokens", "d"),
        ("register", "io"),
        ("approve", "oc"),
        ("retire", "o"),
        ("check", "io"),
        ("freeze", "o"),
    ];
    const LETTERS: &str = "iavrpludoc";

    #[test]
    fn the_table_is_the_one_of_the_document_cell_by_cell() {
        assert_eq!(TABLE.len(), Permission::ALL.len());
        let document = include_str!("../../docs/http.md");
        for ((word, letters), permission) in TABLE.iter().zip(Permission::ALL) {
            assert_eq!(permission.as_str(), *word);
            for (role, letter) in AccessRole::ALL.into_iter().zip(LETTERS.chars()) {
                assert_eq!(
                    permission.is_of(role),
                    letters.contains(letter),
                    "{role} {word}"
                );
            }
            let cells = LETTERS
                .chars()
                .map(|it| if letters.contains(it) { " x |" } else { "   |" });
            let row = format!("| `{word}` |{}", cells.collect::<String>());
            assert!(document.contains(&row), "docs/http.md lacks {row}");
        }
    }

    #[test]
    fn who_configures_reads_no_personal_value_and_who_erases_lifts_no_hold() {
        assert!(!Permission::Personal.is_of(AccessRole::Admin));
        assert!(!Permission::LiftHold.is_of(AccessRole::Privacy));
        let auditor = Permission::ALL
            .into_iter()
            .filter(|it| it.is_of(AccessRole::Auditor));
        let writes = [
            Permission::Record,
            Permission::Review,
            Permission::Erase,
            Permission::PlaceHold,
            Permission::LiftHold,
            Permission::Tokens,
            Permission::Register,
            Permission::Approve,
            Permission::Retire,
            Permission::Check,
            Permission::Freeze,
        ];
        assert!(auditor.into_iter().all(|it| !writes.contains(&it)));
    }
}
