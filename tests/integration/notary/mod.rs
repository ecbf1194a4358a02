//! Witnesses and timestamp authorities over HTTP on the loopback interface, and trails that ask
//! them.

mod elsewhere;
mod place;
mod protocol;
mod rollback;
mod served;
mod timestamp;
mod witness;
