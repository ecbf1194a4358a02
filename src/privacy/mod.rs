//! Personal data: finding it in texts, and taking it out before a text is recorded or sent.
//!
//! A [`Detector`] finds e-mail addresses, telephone numbers, payment cards, bank accounts, national
//! identity numbers, network addresses and secrets, each by its form and, where the form has one,
//! by its check digits. [`PersonalData`] is a guardrail over it: at the stages it is asked at, the
//! text goes on without what was found, so that the text recorded is still the text sent. What is
//! left in the record is the rule, the kind, the place and the length; never the value.
//!
//! A [`Redaction`] is a set of rules that a trail applies to every record before it is sealed.
//!
//! What no pattern can find, such as names and addresses, is not found: `docs/privacy.md` has
//! precision and recall over a test set, by kind.
//!
//! ```
//! use contextrail::privacy::{Detector, Kind};
//!
//! let found = Detector::default().find("write to ada@example.org");
//! assert_eq!(found[0].kind, Some(Kind::Email));
//! assert_eq!(found[0].range, 9..24);
//! ```

mod check_digit;
mod detector;
mod guardrail;
pub mod keys;
mod kind;
mod pattern;
pub mod redaction;

pub use detector::{Detector, Found, RuleError};
pub use guardrail::{HashKey, PersonalData, Treatment};
pub use kind::Kind;
pub use redaction::Redaction;
