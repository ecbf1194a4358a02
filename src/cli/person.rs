//! People, by the names that whoever runs a command states.

use crate::record::{Actor, ActorKind, ActorMethod, Name};

/// A person of this name, which nobody has checked.
pub(super) fn person(id: Name) -> Actor {
    Actor {
        id,
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}
