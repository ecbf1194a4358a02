//! The notary: signs the heads of a log, keeps them outside the database, and holds every later
//! head against the newest one that is known.
//!
//! ```text
//! commit ──▶ store head (size, root) ──▶ contains the newest known head? ──no──▶ frozen
//!                                                  │ yes
//!                                     sign ──▶ heads file, fsynced ──▶ witnesses, timestamps
//! ```

#[cfg(feature = "network")]
mod attesters;
mod error;
mod files;
mod head;
mod heads;
mod keys;
mod level;
#[cfg(feature = "network")]
mod remote;
mod signing;
mod witness;

#[cfg(feature = "network")]
pub use attesters::{Attesters, TimestampAuthority, WitnessAddress};
pub use error::{Frozen, NotaryError};
pub use files::NotaryFiles;
pub use head::KnownHead;
#[cfg(feature = "network")]
pub use remote::Ask;
pub use signing::{Notary, NotaryOptions, Standing};
pub use witness::{Witness, WitnessAnswer};
