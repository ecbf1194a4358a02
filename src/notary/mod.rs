//! The notary: signs the heads of a log, keeps them outside the database, and holds every later
//! head against the newest one that is known.
//!
//! ```text
//! commit ──▶ store head (size, root) ──▶ contains the newest known head? ──no──▶ frozen
//!                                                  │ yes
//!                                     sign ──▶ heads file, fsynced ──▶ second place, witnesses, timestamps
//! ```

#[cfg(feature = "network")]
mod attesters;
mod elsewhere;
mod error;
mod files;
mod guard;
mod head;
mod heads;
mod keys;
mod known;
mod level;
mod open;
#[cfg(feature = "network")]
mod remote;
mod signing;
mod tree;
mod turn;
mod witness;

#[cfg(feature = "network")]
pub use attesters::{Attesters, TimestampAuthority, WitnessAddress};
pub use elsewhere::HeadPlace;
pub use error::{Frozen, NotaryError};
pub use files::NotaryFiles;
pub use head::KnownHead;
pub use open::{Notary, NotaryOptions, Standing};
#[cfg(feature = "network")]
pub use remote::Ask;
pub use witness::{Witness, WitnessAnswer};
